"""Find a Chromium for the browser tests; `python scripts/chromium.py` also gets one where there is none.

Looked for, in this order: $IPYFLOW_CHROMIUM, Chromium or Chrome on PATH, the one playwright downloaded.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))  # where this file is run as a program
from scripts.frontend import node_from_pypi

NAMES = ("chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
# Debian's chromium without its fonts draws boxes for letters.
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")


def works(program: str) -> bool:
    """Whether this is a Chromium that starts; Ubuntu's is a stub that asks for a snap, which cannot see /tmp."""
    path = Path(program).resolve()
    if path.parts[:2] == ("/", "snap") or path.name == "snap":
        return False
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0 and bool(re.search(r"\d+\.\d+", done.stdout)) and "snap" not in done.stdout.lower()


def use_our_node() -> None:
    """Run playwright on PyPI's Node: the one it brings needs libatomic, which a bare Debian does not have."""
    wheel = node_from_pypi()
    if wheel is not None:
        os.environ.setdefault("PLAYWRIGHT_NODEJS_PATH", str(wheel[0]))


def from_playwright() -> str | None:
    """The Chromium that `playwright install chromium` left, if any."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def find() -> str | None:
    """The path of a Chromium to drive, or None. To be called before playwright is started."""
    use_our_node()
    chosen = os.environ.get("IPYFLOW_CHROMIUM")
    if chosen:
        if not works(chosen):
            raise SystemExit(f"error: IPYFLOW_CHROMIUM={chosen} is not a Chromium that starts")
        return chosen
    for name in NAMES:
        program = shutil.which(name)
        if program and works(program):
            return program
    return from_playwright()


def is_ubuntu() -> bool:
    """Whether apt's chromium is Ubuntu's snap stub."""
    try:
        return bool(re.search(r"^ID(_LIKE)?=.*ubuntu", Path("/etc/os-release").read_text(), re.MULTILINE))
    except OSError:
        return False


def root_prefix() -> list[str] | None:
    """What to put before a command to run it as root without a password; None where that cannot be."""
    if not hasattr(os, "getuid"):
        return None
    if os.getuid() == 0:
        return []
    if shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    return None


def run(*command: str) -> bool:
    """Run a command, showing it."""
    print("+", *command, flush=True)
    return subprocess.run(command, stdin=subprocess.DEVNULL).returncode == 0


def install() -> None:
    """Get a Chromium by the first way that can work here."""
    as_root = root_prefix()
    if shutil.which("apt-get") and not is_ubuntu() and as_root is not None:
        apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
        if run(*apt, "update") and run(*apt, "install", "-y", "--no-install-recommends", *PACKAGES):
            return
    playwright = [sys.executable, "-m", "playwright"]
    if shutil.which("apt-get") and as_root is not None:
        run(*playwright, "install-deps", "chromium")  # playwright calls sudo itself
    run(*playwright, "install", "chromium")


def main() -> int:
    """Run from the command line."""
    found = find()
    if found is None:
        install()
        found = find()
    if found is None:
        print(
            "error: the browser tests need Chromium and none could be installed. Install Chromium or Chrome yourself\n"
            f"(Debian:  sudo apt-get install {' '.join(PACKAGES)} ),\n"
            "or say where it is:  IPYFLOW_CHROMIUM=/path/to/chrome make test",
            file=sys.stderr,
        )
        return 1
    print(f"browser: {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
