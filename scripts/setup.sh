#!/bin/sh
# Makes .venv from the hashed lock files, once: a second call with the same locks does nothing.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

# 3.12 and 3.11 come first: the simulated cluster's Dynamo has wheels for those, not for newer ones.
find_python() {
    for candidate in ${PYTHON:-} python3.12 python3.11 python3 python3.13 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed and none was found: install it (Debian, Ubuntu: apt-get install python3.12 python3.12-venv; macOS: brew install python@3.12), or name one: make setup PYTHON=/path/to/python3.12"
    exit 2
}

python=$(find_python)
stamp=.venv/lock.sha256
locks=$(cat requirements.txt requirements-dev.txt pyproject.toml scripts/setup.sh | cksum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$locks" ] && [ -x .venv/bin/python ]; then
    exit 0
fi

if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    say "Python $version has no venv module: install it (Debian, Ubuntu: apt-get install python$version-venv) and run this again."
    exit 2
fi

say "Setting up .venv with $("$python" --version) (about a minute) ..."
[ -x .venv/bin/python ] || "$python" -m venv --clear .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
printf '%s' "$locks" > "$stamp"
say "Set up: .venv/bin/wideep --help shows the command."
