#!/bin/sh
# scripts/tagged.sh vX.Y.Z: fails unless that is the version of pyproject.toml and a heading of CHANGELOG.md.
set -eu
cd "$(dirname "$0")/.."
version=$(.venv/bin/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')
if [ "$1" != "v$version" ]; then
    printf 'tag %s: pyproject.toml has version %s. Tag v%s, or raise the version first.\n' "$1" "$version" "$version" >&2
    exit 1
fi
if ! grep -qxF "## $version" CHANGELOG.md; then
    printf 'CHANGELOG.md: no heading "## %s". Rename "## Unreleased" to it.\n' "$version" >&2
    exit 1
fi
