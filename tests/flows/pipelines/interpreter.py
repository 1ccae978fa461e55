"""What a pipeline gives, by plain recursion over a description of it: no engine, no thread, no future.

A :class:`Pipe` is the description. :class:`Interpreter` computes its value or error, its final state and how each of
its entries ended. What the body of a task does is :func:`act`, the same for the interpreter and for the real task.
"""

from __future__ import annotations

import copy
import re
import zlib
from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

from ipyflow.errors import GroupError, PipelineInvalid


class Boom(Exception):
    pass


Point = namedtuple("Point", "name seen")


@dataclass(frozen=True)
class Step:
    """A task in a pipeline."""

    name: str
    gives: str = "value"
    """value, list, none, empty, single, pair, named (tuples), raise, again (raise what it got), wrong (no pair where
    one is due), future, children (waits for tasks that it submits), pipe (returns ``child``)."""
    changes: tuple[tuple[str, int | None], ...] | None = None
    """Changes of the state: a key and its value, or ``None`` to delete it; ``None`` for a task without state."""
    fruitful: bool = True
    handles: bool = False
    child: Pipe | None = None
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    place: str = "threads"


@dataclass(frozen=True)
class Group:
    """A group of branches with its options."""

    name: str
    branches: tuple[Pipe, ...]
    most: int | None = None
    stages: int | None = None
    exceptions: bool = False
    fail_fast: bool = False
    ordered: bool = True
    merges: bool = False


@dataclass(frozen=True)
class Pipe:
    """Entries one behind the other; one that is a ``Pipe`` itself is spliced in."""

    entries: tuple[Step | Group | Pipe, ...]
    last: Step | None = None
    inline: bool = False
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()
    state: Any = None

    def flat(self) -> list[Step | Group]:
        return [e for entry in self.entries for e in (entry.flat() if isinstance(entry, Pipe) else [entry])]


class Failures(Exception):
    """A group's failures, by branch. ``loose``: those after the first may be missing."""

    def __init__(self, parts: list[tuple[int, BaseException]], loose: bool) -> None:
        self.parts, self.loose = parts, loose


@dataclass(frozen=True)
class Reader:
    """Values in words, equal for equal values; what is not determined is left out."""

    loose: bool = False
    unordered: bool = False

    def text(self, value: Any) -> str:
        if isinstance(value, BaseException):
            return self.error(value)
        if type(value) in (list, tuple):
            parts = [self.text(v) for v in value]
            if self.unordered and type(value) is list:
                parts.sort()
            return f"[{', '.join(parts)}]" if type(value) is list else f"({', '.join(parts)})"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{k}: {self.text(v)}" for k, v in sorted(value.items())) + "}"
        if isinstance(value, Point):
            return f"Point({self.text(value.name)}, {self.text(value.seen)})"
        return str(value)

    def error(self, error: BaseException) -> str:
        """Type, message and, for groups, each branch's error."""
        if isinstance(error, Failures | GroupError):
            if self.loose:
                return "GroupError"
            return "GroupError(" + ", ".join(f"{i}: {self.error(e)}" for i, e in parts_of(error)) + ")"
        plain = self.loose or isinstance(error, PipelineInvalid)
        return type(error).__name__ if plain else f"{type(error).__name__}({error})"


def parts_of(error: BaseException) -> list[tuple[int | None, BaseException]]:
    """The failures of a group with the branch of each."""
    if isinstance(error, Failures):
        return list(error.parts)
    return [(branch_of(e), e) for e in error.exceptions]  # type: ignore[attr-defined]


def branch_of(error: BaseException) -> int | None:
    notes = "\n".join(getattr(error, "__notes__", []))
    found = re.findall(r"\bbranch (\d+)\b", notes)
    return int(found[-1]) if found else None


def short(text: str) -> str:
    return text if len(text) < 60 else f"{text[:40]}~{zlib.crc32(text.encode()):08x}"


