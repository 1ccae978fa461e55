"""In words: what a workflow waits for from outside, what it has asked, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.flow_state import OUTSIDE, takers
from ipyflow.views.prospects import able
from ipyflow.views.step_words import a, held, named
from ipyflow.views.tallies import tally
from ipyflow.views.words import duration, label, shown

NAMED = 3
"""Questions that a sentence names, the newest; and ways to answer."""


def awaiting(state: RunState, flow: WorkflowState, id_: int, until: float) -> str:
    """Say what the body of a step waits for, what it has asked, and how it gets its answer.

    Args:
        state: the run.
        flow: the workflow of the step.
        id_: the step's task, one of ``flow.awaited``.
        until: the end of the time axis, on the engine's clock.
    """
    since, type_, text = flow.awaited[id_]
    name = shown(type_, 60)
    wanted = f" with {shown(text, 80)}" if text else ""
    words = f"{label(state.tasks[id_])} waits for {a(name)}{wanted} (for {duration(until - since)})"
    prospect = able(flow, type_, tally(state, [flow])[flow.id])
    if prospect:
        return f"{words}; {prospect}."
    filled = f"{shown(text, 80)}, ..." if text else "..."
    asked = [one for one in flow.published if one[1] == id_ and (one[0] >= since or _is_question(flow, one[2]))]
    told = [_ago(one, until) for one in asked[-1:]]
    return f"{words}.{_asked(told)} Answer with future.send_event({name}({filled}))."


def from_outside(state: RunState, flow: WorkflowState, until: float) -> str:
    """Say which events from outside would let a workflow go on in which nothing is at work.

    Args:
        state: the run.
        flow: a workflow of it that waits for one.
        until: the end of the time axis, on the engine's clock.
    """
    who = f"{label(state.tasks[flow.id])} waits for an event from outside"
    found = takers(flow)
    asked = _asked(questions(flow, until)[-NAMED:])
    if not found:
        return f"{who}.{asked} But no step takes an answer: give a step a parameter of the answer's type."
    kinds = dict.fromkeys(one for type_ in found.values() for one in type_.split(" or "))
    ways = " or ".join(f"future.send_event({shown(one, 60)}(...))" for one in list(kinds)[:NAMED])
    return f"{who}: {_takes(found)}.{asked} {'Answer with' if asked else 'Send one with'} {ways}."


def had_waited(state: RunState, flow: WorkflowState, until: float) -> list[str]:
    """Say of a workflow that has ended which event from outside it was waiting for; nothing where it was not.

    Args:
        state: the run.
        flow: a workflow of it that has ended.
        until: the end of the time axis, on the engine's clock.
    """
    task = state.tasks[flow.id]
    if len(task.spans) < 2 or task.spans[-2].note != OUTSIDE:
        return []
    takes = _takes(takers(flow))
    words = f"It was waiting for an event from outside{f': {takes}' if takes else ''}."
    words += _asked(questions(flow, task.spans[-1].time)[-NAMED:], "had asked", "before")
    return [words + (" With timeout=None it would wait on." if task.state is State.TIMED_OUT else "")]


def questions(flow: WorkflowState, until: float) -> list[str]:
    """List the questions to a person that have no answer yet, as far as events tell, with how long ago they were asked.

    Args:
        flow: the workflow.
        until: the end of the time axis, on the engine's clock.

    Example:
        >>> flow = WorkflowState(1, kinds=(("Ask", "ask"),), published=[(1.0, 2, "Ask", "prefix='Really?'")])
        >>> questions(flow, 4.0)
        ["Ask(prefix='Really?') 3.00 s ago"]
    """
    kinds = dict(flow.kinds)
    asked = [one for one in flow.published if _is_question(flow, one[2])]
    answers = sum(number for type_, number in flow.sent.items() if kinds.get(type_) == "answer")
    return [_ago(one, until) for one in asked[answers:]]


def _takes(found: Mapping[str, str]) -> str:
    return named([f"{shown(step, 60)} takes {shown(type_, 80)}" for step, type_ in list(found.items())[:NAMED]])


def _is_question(flow: WorkflowState, type_: str) -> bool:
    return (type_, "ask") in flow.kinds


def _ago(published: tuple[float, int, str, str], until: float) -> str:
    time, _, type_, text = published
    return f"{held(type_, text)} {duration(until - time)} ago"


def _asked(asked: list[str], verb: str = "asked", when: str = "ago") -> str:
    return f" It {verb}: {named([one.removesuffix('ago') + when for one in asked])}." if asked else ""
