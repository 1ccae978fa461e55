"""Run the teaching notebooks in fresh kernels and save them with their outputs.

    python notebooks/execute.py              all of them
    python notebooks/execute.py 01-futures   one

What is saved can be read without a kernel and says nothing of the machine it was made on: the live views are left out
(their pictures stay), paths are shortened, times of execution and the state of widgets are not kept.
"""

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WIDGET = "application/vnd.jupyter.widget-view+json"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
CELL_METADATA = ("tags", "jupyter", "collapsed")

# The longest first: a virtual environment may lie in the checkout, and the checkout in the home folder.
_PLACES = [
    (re.escape(tempfile.gettempdir()) + r"/tmp\w+/", ""),
    (re.escape(tempfile.gettempdir()) + r"/ipykernel_\d+/\d+\.py", "cell.py"),
    (re.escape(sys.prefix) + r"/lib/python[\d.]+/(site-packages/)?", ""),
    (re.escape(sys.base_prefix) + r"/lib/python[\d.]+/(site-packages/|dist-packages/)?", ""),
    (re.escape(str(ROOT)) + "/", ""),
    (r"~/?" + re.escape(str(ROOT.relative_to(Path.home()))) + "/" if ROOT.is_relative_to(Path.home()) else None, ""),
    (re.escape(str(Path.home())) + "(?=/)", "~"),
]
PLACES = [(re.compile(pattern), instead) for pattern, instead in _PLACES if pattern]


def notebooks() -> list[Path]:
    """Every teaching notebook."""
    return sorted(HERE.glob("*.ipynb"))


def execute(path: Path, extra: list[str] | None = None) -> Any:
    """Run a notebook from its sources alone.

    Args:
        path: the notebook.
        extra: sources of more cells to run after it.

    Raises:
        CellExecutionError: a cell failed that is not tagged ``raises-exception``.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in extra or []]
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        store_widget_state=False,
        record_timing=False,
        resources={"metadata": {"path": str(HERE)}},
    )
    client.execute()
    return tidy(notebook)


def tidy(notebook: Any) -> Any:
    """Leave what a reader sees, and nothing of this machine or of this minute."""
    notebook.metadata = {"kernelspec": KERNELSPEC, "language_info": {"name": "python", "file_extension": ".py"}}
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in CELL_METADATA if key in cell.metadata}
        if cell.cell_type == "code":
            # A live view needs its kernel: without one its picture, the next output, says all there is.
            cell.outputs = [_clean(output) for output in cell.outputs if WIDGET not in output.get("data", {})]
    return notebook


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        for pattern, instead in PLACES:
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, list):
        return [_clean(part) for part in value]
    if isinstance(value, dict):
        return nbformat.from_dict({key: _clean(part) for key, part in value.items()})
    return value


def main(names: list[str]) -> None:
    """Run from the command line."""
    for path in notebooks():
        if names and path.stem not in names:
            continue
        nbformat.write(execute(path), path)
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main(sys.argv[1:])
