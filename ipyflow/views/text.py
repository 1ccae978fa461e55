"""A run as text, for terminals and logs: a tree of its tasks with marks, times and what went wrong."""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.again import stand_in
from ipyflow.views.containers import branches, contains
from ipyflow.views.flow_state import STEPS, is_awaiting
from ipyflow.views.outline import Line, outline
from ipyflow.views.palette import LOOKS, ORDER, ROLES
from ipyflow.views.prompts import answered
from ipyflow.views.reuse import reuse_words
from ipyflow.views.step_words import a
from ipyflow.views.ways_text import flow_lines
from ipyflow.views.words import (
    arguments,
    clip,
    counted,
    counts_in_marks,
    duration,
    headline,
    instant,
    label,
    remarks,
    run_time,
    shown,
)

LINES = 40
NAMED = 3
"""Failed tasks that a folded line names."""


def text_tree(state: RunState, *, now: float | None = None, width: int = 120, lines: int = LINES) -> str:
    """Draw the tree.

    Equal siblings share a line where there would be more than ``lines`` of them.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.
        width: columns; longer lines are cut.
        lines: how many lines of tasks at most.

    Example:
        >>> print(text_tree(RunState(name="empty")))
        ▸ empty  running · 0 µs · 0 tasks
    """
    until = instant(state, now)
    told = outline(state, lines)
    out = [f"{LOOKS[state.state].mark} {shown(state.name, 60)}  {headline(state, now)}"]
    for line in told.lines:
        before = "".join("│  " if more else "   " for more in line.open[:-1])
        here = "├─ " if line.open[-1] else "└─ "
        out.append(before + here + (_one(state, line, until) if len(line.tasks) == 1 else _many(state, line, until)))
        if len(line.tasks) > 1:
            under = before + ("│  " if line.open[-1] else "   ")
            out += [f"{under}   {words}" for words in _failures(state, line)]
    out += flow_lines(state)
    if told.left_out:
        out.append(f"… and {counted(told.left_out, 'more task')}")
    if state.forgotten:
        out.append(f"… and {counted(sum(state.forgotten.values()), 'ended task')} that the log no longer holds")
    for task, kind, said in remarks(state, 5):
        named = task not in state.tasks or f"#{task}" in said
        out.append(f"! {kind}: {'' if named else f'{label(state.tasks[task])}: '}{shown(said, 200)}")
    return "\n".join(clip(line, width) for line in out)


def _one(state: RunState, line: Line, until: float) -> str:
    task = state.tasks[line.tasks[0]]
    args = arguments(state, task)
    args = f"({shown(args, 40)})" if args else ""
    ran = run_time(task, until)
    if contains(task) and task.ended is not None and task.state is not State.SKIPPED:
        ran = task.ended - task.submitted
    time = f"  {duration(ran)}" if ran is not None else ""
    return f"{LOOKS[task.state].mark} {_place(state, task)}{shown(task.name, 60)}{args}{time}{_outcome(state, task)}"


def _place(state: RunState, task: TaskState) -> str:
    """What a task is in its pipeline: the place of its branch in a group, and the mark of its role."""
    above = state.tasks.get(task.parent)
    branch = "" if task.branch is None or above is None or above.role != "group" else f"[{task.branch}] "
    return branch + (f"{ROLES[task.role].mark} " if task.role in ROLES else "")


def _outcome(state: RunState, task: TaskState) -> str:
    """What there is to say beside the mark: the exception, or why the task does not go on."""
    out = ""
    if task.state is State.SKIPPED:
        out = "  skipped" + (f": {shown(task.text, 100)}" if task.text else "")
    elif task.question is not None and task.question.answered is not None and task.state is State.SUCCEEDED:
        out = f"  → {shown(answered(task.question), 100)}"
    elif task.state is State.CACHED:
        words = reuse_words(state, task)
        out = f"  {words}" if words.startswith("done") else f"  {LOOKS[task.state].word} {words}".rstrip()
    elif task.state in FINAL_STATES:
        if task.state is not State.SUCCEEDED:
            out = "  " + (f"{shown(task.type, 60)}: {shown(task.text, 100)}" if task.type else LOOKS[task.state].word)
    elif task.role == "group" and task.progress:
        out = f"  {branches(task.progress[0], task.progress[1] or 0)}"
    elif (task.role, task.reason) in (("pipeline", "its entries"), ("workflow", STEPS)):
        out = ""  # they stand below it
    elif (flow := is_awaiting(state, task)) is not None:
        out = f"  waits for {a(shown(flow.awaited[task.id][1], 60))}"
    elif task.state is State.PLANNED and _is_plan(state):
        out = ""
    elif task.progress and task.state is State.RUNNING:
        done, total, what = task.progress
        out = f"  {done:,}{f' of {total:,}' if total else ''} {shown(what, 30)}".rstrip()
    elif task.state is not State.RUNNING:
        names = [f"{shown(state.tasks[id_].name, 40)}#{id_}" for id_ in task.waiting_on[:3] if id_ in state.tasks]
        more = f" and {len(task.waiting_on) - 3:,} more" if len(task.waiting_on) > 3 else ""
        why = f": {shown(task.reason, 60)}" if task.reason else ""
        out = f"  {LOOKS[task.state].word}{why}" + (f" ({', '.join(names)}{more})" if names else "")
    if task.state in FINAL_STATES and (instead := stand_in(state, task)) is not None:
        out += f"  {shown(instead.name, 40)}#{instead.id} ran in its place"
    if len(task.attempts) > 1:
        out += f"  attempt {task.attempts[-1].number}{', changed code' if task.revisions else ''}"
    return out


def _is_plan(state: RunState) -> bool:
    """Whether there is nothing but a plan: then it need not be said of each task."""
    return state.counts[State.PLANNED] == state.counts.total()


def _many(state: RunState, line: Line, until: float) -> str:
    tasks = [state.tasks[id_] for id_ in line.tasks]
    counts = {s: sum(1 for task in tasks if task.state is s) for s in ORDER}
    worst = next(s for s in ORDER if counts[s])
    lengths = sorted(ran for ran in (run_time(task, until) for task in tasks) if ran is not None)
    times = f"  {duration(lengths[0])} to {duration(lengths[-1])}" if lengths else ""
    role = f"{ROLES[tasks[0].role].mark} " if tasks[0].role in ROLES else ""
    above = state.tasks.get(tasks[0].parent)
    stage = f" ({shown(tasks[0].group, 40)})" if tasks[0].group and above is not None and above.role == "group" else ""
    said = "" if _is_plan(state) else f": {counts_in_marks(counts)}{times}"
    return f"{LOOKS[worst].mark} {role}{shown(tasks[0].name, 60)} ×{len(tasks):,}{stage}{said}"


def _failures(state: RunState, line: Line) -> list[str]:
    failed = [task for task in (state.tasks[id_] for id_ in line.tasks) if task.state in FAILURE_STATES]
    out = [
        f"{LOOKS[task.state].mark} {shown(task.name, 40)}#{task.id}{f'({shown(task.args, 30)})' if task.args else ''}"
        f"  {shown(task.type, 60)}: {shown(task.text, 100)}"
        for task in failed[:NAMED]
    ]
    return out + ([f"  … and {len(failed) - NAMED:,} more failed"] if len(failed) > NAMED else [])
