#!/bin/sh
# Writes each lock file from its .in file: exact versions, hashes, no host.
set -eu
cd "$(dirname "$0")/.."

lock() {
    out=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header "$@" --output-file "$out"
}

lock requirements.txt requirements.in
lock policy/requirements.txt policy/requirements.in
lock requirements/dev.txt --constraint requirements.txt requirements.in requirements/dev.in
lock requirements/advise.txt --constraint requirements/dev.txt requirements/advise.in
lock requirements/bench.txt requirements/bench.in
lock requirements/mutants.txt --constraint requirements/dev.txt requirements/mutants.in
lock requirements/release.txt requirements/release.in
for spec in sim/requirements-*.in; do
    without=${spec%.in}.overrides # what a package asks for and is not installed
    if [ -f "$without" ]; then set -- --override "$without"; else set --; fi
    lock "${spec%.in}.txt" "$@" "$spec"
done
sh scripts/lock_download.sh
