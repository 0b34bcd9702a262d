#!/bin/sh
# Writes wideep/downloader.lock: Hugging Face's downloader and all that it needs, each wheel by its hash, for Python 3.12
# on the two processors that GPU nodes have. The download's pod gets the file as it is, so it has no other hashes.
set -eu
cd "$(dirname "$0")/.."
wheels=$(mktemp -d)
trap 'rm -rf "$wheels"' EXIT
for machine in x86_64 aarch64; do
    .venv/bin/python -m pip download --quiet --disable-pip-version-check --only-binary :all: --dest "$wheels/$machine" \
        --python-version 3.12 --implementation cp --abi cp312 --abi abi3 --abi none \
        --platform "manylinux2014_$machine" --platform "manylinux_2_17_$machine" --platform "manylinux_2_28_$machine" \
        --requirement wideep/downloader.in
done
for wheel in "$wheels"/x86_64/*.whl; do
    name=$(basename "$wheel" | cut -d- -f1)
    version=$(basename "$wheel" | cut -d- -f2)
    hashes=$(sha256sum "$wheels"/*/"$name-$version"-*.whl | cut -c1-64 | sort -u | sed 's/^/ --hash=sha256:/' | tr -d '\n')
    echo "$name==$version$hashes"
done > wideep/downloader.lock
