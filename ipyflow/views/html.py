"""A run as HTML that lives in a saved notebook: no script, nothing fetched, readable where styles are dropped.

GitHub and notebooks that are not trusted remove `<style>`, `<svg>` and most attributes. So the pictures are images,
the words are tables, `<details>` and `<pre>`, and what style there is only makes it nicer.
"""

from __future__ import annotations

from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, FINAL_STATES, State
from ipyflow.views.containers import contains
from ipyflow.views.explain import explain
from ipyflow.views.failures_html import esc_lines, failures, is_traced
from ipyflow.views.flow_svg import flow_svg
from ipyflow.views.graph import plan
from ipyflow.views.graph_svg import graph_svg
from ipyflow.views.interest import interesting
from ipyflow.views.log_html import last_lines
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.path_words import path_words
from ipyflow.views.prompts import questions_html
from ipyflow.views.reuse import reuse_words
from ipyflow.views.stalls import waits
from ipyflow.views.svg import as_image, esc
from ipyflow.views.tallies import sent, shown_flows
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.ways_text import ways_lines
from ipyflow.views.words import (
    arguments,
    block,
    clip,
    counted,
    duration,
    headline,
    instant,
    remarks,
    run_time,
    shown,
    total,
)
from ipyflow.views.workers import is_elsewhere, place, ran_elsewhere

SIZE = 50_000
"""Characters that the HTML of a run stays under."""
ROWS = 200
"""Tasks in the table; of more, those worth a look."""
LINES = 40
"""Lines of output."""
NODES = 24
"""Boxes of the graph at most, by folding more; a picture of more would take most of the room there is."""
FLOWS = 26_000
"""Characters of the pictures of workflows."""
WORDS = 9_000
"""Characters that the failures and the table have at least, where there are workflows."""
WORKED = 20_000
"""Tasks of a run that is drawn by its workers too: of more that takes as long as all the rest."""
SMALL_GRAPH = 16
"""A graph of so many boxes is open at once."""

STYLE = (
    "<style>.ipyflow-run summary{cursor:pointer;padding:2px 0}.ipyflow-run table{font-size:12px}"
    ".ipyflow-flow{display:flex;flex-wrap:wrap;gap:0 12px}.ipyflow-flow ul{flex:1 1 260px}"
    ".ipyflow-flow>img,.ipyflow-flow>svg{flex:none}"
    ".ipyflow-run td,.ipyflow-run th{text-align:left!important;vertical-align:top}"
    ".ipyflow-run pre{font:12px/1.4 monospace;padding:6px 10px;border-left:3px solid #8c8c8c;overflow:auto;"
    "white-space:pre-wrap;overflow-wrap:anywhere}"
    ".ipyflow-run img,.ipyflow-run svg{max-width:100%;height:auto;display:block;margin:4px 0}</style>"
)
"""What makes the HTML nicer where styles are kept."""


