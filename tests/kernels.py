"""Kernels on another ipykernel than the environment's: a folder laid over site-packages, named by a kernelspec.

python -m tests.kernels    fetches them all, as `make test` does before the tests: none of them pays for it
"""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

CACHE = Path(sys.prefix) / "kernels"
PYTHON = os.environ.get("IPYFLOW_LAB_PYTHON", sys.executable)
"""Whose JupyterLab and kernels the tests look at; `make matrix` names those of its environments."""
VERSIONS = ("6.31.0", "7.2.0", "7.4.0")
"""Those that the tests ask for."""


def overlay(version: str, patience: float = 25) -> Path:
    """The folder that holds this ipykernel; fetched from PyPI once, then kept in the virtual environment.

    `patience` are pip's seconds: a test has time for that of another, in vain, and then for its own.
    """
    folder = CACHE / f"ipykernel-{version}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"ipykernel-{version}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes: one fetches, the others wait for it
        if not (folder / ".complete").is_file():
            # ipykernel 6 patches asyncio with the original nest-asyncio, which nothing else here installs.
            wanted = [f"ipykernel=={version}", *(["nest-asyncio"] if version.startswith("6.") else [])]
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--no-deps"]
            command += ["--target", str(folder), *wanted]
            subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=patience)
            (folder / ".complete").touch()
    return folder


def write_kernelspec(data_dir: Path, version: str) -> str:
    """Write a kernelspec below a Jupyter data folder and return its name."""
    name = f"ipykernel-{version}"
    spec = {
        "argv": [PYTHON, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": f"Python 3 on ipykernel {version}",
        "language": "python",
        "interrupt_mode": "signal",
        "env": {"PYTHONPATH": str(overlay(version))},
        "metadata": {"debugger": True},
    }
    folder = data_dir / "kernels" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(spec))
    return name


if __name__ == "__main__":
    for each in VERSIONS:
        overlay(each, patience=300)
