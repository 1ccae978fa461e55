"""What became of a task from one run to the other: one kind of change for each, and the seconds.

The seconds of a task are those in which its own body ran. A body that stands in a wait for other tasks is not slower
because they are, and what only waits for what is below it, such as a pipeline, has no seconds of its own: so the list
names causes, and not all that hangs on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.compare.matching import Pair, bare
from ipyflow.views.containers import contains
from ipyflow.views.words import duration, instant, shown

SHARE = 0.1
"""A task is slower or faster by more than this part of what it took, ..."""
SECONDS = 0.010
"""... and by more than so many seconds."""

KINDS: dict[str, str] = {
    "failing": "newly failing",
    "otherwise": "ended otherwise",
    "mended": "newly succeeding",
    "slower": "slower",
    "faster": "faster",
    "cached": "newly cached",
    "computed": "cached before",
    "new": "only after",
    "gone": "only before",
    "retried": "tried more often",
    "result": "another result",
    "unfinished": "not ended",
    "same": "as before",
}
"""Every kind of change, and how it is said; of several the first counts."""
_LOUD = ("failing", "otherwise", "mended")
"""What stands first in the list, however long it took."""
_QUIET = ("result", "unfinished", "same")
_SUCCEEDED, _CACHED = State.SUCCEEDED, State.CACHED


@dataclass(slots=True, repr=False)
class Change:
    """What became of a task.

    Attributes:
        pair: the task in both runs.
        kind: what happened, one of :data:`KINDS`.
        before: seconds that its body ran in the first run; ``None`` where it did not.
        after: the same of the second.
    """

    pair: Pair
    kind: str
    before: float | None
    after: float | None

    @property
    def name(self) -> str:
        """Of the task."""
        return self.pair.any.name

    @property
    def args(self) -> str:
        """The arguments in short, of the second run if it is there."""
        return self.pair.args

    def __repr__(self) -> str:
        seconds = " → ".join(duration(one) for one in (self.before, self.after) if one is not None)
        called = f"{shown(self.name, 60)}({shown(self.args, 60)})"
        return f"<{called}: {KINDS[self.kind]}{', ' if seconds else ''}{seconds}>"

    @property
    def seconds(self) -> float:
        """How much longer it ran."""
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(slots=True)
class Row:
    """The tasks of one name to which the same happened, what changed most first."""

    name: str
    role: str | None
    kind: str
    changes: list[Change] = field(default_factory=list)
    before: float | None = None
    after: float | None = None
    code: bool = False
    """Whether it says that their code changed: of several rows of one name the first does."""

    @property
    def seconds(self) -> float:
        """How much longer they ran, together."""
        return (self.after or 0.0) - (self.before or 0.0)


def changes(pairs: Iterable[Pair], before: RunState, after: RunState) -> list[Change]:
    """Say of each pair what changed."""
    ends = instant(before), instant(after)
    return [_change(pair, *ends) for pair in pairs]


def _change(pair: Pair, end_before: float, end_after: float) -> Change:
    one, other = pair.before, pair.after
    seconds = (None if one is None else own(one, end_before)), (None if other is None else own(other, end_after))
    return Change(pair, kind_of(pair, *seconds), *seconds)


def own(task: TaskState, until: float) -> float | None:
    """Seconds in which its own body ran, over all attempts; ``None`` for what has no body or never began."""
    if task.started is None or contains(task):
        return None
    ran = 0.0
    spans = task.spans
    for i, span in enumerate(spans):
        if span.state is State.RUNNING or span.state is State.CANCELLING:
            ran += (spans[i + 1].time if i + 1 < len(spans) else until) - span.time
    return ran


def kind_of(pair: Pair, before: float | None, after: float | None) -> str:
    """Name what changed, by the first of :data:`KINDS` that fits."""
    one, other = pair.before, pair.after
    if one is None or other is None:
        return "new" if one is None else "gone"
    if one.state not in FINAL_STATES or other.state not in FINAL_STATES:
        return "unfinished"
    if other.state in FAILURE_STATES and one.state not in FAILURE_STATES:
        return "failing"
    well = other.state is _SUCCEEDED or other.state is _CACHED
    if one.state in FAILURE_STATES and well:
        return "mended"
    if one.state is not other.state and not (well and one.state in (_SUCCEEDED, _CACHED)):
        return "otherwise"
    if one.state in FAILURE_STATES:
        return "otherwise" if _said(one) != _said(other) else "same"
    if one.state is not other.state:
        return "cached" if other.state is _CACHED else "computed"
    if before is not None and after is not None and differ(before, after):
        return "slower" if after > before else "faster"
    if failed_tries(other) > failed_tries(one):
        return "retried"
    if well and pair.by == "arguments" and _said(one) != _said(other):
        return "result"
    return "same"


def failed_tries(task: TaskState) -> int:
    """How many of its attempts failed."""
    return sum(attempt.failed for attempt in task.attempts)


def differ(before: float, after: float) -> bool:
    """Whether one length of time is longer than another by enough to speak of it.

    Example:
        >>> differ(1.0, 1.05), differ(0.001, 0.005), differ(1.0, 1.2)
        (False, False, True)
    """
    return abs(after - before) > max(SHARE * before, SECONDS)


def _said(task: TaskState) -> tuple[str, str]:
    return task.type, bare(task.text)


def rows(found: Iterable[Change]) -> list[Row]:
    """Put together what happened to tasks of one name: what changed most stands first."""
    made: dict[tuple[str, str | None, str], Row] = {}
    for one in found:
        task = one.pair.any
        key = (task.name, task.role, one.kind)
        row = made.get(key) or made.setdefault(key, Row(*key))
        row.changes.append(one)
        row.before = _sum(row.before, one.before)
        row.after = _sum(row.after, one.after)
    for row in made.values():
        row.changes.sort(key=lambda one: (-abs(one.seconds), one.pair.any.id))
    return sorted(made.values(), key=_place)


def _sum(so_far: float | None, more: float | None) -> float | None:
    return so_far if more is None else (so_far or 0.0) + more


def _place(row: Row) -> tuple[int, float, int]:
    first = row.changes[0].pair.any.id
    if row.kind in _LOUD:  # what failed first may be why the others did
        ends = [task.ended for one in row.changes if (task := one.pair.after) is not None and task.ended is not None]
        return _LOUD.index(row.kind), min(ends, default=0.0), first
    if row.kind in _QUIET:
        rank = 10 + _QUIET.index(row.kind)
    else:
        rank = 3 if row.kind == "new" and failed(row) else 4
    return rank, -abs(row.seconds), first


def failed(row: Row) -> int:
    """How many of its tasks have failed after."""
    return sum(one.pair.after is not None and one.pair.after.state in FAILURE_STATES for one in row.changes)
