"""What the log of a workflow's run says, counted as the interpreter counts it; and what must hold in every log."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import ipyflow as fl
from ipyflow.model import records as r
from ipyflow.model.run import check_invariants, fold
from ipyflow.model.status import FINAL_STATES
from tests.flows.workflow.interpreter import FAILED, Counts, Program


def counted(future: fl.Future[Any], program: Program) -> Counts:
    """What happened in the workflow of ``future``."""
    counts, steps = Counts(), {step.name: step for step in program.steps}
    held: dict[tuple[str, str], set[int]] = defaultdict(set)
    sent_to: Counter[str] = Counter()
    for record in future.run.log:
        if isinstance(record, r.Submitted) and record.parent == future.id and record.role == "step":
            counts.runs[record.name] += 1
        elif getattr(record, "task", None) != future.id:
            continue
        elif isinstance(record, r.EventSent):
            counts.sent[record.type] += 1
            counts.unhandled[record.type] += not record.to
            sent_to.update(record.to)
        elif isinstance(record, r.EventHeld):
            held[record.step, record.join].add(record.event)
            counts.dropped[record.step] -= steps[record.step].form == "list"
        elif isinstance(record, r.JoinFilled):
            counts.rounds[record.step, record.join] += 1
            held[record.step, record.join] -= set(record.events)
            if steps[record.step].form == "list":
                counts.sizes[record.step, len(record.events)] += 1
    for step in steps.values():
        if step.form == "list":
            counts.dropped[step.name] += sent_to[step.name]
    counts.held.update({key: len(events) for key, events in held.items()})
    return counts


def check_log(run: fl.Run, where: str = "", closed: bool = True) -> None:
    """The log tells all of the run: folded, cut in two, packed or as JSON it gives the state that is shown."""
    live, log = run.snapshot(), run.log
    check_invariants(live)
    assert fold(log) == live, where
    assert fold(r.from_json(json.loads(json.dumps(r.to_json(x)))) for x in log) == live, where
    assert fold(r.unpack(r.pack(x)) for x in log) == live, where
    cut = len(log) // 2
    assert fold(log[cut:], fold(log[:cut])) == live, where
    for task in live.tasks.values():
        assert task.state in FINAL_STATES or not closed, f"{task.story()}, {where}"
        assert task.parent == 0 or task.parent in live.tasks, f"{task.story()}, {where}"
    if closed:
        assert run.closed, where
        assert isinstance(log[-1], r.Closed), where


def check_events(future: fl.Future[Any], program: Program, where: str = "", again: bool = False) -> None:
    """Each event was taken by every step that it went to, once, or waits in its join; and by no other step.

    Args:
        future: the run, which has not ended by a stop event, a failure or a cancel, or was retried after that.
        program: its steps.
        where: said when it does not hold.
        again: what was interrupted was run again, so that events may have been taken more than once.
    """
    steps = {step.name: step for step in program.steps}
    to: dict[int, tuple[str, ...]] = {}
    taken: dict[int, Counter[str]] = defaultdict(Counter)
    held: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    filled: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
    full: set[str] = set()
    names: dict[int, str] = {}
    running: set[int] = set()
    for record in future.run.log:
        if isinstance(record, r.Submitted):
            names[record.task] = record.name
        elif isinstance(record, r.EventSent) and record.task == future.id:
            assert record.event not in to, f"{record}, {where}"
            to[record.event] = record.to
        elif isinstance(record, r.EventsTaken):
            if record.task in running:  # what its body has collected
                assert all(steps[names[record.task]].form == "collect" for _ in record.events), f"{record}, {where}"
                continue
            running.add(record.task)
            for event in record.events:
                taken[event][names[record.task]] += 1
        elif isinstance(record, r.EventHeld):
            held[record.event][record.step, record.join] += 1
            assert record.have >= 1, f"{record}, {where}"
            assert all(count > 0 for _, count in record.needs), f"{record}, {where}"
        elif isinstance(record, r.JoinFilled):
            full.add(record.step)
            assert len(set(record.events)) == len(record.events), f"{record}, {where}"
            for event in record.events:
                filled[event][record.step, record.join] += 1
    assert sorted(to) == list(range(1, len(to) + 1)) or again, f"{sorted(to)}, {where}"
    for event, names_to in to.items():
        assert set(taken[event]) <= set(names_to), f"event {event} to {names_to}, taken by {taken[event]}, {where}"
        for step in names_to:
            if step not in steps:
                continue
            plan, count = steps[step], taken[event][step]
            waits = {key for key in held[event] if key[0] == step} - set(filled[event])
            if plan.form in ("plain", "collect", "handler"):
                assert count == 1 or (again and count > 1), f"event {event}: {count} times {step}, {where}"
            elif plan.most is not None and not count and not waits:
                assert step in full, f"event {event} was dropped by {step}, {where}"
            else:
                assert count + len(waits) == 1 or (again and count > 1), (
                    f"event {event}, {step}: {count} {waits}, {where}"
                )
            if plan.form == "collect":
                kinds = len({key for key in {*held[event], *filled[event]} if key[0] == step})
                assert kinds <= len(plan.sets), f"event {event} in {kinds} buffers of {step}, {where}"
        for key, count in (held[event] + filled[event]).items():
            assert held[event][key] <= 1 or again, f"event {event} held {count} times in {key}, {where}"
            assert filled[event][key] <= 1, f"event {event} let go {count} times by {key}, {where}"


def check_picture(future: fl.Future[Any], counts: Counts, where: str = "") -> None:
    """The state that views are made of says the same as the log."""
    state = future.run.snapshot().workflows[future.id]
    same(state.sent, counts.sent, where)
    same({key: join.filled for key, join in state.joins.items()}, counts.rounds, where)
    same({key: len(join.events) for key, join in state.joins.items()}, counts.held, where)
    same(Counter(state.events[id].type for id in state.unhandled), counts.unhandled, where)
    same(state.waiting, Counter(), where)
    assert not state.awaited, where
    tasks = future.run.snapshot().tasks.values()
    same(Counter(task.name for task in tasks if task.role == "step"), counts.runs, where)
    assert sum(state.went.values()) == sum(len(event.to) for event in state.events.values()), where


def same(one: Any, other: Any, where: str) -> None:
    mine, yours = ({key: n for key, n in dict(counts).items() if n} for counts in (one, other))
    assert mine == yours, f"{mine}, not {yours}: {where}"


def most_running(future: fl.Future[Any]) -> Counter[str]:
    """How many bodies of each step ran at once at most, by the records; without those that wait or were given up."""
    names: dict[int, str] = {}
    now: Counter[str] = Counter()
    most: Counter[str] = Counter()
    inside: set[int] = set()
    for record in future.run.log:
        task = getattr(record, "task", 0)
        if isinstance(record, r.Submitted) and record.parent == future.id:
            names[task] = record.name
        elif task not in names:
            continue
        elif isinstance(record, (r.Started, r.Unblocked)) and task not in inside:
            inside.add(task)
            now[names[task]] += 1
            most[names[task]] = max(most[names[task]], now[names[task]])
        elif isinstance(record, (r.Blocked, r.Finished, r.AttemptFailed, r.Cancelling)) and task in inside:
            inside.discard(task)
            now[names[task]] -= 1
    return most


__all__ = ["FAILED", "check_events", "check_log", "check_picture", "counted", "most_running", "same"]
