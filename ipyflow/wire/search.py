"""The search for what cannot be pickled: parts are tried one by one until those that fail have no part that fails.

Called by: ``ipyflow.wire.culprits``. Guarantees: it ends when its time is up, give or take
what one part takes to pickle.

Large things are not pickled as a whole; their containers are tried in slices, and a slice that fails is halved until
one item is left.
"""

from __future__ import annotations

import functools
import itertools
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from ipyflow.wire import hints, parts

BUDGET = 0.25
"""Seconds for the search."""
DEPTH = 24
"""How far down it goes."""
WHOLE = 500
"""Things in a value up to which it is tried as a whole, before its parts."""
LARGE = 10_000_000
"""The same for bytes."""
SLICE_TIME = 0.004
"""Seconds that a slice of a large container may take before slices grow no further."""
LONGEST = 100
"""Characters of a way to a culprit."""

Dumps = Callable[[Any], object]


@dataclass(frozen=True)
class Name:
    """A name on the way to a culprit.

    Attributes:
        how: what it is of its owner: an ``argument``, a ``global``, ``around``, a ``default``; or the ``result``.
        text: the name.
        value: what it stands for.
        owner: the function.
        home: the name of the notebook or script that has to do with where it came from.
        ours: there is such a name.
        way: from the value to the culprit.
    """

    how: str
    text: str
    value: Any
    owner: str
    home: str = ""
    ours: bool = False
    way: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """As one would write the culprit: ``config['lock']``."""
        text = self.text + "".join(self.way)
        return text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 3 :]}"


@dataclass(frozen=True)
class Culprit:
    """What cannot be pickled, by which names it is reached, and what pickling it raised."""

    names: tuple[Name, ...]
    value: Any
    error: BaseException | None


class _Spent(Exception):
    """The time is up."""


def first(roots: list[Name], dumps: Dumps) -> tuple[Culprit | None, list[Name]]:
    """The first culprit, small things looked through first; and what was not looked through to its end."""
    search = _Search(dumps, time.monotonic() + BUDGET)
    unsure = []
    for root in sorted(roots, key=lambda root: not _small(root.value)):
        try:
            found = search.look(root.value, (root,))
        except _Spent:
            unsure.append(root)
            continue
        if found is not None:
            return found, []
    return None, unsure


class _Search:
    """One search; it ends with :class:`_Spent` when its time is up."""

    def __init__(self, dumps: Dumps, deadline: float) -> None:
        self._dumps, self._deadline = dumps, deadline
        self._below: list[int] = []

    def fails(self, value: Any) -> BaseException | None:
        """What pickling ``value`` raises."""
        if time.monotonic() > self._deadline:
            raise _Spent
        try:
            self._dumps(value)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            return error.with_traceback(None)
        return None

    def look(self, value: Any, names: tuple[Name, ...]) -> Culprit | None:
        """The culprit in ``value``; ``None`` if it can travel."""
        if parts.atomic(value) or id(value) in self._below:
            return None
        whole = _small(value) or hints.known(value) is not None
        error = self.fails(value) if whole else None
        if whole and (error is None or hints.known(value) is not None):
            return None if error is None else Culprit(names, value, error)
        if len(self._below) < DEPTH:
            self._below.append(id(value))
            try:
                found = self._inside(value, names)
            except _Spent:
                if error is None:
                    raise
                found = None
            finally:
                self._below.pop()
            if found is not None:
                return found
        elif error is None:
            error = self.fails(value)
        return None if error is None else Culprit(names, value, error)

    def _inside(self, value: Any, names: tuple[Name, ...]) -> Culprit | None:
        each = parts.items(value)
        if each is not None:
            return self._items(value, each, names)
        try:
            for part in parts.parts(value):
                found = self.look(part.value, _reached(names, value, part))
                if found is not None:
                    return found
        except (_Spent, KeyboardInterrupt):
            raise
        except BaseException:  # it cannot be taken apart: what its own class does for pickle fails
            return None
        return None

    def _items(self, value: Any, each: Iterator[Any], names: tuple[Name, ...]) -> Culprit | None:
        length, done, keyed = 1, 0, type(value) is dict
        while True:
            begin = time.monotonic()
            taken = list(itertools.islice(each, length))
            if not taken:
                return None
            if not parts.ATOMS.issuperset(map(type, itertools.chain.from_iterable(taken) if keyed else taken)):
                found = self._pairs(value, taken if keyed else list(enumerate(taken, done)), names)
                if found is not None:
                    return found
            done += len(taken)
            now = time.monotonic()
            if now > self._deadline:
                raise _Spent
            took = now - begin
            length = length * 2 if took < SLICE_TIME else max(1, length // 2) if took > 4 * SLICE_TIME else length

    def _pairs(self, value: Any, pairs: list[tuple[Any, Any]], names: tuple[Name, ...]) -> Culprit | None:
        """Look at a slice: at its halves, as long as one fails."""
        pairs = [pair for pair in pairs if not (parts.atomic(pair[1]) and parts.atomic(pair[0]))]
        while len(pairs) > 1 and all(_small(item, 50) for _, item in pairs[:3]):
            half = len(pairs) // 2
            if self.fails(pairs[:half]) is not None:
                pairs = pairs[:half]
            elif self.fails(pairs[half:]) is not None:
                pairs = pairs[half:]
            else:
                return None
        for key, item in pairs:
            for part in (item, key):
                found = self.look(part, _further(names, parts.item(value, key)))
                if found is not None:
                    return found
        return None


def called(fn: Any) -> str:
    """How a function is called."""
    if isinstance(fn, functools.partial):
        return called(fn.func)
    name = getattr(fn, "__qualname__", None) or getattr(fn, "name", None)
    return name.rpartition("<locals>.")[2] if isinstance(name, str) else f"the {type(fn).__name__}"


def _reached(names: tuple[Name, ...], value: Any, part: parts.Part) -> tuple[Name, ...]:
    if part.how == "in":
        return _further(names, part.text)
    if part.how == "class":
        return (*names, Name("class", part.text, part.value, names[-1].written, part.text, _ours(part.value)))
    home = part.text if part.how == "global" else value.__qualname__.partition(".")[0]
    return (*names, Name(part.how, part.text, part.value, called(value), home, _ours(value)))


def _further(names: tuple[Name, ...], step: str) -> tuple[Name, ...]:
    return (*names[:-1], replace(names[-1], way=(*names[-1].way, step))) if step else names


def _ours(definition: Any) -> bool:
    return bool(definition.__module__ == "__main__")


def _small(value: Any, most: int = WHOLE) -> bool:
    """Whether it holds few things and few bytes, as far as containers, attributes and functions tell."""
    left: list[Any] = [value]
    seen: set[int] = set()
    count = 0
    while left:
        one = left.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        kind = type(one)
        count += 1 + (len(one) if kind in parts.CONTAINERS else hints.nbytes(one) * most // LARGE)
        if count > most:
            return False
        if kind is dict:
            left += one.values()
        elif kind in parts.CONTAINERS:
            left += one
        elif kind is types.FunctionType:
            left += [] if parts.by_reference(one) else [part.value for part in parts.parts(one)]
        elif kind is not types.ModuleType and isinstance(own := getattr(one, "__dict__", None), dict):
            left.append(own)
    return True
