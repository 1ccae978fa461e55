"""What is said of steps and events in few words: what a step is at, how far its join is, what an event holds."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ipyflow.model.events import EventState, JoinState
from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS
from ipyflow.views.tallies import StepTally
from ipyflow.views.words import shown

USUAL = 4
"""So many of a step run at once where its author did not say: not worth a word."""


def at_work(workers: int, step: StepTally | None, *, over: bool = False) -> str:
    """Say how many workers of a step are in use and what waits for one; or how often it was run; or what it may do.

    Args:
        workers: how many of it run at once at most.
        step: what it is at; ``None`` where it is only drawn.
        over: whether its workflow has ended.

    Example:
        >>> at_work(4, StepTally(4, running=2, waiting=3)), at_work(4, StepTally(4, succeeded=1, cancelled=2))
        ('2/4 running · 3 waiting', 'ran 3 times · 2 cancelled')
        >>> at_work(1, StepTally(1, waiting=2), over=True), at_work(1, None), at_work(4, None)
        ('not run · 2 left waiting', '1 at a time', '')
    """
    if step is None:
        return often(workers)
    return " · ".join(parts_of(workers, step, over=over))


def often(workers: int) -> str:
    """Say how many of a step may run at once; nothing of what is usual."""
    return "" if workers == USUAL else "1 at a time" if workers == 1 else f"up to {workers:,} at once"


def parts_of(workers: int, step: StepTally, *, over: bool = False, short: bool = False) -> list[str]:
    """What :func:`at_work` says, part by part, the most telling first.

    Args:
        workers: how many of it run at once at most.
        step: what it is at.
        over: whether its workflow has ended.
        short: with marks instead of words, where there is little room.
    """
    parts = []
    if not over:
        if step.running or (step.waiting and not step.blocked):
            parts.append(f"{step.running:,}/{workers:,} running")
        if step.blocked:
            parts.append(f"{step.blocked:,} blocked" if step.running else f"{step.blocked:,}/{workers:,} blocked")
        if step.waiting:
            parts.append(f"{step.waiting:,} waiting")
        if step.retrying:
            parts.append(f"{step.retrying:,} to retry")
    live = bool(parts)
    if not live:
        runs = step.succeeded + step.failed + step.cancelled
        times = {0: "not run" if over else "not run yet", 1: "ran once", 2: "ran twice"}
        parts.append(times.get(runs, f"ran {runs:,} times"))
    for state, number in ((State.FAILED, step.failed), (State.CANCELLED, 0 if live else step.cancelled)):
        if number:
            parts.append(f"{number:,} {LOOKS[state].mark if live or short else LOOKS[state].word}")
    if over and step.waiting:
        parts.append(f"{step.waiting:,} left waiting")
    return parts


def missing(join: JoinState) -> int:
    """How many events a join lacks; 0 where nobody knows."""
    return sum(count for _, count in join.needs)


def standing(join: JoinState, *, over: bool = False) -> str:
    """Say how far a join is, or was when its workflow ended, in few words.

    Example:
        >>> standing(JoinState("report", "", [1, 2], (("Page", 1),))), standing(JoinState("merge", "", [1, 2]))
        ('2 of 3 · needs 1 Page', '2 of a list so far')
        >>> standing(JoinState("report", "", [1, 2], (("Page", 1),)), over=True)
        'had 2 of 3 · needed 1 Page'
    """
    lacks = missing(join)
    so_far = "" if lacks or over else " so far"
    needs = f" · {'needed' if over else 'needs'} {wanting(join)}" if lacks else ""
    return f"{far(join, over=over)}{so_far}{needs}"


def far(join: JoinState, *, over: bool = False) -> str:
    """The same without what it lacks: ``2 of 3``."""
    have, lacks = len(join.events), missing(join)
    return f"{'had ' if over else ''}{have:,} of {f'{have + lacks:,}' if lacks else 'a list'}"


def wanting(join: JoinState, there: Collection[str] = ()) -> str:
    """Say what a join lacks.

    Args:
        join: the join.
        there: the types of the events that it has, where it is to be said that more of them are wanted.

    Example:
        >>> wanting(JoinState("report", "", [1], (("Page", 2), ("Settings", 1))), ["Page"])
        '2 more Page and 1 Settings'
    """
    words = [
        f"{count:,} {'more ' if any(one in there for one in name.split(' | ')) else ''}{shown(name, 60)}"
        for name, count in join.needs
    ]
    return named(words)


def described(events: Sequence[EventState]) -> str:
    """Name events with what they hold, the first three.

    Example:
        >>> described([EventState(1, 0, "Page", "number=1", 0.0, ())])
        'Page(number=1)'
    """
    words = [held(event.type, event.text) for event in events[:3]]
    return named([*words, f"{len(events) - 3:,} more"] if len(events) > 3 else words)


def held(type_: str, text: str) -> str:
    """Write an event as Python would, in short."""
    return f"{shown(type_, 60)}({shown(text, 80)})"


def named(words: Sequence[str]) -> str:
    """Join words as a sentence does.

    Example:
        >>> named(["a"]), named(["a", "b", "c"])
        ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))


def a(name: str) -> str:
    """Put the article before the name of a type.

    Example:
        >>> a("Event"), a("HumanResponseEvent")
        ('an Event', 'a HumanResponseEvent')
    """
    return f"{'an' if name[:1] in 'AEIOaeio' else 'a'} {name}"
