#!/bin/sh
# Gives a job the buildx builder that the stack names in image.builder: BUILDER is its name, BUILDER_ENDPOINT the BuildKit
# that runs already (tcp://HOST:1234). Without BUILDER there is nothing to do.
set -eu

if [ -z "${BUILDER:-}" ]; then
    exit 0
fi
if [ -z "${BUILDER_ENDPOINT:-}" ]; then
    echo "BUILDER is $BUILDER, and BUILDER_ENDPOINT does not say where it is: tcp://HOST:1234 (docs/ci.md, First up)" >&2
    exit 1
fi
if ! docker buildx inspect "$BUILDER" > /dev/null 2>&1; then
    docker buildx create --name "$BUILDER" --driver remote "$BUILDER_ENDPOINT"
fi
