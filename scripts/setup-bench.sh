#!/bin/sh
# Installs NVIDIA's load generator into .venv-bench, once: a second call with the same lock does nothing.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv-bench/lock.sha256
lock=$(cat requirements-bench.txt | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ]; then
    exit 0
fi
echo "Installing AIPerf into .venv-bench (1.1 GB, some minutes) ..." >&2
.venv/bin/python -m venv --clear .venv-bench
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.txt
printf '%s' "$lock" > "$stamp"
echo "Installed: .venv/bin/wideep bench --isl 1000 --osl 200 --concurrency 1,8,32 measures what is deployed." >&2
