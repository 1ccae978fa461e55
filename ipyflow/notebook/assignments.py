"""Which cell gave a name its value: read from the syntax trees of the cells that were run.

Called by: whoever has to tell a person where something came from. Nothing is run, and a cell is read once.
"""

from __future__ import annotations

import ast
import builtins
import itertools
import sys
from collections.abc import Iterator
from typing import Any

from ipyflow.notebook.header import parse, parse_task

_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_AROUND = frozenset({"time", "capture", "prun", "memit", "mprun"})
"""Magics whose body, or line, runs in the notebook's namespace."""


class Assignments:
    """What the cells of a shell have assigned, imported and defined.

    Args:
        shell: the interactive shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._read: dict[int, tuple[str, dict[str, str]]] = {}

    def where(self, name: str) -> str | None:
        """Where a name got its value last: ``assigned in Cell In[3]``.

        Args:
            name: of a variable, function, class or module of the notebook.

        Returns:
            What happened and in which cell; ``None`` for a name that no cell has given.
        """
        history = self._shell.history_manager
        cells = history.input_hist_parsed if history is not None else []
        for number in range(len(cells) - 1, 0, -1):
            said = (
                self._given(number, cells[number]).get(name) if name in cells[number] or "*" in cells[number] else None
            )
            if said is not None:
                return f"{said} in Cell In[{number}]"
        return None

    def _given(self, number: int, text: str) -> dict[str, str]:
        read = self._read.get(number)
        if read is None or read[0] != text:  # after %reset the numbers begin anew
            self._read[number] = read = (text, given(text, self._shell))
        return read[1]


def given(text: str, shell: Any) -> dict[str, str]:
    """Each name that a cell gives a value, and how: the last way counts.

    Args:
        text: the cell as Python, as the shell keeps it: magics are calls in it.
        shell: translates the bodies of magics.
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    return dict(_below(tree, shell))


def _below(node: ast.AST, shell: Any) -> Iterator[tuple[str, str]]:
    """The names given in a node, in the order of the text; of functions and classes only their own."""
    if isinstance(node, _SCOPES):
        for inner in itertools.chain(node.decorator_list, _defaults(node)):
            yield from _below(inner, shell)
        yield node.name, "defined"
        return
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        for alias in node.names:
            yield from _imported(node, alias)
        return
    if isinstance(node, ast.Call):
        yield from _by_magic(node, shell)
    local = set()
    if isinstance(node, _LOOPS):
        local = {name.id for loop in node.generators for name in ast.walk(loop.target) if isinstance(name, ast.Name)}
    children = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign | ast.NamedExpr):
        children.reverse()  # the value is worked out first
    if isinstance(node, ast.AnnAssign) and node.value is None:
        return
    for child in children:
        yield from (pair for pair in _below(child, shell) if pair[0] not in local)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        yield node.id, "assigned"
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name, "assigned"
    elif isinstance(node, ast.MatchMapping) and node.rest:
        yield node.rest, "assigned"


def _defaults(node: ast.AST) -> list[ast.expr]:
    arguments = getattr(node, "args", None)
    if arguments is None:
        return []
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def _imported(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> Iterator[tuple[str, str]]:
    if alias.name == "*":
        module = sys.modules.get(getattr(node, "module", None) or "")
        public = getattr(module, "__all__", None) or [name for name in vars(module or builtins) if name[0] != "_"]
        yield from ((name, "imported") for name in (public if module is not None else ()) if isinstance(name, str))
        return
    name = alias.name.partition(".")[0] if isinstance(node, ast.Import) else alias.name
    yield alias.asname or name, "imported"


def _by_magic(call: ast.Call, shell: Any) -> Iterator[tuple[str, str]]:
    """What ``%%flow NAME -o VAR``, ``%%task NAME``, ``%time x = 1`` and the like give."""
    kind = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    told = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    texts = [text for text in told if isinstance(text, str)]
    if kind not in ("run_cell_magic", "run_line_magic") or len(texts) < 2:
        return
    magic, line = texts[:2]
    if magic in ("flow", "ipyflow") and kind == "run_cell_magic":
        try:
            header = parse(line)
        except Exception:  # the cell was refused for it
            return
        yield from ((name, said) for name, said in ((header.name, "defined"), (header.into, "assigned")) if name)
    elif magic in ("task", "ipyflow_task") and kind == "run_cell_magic":
        try:
            yield parse_task(line).name, "defined"
        except Exception:  # the cell was refused for it
            return
    elif magic in _AROUND:
        body = texts[2] if kind == "run_cell_magic" and len(texts) > 2 else line
        try:
            body = shell.transform_cell(body)
        except Exception:
            return
        yield from given(body, shell).items()
