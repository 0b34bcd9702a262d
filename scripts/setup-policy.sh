#!/bin/sh
# Makes policy/.venv from its hashed lock file, once, with the Python of .venv.
set -eu
cd "$(dirname "$0")/.."

stamp=policy/.venv/lock.sum
lock=$(cksum policy/requirements.txt)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ]; then
    exit 0
fi
echo "Setting up policy/.venv ..." >&2
.venv/bin/uv venv --quiet --clear --python .venv/bin/python policy/.venv
.venv/bin/uv pip sync --quiet --require-hashes --python policy/.venv/bin/python policy/requirements.txt
printf '%s' "$lock" > "$stamp"
