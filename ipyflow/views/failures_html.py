"""The failures of a run as HTML, with their tracebacks; see :mod:`ipyflow.views.html`."""

from __future__ import annotations

from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES
from ipyflow.views.explain import origin, taken
from ipyflow.views.palette import LOOKS
from ipyflow.views.svg import esc
from ipyflow.views.waits import handlers
from ipyflow.views.words import block, clip, label


def failures(state: RunState, most: int, size: int) -> str:
    """Tell the failures, those in which others began first; the first that nobody handled is open.

    Args:
        state: the run.
        most: how many at most.
        size: characters of each traceback at most.

    Example:
        >>> failures(RunState(), 5, 4000)
        ''
    """
    failed = [task for task in state.tasks.values() if task.state in FAILURE_STATES]
    if not failed:
        return ""
    failed = failed[: 20 * most]
    took = taken(state)
    failed.sort(key=lambda task: (origin(state, task, took) is not task, task.ended or 0.0, task.id))
    out = []
    handled = handlers(state)
    opened = False
    for task in failed[:most]:
        look = LOOKS[task.state]
        by = "".join(f" · handled by <code>{esc(label(one))}</code>" for one in handled.get(task.id, ()))
        named = (
            f'<span style="color:{look.color}">{look.mark}</span> <code>{esc(clip(task.name, 60))}#{task.id}</code> '
            f"<b>{esc(clip(task.type, 80))}</b>: "
        )
        if not is_traced(task.traceback):  # then the words are all there is
            said = esc_lines(block(task.text, size)).replace("\n", "<br>")
            out.append(f"<div>{named}{said}{by}</div>")
            continue
        is_open = "" if opened or by else " open"
        opened = opened or not by
        out.append(
            f"<details{is_open}><summary>{named}{esc(clip(task.text, 200))}{by}</summary>"
            f"<pre>{esc_lines(block(task.traceback or '', size))}</pre></details>"
        )
    number = sum(state.counts[s] for s in FAILURE_STATES)
    if number > most:
        out.append(f"<p>… and {number - most:,} more failed; they come first in the table.</p>")
    return "".join(out)


def is_traced(traceback: str | None) -> bool:
    """Whether a traceback tells where something was raised, and not its message alone."""
    return traceback is not None and ("Traceback" in traceback or '  File "' in traceback)


def esc_lines(text: str) -> str:
    """Escape text of many lines that is safe but for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