def static_html(state: RunState, *, now: float | None = None, inline: bool = False) -> str:
    """Make the HTML.

    A header line, the critical path in words, the timeline, the workflows, the graph, the failures with their
    tracebacks, the last lines of output and the table of tasks, all in under :data:`SIZE` characters: a large run shows
    bands, folded boxes and the tasks worth a look.

    Args:
        state: the run.
        now: the engine's clock, for a run that goes on; by default the time of its last record.
        inline: pictures as SVG in the page, in the page's colours and with hover texts, for pages of our own;
            otherwise as images, which every viewer of notebooks shows.

    Example:
        >>> static_html(RunState()).startswith("<div")
        True
    """
    timeline = timeline_svg(state, now=now, inline=inline)
    pictures = timeline if inline else as_image(timeline, f"Timeline of {shown(state.name, 120)}")
    flows = _workflows(state, now, inline)
    pictures += flows
    graphs = (_graph(state, now, inline, nodes, closed=bool(flows)) for nodes in (NODES, NODES // 2, NODES // 4))
    if flows:  # they say more, and so do the words below
        graphs = (made for made in graphs if len(pictures) + len(made) < SIZE - WORDS)
    pictures += next(graphs, "")
    path = path_words(state)
    rows, failed, traceback, lines = ROWS, 5, 4000, LINES
    workers = _workers(state, now, inline)
    if len(pictures) + len(workers) < SIZE - WORDS:
        pictures += workers
    while True:
        words = failures(state, failed, traceback) + last_lines(state, lines, 100 * lines) + _table(state, now, rows)
        made = _around(state, path, pictures, words, now)
        if len(made) < SIZE or rows < 4:
            return made
        rows, failed, traceback = rows * 3 // 4, max(failed - 1, 1), max(traceback * 3 // 4, 500)
        lines = max(lines * 3 // 4, 5)


def table_html(state: RunState, *, now: float | None = None, most: int = ROWS) -> str:
    """Make the table of tasks alone: of more than ``most``, those worth a look."""
    table = _table(state, now, most).replace("<details>", "<details open>", 1)
    return f'<div class="ipyflow-run">{STYLE}{table}</div>'


def task_html(state: RunState, task_id: int, *, now: float | None = None) -> str:
    """Make the HTML of one task: where it stands in words, its value or its traceback.

    Raises:
        KeyError: the run has no such task.
    """
    task = state.tasks[task_id]
    look = LOOKS[task.state]
    head = f'<span style="color:{look.color}">{look.mark}</span> <code>{esc(clip(task.name, 120))}#{task.id}</code>'
    said = "<br>".join(esc(line) for line in explain(state, task_id, now=now).splitlines())
    has_value = task.state in (State.SUCCEEDED, State.CACHED) and task.text
    value = f"<pre>{esc_lines(block(task.text, 2000))}</pre>" if has_value else ""
    trace = f"<pre>{esc_lines(block(task.traceback or '', 8000))}</pre>" if is_traced(task.traceback) else ""
    return f'<div class="ipyflow-run">{STYLE}<div>{head} <b>{look.word}</b></div><div>{said}</div>{value}{trace}</div>'


def _around(state: RunState, path: str, pictures: str, words: str, now: float | None) -> str:
    look = LOOKS[state.state]
    head = (
        f'<div class="ipyflow-head"><b><span style="color:{look.color}">{look.mark}</span> '
        f"{esc(clip(state.name, 120))}</b> &nbsp; {esc(headline(state, now))}</div>"
    )
    head += f"<div><small>Critical path: {esc(path)}</small></div>" if path else ""
    notes = "".join(f"<li>{esc(kind)}: {esc(clip(text, 300))}</li>" for _, kind, text in remarks(state, 10))
    notes = f"<ul>{notes}</ul>" if notes else ""
    return f'<div class="ipyflow-run">{STYLE}{head}{questions_html(state)}{pictures}{words}{notes}</div>'


def _workflows(state: RunState, now: float | None, inline: bool) -> str:
    """The workflows, as many as there is room for, each with what in it waits for what.

    The first is open, and those that failed: many pictures below each other would hide the rest of the page.
    """
    out = ""
    until = instant(state, now)
    found = shown_flows(state)
    for i, flow in enumerate(found):
        task = state.tasks[flow.id]
        name = clip(task.name, 80)
        svg = flow_svg(state, flow, inline=inline)
        picture = svg if inline else as_image(svg, f"Workflow {shown(name, 80)}")
        said = "".join(f"<li>{esc(words)}</li>" for words in waits(state, flow, until, task.text))
        said = f"<ul>{said}</ul>" if said else ""
        so_far = "" if task.state in FINAL_STATES else " so far"
        size = f"{counted(len(flow.steps), 'step')}, {counted(sent(state, flow).total(), 'event')}{so_far}"
        is_open = " open" if i == 0 or task.state in FAILURE_STATES else ""
        mark = (
            "" if len(found) == 1 else f'<span style="color:{LOOKS[task.state].color}">{LOOKS[task.state].mark}</span> '
        )
        head = f"<details{is_open}><summary>{mark}Workflow <b>{esc(name)}</b> <small>({size})</small></summary>"
        if not out and len(picture) + len(said) > FLOWS:  # too large to draw here
            picture = f"<pre>{esc_lines(clip(chr(10).join(ways_lines(flow)), 4000))}</pre>"
        made = f'{head}<div class="ipyflow-flow">{picture}{said}</div></details>'
        if len(out) + len(made) > FLOWS:
            break
        out += made
    return out


def _workers(state: RunState, now: float | None, inline: bool) -> str:
    """Who ran what, where that was not this process alone."""
    if len(state.tasks) > WORKED or not ran_elsewhere(state.tasks.values()):
        return ""
    svg = timeline_svg(state, now=now, inline=inline, by="worker")
    picture = svg if inline else as_image(svg, f"Workers of {shown(state.name, 120)}")
    number = len({attempt.worker for task in state.tasks.values() for attempt in task.attempts})
    return f"<details><summary>{counted(number, 'worker').capitalize()}</summary>{picture}</details>"


def _graph(state: RunState, now: float | None, inline: bool, nodes: int, *, closed: bool) -> str:
    if len(state.tasks) < 2:
        return ""
    planned = plan(state, nodes)
    boxes = len(planned.collapsed.nodes)
    svg = graph_svg(state, now=now, inline=inline, planned=planned)
    picture = svg if inline else as_image(svg, f"Graph of {shown(state.name, 120)}")
    open_ = " open" if boxes <= SMALL_GRAPH and not closed else ""
    dashed = "a child and its parent"
    if any(task.role not in (None, "workflow", "step", "prompt") for task in state.tasks.values()):
        dashed += ", or what only comes after"
    legend = f"<small>(solid: data · dashed: {dashed})</small>"
    return f"<details{open_}><summary>Graph {legend}</summary>{picture}</details>"


def _table(state: RunState, now: float | None, most: int) -> str:
    chosen = interesting(state, most)
    until = instant(state, now)
    tasks = sorted((state.tasks[id_] for id_ in chosen), key=lambda t: (t.state not in FAILURE_STATES, t.id))
    if len(chosen) == len(state.tasks):
        tasks.sort(key=lambda t: t.id)
    shown_of = f" of {total(state):,}" if len(tasks) < total(state) else ""
    title = f"{len(tasks):,}{shown_of} tasks" if shown_of else counted(len(tasks), "task")
    head = "<tr><th>task</th><th>state</th><th>waited</th><th>ran</th><th>worker</th><th>result or exception</th></tr>"
    rows = "".join(_row(state, task, until) for task in tasks)
    return f"<details><summary>{title}</summary><table>{head}{rows}</table></details>"


def _row(state: RunState, task: TaskState, until: float) -> str:
    look = LOOKS[task.state]
    begun = task.started if task.started is not None else task.ended if task.ended is not None else until
    ran = run_time(task, until)
    waited = task.state not in (State.PLANNED, State.SKIPPED) and not contains(task)
    if contains(task) and task.state is not State.PLANNED:
        ran = (until if task.ended is None else task.ended) - task.submitted
    args = arguments(state, task)
    args = f"({esc(clip(args, 30))})" if args else ""
    role = f"{ROLES[task.role].mark} {ROLES[task.role].word} " if task.role in ROLES else ""
    cells = (
        f"{role}<code>{esc(clip(task.name, 40))}{args}</code>",
        _unbroken(f"{look.mark} {look.word}"),
        _unbroken(duration(begun - task.submitted)) if waited else "",
        "" if ran is None else _unbroken(duration(ran)),
        _worker(task),
        _value(state, task),
    )
    faint = ' style="opacity:.6"' if task.state in (State.PLANNED, State.SKIPPED) else ""
    return f"<tr{faint}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _worker(task: TaskState) -> str:
    """Who ran it; and what kind of place that is, where it is not this process."""
    name, host = place(task.worker)
    more = " · ".join(clip(part, 24) for part in (task.executor if is_elsewhere(task) else "", host) if part)
    name = esc(clip(name, 24))
    return _unbroken(f"{name} <small>{esc(more)}</small>" if task.worker and more else name)


def _value(state: RunState, task: TaskState) -> str:
    if task.state in (State.SUCCEEDED, State.CACHED):
        value = f"<code>{esc(clip(task.text, 60))}</code>" if task.type not in ("", "NoneType") else ""
        source = reuse_words(state, task)
        return f"{value} <small>{esc(source)}</small>".lstrip() if source else value
    if task.state in FINAL_STATES:
        error = f"<b>{esc(clip(task.type, 60))}</b>: " if task.type else ""
        return error + esc(clip(task.text, 80))
    return esc(clip(task.reason, 60))


def _unbroken(words: str) -> str:
    return words.replace(" ", "\u00a0").replace("-", "\u2011")
