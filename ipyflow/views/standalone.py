"""A run as a page of its own: one file with every view in it, alive, that asks nobody for anything.

The page holds the views' code, the run's payload (``docs/protocol.md``) and the details of its tasks; its content
security policy lets nothing else run and nothing be fetched. Without scripts it shows the static HTML, and it is that
alone where the front end is not built.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES
from ipyflow.views.detail import detail
from ipyflow.views.html import static_html
from ipyflow.views.interest import interesting
from ipyflow.views.log_lines import line
from ipyflow.views.payload import payload, row
from ipyflow.views.svg import SANS, esc
from ipyflow.views.words import clean, counted, total

BUILT = Path(__file__).parents[1] / "notebook" / "static"
"""Where `npm run build` puts what pages need: ``standalone.js`` and ``widget.css``. Only read here, as files."""
DETAILS = 3_000_000
"""Characters of the tasks' details, and of the log's lines below: the page stays under some 5 MB."""
LINES = 1_000_000
ROWS = 2000
"""Rows of the table of a large run."""
_LATER = re.compile("[<\u2028\u2029]")

STYLE = (
    f":root{{color-scheme:light dark}}body{{margin:0;padding:12px 16px;background:#fff;color:#1d2126;font:14px {SANS}}}"
    "main,#ipyflow-foot{max-width:1500px;margin:0 auto}"
    "h1{position:absolute;width:1px;height:1px;margin:0;overflow:hidden;clip-path:inset(50%)}"
    "#ipyflow-foot{padding:10px 2px;font-size:12px;color:#66707c}"
    "@media(prefers-color-scheme:dark){body{background:#111417;color:#e7eaee}#ipyflow-foot{color:#98a2ae}}"
    "#ipyflow-view .ipf-body{height:max(340px,calc(100vh - 220px))}"
    "@media(max-width:600px){body{padding:4px}}"
)
_HEAD = (
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
    '<meta http-equiv="Content-Security-Policy" content="{policy}">'
    '<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">'
    '<meta name="referrer" content="no-referrer"><title>{title}</title>\n<style>{style}</style></head>\n'
)
_POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'"
)


def page(state: RunState, *, now: float | None = None) -> str:
    """Make the page.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.

    Example:
        >>> page(RunState()).startswith("<!DOCTYPE html>")
        True
    """
    still = static_html(state, now=now, inline=True)
    title = esc(state.name) or "run"
    script, style = front_end(BUILT)
    if not script:
        head = _HEAD.format(policy=_POLICY.format(scripts="'none'"), title=title, style=STYLE)
        return f"{head}<body><main>{still}</main>{_foot(state, '')}</body></html>\n"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = _HEAD.format(policy=_POLICY.format(scripts=f"'sha256-{digest}'"), title=title, style=STYLE + style)
    data = embedded(state, now=now)
    return (
        f'{head}<body><h1>{title}</h1><main id="ipyflow-view"></main>\n<noscript><main>{still}</main></noscript>\n'
        f"{_foot(state, _left_out(state, data))}"
        f'<script type="application/json" id="ipyflow-run">{as_script(data)}</script>\n'
        f"<script>{script}</script></body></html>\n"
    )


def front_end(folder: Path) -> tuple[str, str]:
    """The script and the style sheet of the page, or two empty texts where they are not built."""
    try:
        script = (folder / "standalone.js").read_text("utf-8")
        style = (folder / "widget.css").read_text("utf-8")
    except FileNotFoundError:
        return "", ""
    # What would end the elements they stand in; nothing of ours has it outside of a text.
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--"), style.replace("</style", "<\\/style")


def embedded(state: RunState, *, now: float | None = None) -> dict[str, Any]:
    """What the page holds of a run: the payload, with the log's lines, the details of tasks, rows of a large run."""
    whole = payload(state, now=now)
    large = whole["run"]["aggregated"]
    of_rows = _chosen(state) if large else []
    lines = _lines(state)
    whole["kept"] = {"tracebacks": {}, "log": lines, "lines": len(state.output)}
    return {
        "payload": whole,
        "rows": [row(state.tasks[id_], state, text=200, spans=24) for id_ in of_rows],
        "details": dict(_details(state, of_rows if large else list(state.tasks))),
    }


def _chosen(state: RunState) -> list[int]:
    """The tasks of a large run that are in the page's table: those worth a look, and of the others one in so many."""
    first = interesting(state, ROWS * 3 // 4)
    seen = set(first)
    others = [id_ for id_ in state.tasks if id_ not in seen]
    step = max(len(others) // (ROWS - len(first)), 1)
    return sorted([*first, *others[::step][: ROWS - len(first)]])


def _lines(state: RunState) -> list[list[Any]]:
    """The latest lines of the log, as many as there is room for."""
    out: list[list[Any]] = []
    left = LINES
    for piece in reversed(state.output):
        made = line(state, piece)
        left -= len(made[4]) + 60
        if left < 0:
            break
        out.append(made)
    return out[::-1]


def _details(state: RunState, ids: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The details of as many tasks as there is room for: failed ones first, then unfinished ones."""
    written: dict[int, list[tuple[float, int, str, str]]] = {}
    for piece in state.output:
        written.setdefault(piece[1], []).append(piece)
    tasks = sorted(
        (state.tasks[id_] for id_ in ids), key=lambda t: (t.state not in FAILURE_STATES, t.state in FINAL_STATES)
    )
    left = DETAILS
    for task in tasks:
        made = detail(replace(state, output=written.get(task.id, [])), task.id)
        size = len(json.dumps(made, ensure_ascii=False))
        if size <= left:
            left -= size
            yield task.id, made


def as_script(data: Any) -> str:
    """Write data as JSON that may stand in a script element: no mark-up in it, no line ends of JavaScript's own."""
    text = clean(json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False))
    return _LATER.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def _left_out(state: RunState, data: dict[str, Any]) -> str:
    """What the page does not hold, in words."""
    words = []
    tasks = len(data["rows"]) or len(data["payload"]["tasks"])
    if tasks < total(state):
        words.append(f"{tasks:,} of {counted(total(state), 'task')}, first those worth a look")
    if len(data["details"]) < tasks:
        words.append(f"details of {len(data['details']):,} of them")
    kept = data["payload"]["kept"]
    if len(kept["log"]) < kept["lines"]:
        words.append(f"the last {len(kept['log']):,} of {counted(kept['lines'], 'line')} printed")
    return f" · this page holds {', '.join(words)}" if words else ""


def _foot(state: RunState, left_out: str) -> str:
    opened = datetime.fromtimestamp(state.wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    run = esc(state.key) or state.id
    return f'<footer id="ipyflow-foot">Run {run} of {opened}{esc(left_out)} · saved with ipyflow</footer>\n'
