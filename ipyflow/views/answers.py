"""In words: what a workflow waits for from outside, what it has asked, and how to answer."""

from __future__ import annotations

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState
from ipyflow.views.flow_state import takers
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
    asked = questions(flow, until, by=id_)[-1:]
    return f"{words}.{_asked(asked)} Answer with future.send_event({name}({filled}))."


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
    takes = named([f"{shown(step, 60)} takes {shown(type_, 80)}" for step, type_ in list(found.items())[:NAMED]])
    kinds = dict.fromkeys(one for type_ in found.values() for one in type_.split(" or "))
    ways = " or ".join(f"future.send_event({shown(one, 60)}(...))" for one in list(kinds)[:NAMED])
    return f"{who}: {takes}.{asked} {'Answer with' if asked else 'Send one with'} {ways}."


def questions(flow: WorkflowState, until: float, by: int | None = None) -> list[str]:
    """List the questions to a person that have no answer yet, as far as events tell, with how long ago they were asked.

    Args:
        flow: the workflow.
        until: the end of the time axis, on the engine's clock.
        by: the task that asked; by default any.

    Example:
        >>> flow = WorkflowState(1, kinds=(("Ask", "ask"),), published=[(1.0, 2, "Ask", "prefix='Really?'")])
        >>> questions(flow, 4.0)
        ["Ask(prefix='Really?') 3.00 s ago"]
    """
    kinds = dict(flow.kinds)
    asked = [one for one in flow.published if kinds.get(one[2]) == "ask" and by in (None, one[1])]
    answers = sum(number for type_, number in flow.sent.items() if kinds.get(type_) == "answer") if by is None else 0
    return [f"{held(type_, text)} {duration(until - time)} ago" for time, _, type_, text in asked[answers:]]


def _asked(asked: list[str]) -> str:
    return f" It asked: {named(asked)}." if asked else ""
