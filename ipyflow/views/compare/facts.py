"""All that is to be said of two runs, put together once: views only write it down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.compare.changes import Row, changes, rows
from ipyflow.views.compare.code import Changed, Sources, changed_code
from ipyflow.views.compare.lanes import Lanes, lanes
from ipyflow.views.compare.matching import matched
from ipyflow.views.palette import LOOKS
from ipyflow.views.words import clean, clip, instant, total


@dataclass(frozen=True)
class Given:
    """A run as it is compared.

    Attributes:
        state: the run, held still.
        key: by what the history knows it; empty where nothing is kept.
        now: the engine's clock, for a run that goes on.
        sources: the source of each task's function, as far as it is known.
    """

    state: RunState
    key: str = ""
    now: float | None = None
    sources: Sources = field(default_factory=dict)


@dataclass(frozen=True)
class Side:
    """One of the two runs, in figures.

    Attributes:
        id: its number in its kernel.
        key: by what the history knows it.
        name: its name.
        kind: ``flow``, ``cell``, ...
        state: its state.
        wall: when it began, in seconds since the epoch.
        seconds: how long it took, or has taken so far.
        ended: whether it has ended.
        lost: whether its kernel ended before it did.
        tasks: how many it had.
        ran: seconds that the bodies of its tasks ran, together.
        queued: seconds that its tasks waited for a worker, together.
    """

    id: int
    key: str
    name: str
    kind: str
    state: State
    wall: float
    seconds: float
    ended: bool
    lost: bool
    tasks: int
    ran: float
    queued: float

    @property
    def called(self) -> str:
        """What a person writes to mean it: its key, or its number."""
        return self.key or str(self.id)

    @property
    def word(self) -> str:
        """How it stands or ended."""
        return "lost" if self.lost else LOOKS[self.state].word


@dataclass(frozen=True)
class Facts:
    """What :func:`facts` finds.

    Attributes:
        before: the first run.
        after: the second.
        rows: what happened, what changed most first; what stayed as it was is among them, last.
        code: whose code changed.
        known: whether sources of both are known: else nobody can say that no code changed.
        lanes: when each task was at work, in both.
    """

    before: Side
    after: Side
    rows: list[Row]
    code: list[Changed]
    known: bool
    lanes: Lanes

    @property
    def counts(self) -> Counter[str]:
        """How many tasks changed in which way."""
        found: Counter[str] = Counter()
        for row in self.rows:
            found[row.kind] += len(row.changes)
        return found

    def changed(self) -> Iterator[Row]:
        """The rows in which something is another than before."""
        return (row for row in self.rows if row.kind not in ("same", "unfinished"))


def facts(one: Given, other: Given) -> Facts:
    """Compare two runs.

    Args:
        one: the run before.
        other: the run after.

    Example:
        >>> facts(Given(RunState()), Given(RunState())).rows
        []
    """
    before, after = one.state, other.state
    found = changes(matched(before, after), before, after)
    sums = [
        sum(seconds for change in found if (seconds := getattr(change, side)) is not None)
        for side in ("before", "after")
    ]
    told = rows(found)
    code = changed_code(before, after, one.sources, other.sources)
    names = {change.name for change in code}
    for row in told:
        if row.name in names and row.kind not in ("same", "unfinished"):
            row.code = True
            names.discard(row.name)
    return Facts(
        _side(one, sums[0]),
        _side(other, sums[1]),
        told,
        code,
        bool(one.sources and other.sources),
        lanes(found, before, after, _until(one), _until(other)),
    )


def _until(given: Given) -> float:
    return instant(given.state, given.now)


def _side(given: Given, ran: float) -> Side:
    state = given.state
    return Side(
        state.id,
        given.key,
        clean(clip(state.name, 200)),
        state.kind,
        state.state,
        state.wall,
        max(_until(given) - state.opened, 0.0),
        state.closed is not None,
        any(kind == "lost" for _, _, kind, _ in state.notes),
        total(state),
        ran,
        _queued(state, _until(given)),
    )


def _queued(state: RunState, until: float) -> float:
    waited = 0.0
    for task in state.tasks.values():
        spans = task.spans
        for i, span in enumerate(spans):
            if span.state is State.QUEUED:
                waited += (spans[i + 1].time if i + 1 < len(spans) else until) - span.time
    return waited
