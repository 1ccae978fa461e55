"""Under what a result is kept: a key made of the code, of the globals that it names, and of the arguments.

Equal values have one key in every process: it does not depend on which objects are shared, on the order of dicts and
sets, or on the seed of hashes. What cannot be compared by what is in it is refused, with its name.
"""

from __future__ import annotations

import builtins
import dataclasses
import enum
import functools
import importlib
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from copyreg import dispatch_table
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from ipyflow.engine.codes import ATOMS, atom, facts, joined
from ipyflow.engine.future import Future
from ipyflow.engine.options import Definition, Options
from ipyflow.engine.references import by_name

_MEMBERS = (FunctionType, staticmethod, classmethod, property, functools.cached_property)
_HOUSE = __name__.partition(".")[0]
_SETTING = frozenset({"IPython", "ipykernel", _HOUSE})
"""Packages whose functions count by name however they were made: they are around the code, as ``get_ipython`` is."""
_NOTHING = b"nothing"


class _CannotTell(Exception):
    """A value that has no key: where it stands, and why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.where = ""


class Key(NamedTuple):
    """Under what a result is kept.

    Attributes:
        text: of the call, code and arguments.
        place: of the call but for its code and what that reads.
        parts: a digest of each thing that was looked at for the code, by what it is in words.
    """

    text: str
    place: bytes
    parts: dict[str, bytes]

    def changed_since(self, before: dict[str, bytes]) -> str:
        """What is not as it was, in words; of several what stands first. Empty if nothing is."""
        different = [name for name, made in self.parts.items() if before.get(name) != made]
        return next(iter(different), "" if self.parts.keys() == before.keys() else "what it reads")


class FutureAmong(Exception):
    """A future stands where a value is asked for, and nobody said how to come by its value."""


def key_of(
    task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], value_of: Callable[[Future[Any]], Any] | None
) -> Key | None:
    """The key of a call; ``None`` where the arguments do not fit the function, which will say so itself.

    Args:
        task: what is called; it has a ``cache``.
        args: the positional arguments.
        kwargs: the keyword arguments.
        value_of: gives the value of a future among the arguments.

    Raises:
        TypeError: something in it cannot be compared by what it holds; the message names it.
        FutureAmong: a future is among the arguments, and ``value_of`` is ``None``.
    """
    cache = task.options.cache
    assert cache is not None
    fn = _plain_function(task.fn)
    if fn is None and cache.version is None:
        raise TypeError(
            f"{task.name} has cache=, but its function has no Python code whose changes could be seen: "
            "give it a version yourself, as in cache=Cache(version=1)"
        )
    try:
        given = by_name(task.fn, args, kwargs)
    except (TypeError, ValueError):
        return None
    if cache.params is not None:
        given = {name: value for name, value in given.items() if name in cache.params}
    space = cache.namespace or f"{task.module}:{getattr(fn, '__qualname__', task.name)}"
    digest = _Digest(fn, value_of)
    try:
        if cache.version is not None:
            code = joined("version", digest.of(cache.version))
        else:
            code = joined("function", digest.of(task.fn))
        arguments = digest.arguments(given)
        place = joined("place", space.encode(), *arguments)
        return Key(joined("call", space.encode(), code, *arguments).hex(), place, digest.parts)
    except _CannotTell as error:
        raise TypeError(_refusal(task, error, given)) from None
    except RecursionError:
        raise TypeError(
            f"{task.name} has cache=, but an argument or a global is nested too deep to be compared: "
            "leave it out of the key with cache=Cache(params=...) or Cache(version=...)"
        ) from None


def digest(given: dict[str, Any], value_of: Callable[[Future[Any]], Any] | None = None) -> bytes:
    """What is the same for equal arguments, by their names, in this process and any other.

    Args:
        given: the arguments.
        value_of: what stands for a future among them.

    Raises:
        TypeError: one of them cannot be compared by what it holds, as a lock or, without ``value_of``, a future; the
            message names it.

    Example:
        >>> digest({"x": {"a": 1, "b": 2}}) == digest({"x": {"b": 2, "a": 1}})
        True
    """
    try:
        return joined("arguments", *_Digest(None, value_of).arguments(given))
    except FutureAmong:
        raise TypeError("a future is compared by its value, which it has not yet") from None
    except _CannotTell as error:
        raise TypeError(f"{error.where} cannot be compared ({error})") from None
    except RecursionError:
        raise TypeError("an argument is nested too deep to be compared") from None


def _refusal(task: Definition, error: _CannotTell, given: dict[str, Any]) -> str:
    if error.where.startswith("the argument"):
        others = [name for name in given if name not in error.where.split()]
        params = repr(", ".join(others)) if others else "()"
        hint = f"if it does not matter, name the parameters that count: cache=Cache(params={params})"
    else:
        hint = "make it inside the function, or say yourself when the code has changed, as in cache=Cache(version=1)"
    return f"{task.name} has cache=, but {error.where or 'a value'} cannot be compared ({error}): {hint}"


def _plain_function(fn: Any) -> FunctionType | None:
    """The Python function in a method, a partial, or an object that can be called; ``None`` where there is none."""
    while isinstance(fn, functools.partial | MethodType):
        fn = fn.func if isinstance(fn, functools.partial) else fn.__func__
    if isinstance(fn, FunctionType):
        return fn
    wrapped = getattr(fn, "__wrapped__", None) or vars(type(fn)).get("__call__")
    return wrapped if isinstance(wrapped, FunctionType) else None


class _Digest:
    """Makes digests of values for one key.

    Args:
        fn: the function that is called: what is defined in its module counts with its code, else with its name.
        value_of: as for :func:`key_of`.
    """

    def __init__(self, fn: FunctionType | None, value_of: Callable[[Future[Any]], Any] | None) -> None:
        self._fn = fn
        self._module = fn.__globals__.get("__name__") if fn is not None else None
        self._value_of = value_of
        self.parts: dict[str, bytes] = {}
        """What the code consists of, in words, with a digest of each."""
        self._made: dict[int, tuple[Any, bytes]] = {}
        """Functions and classes by their id, which are held so that it stays theirs."""
        self._around: dict[int, int] = {}
        """What is being looked into, by its id, and how deep it stands: something may hold itself."""

    def arguments(self, given: dict[str, Any]) -> list[bytes]:
        """A digest of each argument with its name."""
        parts, self.parts = self.parts, {}
        made = [self._at(f"the argument {name}", name, given[name]) for name in sorted(given)]
        self.parts = parts
        return made

    def of(self, value: Any) -> bytes:
        """A digest of a value; of some, the value itself."""
        kind = type(value)
        if kind in ATOMS:
            return atom(value)
        if kind in (list, tuple) and ATOMS.issuperset(map(type, value)):
            return joined("atoms", atom(value))
        if issubclass(kind, Future):
            if self._value_of is None:
                raise FutureAmong
            return joined("future", self.of(self._value_of(value)))
        if id(value) in self._around:
            return joined("again", b"%d" % self._around[id(value)])
        if isinstance(value, FunctionType | type):
            return self._code(value)
        self._around[id(value)] = len(self._around)
        try:
            return self._held(value, kind)
        except RecursionError:
            raise
        except (_CannotTell, FutureAmong):
            raise
        except Exception as error:  # of somebody else's class
            raise _CannotTell(f"{kind.__name__}: {error}") from None
        finally:
            del self._around[id(value)]

    def _at(self, where: str, name: str, value: Any) -> bytes:
        try:
            made = joined("named", name.encode(), self.of(value))
        except _CannotTell as error:
            error.where = error.where or where
            raise
        if not isinstance(value, FunctionType | type):  # these have parts of their own
            self._part(where, made)
        return made

    def _part(self, name: str, made: bytes) -> None:
        self.parts[name] = self.parts.get(name, b"") + made

    # What holds others.

    def _held(self, value: Any, kind: Any) -> bytes:
        if kind in (list, tuple):
            return joined(kind.__name__, *map(self.of, value))
        if kind is dict:
            return self._pairs(value.items())
        if isinstance(value, set | frozenset):
            return joined("set", self.of(kind), *sorted(map(self.of, value)))
        if isinstance(value, ModuleType):
            return joined("module", value.__name__.encode())
        if isinstance(value, enum.Enum):
            return joined("enum", self.of(kind), value.name.encode())
        if isinstance(value, CodeType):
            return facts(value).digest
        if kind.__module__.split(".")[0] == _HOUSE and isinstance(getattr(value, "options", None), Options):
            return joined("task", self.of(getattr(value, "_instance", None)), self.of(value.fn))
        if isinstance(value, MethodType):
            if _is_setting(value.__func__):
                return joined("setting", value.__func__.__qualname__.encode())
            return joined("method", self.of(value.__func__), self.of(value.__self__))
        if kind is BuiltinFunctionType and isinstance(value.__self__, ModuleType | None):
            return joined("builtin", f"{value.__module__}.{value.__qualname__}".encode())
        if dataclasses.is_dataclass(value):
            return joined("object", self.of(kind), self._pairs(_fields(value)))
        return self._of_numbers(value, kind) or self._taken_apart(value, kind)

    def _pairs(self, items: Iterable[tuple[Any, Any]]) -> bytes:
        return joined("dict", *sorted(joined("pair", self.of(key), self.of(item)) for key, item in items))

    def _of_numbers(self, value: Any, kind: Any) -> bytes | None:
        """Of arrays and data frames: what is in them, however it lies in memory."""
        numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
        if numpy is not None and kind in (numpy.ndarray, numpy.memmap):
            if value.dtype.hasobject:
                return joined("array", repr((value.dtype, value.shape)).encode(), self.of(value.tolist()))
            joblib = importlib.import_module("joblib")  # by name: it takes long to import and is rarely asked
            shape = repr(value.shape).encode()
            return joined("array", shape, joblib.hash(numpy.ascontiguousarray(value), "sha1").encode())
        if pandas is None:
            return None
        if isinstance(value, pandas.DataFrame):
            columns = [value.iloc[:, at].array for at in range(value.shape[1])]
            return joined("frame", self.of(value.columns), self.of(value.index), *map(self.of, columns))
        if isinstance(value, pandas.Series):
            return joined("series", self.of(value.name), self.of(value.index), self.of(value.array))
        if isinstance(value, pandas.MultiIndex):
            return joined("index", self.of(list(value.names)), *map(self.of, value.levels), *map(self.of, value.codes))
        if isinstance(value, pandas.Index):
            return joined("index", self.of(kind), self.of(list(value.names)), self.of(value.array))
        if isinstance(value, pandas.Categorical):
            parts = (value.categories, value.codes, value.ordered)
            return joined("categories", *map(self.of, parts))
        if isinstance(value, pandas.api.extensions.ExtensionArray):
            return joined("column", str(value.dtype).encode(), self.of(value.to_numpy()))
        return None

    def _taken_apart(self, value: Any, kind: Any) -> bytes:
        """Of anything else: what pickle would make it of again."""
        wrapped = getattr(value, "__dict__", {}).get("__wrapped__")
        if isinstance(wrapped, FunctionType):  # as functools.cache makes them
            return joined("wrapped", self.of(kind), self.of(wrapped))
        reduce = dispatch_table.get(kind)
        reduced: Any = reduce(value) if reduce is not None else value.__reduce_ex__(4)
        if isinstance(reduced, str):
            return joined("global", f"{getattr(value, '__module__', '')}.{reduced}".encode())
        make, given, state, items, pairs = [*reduced, None, None, None][:5]
        entries = [] if pairs is None else list(pairs)
        if isinstance(value, OrderedDict):
            written = self.of([list(pair) for pair in entries])
        else:
            written = self._pairs(entries)
        parts = (kind, make, tuple(given), state, [] if items is None else list(items))
        return joined("object", *map(self.of, parts), written)

    # What is run.

    def _code(self, value: Any) -> bytes:
        known = self._made.get(id(value))
        if known is not None:
            return known[1]
        name = f"{value.__module__}.{value.__qualname__}".encode()
        self._made[id(value)] = (value, joined("itself", name))  # until it is known: it may name itself
        try:
            made = self._class(value, name) if isinstance(value, type) else self._function(value, name)
        except BaseException:
            del self._made[id(value)]
            raise
        self._made[id(value)] = (value, made)
        return made

    def _function(self, fn: FunctionType, name: bytes) -> bytes:
        if fn is not self._fn and _is_setting(fn):
            return joined("function", name)
        code = facts(fn.__code__)
        self._part(f"the code of {fn.__name__}", code.digest)
        is_ours = fn is self._fn or fn.__globals__.get("__name__") == self._module
        if not is_ours and "<" not in fn.__code__.co_qualname:
            return joined("function", name, code.digest)
        parts = [self._at(f"a default of {fn.__name__}", "", (fn.__defaults__, fn.__kwdefaults__))]
        for around, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            try:
                value = cell.cell_contents
            except ValueError:  # it has no value yet
                value = _NOTHING
            parts.append(self._at(f"the variable {around} around {fn.__name__}", around, value))
        for used in code.names:
            if used in fn.__globals__:
                parts.append(self._at(f"the global {used} that {fn.__name__} reads", used, fn.__globals__[used]))
            elif not hasattr(builtins, used):
                parts.append(joined("missing", used.encode()))
        return joined("function", code.digest, *parts)

    def _class(self, cls: type, name: bytes) -> bytes:
        if cls.__module__ != self._module and "<" not in cls.__qualname__:
            return joined("class", name)
        parts = [self.of(base) for base in cls.__bases__]
        self._part(f"the class {cls.__name__}", b"")
        for member, value in sorted(vars(cls).items()):
            if member.startswith("__") and not isinstance(value, _MEMBERS):
                continue
            try:
                parts.append(joined("member", member.encode(), self._member(value)))
            except _CannotTell:
                pass  # a lock, a registry: not what an instance is compared by
        return joined("class", name, *parts)

    def _member(self, value: Any) -> bytes:
        if isinstance(value, staticmethod | classmethod):
            return self.of(value.__func__)
        if isinstance(value, property):
            return self.of((value.fget, value.fset))
        return self.of(value.func if isinstance(value, functools.cached_property) else value)


def _is_setting(fn: Any) -> bool:
    module = getattr(fn, "__globals__", {}).get("__name__")
    return isinstance(module, str) and module.partition(".")[0] in _SETTING


def _fields(value: Any) -> list[tuple[str, Any]]:
    """What a dataclass holds: its fields, and what was set beside them, but for what is only kept to save time."""
    names = [field.name for field in dataclasses.fields(value)]
    kept = getattr(value, "__dict__", {})
    more = [
        name
        for name in kept
        if name not in names and not isinstance(getattr(type(value), name, None), functools.cached_property)
    ]
    return [(name, getattr(value, name, _NOTHING)) for name in (*names, *more)]
