#!/bin/sh
# The plan of each stack as Markdown; with BASE (a commit), what has changed since then comes first. A stack that cannot
# run is said, and the others go on; the exit code is then that of `wideep plan`.
# scripts/plan.sh [BASE]
set -eu
cd "$(dirname "$0")/.."
base=${1:-}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
code=0

plan() {
    if ! .venv/bin/wideep plan "$@" --output markdown 2> "$scratch/why"; then
        code=2
        cat "$scratch/why" >&2
        printf '❌ This stack cannot run.\n\n'
        .venv/bin/python -m ci.review fenced < "$scratch/why"
        return 1
    fi
}

for file in Pulumi.*.yaml; do
    name=${file#Pulumi.}
    printf '## Stack %s\n\n' "${name%.yaml}"
    plan --file "$file" > "$scratch/plan" || { cat "$scratch/plan"; echo; continue; }
    # An all-zero commit is GitHub's word for none: the branch is new.
    if [ -n "${base#0000000000000000000000000000000000000000}" ]; then
        if git show "$base:$file" > "$scratch/$file" 2> /dev/null; then
            plan --diff "$scratch/$file" "$file" || true
        else
            echo "The stack is new."
        fi
        echo
    fi
    cat "$scratch/plan"
    echo
done
exit $code
