#!/bin/sh
# Lint, format, types, import rules and generated pages, as a reviewer wants them.
set -eu
cd "$(dirname "$0")/.."
if git grep -nE '^(<{7}|>{7}) '; then
    echo "A merge is not finished at these lines: keep what both sides say, and remove the marks." >&2
    exit 1
fi
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/basedpyright --warnings
.venv/bin/lint-imports
.venv/bin/python -m docs.generate --check
# The policy pack's __main__ runs in policy/.venv, which has pulumi_policy; its rules are plain Python.
.venv/bin/basedpyright --warnings policy/rules.py policy/subject.py
.venv/bin/python -m sim.tools.actionlint
