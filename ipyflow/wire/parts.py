"""What an object consists of as pickle sees it, part by part, each with how one would write the way to it.

Called by: ``ipyflow.wire.culprits``. Guarantees: no ``repr`` of foreign code is called. What pickle itself would run
(``__reduce_ex__``, ``__getstate__``) is run, and may raise.
"""

from __future__ import annotations

import collections
import copyreg
import dis
import functools
import operator
import sys
import types
from collections.abc import Iterator
from typing import Any, NamedTuple

from ipyflow.model.texts import PLAIN

ATOMS = frozenset({
    int, float, complex, bool, type(None), str, bytes, bytearray, range, slice, type(...), type(NotImplemented),
})  # fmt: skip
"""Types whose values can always travel."""

CONTAINERS = frozenset({dict, list, tuple, set, frozenset, collections.deque})
"""Types whose items are looked through without pickling the whole first."""

_GLOBALS = frozenset(dis.opmap[name] for name in ("LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL"))
_OF_CLASSES = frozenset({"__dict__", "__weakref__", "__doc__", "__module__", "__slots__", "_abc_impl", "__qualname__"})


class Part(NamedTuple):
    """A part of something.

    Attributes:
        how: ``in``: ``text`` is written behind what it is part of. Else ``text`` is a name of its own: of a ``global``,
            a variable ``around`` the function, the ``default`` of a parameter, the ``class`` of an object.
        text: see there.
        value: the part.
    """

    how: str
    text: str
    value: Any


def atomic(value: Any) -> bool:
    """Whether it can always travel, at no cost worth counting."""
    kind = type(value)
    if kind in ATOMS:
        return True
    return kind.__module__.partition(".")[0] == "numpy" and not _of_objects(value)


def by_reference(value: Any) -> bool:
    """Whether a function or class is found by its name in a module that others can import."""
    module = sys.modules.get(value.__module__) if value.__module__ != "__main__" else None
    try:
        return module is not None and operator.attrgetter(value.__qualname__)(module) is value
    except AttributeError:
        return False


def _of_objects(value: Any) -> bool:
    return bool(getattr(getattr(value, "dtype", None), "hasobject", True))


def items(value: Any) -> Iterator[Any] | None:
    """The items of a container, of a dictionary with their keys; ``None`` for what is none."""
    kind = type(value)
    found: Iterator[Any] | None = None
    if kind in CONTAINERS:
        found = iter(value.items() if kind is dict else value)
    elif kind.__module__ == "numpy" and kind.__name__ == "ndarray":
        found = iter(value.flat)
    return found


def item(container: Any, key: Any) -> str:
    """How an item is written behind its container: ``['lock']``."""
    kind = type(container)
    if kind is set or kind is frozenset:
        return "{…}"
    if kind not in CONTAINERS and container.ndim != 1:
        return f".flat[{key}]"
    return f"[{_key(key)}]"


def _key(key: Any) -> str:
    plain = PLAIN.get(type(key))
    if plain is not None:
        return plain(key)
    if type(key) is tuple and len(key) < 5:
        return f"({', '.join(map(_key, key))})"
    return f"<{type(key).__name__}>"


def parts(value: Any) -> Iterator[Part]:
    """The parts of what is no container."""
    if isinstance(value, types.FunctionType):
        return _of_function(value)
    if isinstance(value, types.MethodType):
        return iter((Part("in", ".__self__", value.__self__), Part("in", ".__func__", value.__func__)))
    if isinstance(value, types.BuiltinMethodType):
        return iter((Part("in", ".__self__", value.__self__),))
    if isinstance(value, functools.partial):
        return iter((
            Part("in", ".func", value.func), Part("in", ".args", value.args), Part("in", ".keywords", value.keywords),
        ))  # fmt: skip
    if isinstance(value, type):
        return _of_class(value)
    if isinstance(value, types.ModuleType):
        return iter(())
    return _of_object(value)


def names_in(code: types.CodeType) -> list[str]:
    """The globals that a function names, those of functions inside it included."""
    found = {str(step.argval): None for step in dis.get_instructions(code) if step.opcode in _GLOBALS}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found.update(dict.fromkeys(names_in(constant)))
    return list(found)


def _of_function(fn: types.FunctionType) -> Iterator[Part]:
    code = fn.__code__
    for name, cell in zip(code.co_freevars, fn.__closure__ or (), strict=False):
        try:
            yield Part("around", name, cell.cell_contents)
        except ValueError:  # not assigned yet
            continue
    positional = code.co_varnames[: code.co_argcount]
    defaults = fn.__defaults__ or ()
    for name, value in zip(positional[len(positional) - len(defaults) :], defaults, strict=False):
        yield Part("default", name, value)
    for name, value in (fn.__kwdefaults__ or {}).items():
        yield Part("default", name, value)
    for name in names_in(code):
        if name in fn.__globals__:
            yield Part("global", name, fn.__globals__[name])
    for name, value in vars(fn).items():
        yield Part("in", f".{name}", value)
    yield Part("in", ".__annotations__", fn.__annotations__)


def _of_class(cls: type) -> Iterator[Part]:
    for name, value in list(vars(cls).items()):
        if name in _OF_CLASSES:
            continue
        if isinstance(value, classmethod | staticmethod):
            value = value.__func__
        if isinstance(value, property):
            for accessor in (value.fget, value.fset, value.fdel):
                yield Part("in", f".{name}", accessor)
        elif not isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
            yield Part("in", f".{name}", value)
    for base in cls.__bases__:
        yield Part("in", ".__bases__", base)


def _of_object(value: Any) -> Iterator[Part]:
    """By what pickle would take apart; a way to a part that is no attribute stays unwritten."""
    reducer = copyreg.dispatch_table.get(type(value))
    reduced = reducer(value) if reducer is not None else value.__reduce_ex__(4)
    if not isinstance(reduced, tuple):
        return
    function, args, state, listed, keyed = (*reduced, None, None, None)[:5]
    own = getattr(value, "__dict__", None) or {}

    def unnamed(part: Any) -> Part:
        if part is type(value):
            return Part("class", part.__name__, part)
        if part is not None and part is getattr(value, "_value", None):  # of a future
            return Part("in", ".result()", part)
        name = next((name for name, held in own.items() if held is part), None)
        return Part("in", "" if name is None else f".{name}", part)

    if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict):
        state = {**(state[0] or {}), **state[1]}
    if type(state) is dict:
        for name, part in state.items():
            yield Part("in", f".{name}" if isinstance(name, str) else f"[{_key(name)}]", part)
    elif state is not None:
        yield unnamed(state)
    for number, part in enumerate(listed or ()):
        yield Part("in", f"[{number}]", part)
    for key, part in keyed or ():
        yield Part("in", f"[{_key(key)}]", part)
        yield Part("in", f"[{_key(key)}]", key)
    for part in (function, *args):
        yield unnamed(part)