def act(step: Step, reader: Reader, state: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    """The body of a step: its value and, if it takes the state, the new state; or it raises.

    Steps that start something else give a string that what they start makes its value of.
    """
    told = reader.text([reader.text(a) for a in args]) if not reader.unordered else str([reader.text(a) for a in args])
    told += "".join(f" {k}={reader.text(v)}" for k, v in sorted(kwargs.items()))
    told += "" if step.changes is None else f" | {reader.text(state)}"
    said = short(f"{step.name}{told}")
    if step.gives == "raise":
        raise Boom(said)
    if step.gives == "again":
        raise args[0]
    if step.changes is not None:
        state = changed(state, step.changes)
    values = {"list": [step.name, said], "none": None, "empty": (), "single": (said,), "pair": (step.name, said)}
    if step.gives == "named":
        return Point(step.name, said), state
    return values.get(step.gives, said), state


def changed(state: Any, changes: tuple[tuple[str, int | None], ...]) -> Any:
    if isinstance(state, int):
        return state + sum(value or 0 for _, value in changes)
    new = dict(state or {})
    for key, value in changes:
        if value is None:
            new.pop(key, None)
        else:
            new[key] = value
    return new or state  # never empty: whether that differs from no state at all is nobody's promise


def last_wins(entry: Any, states: list[Any]) -> Any:
    """A merge of the user's own: the last change counts."""
    if isinstance(entry, int):
        return ([entry] + [s for s in states if s != entry])[-1]
    result = dict(entry or {})
    for state in states:
        for key in {**(entry or {}), **(state or {})}:
            before, after = (entry or {}).get(key), (state or {}).get(key)
            if before != after:
                result.pop(key, None) if after is None else result.update({key: after})
    return result or entry


@dataclass
class Outcome:
    value: Any
    fruitful: bool
    error: BaseException | None
    state: Any

    @property
    def own_value(self) -> Any:
        return self.value if self.fruitful else None

    @property
    def handed_on(self) -> tuple[Any, ...]:
        if not self.fruitful:
            return ()
        return self.value if type(self.value) is tuple else (self.value,)


@dataclass
class Interpreter:
    """Runs a description; ``ended`` tells for each name how the entry ended."""

    reader: Reader
    ended: dict[str, str] = field(default_factory=dict)
    unreached: set[str] = field(default_factory=set)
    """Entries inside groups that were skipped as a whole."""

    def run(self, pipe: Pipe) -> Outcome:
        return self.pipe(pipe, pipe.args, dict(pipe.kwargs), pipe.state)

    def pipe(self, pipe: Pipe, args: tuple[Any, ...], kwargs: dict[str, Any], state: Any) -> Outcome:
        now = Outcome(None, True, None, state)
        for place, entry in enumerate(pipe.flat()):
            given = args if place == 0 else now.handed_on
            if isinstance(entry, Group):
                now = self.skip(entry, now) if now.error else self.group(entry, given, kwargs, now.state)
            elif entry.handles != (now.error is not None):
                now = self.skip(entry, now)
            else:
                now = self.step(entry, (now.error,) if entry.handles else given, kwargs, now.state)
            kwargs = {}
        if pipe.last is not None:
            end = self.step(pipe.last, (), {}, now.state)
            now.error = end.error or now.error
        return now

    def step(self, step: Step, args: tuple[Any, ...], kwargs: dict[str, Any], state: Any) -> Outcome:
        args, kwargs = (*args, *step.args), {**kwargs, **dict(step.kwargs)}
        self.ended[step.name] = "failed"
        try:
            value, new = act(step, self.reader, copy.deepcopy(state), args, kwargs)
        except Exception as error:
            return Outcome(None, True, error, state)
        if step.gives == "wrong":
            return Outcome(None, True, PipelineInvalid("no pair"), state)
        self.ended[step.name] = "succeeded"
        result = Outcome(value, True, None, new)
        if step.gives == "pipe" and step.child is not None:
            child = step.child
            if child.inline:
                result = self.pipe(child, args, kwargs, new)
            else:
                result = self.run(child)
                result.state = new
        result.fruitful = result.fruitful and step.fruitful
        return result

    def group(self, group: Group, args: tuple[Any, ...], kwargs: dict[str, Any], state: Any) -> Outcome:
        ends = [self.pipe(b, args, kwargs, copy.deepcopy(state)) for b in group.branches]
        good = [end.state for end in ends if end.error is None]
        merged = last_wins(state, good) if group.merges else merge(state, good)
        failures = [(i, end.error) for i, end in enumerate(ends) if end.error is not None]
        error = Failures(failures, group.fail_fast) if failures and not group.exceptions else None
        self.ended[group.name] = "failed" if error else "succeeded"
        return Outcome([end.error or end.own_value for end in ends], True, error, merged)

    def skip(self, entry: Step | Group, now: Outcome) -> Outcome:
        self.ended[entry.name] = "skipped"
        if isinstance(entry, Group):
            self.unreached |= {e.name for branch in entry.branches for e in everything(branch)}
        return now


def everything(pipe: Pipe) -> list[Step | Group]:
    """The entries of a pipe and of all groups in it."""
    found = []
    for entry in [*pipe.flat(), *([pipe.last] if pipe.last else [])]:
        found.append(entry)
        if isinstance(entry, Group):
            found += [e for branch in entry.branches for e in everything(branch)]
    return found


def merge(entry: Any, states: list[Any]) -> Any:
    """Changes against the state at entry, key by key; the first branch in entry order wins."""
    moved = [state for state in states if state != entry]
    if not moved:
        return entry
    if not all(isinstance(s, dict) or s is None for s in [entry, *moved]):
        return moved[0]
    start, result, taken = entry or {}, dict(entry or {}), set()
    for state in moved:
        for key in [*start, *(k for k in state if k not in start)]:
            if key not in taken and (key in start, start.get(key)) != (key in state, state.get(key)):
                taken.add(key)
                if key in state:
                    result[key] = state[key]
                else:
                    del result[key]
    return result
