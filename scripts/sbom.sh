#!/bin/sh
# Writes a bill of materials (CycloneDX, JSON) of each lock file into build/sbom: what is installed, with its hashes.
set -eu
cd "$(dirname "$0")/.."
mkdir -p build/sbom
for lock in $(sh scripts/locks.sh); do
    file=build/sbom/$(echo "${lock%.txt}" | tr / -).json
    .venv-release/bin/cyclonedx-py requirements "$lock" --of JSON --output-reproducible --output-file "$file"
    echo "$file"
done
