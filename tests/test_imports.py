"""Imports point one way: the table of the layers, held by the syntax trees of all modules."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "ipyflow"
MODULES = sorted(PACKAGE.rglob("*.py"))

# layer (a module or a folder right below ipyflow/) -> the layers it may import, besides itself and `errors`
MAY_IMPORT = {
    "errors": set(),
    "machine": set(),
    "model": set(),
    "forms": set(),
    "engine": {"model"},
    "wire": {"model"},
    "worker": {"model", "engine", "wire"},
    "executors": {"model", "wire", "worker", "machine"},
    "store": {"model"},
    "views": {"model", "machine"},
    "flows": {"model", "engine", "machine"},
    "builder": {"model", "engine", "flows", "forms"},
    "session": {"model", "engine", "executors", "store", "views", "flows", "machine"},
    "past": {"model", "engine", "store", "views", "flows", "session"},
    "testing": {"model", "engine", "executors", "views", "session"},
    "notebook": {
        "model", "forms", "builder", "engine", "executors", "store", "views", "flows", "session", "testing", "past"
    },
    "workflows": {"flows"},  # a public module
    "compat": {"public", "workflows"},
    "public": {"builder", "model", "engine", "executors", "store", "views", "flows", "session", "workflows", "past"},
}  # fmt: skip
# Imports inside a function, and why: `ipyflow/__init__.py` loads the notebook layer when it is first asked for.
LAZY = {("public", "notebook"), ("public", "testing")}
# Only the notebook layer knows that there is a notebook.
NOTEBOOK_ONLY = {"IPython", "anywidget", "comm", "ipykernel", "ipywidgets", "jupyter_client", "rich", "traitlets"}


def layer_of(module: str) -> str:
    """`ipyflow.engine.loop` -> `engine`; `ipyflow` and the public names in it -> `public`."""
    first = module.split(".")[1] if "." in module else ""
    is_layer = (PACKAGE / f"{first}.py").is_file() or (PACKAGE / first).is_dir()
    return first if first and is_layer else "public"


def imports(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, full module name and "is inside a function" of each import in a file."""

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[int, str, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from ((child.lineno, alias.name, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: a relative import; write the whole name"
                yield from ((child.lineno, f"{child.module}.{alias.name}", inside) for alias in child.names)
            yield from walk(child, inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))

    return walk(ast.parse(path.read_text(encoding="utf-8")), False)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    layer = "public" if parts == ("__init__",) else parts[0]
    assert layer in MAY_IMPORT, f"{layer} is a new layer: give it a row in MAY_IMPORT"
    allowed = MAY_IMPORT[layer] | {"errors"} | ({layer} - {"public"})
    faults = []
    for line, name, inside in imports(path):
        if name.split(".")[0] != "ipyflow":
            if name.split(".")[0] in NOTEBOOK_ONLY and layer != "notebook":
                faults.append(f"{path}:{line}: {name} may only be imported by the notebook layer")
            continue
        target = layer_of(name)
        if inside and (layer, target) not in LAZY:
            faults.append(f"{path}:{line}: {name} is imported inside a function, which hides a circle of imports")
        elif not inside and target not in allowed:
            faults.append(f"{path}:{line}: {layer} may not import {target} ({name})")
    assert not faults, "\n".join(faults)


def test_importing_the_package_is_light_and_starts_no_thread() -> None:
    heavy = ["IPython", "ipywidgets", "anywidget", "comm", "dask", "loky", "numpy", "pydantic", "sqlite3"]
    heavy += ["graphviz", "ipyflow.notebook"]
    program = f"""
import sys, threading
import ipyflow
print(sorted(name for name in {heavy} if name in sys.modules), threading.active_count())
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[] 1\n", "")
