"""The question itself: how long a run would have taken with other numbers of workers, and what could not be better."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ipyflow.model import records as r
from ipyflow.model.collector import collector_at_rest
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.whatif.acts import Trace
from ipyflow.views.whatif.replay import Played, play
from ipyflow.views.whatif.trace import trace
from ipyflow.views.words import counted, shown

USUAL = (1, 2, 4, 8, 16)
"""Numbers of workers that are looked at where nobody asks for others, besides those that the run had."""
ENOUGH = 1.01
"""A time is as good as the best when it is no longer than this times that."""
MOST = 1_000_000
"""Workers that may be asked for; and how many numbers of them at once."""
NUMBERS = 50
LARGE = 20_000
"""Tasks of a run for which the fewest workers that are enough are looked for among powers of two alone."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """With ``workers`` it would have taken ``seconds``; ``busy`` is the part of their time in which they worked."""

    workers: int
    seconds: float
    busy: float


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the longest chain: so many tasks of a name, one after another, ``seconds`` together."""

    name: str
    tasks: int
    seconds: float
    first: int
    """The number of the first of them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a run would have taken. All times in seconds; the forms that show it are made of this alone."""

    name: str
    tasks: int
    kind: str
    """What runs most of the work: ``threads``, ``processes``, ``dask``, ...; nothing where no workers are needed."""
    measured: float
    own: int
    """How many workers there were, as far as they were used."""
    again: float
    """The same run played again with its own workers: how near to ``measured`` the forecasts can be."""
    sequential: float
    """All bodies one after another."""
    best: float
    """With any number of workers."""
    free: float
    """The same without limits and rates, and with workers that run already: the longest chain of tasks that wait for
    each other."""
    enough: int
    """The fewest workers that come as near to ``best`` as it matters."""
    typical: float
    """Half of the tasks with a body took less."""
    forecasts: tuple[Forecast, ...]
    chain: tuple[Link, ...]
    limits: tuple[str, ...]
    """Limits and rates that are in the log."""
    person: float
    """Of ``measured``, the time until somebody retried what had failed: it is in none of the other times."""

    def to_json(self) -> dict[str, Any]:
        """As a page gets it."""
        return {
            "kind": self.kind,
            "measured": self.measured,
            "own": self.own,
            "sequential": self.sequential,
            "best": self.best,
            "enough": self.enough,
            "forecasts": [[one.workers, one.seconds, one.busy] for one in self.forecasts],
            "chain": [[shown(one.name, 60), one.tasks, one.seconds, one.first] for one in self.chain],
        }


def forecast(state: RunState, workers: Iterable[int] | None = None, reads: Iterable[r.Read] = ()) -> Facts:
    """Play an ended run again with other numbers of workers.

    Args:
        state: the run.
        workers: how many; by default 1, 2, 4, 8, 16, and the number that the run had.
        reads: who looked at the outcome of whom, from the log: the state does not say when.

    Raises:
        ValueError: the run goes on, nothing ran in it, the log no longer holds all of it, or a number is below 1.
        TypeError: a number of workers is none.
    """
    asked = None if workers is None else checked(workers)
    with collector_at_rest(10 * len(state.tasks)):
        return play_all(read_ended(state, reads), asked)


def read_ended(state: RunState, reads: Iterable[r.Read] = ()) -> Trace:
    """Take from an ended run all that playing it again needs: the run itself is not looked at any more.

    Args:
        state: the run.
        reads: who looked at the outcome of whom, from the log.

    Raises:
        ValueError: the run goes on, nothing ran in it, or the log no longer holds all of it.
    """
    name = shown(state.name, 60)
    if state.closed is None:
        raise ValueError(f"{name} goes on: what if is for a run that has ended (run.wait() waits for that)")
    if state.forgotten:
        gone = counted(state.forgotten.total(), "task")
        raise ValueError(f"the log of {name} no longer holds {gone}: what if needs all, so a larger log_limit")
    ran = trace(state, reads)
    if not ran.work:
        raise ValueError(f"nothing ran in {name}: there is nothing to play again")
    ran.name, ran.names, ran.typical = name, [state.tasks[id_].name for id_ in ran.ids], _typical(state)
    return ran


