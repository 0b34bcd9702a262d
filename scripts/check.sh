#!/bin/sh
# Lint, format, types and import rules, as a reviewer wants them.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/ruff check .
.venv/bin/ruff format --check .
.venv/bin/basedpyright --warnings
.venv/bin/lint-imports
