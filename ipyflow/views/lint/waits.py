"""Needless waits: a body that waits for one task before it submits the next, which does not need what the first gave.

The source says which call needs what; the log says that they ran one after the other, that the body stood in a wait
meanwhile, and for how long. Only where both agree, and each call in the source is found in the log, something is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.containers import contains
from ipyflow.views.lint.calls import Calls, Site, calls_in
from ipyflow.views.lint.findings import Facts, Finding, worth
from ipyflow.views.words import counted, label, shown

NAMED = 4


def needless_waits(state: RunState, facts: Facts) -> Iterator[Finding]:
    """Look for waits that need not be.

    Args:
        state: an ended run.
        facts: what else is known.
    """
    children: dict[int, list[TaskState]] = defaultdict(list)
    for task in state.tasks.values():
        if task.parent in state.tasks:
            children[task.parent].append(task)
    told: set[tuple[str, tuple[int, ...]]] = set()
    for id_, found in children.items():
        parent = state.tasks[id_]
        if len(found) < 2 or contains(parent) or len(parent.attempts) != 1 or parent.role is not None:
            continue
        source = facts.source(parent)
        if source is None:
            continue
        for finding in (*_in_turn(state, facts, parent, found, calls_in(source)),):
            key = (parent.name, finding.lines)
            if key not in told:  # a flow that runs a hundred times is told of once
                told.add(key)
                yield finding


def _in_turn(
    state: RunState, facts: Facts, parent: TaskState, found: list[TaskState], calls: Calls
) -> Iterator[Finding]:
    by_name: dict[str, list[TaskState]] = defaultdict(list)
    sites: dict[str, list[Site]] = defaultdict(list)
    for child in found:
        by_name[child.name].append(child)
    for site in calls.sites:
        sites[site.name].append(site)
    waited = _waited_for(parent)
    single: list[tuple[Site, TaskState]] = []
    for name, at in sites.items():
        run = by_name.get(name, [])
        if all(not site.loops for site in at):
            if len(run) == len(at):
                single += zip(at, run, strict=True)
        elif len(at) == 1 and all(loop.parallel for loop in at[0].loops):
            yield from _in_loop(state, facts, parent, at[0], [one for one in run if one.id in waited])
    single = [(site, task) for site, task in sorted(single, key=lambda pair: pair[0].number) if _ran(task)]
    for group in _groups(calls, single, waited):
        tasks = [task for _, task in group]
        saved = sum(map(_took, tasks)) - max(map(_took, tasks))
        if worth(state, saved):
            lines = tuple(dict.fromkeys(site.line for site, _ in group))
            at_lines = f" ({'line' if len(lines) == 1 else 'lines'} {_and([str(line) for line in lines])})"
            yield Finding(
                "sequential",
                f"{label(parent)} waits for {_named(tasks)} one after another{at_lines}, "
                "and none needs what the others give",
                f"submit them first, then wait: {_example(group)}{_computing(state, facts, tasks)}",
                tuple(task.id for task in tasks),
                _saved(state, facts, tasks, saved),
                lines,
            )  # fmt: skip


def _in_loop(state: RunState, facts: Facts, parent: TaskState, site: Site, run: list[TaskState]) -> Iterator[Finding]:
    tasks = [task for task in run if _ran(task)]
    if len(tasks) < 2 or any(a.ended > b.submitted for a, b in pairwise(tasks)):  # type: ignore[operator]
        return
    total, longest = sum(map(_took, tasks)), max(map(_took, tasks))
    size = facts.sizes.get(tasks[0].executor, len(tasks))
    saved = total - max(longest, total / size)
    if worth(state, saved):
        name = shown(site.name, 40)
        yield Finding(
            "loop",
            f"{label(parent)} waits for each of {counted(len(tasks), 'task')} of {name} before it submits the next "
            f"(line {site.line}), and none needs what the one before it gave",
            f"submit all first: {name}.map(items).results()" + _computing(state, facts, tasks),
            tuple(task.id for task in tasks),
            _saved(state, facts, tasks, saved),
            (site.line,),
        )


def _groups(
    calls: Calls, single: Sequence[tuple[Site, TaskState]], waited: set[int]
) -> Iterator[list[tuple[Site, TaskState]]]:
    """Runs of calls of which each was submitted when the one before it had ended, and needs none of them."""
    group: list[tuple[Site, TaskState]] = []
    for site, task in single:
        needs = calls.needs(site)
        if group:
            before = group[-1][1]
            apart = before.ended is not None and task.submitted >= before.ended and before.id in waited
            if apart and not any(one.number in needs for one, _ in group):
                group.append((site, task))
                continue
            if len(group) > 1:
                yield group
        group = [(site, task)]
    if len(group) > 1:
        yield group


def _waited_for(parent: TaskState) -> set[int]:
    return {id_ for span in parent.spans if span.state is State.BLOCKED for id_ in span.on}


def _ran(task: TaskState) -> bool:
    return task.ended is not None and task.started is not None and task.executor != "inline"


def _took(task: TaskState) -> float:
    return (task.ended or task.submitted) - task.submitted


def _saved(state: RunState, facts: Facts, tasks: list[TaskState], saved: float) -> float | None:
    return None if _take_turns(state, facts, tasks) else saved


def _computing(state: RunState, facts: Facts, tasks: list[TaskState]) -> str:
    if not _take_turns(state, facts, tasks):
        return ""
    return '; they seem to compute, which threads of Python do in turn: executor="processes" does it at the same time'


def _take_turns(state: RunState, facts: Facts, tasks: list[TaskState]) -> bool:
    return facts.computes(state) and any(task.executor == "threads" for task in tasks)


def _example(group: list[tuple[Site, TaskState]]) -> str:
    wait = [f"{shown(name, 30)}.submit(...)" for name in dict.fromkeys(site.name for site, _ in group)][:NAMED]
    return f"{', '.join(wait)}; and .result() only where a value is needed"


def _named(tasks: list[TaskState]) -> str:
    names = [label(task) for task in tasks[:NAMED]]
    return _and(names) if len(tasks) <= NAMED else f"{', '.join(names)} and {len(tasks) - NAMED:,} more"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
