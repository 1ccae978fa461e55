"""Where a value comes from that a task has without having run, in words; the page says the same."""

from __future__ import annotations

from ipyflow.model.run import Reuse, RunState, TaskState
from ipyflow.views.words import counted, label, shown


def age(seconds: float) -> str:
    """How old something was, as people say it.

    Example:
        >>> [age(seconds) for seconds in (12, 300, 7200, 200_000)]
        ['12 s', '5 min', '2 h', '2 days']
    """
    seconds = max(seconds, 0.0)
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    if seconds < 3570:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 86_000 else counted(round(seconds / 86_400), "day")


def reuse_words(state: RunState, task: TaskState) -> str:
    """In a few words, with its age when it was used unless it was new then. Empty for a task that was run."""
    reuse = task.reused
    if reuse is None:
        return ""
    run = shown(reuse.run, 80)
    if reuse.how == "flight":
        return f"from the equal call #{reuse.task}" if _is_own(state, reuse) else f"from run {run}"
    if reuse.how == "resumed":
        return f"done in run {run}" if run else "done before"
    old = _age(state, task, reuse)
    return ", ".join(part for part in (f"from run {run}" if run else "kept before", old and f"{old} old") if part)


def reuse_story(state: RunState, task: TaskState) -> str:
    """The same as a sentence."""
    reuse, name = task.reused, label(task)
    if reuse is None:
        return f"{name} did not run: an equal call had already given its value."
    there = f"task #{reuse.task} of run {shown(reuse.run, 80)}" if reuse.run else f"task #{reuse.task} of a run before"
    if reuse.how == "flight":
        leader = state.tasks.get(reuse.task) if _is_own(state, reuse) else None
        return f"{name} did not run: {there if leader is None else label(leader)}, an equal call, was at work."
    if reuse.how == "resumed":
        return f"{name} did not run again: it was done by {there}, which goes on here."
    old = _age(state, task, reuse)
    return f"{name} did not run: an equal call, {there}, had given its value {f'{old} before' if old else 'already'}."


def _is_own(state: RunState, reuse: Reuse) -> bool:
    return not reuse.run or not state.key or reuse.run == state.key


def _age(state: RunState, task: TaskState, reuse: Reuse) -> str:
    ended = state.opened if task.ended is None else task.ended
    seconds = state.wall + ended - state.opened - reuse.made
    return "" if seconds < 1 else age(seconds)
