"""The teaching notebooks run from top to bottom, and what is committed of them can be read without a kernel."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import pytest

from notebooks.execute import HERE, ROOT, WIDGET, execute, notebooks

RUN = "application/vnd.ipyflow-parallel.run+json"
MACHINE = re.compile(r"/(home|root|Users|work|tmp|private|var|opt|usr)/\w|ipykernel_\d|[A-Z]:\\\\|site-packages")
PICTURE = re.compile(r"<img [^>]*src=.data:image/svg")
SOLUTION = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)
SIZE = re.compile(r"[\d,.]+ bytes")  # of an object: each Python has its own
MEASURED = re.compile(r"\.(lint|what_if|compare)\(")  # what these say has figures, which differ from run to run
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
HINTS = """
import ipyflow
for run in ipyflow.runs():
    if run.kind != "cell" and run.closed:
        for hint in run.lint():
            print(f"{run.name}: {hint.kind}")
"""
MEANT = {  # what a lesson does wrong to show it, and nothing else, may be found in its flows
    "01-futures": {"in_turn: sequential", "side_by_side: sequential", "sign_up: leak", "careless: unseen"},
    "02-pipelines": set(),
    "03-events": set(),
    "04-scale": {"threads: computing"},
}

pytestmark = pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)


@cache
def committed(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code(notebook: Any) -> list[Any]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def runs(notebook: Any) -> Iterator[tuple[Any, Any]]:
    """Each output that shows a run, with its cell."""
    for cell in code(notebook):
        yield from ((cell, output.data) for output in cell.outputs if RUN in output.get("data", {}))


def expect_finished_pictures(notebook: Any) -> None:
    shown = list(runs(notebook))
    assert shown
    for cell, data in shown:
        assert data[RUN]["run"]["closed"] is not None, f"saved in the middle of its run:\n{cell.source}"
        assert PICTURE.search(data["text/html"])
        assert data[RUN]["run"]["name"] in data["text/plain"]
    with_run = {id(cell) for cell, _ in shown}
    without = [cell.source for cell in code(notebook) if cell.source.startswith("%%flow") and id(cell) not in with_run]
    assert without == []


def values(notebook: Any) -> list[tuple[str, str]]:
    """What its cells say: values, and the messages of errors; no pictures, whose times differ from run to run."""
    return [
        (cell.source, SIZE.sub("some bytes", output.get("evalue") or output.data["text/plain"]))
        for cell in code(notebook)
        for output in cell.outputs
        if output.output_type in ("execute_result", "error") and "image/svg+xml" not in output.get("data", {})
        if not MEASURED.search(cell.source)
    ]


def exercises(notebook: Any) -> list[tuple[str, str]]:
    """The solution of each exercise, and the cell that checks it."""
    cells = {cell.id: cell for cell in notebook.cells}
    found = []
    for name in (name for name in cells if re.fullmatch(r"exercise-\d+", name)):
        (solution,) = SOLUTION.findall(cells[f"{name}-solution"].source)
        found.append((solution, cells[f"{name}-check"].source))
    return found


def said(cell: Any) -> str:
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


def unexpected_errors(notebook: Any) -> list[str]:
    return [
        output.evalue
        for cell in code(notebook)
        for output in cell.outputs
        if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
    ]


@pytest.mark.kernel
@pytest.mark.timeout(180)
def test_it_runs_and_the_solutions_of_its_exercises_are_right(path: Path) -> None:
    extra = [source for exercise in exercises(committed(path)) for source in exercise]
    notebook = execute(path, extra=[HINTS, *extra])
    assert unexpected_errors(notebook) == []
    hints = set(said(notebook.cells[len(notebook.cells) - len(extra) - 1]).split("\n")) - {""}
    assert path.stem not in MEANT or hints <= MEANT[path.stem]
    assert ("in_turn: sequential" in hints) == (path.stem == "01-futures")
    checks = [said(cell) for cell in notebook.cells[len(notebook.cells) - len(extra) :][1::2]]
    assert [text for text in checks if "✓ Right!" not in text] == []
    expect_finished_pictures(notebook)
    before = values(committed(path))
    assert values(notebook)[: len(before)] == before


def test_an_exercise_is_not_done_before_one_has_done_it(path: Path) -> None:
    checks = [said(cell) for cell in committed(path).cells if re.fullmatch(r"exercise-\d+-check", cell.id)]
    assert [text for text in checks if "○ Not yet: " not in text] == []
    assert bool(checks) == (path.stem != "index")


def test_every_cell_was_run_in_order(path: Path) -> None:
    counts = [cell.execution_count for cell in code(committed(path))]
    assert counts == list(range(1, len(counts) + 1))
    assert unexpected_errors(committed(path)) == []


def test_its_pictures_can_be_seen_without_a_kernel(path: Path) -> None:
    expect_finished_pictures(committed(path))


def test_a_workflow_has_its_picture_too(path: Path) -> None:
    for cell, data in runs(committed(path)):
        named = re.findall(r"Workflow <b>(\w+)</b>", data["text/html"])
        assert named == [workflow["name"] for workflow in data[RUN].get("workflows", [])], cell.source


def test_it_says_nothing_of_the_machine_it_was_run_on(path: Path) -> None:
    found = sorted({match[0] for match in MACHINE.finditer(path.read_text(encoding="utf-8"))})
    assert found == []
    assert set(committed(path).metadata) <= {"kernelspec", "language_info"}
    assert [cell.id for cell in committed(path).cells if "execution" in cell.metadata] == []
    assert WIDGET not in path.read_text(encoding="utf-8"), "a live view has no meaning in a file"


def test_a_cell_that_fails_on_purpose_is_the_only_one_that_says_so(path: Path) -> None:
    for cell in code(committed(path)):
        failed = any(output.output_type == "error" for output in cell.outputs)
        assert failed == ("raises-exception" in cell.metadata.get("tags", [])), cell.source


def test_its_links_lead_somewhere(path: Path) -> None:
    texts = [cell.source for cell in committed(path).cells if cell.cell_type == "markdown"]
    missing = [link for text in texts for link in LINK.findall(text) if not (HERE / link).exists()]
    assert missing == []
    assert path.is_relative_to(ROOT)
