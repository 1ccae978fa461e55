"""The picture of a plan: what a pipeline or a workflow will do, drawn before anything of it runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ipyflow.model.events import WorkflowState
from ipyflow.model.records import Record
from ipyflow.model.run import RunState, fold
from ipyflow.model.status import State
from ipyflow.views.containers import contains
from ipyflow.views.dot import dot, ways_dot
from ipyflow.views.failures_html import esc_lines
from ipyflow.views.flow_svg import flow_svg
from ipyflow.views.graph import plan as laid_out
from ipyflow.views.graph_svg import MOST_NODES, graph_svg
from ipyflow.views.html import SIZE, STYLE
from ipyflow.views.mermaid import mermaid, ways_mermaid
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.svg import as_image, esc
from ipyflow.views.tallies import shown_flows
from ipyflow.views.text import LINES, text_tree
from ipyflow.views.ways_text import ways_lines
from ipyflow.views.words import clip, counted, shown

FORMS = ("mimebundle", "dot", "mermaid")
"""The forms a plan can be given in."""
EMPTY = "(empty)"


def plan(records: Sequence[Record], form: str) -> Any:
    """Show a plan.

    Args:
        records: one ``Opened`` with the plan's name and a ``Planned`` for each task; or a workflow with its ``Routes``.
        form: ``mimebundle`` for HTML and text, or ``dot`` or ``mermaid``.

    Raises:
        ValueError: an unknown form.

    Example:
        >>> from ipyflow.model.records import Opened, Planned
        >>> load = Planned(0.0, 1, 0, "load", "m", "threads", "'a.csv'", (), None, None, None)
        >>> print(plan([Opened(0.0, 0, "load", "pipeline", 0.0), load], "mimebundle")["text/plain"])
        ◌ load  plan · 1 task
        └─ ◌ load('a.csv')
    """
    if form not in FORMS:
        raise ValueError(f"no form {form!r} of a plan; there are {', '.join(FORMS)}")
    state = fold(records)
    flow = next(iter(shown_flows(state)), None)
    if form == "dot":
        return dot(state) if flow is None else ways_dot(state, flow)
    if form == "mermaid":
        return mermaid(state) if flow is None else ways_mermaid(state, flow)
    if flow is not None:
        return {"text/html": ways_html(state, flow), "text/plain": ways_plain(state, flow)}
    return {"text/html": plan_html(state), "text/plain": plan_text(state)}


def plan_text(state: RunState, lines: int = LINES) -> str:
    """Draw the plan as a tree of text.

    Args:
        state: the fold of a plan.
        lines: how many lines of tasks at most.
    """
    head = f"{LOOKS[State.PLANNED].mark} {shown(state.name, 80) or EMPTY}  {_headline(state)}"
    return "\n".join([head, *text_tree(state, lines=lines).splitlines()[1:]])


def plan_html(state: RunState) -> str:
    """Draw the plan as a graph, in HTML of less than :data:`ipyflow.views.html.SIZE` characters: large plans fold.

    Args:
        state: the fold of a plan.
    """
    head = (
        f'<div class="ipyflow-head"><b>{LOOKS[State.PLANNED].mark} {esc(clip(state.name, 120)) or EMPTY}</b>'
        f" &nbsp; {_headline(state)}</div>"
    )
    nodes = MOST_NODES
    while True:
        svg = graph_svg(state, planned=laid_out(state, nodes)) if state.tasks else ""
        picture = as_image(svg, f"Plan of {shown(state.name, 120)}") if svg else ""
        made = f'<div class="ipyflow-run">{STYLE}{head}{picture}</div>'
        if len(made) < SIZE or nodes < 3:
            return made
        nodes = nodes * 3 // 4


def ways_plain(state: RunState, flow: WorkflowState) -> str:
    """Tell the ways through a workflow, a line for each step."""
    return "\n".join([f"{ROLES['workflow'].mark} {shown(state.name, 80)}  {_size(flow)}", *_indented(flow)])


def ways_html(state: RunState, flow: WorkflowState) -> str:
    """Draw the ways through a workflow; one that is too large for a picture is told in lines."""
    head = f'<div class="ipyflow-head"><b>{esc(clip(state.name, 120))}</b> &nbsp; {_size(flow)}</div>'
    picture = as_image(flow_svg(state, flow, live=False), f"Workflow {shown(state.name, 120)}")
    if len(picture) > SIZE - 2000:
        picture = f"<pre>{esc_lines(clip(chr(10).join(ways_lines(flow)), SIZE // 4))}</pre>"
    return f'<div class="ipyflow-run">{STYLE}{head}{picture}</div>'


def _indented(flow: WorkflowState) -> list[str]:
    lines = ways_lines(flow)
    return [f"   {line}" for line in lines[:LINES]] + (
        [f"   … and {counted(len(lines) - LINES, 'more step')}"] if len(lines) > LINES else []
    )


def _size(flow: WorkflowState) -> str:
    return f"workflow · {counted(len(flow.steps), 'step')} · {counted(len(flow.kinds), 'event')}"


def _headline(state: RunState) -> str:
    return f"plan · {counted(sum(1 for task in state.tasks.values() if not contains(task)), 'task')}"
