"""The tasks to choose from, with what they take: what a page shows at the side."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterable
from typing import Any, get_type_hints

from ipyflow.builder.names import Names, called, is_a, signature
from ipyflow.flows.tasks import Task
from ipyflow.forms.fields import Field
from ipyflow.forms.signature import of_callable

MOST_NAMES = 300
"""Names of the notebook that are offered where an argument is typed."""
_NO_VALUES = (
    types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodDescriptorType,
)  # fmt: skip
_SHELL = ("In", "Out", "exit", "quit", "get_ipython", "open")


def palette(names: Names, used: Iterable[str]) -> list[dict[str, Any]]:
    """The tasks of the notebook, and those used that are elsewhere.

    Args:
        names: the notebook's.
        used: what the steps of a plan run.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def divide(x: float, y: float = 2):
        ...     '''One by the other.'''
        >>> one, = palette(Names({"divide": divide}), [])
        >>> one["name"], one["signature"], one["doc"]
        ('divide', '(x: float, y: float = 2)', 'One by the other.')
    """
    tasks = names.tasks()
    found = [_told(name, task, True) for name, task in tasks.items()]
    for name in dict.fromkeys(used):
        task = None if name in tasks else names.task(name)
        if task is not None:
            found.append(_told(name, task, False))
    return found


def _told(name: str, task: Task[Any, Any], listed: bool) -> dict[str, Any]:
    told = _bare(task)
    doc = (inspect.getdoc(called(task)) or "").strip().splitlines()
    return {
        "name": name,
        "listed": listed,
        "signature": "(…)" if told is None else _short(str(told)),
        "doc": doc[0] if doc else "",
        "flow": task.is_flow,
        "options": {key: repr(value) for key, value in task._given.items() if type(value) in (bool, int, float, str)},
        "parameters": {field.name: _parameter(field, told) for field in _fields(task)},
    }


def _fields(task: Task[Any, Any]) -> tuple[Field, ...]:
    try:
        return of_callable(called(task))
    except Exception:  # hints of names that are not there, built-ins that do not tell
        return ()


def _parameter(field: Field, told: inspect.Signature | None) -> dict[str, Any]:
    choices = [repr(value) for _, value in field.choices or () if type(value) in (str, int, float, bool)]
    if field.kind == "bool":
        choices = ["True", "False"]
    hint = inspect.Parameter.empty if told is None else told.parameters[field.name].annotation
    said = "" if hint is inspect.Parameter.empty else inspect.formatannotation(hint)
    return {"hint": _short(said), "doc": field.doc, "choices": choices, "kind": field.kind}


class _Hint:
    """A hint that is written as text, as under ``from __future__ import annotations``: shown without its quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


def _bare(task: Task[Any, Any]) -> inspect.Signature | None:
    """What a task takes, as a reader wants it: hints without what ``Annotated`` adds to them, which stands in forms."""
    told = signature(task)
    if told is None:
        return None
    try:
        plain = get_type_hints(inspect.unwrap(called(task)))
    except Exception:  # hints of names that are not there
        plain = {}

    def bare(name: str, hint: Any) -> Any:
        text = hint if isinstance(hint, str) else inspect.formatannotation(hint)
        if "Annotated[" in text and name in plain:
            return plain[name]
        return _Hint(hint) if isinstance(hint, str) else hint

    parameters = [one.replace(annotation=bare(one.name, one.annotation)) for one in told.parameters.values()]
    return told.replace(parameters=parameters, return_annotation=bare("return", told.return_annotation))


def _short(text: str) -> str:
    text = text.replace("__main__.", "")  # the notebook itself
    return text if len(text) <= 120 else f"{text[:119]}…"


def variables(names: Names) -> list[str]:
    """The names of the notebook that an argument may be: neither tasks nor modules, the newest first."""
    tasks = names.tasks()
    found = [
        name for name, value in [*names.own.items(), *names.namespace.items()]
        if not name.startswith("_") and name not in _SHELL and name not in tasks
        and not is_a(value, *_NO_VALUES)
    ]  # fmt: skip
    return list(dict.fromkeys(reversed(found)))[:MOST_NAMES]
