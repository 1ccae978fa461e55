"""Every command that README and the docs tell to type is carried out by a test, here or where the table says."""

import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BLOCK = re.compile(r"^```(?:console|text|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINE = re.compile(r"(?:make|pip|python3?|jupyter|npm|git) [a-z-].*")
MAKE = ["make", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.installed", "-o", "ipyflow/notebook/static/widget.js"]
"""make with the environment that the tests run in, and with what is built as it stands."""

HERE = {  # what a page says, as far as it goes: what is run for it, smaller where it would take long
    "make docs": [*MAKE, "docs", "ARGS=--check"],
    "make bench": [*MAKE, "bench", "ARGS=--quick W11"],
    "make matrix": [*MAKE, "matrix", "ARGS=--help"],
    "python -m benchmarks.completion": [sys.executable, "-m", "benchmarks.completion", "20"],
    "python -m benchmarks.layout": [sys.executable, "-m", "benchmarks.layout", "1"],
    "python -m benchmarks.pools": [sys.executable, "-m", "benchmarks.pools", "--help"],
    "python -m benchmarks.views": [sys.executable, "-m", "benchmarks.views", "300"],
    "python -m tests.stress.dask_storm": [sys.executable, "-m", "tests.stress.dask_storm", "20"],
}
BINDER = "tests/notebooks/test_binder.py"
ELSEWHERE = {  # where it is run, and how it stands there
    "make demo": ("tests/test_commands.py", '"demo"'),
    "make check": (".ci/run", "make check"),
    "make test": (".ci/run", "make test"),
    "make": ("Makefile", "help:"),
    "python -m benchmarks [": ("Makefile", "python -m benchmarks"),
    "git clone ADDRESS": (BINDER, "git"),  # the files of a clone
    "python3 -m venv": (BINDER, "venv.create"),
    "python -m venv": (BINDER, "venv.create"),
    "pip install": (BINDER, "./binder/postBuild"),
    "jupyter lab": (BINDER, '"lab", *flags'),
    "jupyter labextension list": (BINDER, "jupyter labextension list"),
    "jupyter labextension disable": (BINDER, "jupyter labextension disable ipyflow-parallel:badges"),
    "python -m ipykernel install": (BINDER, "python -m ipykernel install --user --name parallel"),
    "pip list": (BINDER, "pip list"),
    "pip uninstall -y": (BINDER, "pip uninstall -y ipyflow ipyflow-core ipyflow-parallel"),
    "python -m tests.stress.kernel_deaths": ("tests/stress/test_kernel_death_history.py", "tests.stress.kernel_deaths"),
    "npm run build": ("scripts/frontend.py", '"run", "build"'),
    "python scripts/frontend.py link": ("Makefile", "scripts/frontend.py link"),
}


def commands(page: Path) -> list[str]:
    """What a page tells to type: lines of its console blocks, and code in its text that begins with a program."""
    text = page.read_text(encoding="utf-8")
    typed = [
        part for block in BLOCK.findall(text) for line in block.split("\n") for part in line.split("  #")[0].split("&&")
    ]
    typed += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    bare = [re.sub(r"^(?:[A-Z]+=\S+ |\w+/bin/|\$ )*", "", part.strip()) for part in typed]
    return [part for part in bare if LINE.fullmatch(part)]


def known(command: str) -> str | None:
    """The longest beginning of the command that a table has."""
    found = [begin for begin in {**HERE, **ELSEWHERE} if command.startswith(begin)]
    return max(found, key=len, default=None)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_of_a_page_is_carried_out_somewhere(page: Path) -> None:
    assert [command for command in commands(page) if known(command) is None] == []
    extras = {
        name
        for names in re.findall(r"install '?(?:\.|ipyflow-parallel)\[([\w,]+)\]", page.read_text())
        for name in names.split(",")
    }
    assert extras <= PROJECT["optional-dependencies"].keys()


def test_no_more_is_in_the_tables_than_in_the_pages() -> None:
    typed = {known(command) for page in PAGES for command in commands(page)}
    assert sorted({*HERE, *ELSEWHERE} - typed - {"make"}) == []


@pytest.mark.parametrize("begin", ELSEWHERE)
def test_it_is_carried_out_where_the_table_says(begin: str) -> None:
    place, piece = ELSEWHERE[begin]
    assert piece in (ROOT / place).read_text(encoding="utf-8")


@pytest.mark.parametrize("begin", HERE)
def test_it_does_what_it_should(begin: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(HERE[begin], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_demo_opens_the_index_of_the_lessons(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    environment |= {"JUPYTER_RUNTIME_DIR": str(tmp_path), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    said = tmp_path / "said"
    with said.open("w") as out:
        demo = subprocess.Popen(
            [*MAKE, "demo", "ARGS=--port=0"], cwd=ROOT, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            until = time.monotonic() + 40
            while (
                found := re.search(r"http://127\.0\.0\.1:\d+/lab/tree/index\.ipynb\?token=\w+", said.read_text())
            ) is None:
                assert demo.poll() is None, said.read_text()
                assert time.monotonic() < until, said.read_text()
                time.sleep(0.1)
            with urllib.request.urlopen(found[0], timeout=30) as page:
                assert "ipyflow-parallel" in page.read().decode()
        finally:
            os.killpg(demo.pid, signal.SIGTERM)
            demo.wait(30)
    assert (ROOT / "notebooks" / "index.ipynb").is_file()
