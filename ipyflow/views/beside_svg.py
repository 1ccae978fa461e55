"""What stands beside the bars of the static timeline: words behind a bar, and those under the pointer."""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.axis_svg import Axis
from ipyflow.views.bracket_svg import standing
from ipyflow.views.containers import contains
from ipyflow.views.flow_state import is_awaiting
from ipyflow.views.outline import Line
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.reuse import reuse_words
from ipyflow.views.revisions import code_words
from ipyflow.views.svg import SANS_LETTER, text
from ipyflow.views.words import arguments, clip, counted, duration, label, run_time
from ipyflow.views.workers import failed_with

RIGHT = (70, 172)
"""Least and most room for the words behind the last bar."""


def words_of(state: RunState, task: TaskState, until: float) -> tuple[str, str]:
    """What stands behind the bar: a mark, and the time it ran, or what went wrong, or why it waits."""
    if task.state is State.PLANNED:
        return "", LOOKS[task.state].word
    if contains(task):
        return standing(task)
    look = LOOKS[task.state]
    ran = run_time(task, until)
    words = look.word
    if task.state is State.SUCCEEDED and ran is not None:
        return "", duration(ran)
    if task.state is State.FAILED and task.type:
        words = task.type.rsplit(".", 1)[-1]
    elif task.state is State.CACHED:
        words = reuse_words(state, task) or look.word
    elif task.state is State.RUNNING and task.progress:
        done, total, _ = task.progress
        words = f"{done:,} of {total:,}" if total else f"{done:,} done"
    elif (flow := is_awaiting(state, task)) is not None:
        words = f"waits for {flow.awaited[task.id][1]}"
    elif task.state in (State.WAITING, State.CANCELLING) and task.reason:
        words = task.reason
    return look.mark, words


def right(state: RunState, lines: list[Line], until: float) -> int:
    """Room behind the axis for the words of the tasks that end near it, in pixels.

    Args:
        state: the run.
        lines: the rows.
        until: the end of the time axis.
    """
    near = until - 0.1 * (until - state.opened)
    widest = 0
    for line in lines:
        task = state.tasks[line.tasks[0]]
        if len(line.tasks) > 1:
            widest = max(widest, 22)
        elif task.ended is None or task.ended > near:
            mark, words = words_of(state, task, until)
            widest = max(widest, len(words) + 2 * len(mark))
    return round(min(max(widest * 11 * SANS_LETTER + 14, RIGHT[0]), RIGHT[1]))


def said(state: RunState, task: TaskState, axis: Axis, y: float) -> str:
    """Write them at the end of a task's bar; ``y`` is their base line."""
    mark, words = words_of(state, task, axis.end)
    if task.state is State.PLANNED:
        return text(axis.left + 6, y, words, 11, faint=0.4)
    x = axis.x(axis.end if task.ended is None else task.ended) + 6
    out = text(x, y, mark, color=LOOKS[task.state].color) if mark else ""
    x += 15 if mark else 0
    return out + text(x, y, clip(words, max(int((axis.edge - 4 - x) / (11 * SANS_LETTER)), 3)), 11, faint=0.75)


def hover(state: RunState, task: TaskState, until: float) -> str:
    """What is said of a task under the pointer."""
    parts = [f"{label(task)}({clip(arguments(state, task), 120)})", LOOKS[task.state].word]
    if task.role in ROLES:
        parts.insert(1, ROLES[task.role].word)
    parts.append(reuse_words(state, task))
    ran = run_time(task, until)
    if ran is not None and task.started is not None:
        parts.append(f"waited {duration(task.started - task.submitted)}, took {duration(ran)} on {task.worker}")
    tries = [said for span in task.spans if (said := failed_with(span))]
    if tries:
        parts.append(f"{counted(len(task.attempts), 'try')}, after {', '.join(dict.fromkeys(tries))}")
    parts += code_words(task)
    if task.type or task.state is State.SKIPPED:
        parts.append(f"{task.type}: {clip(task.text, 200)}" if task.type else clip(task.text, 200))
    return " · ".join(part for part in parts if part)
