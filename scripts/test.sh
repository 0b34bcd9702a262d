#!/bin/sh
# The whole suite in one run of the test runner: fast tests first, then the ones on the simulated cluster.
set -eu
cd "$(dirname "$0")/.."
exec .venv/bin/python -m pytest "$@"
