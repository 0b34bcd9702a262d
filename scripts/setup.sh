#!/bin/sh
# Installs the packages of one target from its hashed lock file, once: a second call with the same lock does nothing.
# scripts/setup.sh [dev|advise|bench|policy|mutants|release]    dev, the default, makes .venv; the others need it.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

pip_install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

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

dev() {
    python=$(find_python)
    if ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        say "Python $version has no venv module: install it (Debian, Ubuntu: apt-get install python$version-venv) and run this again."
        exit 2
    fi
    say "Setting up .venv with $("$python" --version) (about a minute) ..."
    [ -x .venv/bin/python ] || "$python" -m venv --clear .venv
    pip_install --require-hashes -r $lock
    pip_install --no-deps --no-build-isolation --editable .
    say "Set up: .venv/bin/wideep --help shows the command."
}

advise() {
    if ! .venv/bin/python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
        say "AIConfigurator needs Python 3.11 to 3.13, and .venv has $(.venv/bin/python --version): make setup PYTHON=/path/to/python3.12"
        exit 2
    fi
    say "Installing AIConfigurator into .venv (850 MB, about a minute) ..."
    pip_install --require-hashes -r $lock
    say "Installed: .venv/bin/wideep advise --gpu H200 --gpus 32 searches the best layout."
}

bench() {
    say "Installing AIPerf into .venv-bench (1.1 GB, some minutes) ..."
    .venv/bin/python -m venv --clear .venv-bench
    pip_install --require-hashes -r $lock
    say "Installed: .venv/bin/wideep bench --isl 1000 --osl 200 --concurrency 1,8,32 measures what is deployed."
}

# For policy, mutants and release: exactly what the lock file has, in an environment of its own.
own_venv() {
    say "Setting up $venv ..."
    .venv/bin/uv venv --quiet --clear --python .venv/bin/python "$venv"
    .venv/bin/uv pip sync --quiet --require-hashes --python "$venv/bin/python" $lock
}

target=${1:-dev} venv=.venv also= install=own_venv
lock=requirements/$target.txt
case $target in
dev) install=dev also="requirements.txt pyproject.toml scripts/setup.sh" ;;
advise) install=advise ;;
bench) install=bench venv=.venv-bench ;;
mutants | release) venv=.venv-$target ;;
policy) venv=policy/.venv lock=policy/requirements.txt ;;
*)
    say "setup.sh knows dev, advise, bench, policy, mutants and release; not $target"
    exit 2
    ;;
esac
stamp=$venv/lock-$target.sum
# shellcheck disable=SC2086 # a list of files
sum=$(cat $lock $also | cksum)
if [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
    exit 0
fi
$install
printf '%s' "$sum" > "$stamp"