def play_all(ran: Trace, asked: list[int] | None) -> Facts:
    """Play what was read with each number of workers.

    Args:
        ran: what was read of the run.
        asked: the numbers, as :func:`checked` gives them; None for the usual ones.
    """
    own = ran.pools.get(ran.busiest, 0)
    best = play(ran, None, tell=True)
    bound = play(ran, None, limits=False).seconds
    known: dict[int, float] = {}
    enough = _enough(ran, best, known)
    numbers = asked if asked is not None else _usual(own, enough) if own else []
    told = tuple(_forecast(ran, number, known) for number in numbers)
    return Facts(
        name=ran.name,
        tasks=len(ran.ids),
        kind=ran.busiest,
        measured=ran.measured,
        own=own,
        again=play(ran, None, own=True).seconds,
        sequential=ran.work,
        best=min([best.seconds, *(one.seconds for one in told)]),
        free=bound,
        enough=enough,
        typical=ran.typical,
        forecasts=told,
        chain=_links(ran, best),
        limits=(*ran.limits, *ran.rates),
        person=ran.person,
    )


def checked(workers: Iterable[int]) -> list[int]:
    """The numbers of workers that were asked for, each once, in order.

    Raises:
        TypeError: not a list of whole numbers.
        ValueError: none, too many, or one out of range.

    Example:
        >>> checked([8, 2, 8])
        [2, 8]
    """
    numbers = [workers] if isinstance(workers, int) else list(workers)
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int):
            raise TypeError(f"workers={number!r} is no number of workers: give whole numbers, what_if([2, 8])")
        if not 1 <= number <= MOST:
            raise ValueError(f"{number:,} workers: there may be 1 to {MOST:,}")
    if not 1 <= len(set(numbers)) <= NUMBERS:
        raise ValueError(f"{len(set(numbers))} numbers of workers: ask for 1 to {NUMBERS}, as what_if([2, 8])")
    return sorted(set(numbers))


def _usual(own: int, enough: int) -> list[int]:
    """1, 2, 4, ... to the first that is enough, and those the run had."""
    below = [number for number in USUAL if number < max(enough, own)]
    first = next((number for number in USUAL if number >= max(enough, own)), None)
    return sorted({*below, *([first] if first else []), *([own] if own else []), *([enough] if enough > 16 else [])})


def _forecast(ran: Trace, workers: int, known: dict[int, float]) -> Forecast:
    if workers not in known:
        known[workers] = play(ran, workers).seconds
    seconds = known[workers]
    return Forecast(workers, seconds, min(ran.work / (workers * seconds), 1.0) if seconds else 1.0)


def _enough(ran: Trace, best: Played, known: dict[int, float]) -> int:
    """The fewest workers that are enough; with so many as the best has at work at once there are always enough."""
    high, low = max(best.peak, 1), 0
    if len(ran.ids) > LARGE:
        fits = (1 << i for i in range(high.bit_length()))
        return next((n for n in fits if _forecast(ran, n, known).seconds <= ENOUGH * best.seconds), high)
    while high - low > 1:
        middle = (low + high) // 2
        if _forecast(ran, middle, known).seconds <= ENOUGH * best.seconds:
            high = middle
        else:
            low = middle
    return high


def _typical(state: RunState) -> float:
    own: list[float] = []
    for task in state.tasks.values():
        if task.started is not None and task.ended is not None:
            spans = task.spans
            own.append(sum(b.time - a.time for a, b in pairwise(spans) if a.state is State.RUNNING))
    own.sort()
    return own[len(own) // 2] if own else 0.0


def _links(ran: Trace, best: Played) -> tuple[Link, ...]:
    """The longest chain, tasks of one name that follow each other as one link, without those that hardly matter."""
    own: dict[int, float] = defaultdict(float)
    for task, begin, end in best.chain:
        own[task] += end - begin
    out: list[Link] = []
    for task in own:
        seconds = own[task]
        if seconds < 0.01 * best.seconds and len(own) > 1:
            continue
        name, first = ran.names[task], ran.ids[task]
        if out and out[-1].name == name:
            last = out.pop()
            out.append(Link(name, last.tasks + 1, last.seconds + seconds, last.first))
        else:
            out.append(Link(name, 1, seconds, first))
    return tuple(out)
