"""Text for people: durations, counts by state, and the escaping of whatever a task may have named itself.

Names, arguments, messages and tracebacks come from user code and may hold markup, terminal escapes, right-to-left
overrides or half a surrogate pair. :func:`shown` and :func:`block` make such text safe to print by showing it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS, ORDER

_RUN_STATES = (State.RUNNING, State.BLOCKED, State.CANCELLING)
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNSAFE_IN_BLOCK = re.compile(_UNSAFE.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f"))
_SURROGATE = re.compile("[\ud800-\udfff]")

STATE_NOTE = "state"
"""The kind of the note with the state of a pipeline behind a task: for the task's details."""

STARTS = "StartEvent("
"""How the arguments of a workflow begin where its start event is of no class of its own: that need not be said."""

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _visible(match: re.Match[str]) -> str:
    """The way Python writes the character: every font can show that."""
    short = _SHORT.get(match.group())
    if short is not None:
        return short
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def shown(text: str, width: int | None = None) -> str:
    r"""Make task-given text safe for one line: control characters become visible, too long text is cut.

    Args:
        text: anything.
        width: the most characters to return; ``None`` for no limit.

    Example:
        >>> print(shown("a\x1b[31mb\n"))
        a\x1b[31mb\n
    """
    if width is not None and len(text) > width:
        text = text[: max(width - 1, 0)] + "…"
    return text if text.isascii() and text.isprintable() else _UNSAFE.sub(_visible, text)


def block(text: str, size: int | None = None) -> str:
    """Make text of many lines safe: colours are dropped, other control characters shown, the middle cut out.

    Args:
        text: a traceback or output.
        size: the most characters to keep, about two thirds of them from the end, where the exception stands.
    """
    text = _COLOUR.sub("", text).replace("\r\n", "\n")
    if size is not None and len(text) > size:
        head = size // 3
        text = f"{text[:head]}\n  … {len(text) - size:,} characters left out …\n{text[-(size - head) :]}"
    return _UNSAFE_IN_BLOCK.sub(_visible, text)


def clean(text: str) -> str:
    """Replace halves of surrogate pairs, which no encoder takes; everything else stays as it is."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def clip(text: str, size: int) -> str:
    """Cut ``text`` to ``size`` characters, the last one a ``…`` when something was cut."""
    return text if len(text) <= size else text[: size - 1] + "…"


def duration(seconds: float) -> str:
    """Say a length of time the way a person would, with about three digits.

    Example:
        >>> [duration(s) for s in (0.000012, 0.183, 1.2, 75, 7500)]
        ['12 µs', '183 ms', '1.20 s', '1 min 15 s', '2 h 05 min']
    """
    seconds = max(seconds, 0.0)
    if seconds < 0.0009995:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{seconds * 1e3:.{0 if seconds >= 0.00995 else 1}f} ms"
    if seconds < 59.95:
        return f"{seconds:.{2 if seconds < 9.995 else 1}f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"


def counted(n: int, noun: str) -> str:
    """Say how many: ``1 task``, ``12,000 tasks``, ``3 entries``."""
    many = f"{noun[:-1]}ies" if noun.endswith("ry") else f"{noun}es" if noun.endswith("ch") else f"{noun}s"
    return f"{n:,} {noun if n == 1 else many}"


def counts_in_words(counts: Mapping[State, int]) -> str:
    """Say how many tasks stand where: ``1 failed, 2 running, 4 succeeded``."""
    return ", ".join(f"{counts[s]:,} {LOOKS[s].word}" for s in ORDER if counts.get(s))


def counts_in_marks(counts: Mapping[State, int]) -> str:
    """The same with marks: ``1 ✗ · 2 ▸ · 4 ✓``."""
    return " · ".join(f"{counts[s]:,} {LOOKS[s].mark}" for s in ORDER if counts.get(s))


def arguments(state: RunState, task: TaskState) -> str:
    """What a task was called with, in short; for a step of a workflow what its events hold, for a prompt its text."""
    if task.question is not None:
        return task.question.text
    if task.role == "workflow" and task.args.startswith(STARTS):
        return task.args.removeprefix(STARTS).removesuffix(")")
    flow = state.workflows.get(task.parent) if task.takes else None
    if flow is None or task.args:
        return task.args
    given = [flow.events[id_] for id_ in task.takes[:3] if id_ in flow.events]
    if len(task.takes) == 1 and given:
        return given[0].text
    if len({event.type for event in given}) == 1:
        return f"{len(task.takes):,} {given[0].type}"
    return ", ".join(event.type for event in given) + (", …" if len(task.takes) > 3 else "")


def label(task: TaskState) -> str:
    """Name a task so that a reader can find it: ``load_user#2``."""
    return f"{shown(task.name, 60)}#{task.id}"


def instant(state: RunState, now: float | None = None) -> float:
    """The end of a run's time axis, on the engine's clock: when it closed, else ``now``, else its last record."""
    if state.closed is not None:
        return state.closed
    return state.last if now is None else max(now, state.last)


def total(state: RunState) -> int:
    """How many tasks the run has had, with those that a log with a limit no longer holds."""
    return len(state.tasks) + sum(state.forgotten.values())


def run_time(task: TaskState, until: float) -> float | None:
    """Seconds in which the body ran or stood blocked, over all attempts; ``None`` for a task that never started."""
    if task.started is None:
        return None
    ends = [span.time for span in task.spans[1:]] + [until if task.ended is None else task.ended]
    return sum(end - span.time for span, end in zip(task.spans, ends, strict=True) if span.state in _RUN_STATES)


_MEANT = ("cache", "detached", "reused", "resumed", STATE_NOTE)


def remarks(state: RunState, most: int) -> list[tuple[int, str, str]]:
    """What a reader of the run should know: task, kind and text. No word of what somebody meant, or asked for."""
    return [(task, kind, said) for _, task, kind, said in state.notes if kind not in _MEANT][:most]


def remarked(task: TaskState) -> list[tuple[str, str]]:
    """The notes of a task without the pipeline's state that it handed on, which is no remark."""
    return [note for note in task.notes if note[0] != STATE_NOTE]


def passed_state(task: TaskState) -> str | None:
    """The state of its pipeline that a task handed on, as text; ``None`` for one that has none."""
    return next((said for kind, said in reversed(task.notes) if kind == STATE_NOTE), None)


def headline(state: RunState, now: float | None = None) -> str:
    """A run in one line: name, state, elapsed time and counts."""
    elapsed = duration(instant(state, now) - state.opened)
    tasks = counted(total(state), "task")
    counts = counts_in_words(state.counts)
    return f"{LOOKS[state.state].word} · {elapsed} · {tasks}" + (f": {counts}" if counts else "")


def home(module: str) -> str:
    """The module of a task as views say it: nothing for the notebook's own, which would stand in every row.

    Example:
        >>> home("__main__"), home("shop.orders")
        ('', 'shop.orders')
    """
    return "" if module == "__main__" else clean(clip(module, 200))
