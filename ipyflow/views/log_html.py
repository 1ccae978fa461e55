"""The end of a run's log as HTML; see :mod:`ipyflow.views.html`."""

from __future__ import annotations

from ipyflow.model.run import RunState
from ipyflow.views.failures_html import esc_lines
from ipyflow.views.log_lines import settled, shortened
from ipyflow.views.svg import esc
from ipyflow.views.words import block, counted, shown

LINE = 300
"""Characters of one line."""
_LABEL = 24


def last_lines(state: RunState, most: int, size: int) -> str:
    """Tell what tasks wrote last, closed: a line says which task wrote it, and where if not to standard output.

    Args:
        state: the run.
        most: lines at most.
        size: characters at most.

    Example:
        >>> last_lines(RunState(), 40, 4000)
        ''
    """
    said: list[str] = []
    for _, task, stream, text in reversed(state.output):
        where = "" if stream == "stdout" else f" {shown(stream, 12)}"
        lines = [shortened(one, LINE) for one in block(settled(text)).split("\n")]
        head = f"{_label(state, task)}{where}: "
        made = [esc_lines(head + one) for one in lines]
        size -= sum(len(one) + 1 for one in made)
        if size < 0 or len(said) + len(made) > most:
            break
        said += reversed(made)
    if not said:
        return ""
    number = sum(text.count("\n", 0, -1) + 1 for _, _, _, text in state.output)
    words = counted(number, "line") if len(said) == number else f"the last {len(said):,} of {counted(number, 'line')}"
    return (
        f"<details><summary>Output <small>({esc(words)})</small></summary>"
        f"<pre>{chr(10).join(reversed(said))}</pre></details>"
    )


def _label(state: RunState, id_: int) -> str:
    task = state.tasks.get(id_)
    return f"#{id_}" if task is None else f"{shown(task.name, _LABEL)}#{id_}"
