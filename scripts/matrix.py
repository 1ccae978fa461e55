"""Run the matrix: one wheel in each combination of Python, JupyterLab and ipykernel, with a browser.

    python scripts/matrix.py              every combination; ends with a table, and 1 where something failed
    python scripts/matrix.py 3.13-4.6     only the rows named so
    python scripts/matrix.py --write      also put the table into docs/matrix.md

Each row is a virtual environment below `.matrix/` with the wheel and one JupyterLab; the kernels' ipykernel is laid
over it (tests/kernels.py). pytest and the browser stay in this program's own environment, the server and its kernels
run in the row's: tests/browser/test_matrix.py.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

sys.path.insert(0, str(Path(__file__).parent.parent))  # where this file is run as a program
from scripts.matrix_table import Outcome, table, write

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".matrix"
PYTHONS = ("3.11", "3.13")
LABS = ("4.2", "4.6")
KERNELS = ("6.31.0", "7.2.0", "7.4.0")
TESTS = "tests/browser/test_matrix.py"
VERSIONS = """
import importlib.metadata, json, platform
names = ["jupyterlab", "anywidget", "ipywidgets", "ipython"]
print(json.dumps({"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}))
"""


class MatrixError(RuntimeError):
    """A row could not be set up; the message says why."""


@dataclass
class Row:
    """One Python with one JupyterLab."""

    python: str
    lab: str
    versions: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    missing: str = ""
    """Why it was not run."""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """What it goes by on the command line."""
        return f"{self.python}-{self.lab}"

    @property
    def folder(self) -> Path:
        """Its virtual environment."""
        return FOLDER / self.name

    @property
    def interpreter(self) -> Path:
        """Its Python."""
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command: str | Path, **environment: str) -> str:
    """The output of a command that must succeed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise MatrixError(f"`{' '.join(str(part) for part in command)}` failed:\n{done.stdout}")
    return done.stdout


def pythons(version: str) -> Iterator[str]:
    """Programs that may be this Python: on PATH, then pyenv's."""
    yield from filter(None, [shutil.which(f"python{version}")])
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from (str(path) for path in sorted(home.glob(f"versions/{version}.*/bin/python")))


def find_python(version: str) -> str | None:
    """A Python of this version that starts and can make virtual environments; pyenv's stubs may only print an error."""
    check = f"import ensurepip, sys, venv; assert '%d.%d' % sys.version_info[:2] == {version!r}"
    for program in pythons(version):
        if subprocess.run([program, "-c", check], capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:
            return program
    return None


def build_wheel() -> Path:
    """Pack what is here, once for all rows."""
    target = FOLDER / "wheel"
    shutil.rmtree(target, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", target)
    (wheel,) = target.glob("*.whl")
    return wheel


def set_up(row: Row, wheel: Path) -> None:
    """Make the row's environment, or bring it up to date with the wheel."""
    program = find_python(row.python)
    if program is None:
        raise MatrixError(f"there is no Python {row.python} (looked for python{row.python} on PATH and in ~/.pyenv)")
    if not row.interpreter.exists():
        run(program, "-m", "venv", row.folder)
    pip: list[str | Path] = [row.interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, f"{wheel}[lab]", f"jupyterlab=={row.lab}.*")
    run(*pip, "--force-reinstall", "--no-deps", wheel)  # the version's number is the same after a change
    row.versions = json.loads(run(row.interpreter, "-c", VERSIONS))
    listed = run(row.interpreter, "-m", "jupyter", "labextension", "list")
    if not re.search(r"ipyflow-parallel v\S+.*enabled.*OK", listed):
        raise MatrixError(f"`jupyter labextension list` does not say enabled and OK:\n{listed}")


def run_tests(row: Row, arguments: list[str]) -> None:
    """Run the tests on the row's JupyterLab and kernels, and read how each ended."""
    report = FOLDER / f"{row.name}.xml"
    report.unlink(missing_ok=True)
    environment = {
        "IPYFLOW_LAB_PYTHON": str(row.interpreter),
        "IPYFLOW_MATRIX_KERNELS": " ".join(KERNELS),
        "IPYFLOW_TEST_ARTIFACTS": str(FOLDER / f"{row.name}-artifacts"),
    }
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        TESTS,
        "-o",
        "junit_family=xunit1",
        f"--junitxml={report}",
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
    if not report.is_file():
        raise MatrixError("pytest ended without a report")
    row.outcomes = [outcome(case) for case in ElementTree.parse(report).iter("testcase")]


def outcome(case: ElementTree.Element) -> Outcome:
    """What the report says of one test."""
    said = {one.get("name", ""): one.get("value", "") for one in case.iter("property")}
    passed = case.find("failure") is None and case.find("error") is None
    return Outcome(
        test=case.get("name", ""),
        kernel=said.get("kernel", ""),
        extension=said.get("extension") == "True",
        what=said.get("what", ""),
        result=said.get("result", "yes") if passed else "FAILED",
    )


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Run the matrix.", epilog="What follows -- goes to pytest.")
    rows = [Row(python, lab) for python in PYTHONS for lab in LABS]
    parser.add_argument("rows", nargs="*", help=f"which rows, of {', '.join(row.name for row in rows)}; all if none")
    parser.add_argument("--write", action="store_true", help="put the table into docs/matrix.md")
    split = arguments.index("--") if "--" in arguments else len(arguments)
    asked = parser.parse_args(arguments[:split])
    unknown = set(asked.rows) - {row.name for row in rows}
    if unknown:
        parser.error(f"no row {', '.join(sorted(unknown))}; there are {', '.join(row.name for row in rows)}")
    if asked.rows and asked.write:
        parser.error("--write wants every row: name none")
    wanted = [row for row in rows if not asked.rows or row.name in asked.rows]
    wheel = build_wheel()
    for row in wanted:
        began = time.monotonic()
        print(f"\n=== Python {row.python}, JupyterLab {row.lab}", flush=True)
        try:
            set_up(row, wheel)
            run_tests(row, arguments[split + 1 :])
        except MatrixError as error:
            row.missing = str(error)
            print(f"not run: {error}", flush=True)
        row.seconds = time.monotonic() - began
    complete = not any(row.missing for row in wanted)
    failed = [f"{row.name}: {one.test}" for row in wanted for one in row.outcomes if one.result == "FAILED"]
    text = table([(row.versions, row.outcomes) for row in wanted if row.outcomes])
    print(f"\n{text}\n")
    for row in wanted:
        print(f"{row.name}: " + (f"NOT RUN, {row.missing}" if row.missing else f"{row.seconds:.0f} s"))
    if failed:
        print("failed:", *failed, sep="\n  ")
    elif asked.write and complete:
        write(ROOT / "docs" / "matrix.md", text)
    return 1 if failed or not complete else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
