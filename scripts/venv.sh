#!/bin/sh
# Make the virtual environment $1 with the newest supported Python, or with $PYTHON.
# Debian and Ubuntu ship python3 without venv: it is installed where that needs no password, else the line to type is printed.
set -eu
target=$1

if [ -x "$target/bin/python" ] && "$target/bin/python" -c 'import pip' 2>/dev/null; then
    exit 0
fi

# Version managers leave stubs such as python3.13 that only print an error: take one that runs.
works() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
python=${PYTHON:-}
if [ -n "$python" ]; then
    works "$python" || { echo "error: PYTHON=$python is not a Python 3.11 or newer" >&2; exit 1; }
else
    for candidate in python3.13 python3.12 python3.11 python3; do
        if works "$candidate"; then python=$candidate; break; fi
    done
fi
if [ -z "$python" ]; then
    echo "error: no Python 3.11 or newer was found; install one, or say where it is: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi

rm -rf "$target"
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ]; then as_root=; else as_root="sudo -n"; fi
    if ! command -v apt-get >/dev/null 2>&1 || ! $as_root true 2>/dev/null; then
        echo "error: $python has no venv module. Install it, then run make again:  sudo apt-get install $package" >&2
        exit 1
    fi
    echo "$python has no venv module: installing $package"
    $as_root apt-get update -q
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$package"
fi
"$python" -m venv "$target"
