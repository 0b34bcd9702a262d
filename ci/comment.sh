#!/bin/sh
# The comment of a pull request on one stack: written to FOLDER/NAME.md, and on the pull request where there is one.
# ci/comment.sh STACK BASE FOLDER
set -eu
stack=${1:-}
base=${2:-}
folder=${3:-previews}
cd "$(dirname "$0")/.."
. ci/need-stack.sh
file=Pulumi.$name.yaml
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
mkdir -p "$folder"

set -- --stack "$name" --after "$file" --events "$folder/$name.events.jsonl"
# Without a commit, `git show :FILE` is what is staged, which nobody asked for.
if [ -n "$base" ] && git show "$base:$file" > "$before/$file" 2>/dev/null; then
    set -- "$@" --before "$before/$file"
fi
if [ -s "$folder/$name.unchecked" ]; then
    set -- "$@" --unchecked "$(cat "$folder/$name.unchecked")"
fi
.venv/bin/python -m ci.review comment "$@" > "$folder/$name.md"
if [ -n "${PULL_REQUEST:-}${CI_MERGE_REQUEST_IID:-}" ]; then
    .venv/bin/python -m ci.review post --stack "$name" --body "$folder/$name.md"
else
    echo "The comment is in $folder/$name.md; this is no pull request's job, so it is not posted." >&2
fi
