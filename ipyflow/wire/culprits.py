"""Why a call, or the value of one, cannot be pickled: which variable, where in it, where it came from, what to do.

Called by: ``ipyflow.wire.pickling``, when pickling has failed. Guarantees: never raises; takes some 0.3 s at most,
as long as no single part takes longer to pickle; calls no foreign ``repr``.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ipyflow.wire import hints
from ipyflow.wire.search import LONGEST, Culprit, Dumps, Name, called, first

Where = Callable[[str], str | None]

_CANNOT = "cannot be sent to another process"
_THREADS = 'run the task with executor="threads".'
_NOT_FOUND = f"Pass less, or {_THREADS}"
_BACK = "The value of the task cannot be sent back from its process"


def explain(fn: Any, args: Any, kwargs: Any, dumps: Dumps, where: Where | None = None) -> str:
    """Why a call cannot travel to another process, and what to do.

    Args:
        fn: the function.
        args: its positional arguments.
        kwargs: its keyword arguments.
        dumps: pickles one object.
        where: knows of a name of the notebook where it came from: ``assigned in Cell In[3]``.
    """
    name = "the task"
    try:
        name = called(fn)
        return _explained(fn, name, args, kwargs, dumps, where or (lambda _: None))
    except Exception as error:
        return f"{name} {_CANNOT} (the search for the reason ended with {type(error).__name__}). {_NOT_FOUND}"


def explain_value(value: Any, dumps: Dumps) -> str:
    """Why the value of a task cannot travel back, and what to do."""
    instead = f"return what can travel (its contents, a path, numbers), or {_THREADS}"
    try:
        found = first([Name("result", "result", value, "")], dumps)[0]
        if found is None:
            return f"{_BACK}: it is {hints.described(value)}. {_sentence(instead)}"
        about = f" result is {hints.described(value)}." if found.value is not value else ""
        return f"{_BACK}: {_is(found)}.{about} {_advice(hints.hint(found.value, found.error).why, instead)}"
    except Exception as error:
        return f"{_BACK} (the search for the reason ended with {type(error).__name__}). {_sentence(instead)}"


def _explained(fn: Any, name: str, args: Any, kwargs: Any, dumps: Dumps, where: Where) -> str:
    roots = [Name("function", name, fn, name), *_arguments(fn, name, args, kwargs)]
    found, unsure = first(roots, dumps)
    if found is not None:
        hint = hints.hint(found.value, found.error)
        advice = _advice(hint.why, f"{hint.instead}, or {_THREADS}")
        return f"{name} {_CANNOT}: {_is(found)}{_context(found, where)}. {advice}"
    if not unsure:
        return f"{name} {_CANNOT}, although each of its parts can by itself. {_NOT_FOUND}"
    large = " or ".join(f"{one.text} ({hints.described(one.value)}{_origin(one, where)})" for one in unsure[:3])
    return f"{name} {_CANNOT}: the reason is somewhere in {large}, which takes long to look through. {_NOT_FOUND}"


def _advice(why: str, instead: str) -> str:
    return f"{why}: {instead}" if why else _sentence(instead)


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _arguments(fn: Any, name: str, args: Any, kwargs: Any) -> Iterator[Name]:
    single = getattr(fn, "fn", None)
    if callable(single) and list(kwargs) == ["first"]:  # a batch of `map`: a list for each parameter
        yield from _columns(single, name, args, kwargs["first"])
        return
    try:
        signature = inspect.signature(fn)
        bound = signature.bind_partial(*args, **kwargs).arguments
        kinds = {key: parameter.kind for key, parameter in signature.parameters.items()}
    except (TypeError, ValueError):  # a function in C, or arguments that do not fit
        bound = {f"argument {number}": value for number, value in enumerate(args, 1)} | dict(kwargs)
        kinds = {}
    for parameter, value in bound.items():
        if kinds.get(parameter) is inspect.Parameter.VAR_POSITIONAL:
            yield from (Name("argument", f"{parameter}[{number}]", each, name) for number, each in enumerate(value))
        elif kinds.get(parameter) is inspect.Parameter.VAR_KEYWORD:
            yield from (Name("argument", key, each, name) for key, each in value.items())
        else:
            yield Name("argument", parameter, value, name)


def _columns(single: Any, name: str, columns: Any, first: int) -> Iterator[Name]:
    try:
        parameters = list(inspect.signature(single).parameters)
    except (TypeError, ValueError):
        parameters = []
    for number, column in enumerate(columns):
        parameter = parameters[number] if number < len(parameters) else f"argument {number + 1}"
        yield Name("argument", f"{parameter}[{first}:]" if first else parameter, column, f"{name}.map")


def _is(found: Culprit) -> str:
    """``config['lock'] is a lock (_thread.lock)``."""
    last = found.names[-1]
    text = f"{last.written} is {hints.kind(found.value)}"
    if last.value is found.value and last.how != "function":
        text += f", {taken}" if (taken := hints.size(found.value)) else ""
    if hints.known(found.value) is None and found.error is not None:
        text += f", which pickle refuses ({type(found.error).__name__}: {_message(found.error)})"
    return text


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:
        return "…"
    return text if len(text) <= 2 * LONGEST else text[: 2 * LONGEST] + "…"


def _context(found: Culprit, where: Where) -> str:
    """What the name is, what it holds, where it came from, and how the function comes to it."""
    last = found.names[-1]
    if last.how == "function":
        return ""
    said = {
        "argument": f"an argument of {last.owner}", "global": f"a global that {last.owner} uses",
        "around": f"a variable around {last.owner}", "default": f"the default of a parameter of {last.owner}",
        "class": f"the class of {last.owner}",
    }[last.how]  # fmt: skip
    if last.value is found.value or last.how == "class":
        text = f". It is {said}"
    else:
        text = f". {last.text} is {said}: {hints.described(last.value)}"
    text += _origin(last, where, found.value)
    on_the_way = [name.written for name in found.names]
    plain = len(found.names) == 1 or (len(found.names) == 2 and found.names[0].how == "function")
    return text if plain else f"{text} (by way of {' → '.join(on_the_way)})"


def _origin(name: Name, where: Where, culprit: Any = None) -> str:
    """The cell that the value came from, as far as it is known."""
    if name.how == "argument":
        variable, cell = _variable(name.value, where)
        if cell:
            return f", {cell}" if variable == name.text else f", your {variable}, {cell}"
        variable, cell = _variable(culprit, where)
        return f", and holds your {variable}, {cell}" if cell else ""
    said = where(name.home) if name.ours else None
    if said is None:
        return ""
    return f", {said}" if name.home == name.text else f" ({name.home} was {said})"


def _variable(value: Any, where: Where) -> tuple[str, str]:
    """The variable of the notebook that holds this very object, and where it came from."""
    names = getattr(sys.modules.get("__main__"), "__dict__", {}) if value is not None else {}
    found = [name for name, held in list(names.items()) if held is value and not name.startswith("_")]
    return next(((name, said) for name in found if (said := where(name))), ("", ""))
