"""Pipelines and groups in the timeline: a thin bracket over what is below them, so that the eye sees the real work."""

from __future__ import annotations

from ipyflow.model.run import TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.axis_svg import Axis
from ipyflow.views.containers import PAUSED, branches
from ipyflow.views.flow_state import STEPS
from ipyflow.views.palette import LOOKS
from ipyflow.views.svg import num
from ipyflow.views.words import duration

GOES_ON = ("its entries", STEPS)
"""Why a pipeline and a workflow wait while there is something at work below them."""
FOOT = 7
"""How far the ends of a bracket reach down, in pixels."""


def bracket(task: TaskState, axis: Axis, middle: float) -> str:
    """Draw the time from the first to the last moment of a pipeline or a group; open to the right while it goes on.

    Each retry has a bracket of its own.

    Where a pipeline stood paused its bracket is dotted.

    Args:
        task: the pipeline or the group.
        axis: the timeline's axis.
        middle: the middle of its row, in pixels.
    """
    if task.state is State.PLANNED:
        return ""
    failed = task.state in FAILURE_STATES
    look = f'stroke="{LOOKS[task.state].color if failed else "currentColor"}" stroke-opacity="{0.9 if failed else 0.5}"'
    y = middle - FOOT / 2
    ends = [span.time for span in task.spans[1:]] + [axis.end]
    solid, dotted, whole = "", "", True
    for span, end in zip(task.spans, ends, strict=True):
        at = num(axis.x(span.time))
        if span.state in FINAL_STATES:  # perhaps not the last: a retry opens another bracket
            solid += f"M{at} {num(y)}V{num(y + FOOT)}"
            whole = True
            continue
        if whole:
            solid += f"M{at} {num(y + FOOT)}V{num(y)}"
            whole = False
        stretch = f"M{num(axis.x(span.time))} {num(y)}H{num(axis.x(end))}"
        if span.note == PAUSED:
            dotted += stretch
        else:
            solid += stretch
    look += ' fill="none" stroke-width="1.5"'
    out = f'<path d="{solid}" {look}/>'
    return out + (f'<path d="{dotted}" {look} stroke-dasharray="1 3"/>' if dotted else "")


def standing(task: TaskState) -> tuple[str, str]:
    """What stands behind a bracket: a mark, and how long it took, what went wrong, or how far it is."""
    look = LOOKS[task.state]
    if task.state is State.SUCCEEDED and task.ended is not None:
        return "", duration(task.ended - task.submitted)
    if task.state is State.FAILED and task.type:
        return look.mark, task.type.rsplit(".", 1)[-1]
    if task.state in FINAL_STATES:
        return look.mark, look.word
    if task.role == "group" and task.progress:
        return look.mark, branches(task.progress[0], task.progress[1] or 0)
    if task.reason in GOES_ON:
        return LOOKS[State.RUNNING].mark, LOOKS[State.RUNNING].word
    return look.mark, task.reason or look.word
