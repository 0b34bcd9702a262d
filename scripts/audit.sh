#!/bin/sh
# Asks PyPI for known vulnerabilities of what the lock files pin.
# --strict: a package that PyPI was not asked about is a failure, and so is a machine that does not reach PyPI.
set -eu
cd "$(dirname "$0")/.."
failed=
for lock in $(sh scripts/locks.sh); do
    echo "$lock"
    .venv-release/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off --requirement "$lock" || failed="$failed $lock"
done
if [ -n "$failed" ]; then
    echo "make audit: not clean, or not answered:$failed." >&2
    echo "A finding: raise the version in the .in file and run make lock. 'not found on PyPI': run it where PyPI is reached." >&2
    exit 1
fi
