"""Notebooks that papermill and nbclient run from end to end: their pictures are final, and a failure is theirs too."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode, v4

pytestmark = pytest.mark.kernel

LOAD = (
    "%load_ext ipyflow\nimport ipyflow as fl, time\n@fl.task\ndef divide(n):\n    time.sleep(0.2)\n    return 10 // n"
)
RUN_MIME = "application/vnd.ipyflow-parallel.run+json"


def notebook(*cells: str) -> NotebookNode:
    parameters = v4.new_code_cell("n = 0", metadata={"tags": ["parameters"]})
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    made = v4.new_notebook(cells=[parameters, *(v4.new_code_cell(cell) for cell in (LOAD, *cells))], metadata=spec)
    for cell in made.cells:
        cell.metadata.setdefault("tags", [])
    return made


def states(made: NotebookNode) -> list[str]:
    """How the runs stand in the pictures that were saved."""
    found = [output.get("data", {}).get(RUN_MIME) for cell in made.cells for output in cell.get("outputs", [])]
    return [payload["run"]["state"] for payload in found if payload]


def papermill(folder: Path, out: str, *parameters: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "papermill", "in.ipynb", out, "--no-progress-bar", *parameters]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONWARNINGS": "ignore"}
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code, and what it said."""
    said = process.communicate(timeout=50)[1]
    return process.returncode, re.sub(r"\x1b\[[0-9;]*m", "", said)


def test_papermill_ends_with_an_error_where_a_flow_failed_and_the_pictures_are_final(tmp_path: Path) -> None:
    flows = "%%flow sound\ndivide.submit(5).result()", "%%flow ratio\ndivide.submit(n).result()"
    nbformat.write(notebook(*flows, "%flow wait", "1"), tmp_path / "in.ipynb")
    bad, good = papermill(tmp_path, "bad.ipynb"), papermill(tmp_path, "good.ipynb", "-p", "n", "2")
    code, said = ended(bad)
    assert code == 1
    assert "ZeroDivisionError" in said
    assert "ratio" in said
    out = nbformat.read(tmp_path / "bad.ipynb", as_version=4)
    assert states(out) == ["succeeded", "failed"]
    assert out.cells[-1].execution_count is None  # it stopped there
    assert ended(good)[0] == 0
    out = nbformat.read(tmp_path / "good.ipynb", as_version=4)
    assert states(out) == ["succeeded", "succeeded"]
    assert out.cells[-1].execution_count is not None


def test_a_failure_that_ended_before_is_raised_and_one_that_a_cell_has_looked_at_is_not() -> None:
    made = notebook(
        "%%flow ratio -o seen\ndivide.submit(0).result()",
        "try:\n    seen.result()\nexcept ZeroDivisionError:\n    print('as expected')",
        "%flow wait",
        "%%flow other\ndivide.submit(0).result()",
        "while any(not run.closed for run in fl.runs()):\n    time.sleep(0.01)",
        "%flow wait",
        "'never'",
    )
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        NotebookClient(made, kernel_name="python3", timeout=30).execute()
    counts = [cell.execution_count for cell in made.cells]
    assert counts[-3:] == [7, 8, None]
    assert states(made) == ["failed", "failed"]
