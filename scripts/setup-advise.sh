#!/bin/sh
# Installs NVIDIA's estimator into .venv, once: a second call with the same lock does nothing.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/lock-advise.sha256
lock=$(cat requirements-advise.txt | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$lock" ]; then
    exit 0
fi
if ! .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
    echo "AIConfigurator needs Python 3.11 to 3.13, and .venv has $(.venv/bin/python --version): make setup PYTHON=/path/to/python3.12" >&2
    exit 2
fi
echo "Installing AIConfigurator into .venv (850 MB, about a minute) ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-advise.txt
printf '%s' "$lock" > "$stamp"
echo "Installed: .venv/bin/wideep advise --gpu H200 --gpus 32 searches the best layout." >&2
