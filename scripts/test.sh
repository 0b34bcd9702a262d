#!/bin/sh
# Fast tests side by side; then, unless "fast" is asked for, those with the estimator and on the simulated cluster.
set -eu
cd "$(dirname "$0")/.."
# One that hangs ends its worker, whatever it waits in: a signal does not end a thread, and an event loop waits for those.
.venv/bin/python -m pytest -q --numprocesses auto --dist worksteal --timeout 120 --timeout-method thread -m "not cluster and not advise and not wheels"
[ "${1:-}" = fast ] && exit
.venv/bin/python -m sim tools  # up to a quarter of an hour the first time, which no test has
.venv/bin/python -m pytest -q -m "cluster and often" tests/faults
exec .venv/bin/python -m pytest -m "(cluster or advise) and not long" --ignore=tests/faults
