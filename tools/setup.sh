#!/bin/sh
# Sets up .venv in this checkout: the locked packages of one requirements file, then the project itself.
# The Makefile calls it as `sh tools/setup.sh dev` or `… run`. uv does the work where it is on PATH, else
# venv and pip do; each takes its package index from its own configuration.
set -eu

venv=.venv
lock=requirements/$1.txt

fail() {
    echo "setup: $*" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Sets $python. One that the user names is taken or refused, never silently passed over.
choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        is_new_enough "$python" || fail "PYTHON=$python is not a Python 3.11 or newer. Name another, or none."
        return
    fi
    for python in "$(origin_of_venv)" python3 python3.13 python3.12 python3.11; do
        if is_new_enough "$python"; then return; fi
    done
    fail "no Python 3.11 or newer found. Install one, or name it: make setup PYTHON=/path/to/python3"
}

# The Python that an existing .venv was made with; it stays with that one.
origin_of_venv() {
    "$venv/bin/python" -c 'import sys; print(sys._base_executable)' 2>/dev/null || true
}

identity() {
    "$1" -c 'import sys; print(sys.base_prefix, sys.version)' 2>/dev/null
}

# A .venv of a checkout that was copied or moved still points at the old place.
venv_is_ours() {
    [ "$(cat "$venv/.where" 2>/dev/null)" = "$(pwd -P)" ] &&
        [ "$(identity "$venv/bin/python")" = "$(identity "$python")" ]
}

install_with_uv() {
    if ! venv_is_ours; then
        uv venv --quiet --clear --python "$python" "$venv" || return 1
        pwd -P >"$venv/.where"
    fi
    uv pip install --quiet --python "$venv/bin/python" --require-hashes -r "$lock" &&
        uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation -e .
}

# Twice quiet: the first leaves warnings about the machine's own pip configuration, the second only errors.
pip_install() {
    "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input "$@"
}

install_with_pip() {
    # A .venv that uv made has no pip.
    if ! venv_is_ours || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python has no complete venv module. On Debian and Ubuntu: sudo apt install python3-venv. Then run make again."
        "$python" -m venv --clear "$venv" ||
            fail "$python could not create $venv; its message is above. Remove $venv and run make again."
        pwd -P >"$venv/.where"
    fi
    pip_install --require-hashes -r "$lock" ||
        fail "pip could not install the packages of $lock; its message is above. Is a package index in reach? Then run make again."
    pip_install --no-deps --no-build-isolation -e . ||
        fail "pip could not install the project itself; its message is above. Mend that and run make again."
}

choose_python
version=$("$python" -c 'import platform; print(platform.python_version())')
if command -v uv >/dev/null 2>&1; then
    echo "Setting up $venv: Python $version, $lock, with uv ..."
    if install_with_uv; then exit 0; fi
    echo "setup: uv could not install; trying again with venv and pip ..." >&2
else
    echo "Setting up $venv: Python $version, $lock, with venv and pip ..."
fi
install_with_pip
