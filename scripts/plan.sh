#!/bin/sh
# The plan of each stack as Markdown; with BASE (a commit), what has changed since then comes first.
# scripts/plan.sh [BASE]
set -eu
cd "$(dirname "$0")/.."
base=${1:-}
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT

for file in Pulumi.*.yaml; do
    name=${file#Pulumi.}
    echo "## Stack ${name%.yaml}"
    echo
    # An all-zero commit is GitHub's word for none: the branch is new.
    if [ -n "${base#0000000000000000000000000000000000000000}" ]; then
        if git show "$base:$file" > "$before/$file" 2>/dev/null; then
            .venv/bin/wideep plan --diff "$before/$file" "$file" --output markdown
        else
            echo "The stack is new."
        fi
        echo
    fi
    .venv/bin/wideep plan --file "$file" --output markdown
    echo
done
