"""What Binder installs is enough for the lessons."""

import ast
import re
import sys
import tomllib

import nbformat
import pytest

from notebooks.execute import ROOT, notebooks

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LINES = [
    line for line in (ROOT / "binder" / "requirements.txt").read_text("utf-8").splitlines() if not line.startswith("#")
]


def name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0].lower()


def installed() -> set[str]:
    extras = re.fullmatch(r"\.\[([\w,]+)\]", LINES[0])
    assert extras is not None
    wanted = [*PROJECT["dependencies"], *LINES[1:]]
    for extra in extras[1].split(","):
        wanted += PROJECT["optional-dependencies"][extra]
    return {name(requirement) for requirement in wanted} | {"ipyflow"}


def imported(source: str) -> set[str]:
    found = set()
    tree = compile(source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_it_has_what_a_lesson_imports(path: object) -> None:
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = [re.sub(r"^\s*%.*$", "", source, flags=re.MULTILINE) for source in cells]
    wanted = set().union(*map(imported, lines))
    missing = {one for one in wanted if one.lower() not in installed() and one not in sys.stdlib_module_names}
    assert missing == set()


def test_it_runs_a_python_that_is_supported() -> None:
    version = (ROOT / "binder" / "runtime.txt").read_text("utf-8").strip().removeprefix("python-")
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
