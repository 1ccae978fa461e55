"""What a task does, as a list of acts that can be played again: the words between the trace and the replay.

An act is a tuple, its kind first:

- ``(RUN, seconds)`` and ``(PAUSE, seconds)``: time goes by, at a worker or without one;
- ``(NEEDS, signals, n)``: go on when so many of these signals were given;
- ``(SKIP, signals, n, acts)``: leave out so many acts, those of a wait, where ``n`` of the signals were given before;
- ``(GIVE, signal)``: a child is submitted, an event is sent, the task has ended;
- ``(TAKE, limit)`` and ``(LEAVE, limit)``: a permit; ``(RETAKE, limit)`` is served before the others in the queue;
- ``(RATE, rate)``: a token of a rate;
- ``(SLOT, pool)``, ``(FREE, pool)``: a worker; ``(HAND, pool)``: it begins, which takes it a moment;
  ``(LEND, pool, signals)`` by a body that begins to wait: another may run; ``(RESUME, pool)``: it goes on, at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

RUN, PAUSE, NEEDS, GIVE, TAKE, RETAKE, LEAVE, RATE, SLOT, HAND, LEND, RESUME, FREE, SKIP = range(14)

Act: TypeAlias = tuple[Any, ...]


@dataclass(slots=True)
class Trace:
    """A run as it can be played again.

    The tasks are numbered from 0; ``ids`` has their numbers in the run. The signal ``i`` says that task ``i`` has
    ended, the signal ``n + i`` that it was submitted, those above are events of workflows.
    """

    ids: list[int] = field(default_factory=list)
    scripts: list[list[Act]] = field(default_factory=list)
    signals: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    """By name, how many at once."""
    rates: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By name, how many in how many seconds."""
    pools: dict[str, int] = field(default_factory=dict)
    """By name, how many bodies each ran at once when it was fullest."""
    handing: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By pool, the seconds that a worker needs to begin, and those that one needs for its first task."""
    work: float = 0.0
    """Seconds of all bodies together: as long as they take one after another."""
    busiest: str = ""
    """The pool with the most work."""
    typical: float = 0.0
    """Half of the bodies took less."""
    name: str = ""
    names: list[str] = field(default_factory=list)
    """Of the run, and of its tasks."""
    measured: float = 0.0
    """Seconds from the beginning to the end of the last task."""
    person: float = 0.0
    """Of them, the seconds in which a task had ended and somebody had yet to retry it: they are not played."""
