"""Sizes that do not fit: too few workers, threads that compute, tasks too small, one that takes longest."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import contains
from ipyflow.views.lint.findings import Facts, Finding, length, worth
from ipyflow.views.words import counted, duration, label, shown

COSTS = {"threads": 0.00003, "processes": 0.0004, "dask": 0.002}
"""Seconds that a task costs beside its body, about: measured, see ``docs/performance.md``."""
MANY = 100
"""So many tasks of a name are many."""
BATCH = 0.05
"""What is left of that cost in batches."""
MOST_THREADS = 32
_AT_WORK = (State.RUNNING, State.CANCELLING)


def sizes(state: RunState, facts: Facts) -> Iterator[Finding]:
    """Look for sizes that do not fit.

    Args:
        state: an ended run.
        facts: what else is known.
    """
    above = {task.parent for task in state.tasks.values()}
    bodies = [task for task in state.tasks.values() if task.id not in above and not contains(task)]
    found = _Found(state, facts, bodies, {task.id: _worked(task) for task in bodies})
    yield from _pools(found)
    yield from _small_tasks(found)
    yield from _stragglers(found)


@dataclass(frozen=True, slots=True)
class _Found:
    """A run, its tasks that have a body and nothing below them, and for how many seconds each of those was at work."""

    state: RunState
    facts: Facts
    bodies: list[TaskState]
    worked: dict[int, float]

    def work(self, tasks: list[TaskState]) -> list[float]:
        return [self.worked[task.id] for task in tasks]


def _pools(found: _Found) -> Iterator[Finding]:
    """Pools that were full while tasks waited for a worker.

    More workers help where the machine has the cores, or where the tasks wait for something else. Threads that compute
    take turns however many there are.
    """
    state, facts = found.state, found.facts
    for name in ("threads", "processes"):
        tasks = [task for task in found.bodies if task.executor == name]
        each = found.work(tasks)
        size = facts.sizes.get(name)
        if size is None or not tasks:
            continue
        if name == "threads" and facts.computes(state):
            yield from _computing(found, tasks, size)
        if name == "threads" and not facts.waits(state):
            continue
        wanted = min(_wanted(tasks), MOST_THREADS if name == "threads" else facts.cores)
        saved = sum(each) / size - max(max(each), sum(each) / max(wanted, 1))
        if wanted > size and worth(state, saved) and saved > 0.15 * length(state):
            waited = sum(1 for task in tasks if _queued(task) > 0.005)
            yield Finding(
                "pool",
                f"{counted(waited, 'task')} waited for one of {size} {name}, up to "
                f"{duration(max(map(_queued, tasks)))} each",
                f"configure({name}={wanted})" + (": they wait more than they compute" if name == "threads" else ""),
                tuple(task.id for task in tasks if _queued(task) > 0.005),
                saved,
            )


def _computing(found: _Found, tasks: list[TaskState], size: int) -> Iterator[Finding]:
    state, facts, each = found.state, found.facts, found.work(tasks)
    took = length(state)
    heavy = [task for task in tasks if found.worked[task.id] > 0.02]
    together = sum(each) / took if took else 0.0
    if facts.cores == 1 or len(heavy) < 2 or together < 1.5 or took < 0.3:
        return
    saved = took - max(max(each) / together, took / min(facts.cores, size, len(tasks)))
    if worth(state, saved):
        names = ", ".join(list(dict.fromkeys(shown(task.name, 40) for task in heavy))[:3])
        yield Finding(
            "computing",
            f"{counted(len(heavy), 'task')} of {names} shared one core: this process computed for "
            f"{duration(facts.cpu or 0.0)} of {duration(took)}, and threads of Python compute in turn",
            f'{names.split(", ")[0]}.with_options(executor="processes") computes on {facts.cores} cores '
            "(code that computes outside of Python, as NumPy does, is fine on threads)",
            tuple(task.id for task in heavy),
        )


def _small_tasks(found: _Found) -> Iterator[Finding]:
    """Many tasks that take less time than handing them over."""
    groups: dict[tuple[int, str, str, str], list[TaskState]] = defaultdict(list)
    for task in found.bodies:
        if task.executor in COSTS and task.role is None and task.started is not None:
            groups[task.parent, task.module, task.name, task.executor].append(task)
    for (_, _, name, executor), tasks in groups.items():
        cost = COSTS[executor]
        usual = median(found.work(tasks))
        saved = len(tasks) * cost * (1 - BATCH)
        at = min(task.submitted for task in tasks)
        span = max((task.ended or at) for task in tasks) - at
        if len(tasks) >= MANY and usual < 2 * cost and saved >= 0.02 and saved > 0.2 * span:
            where = f" in {executor}" if executor in ("threads", "processes") else f" on {executor}"
            yield Finding(
                "small",
                f"{counted(len(tasks), 'task')} of {shown(name, 40)} take about {duration(usual)} each: "
                f"handing one over{where} takes as long",
                f'{shown(name, 40)}.map(items, batch="auto") runs many items in one task',
                tuple(task.id for task in tasks),
                min(saved, 0.9 * span),
            )


def _stragglers(found: _Found) -> Iterator[Finding]:
    """One task that the run waited for at its end, much longer than others of its name."""
    state = found.state
    groups: dict[tuple[int, str], list[TaskState]] = defaultdict(list)
    leaves = [task for task in found.bodies if task.started is not None and task.ended is not None]
    for task in leaves:
        groups[task.parent, task.name].append(task)
    for (_, name), tasks in groups.items():
        last = max(tasks, key=lambda task: task.ended or 0.0)
        others = [task for task in tasks if task is not last]
        took, rest = found.worked[last.id], found.work(others)
        if len(others) < 4 or took < 3 * max(median(rest), 1e-9) or took < 1.5 * max(rest):
            continue
        alone = (last.ended or 0.0) - max(
            [one.ended or 0.0 for one in leaves if one is not last and one.submitted < (last.ended or 0.0)]
        )
        if alone >= 0.25 * length(state) and worth(state, alone):
            yield Finding(
                "straggler",
                f"{label(last)} took {duration(took)}, the other {len(others):,} of {shown(name, 40)} about "
                f"{duration(median(rest))}: for {duration(alone)} it ran alone",
                "divide it into smaller parts, or submit it first",
                (last.id,),
            )


def _worked(task: TaskState) -> float:
    return sum(b.time - a.time for a, b in pairwise(task.spans) if a.state in _AT_WORK)


def _queued(task: TaskState) -> float:
    return sum(b.time - a.time for a, b in pairwise(task.spans) if a.state is State.QUEUED)


def _wanted(tasks: list[TaskState]) -> int:
    """How many at once were ready to run, or ran."""
    changes: list[tuple[float, int]] = []
    for task in tasks:
        for a, b in pairwise(task.spans):
            if a.state in _AT_WORK or (a.state is State.QUEUED and b.time - a.time > 0.005):
                changes += [(a.time, 1), (b.time, -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most
