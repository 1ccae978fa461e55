"""A workflow as text, for terminals and for other languages that draw graphs: Graphviz and Mermaid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState
from ipyflow.views.flow_state import awaited, is_over
from ipyflow.views.palette import EVENT, EVENTS, ROLES, WARNING
from ipyflow.views.stalls import lost
from ipyflow.views.step_words import at_work, often, standing
from ipyflow.views.tallies import joins, sent, shown_flows, tally, unhandled, went
from ipyflow.views.ways import STEP, Place, Way, Ways, ways
from ipyflow.views.words import clip, counted, shown

STEPS = 12
"""Steps of a workflow that the tree of a run tells."""
FLOWS = 3

_JOINED = {"": " | ", "list": " | ", "part": " + "}


def ways_lines(flow: WorkflowState) -> list[str]:
    """Tell the ways through a workflow, a line for each step: what it takes, its name, what it gives.

    Example:
        >>> flow = WorkflowState(1, steps=(("go", 4, ""),), kinds=(("StartEvent", "start"), ("Page", "")),
        ...                      edges=(("event:StartEvent", "step:go", ""), ("step:go", "event:Page", "list")))
        >>> ways_lines(flow)
        ['StartEvent → go → list[Page]']
    """
    out = []
    for name, workers, _ in flow.steps:
        key = f"step:{name}"
        takes = [(source, form) for source, target, form in flow.edges if target == key]
        gives = [(target, form) for source, target, form in flow.edges if source == key]
        once = often(workers)
        parts = [_events(takes), f"{shown(name, 60)}{f' ({once})' if once else ''}", _events(gives)]
        out.append(" → ".join(part for part in parts if part))
    return out


def _events(ends: list[tuple[str, str]]) -> str:
    names = []
    for key, form in ends:
        name = shown(key.removeprefix("event:"), 60)
        names.append(f"list[{name}]" if form == "list" else name)
    return _JOINED["part" if any(form == "part" for _, form in ends) else ""].join(names)


def flow_lines(state: RunState) -> list[str]:
    """Tell how the workflows of a run stand, a line for each step; of many only the first.

    Args:
        state: the run.

    Example:
        >>> flow_lines(RunState())
        []
    """
    out = []
    for flow in shown_flows(state, FLOWS):
        steps, over = tally(state, [flow])[flow.id], is_over(state, flow)
        name = shown(state.tasks[flow.id].name, 60)
        out.append(f"{ROLES['workflow'].mark} {name}#{flow.id}: {counted(sent(state, flow).total(), 'event')}")
        wide = max(len(shown(step, 40)) for step in steps)
        held: dict[str, list[str]] = {}
        for join in joins(flow):
            if join.events:
                held.setdefault(join.step, []).append(standing(join, over=over))
        for step, type_ in awaited(state, flow).items():
            held.setdefault(step, []).append(f"waits for {shown(type_, 60)}")
        for step, numbers in list(steps.items())[:STEPS]:
            words = " · ".join([at_work(numbers.workers, numbers, over=over), *held.get(step, ())])
            out.append(f"   {shown(step, 40):<{wide}}  {words}")
        out += [f"   … and {counted(len(steps) - STEPS, 'more step')}"] if len(steps) > STEPS else []
        out += [f"   ! {words}" for words in lost(state, flow)]
    return out


# Other languages.


def flow_dot(state: RunState, flow: WorkflowState, quoted: Callable[[str], str], prefix: str, live: bool) -> list[str]:
    """Write the statements of a workflow's picture for Graphviz.

    Args:
        state: the run.
        flow: a workflow of it.
        quoted: writes a text as Graphviz has it, with quotes.
        prefix: what the names of the nodes begin with.
        live: with what has happened in it.
    """
    drawn = ways(flow)
    names = {place.key: f"{prefix}{i}" for i, place in enumerate(drawn.places)}
    said = _said(state, flow, drawn, live)
    counts = went(state, flow) if live else Counter[tuple[str, str]]()
    numbers = sent(state, flow)
    unseen = unhandled(flow) if live else {}
    out = []
    for place in drawn.places:
        if place.kind == STEP:
            looks = 'shape=box, style="rounded,filled", fillcolor="#ffffff"'
        else:
            faint = live and not numbers[place.name]
            color = WARNING if place.name in unseen else EVENT
            looks = f'shape=ellipse, style="filled{",dashed" if faint else ""}", fillcolor="#f1edfb", color="{color}"'
            looks += ", peripheries=2" if place.form in ("start", "stop") else ""
        out.append(f"{names[place.key]} [label={_lines_quoted(said[place.key], quoted)}, {looks}];")
    for way in drawn.ways:
        number = counts[way.source, way.target]
        words = _of_way(way, number)
        more = [f"label={quoted(words)}"] if words else []
        more += [f'color="{EVENT}"', "penwidth=2"] if number else ['color="#999999"'] if live else []
        attributes = f" [{', '.join(more)}]" if more else ""
        out.append(f"{names[way.source]} -> {names[way.target]}{attributes};")
    return out


def flow_mermaid(
    state: RunState, flow: WorkflowState, entities: Callable[[str], str], prefix: str, live: bool
) -> tuple[list[str], dict[str, list[str]]]:
    """Write the statements of a workflow's picture for Mermaid, and list the nodes of each class.

    Args:
        state: the run.
        flow: a workflow of it.
        entities: writes a text as Mermaid has it, without quotes.
        prefix: what the names of the nodes begin with.
        live: with what has happened in it.
    """
    drawn = ways(flow)
    names = {place.key: f"{prefix}{i}" for i, place in enumerate(drawn.places)}
    said = _said(state, flow, drawn, live)
    counts = went(state, flow) if live else Counter[tuple[str, str]]()
    unseen = unhandled(flow) if live else {}
    out: list[str] = []
    classes: dict[str, list[str]] = {}
    for place in drawn.places:
        left, right = ("[", "]") if place.kind == STEP else ("([", "])")
        label = "<br/>".join(entities(line) for line in said[place.key])
        out.append(f'{names[place.key]}{left}"{label}"{right}')
        kind = "step" if place.kind == STEP else "unhandled" if place.name in unseen else "event"
        classes.setdefault(kind, []).append(names[place.key])
    for way in drawn.ways:
        number = counts[way.source, way.target]
        words = _of_way(way, number)
        arrow = "==>" if number else "-.->" if live else "-->"
        label = f'|"{entities(words)}"|' if words else ""
        out.append(f"{names[way.source]} {arrow}{label} {names[way.target]}")
    return out, classes


CLASSES = {
    "step": "classDef step stroke-width:1.5px",
    "event": f"classDef event stroke:{EVENT},stroke-width:1.5px,fill:#f1edfb,color:#24292f",
    "unhandled": f"classDef unhandled stroke:{WARNING},stroke-width:2px",
}
"""What Mermaid is told of the looks of steps and events."""


def _said(state: RunState, flow: WorkflowState, drawn: Ways, live: bool) -> dict[str, list[str]]:
    """The lines in each node."""
    steps, over = tally(state, [flow])[flow.id] if live else {}, is_over(state, flow)
    held: dict[str, list[str]] = {}
    for join in joins(flow) if live else ():
        if join.events:
            held.setdefault(join.step, []).append(standing(join, over=over))
    for step, type_ in (awaited(state, flow) if live else {}).items():
        held.setdefault(step, []).append(f"waits for {shown(type_, 60)}")
    unseen = unhandled(flow) if live else {}
    placed = {place.key for place in drawn.places}
    by_step: dict[str, list[str]] = {}
    for type_, events in unseen.items():
        for name in {state.tasks[event.by].name for event in events if event.by in state.tasks}:
            if f"event:{type_}" not in placed:
                by_step.setdefault(name, []).append(f"⚠ {shown(type_, 40)}: no step takes it")
    out: dict[str, list[str]] = {}
    for place in drawn.places:
        lines = [_name(place)]
        if place.kind == STEP:
            words = at_work(place.workers or 1, steps.get(place.name), over=over)
            lines += [*([words] if words else []), *held.get(place.name, ()), *by_step.get(place.name, ())]
        elif place.name in unseen:
            lines.append(f"⚠ {len(unseen[place.name]):,} unhandled")
        out[place.key] = lines
    return out


def _name(place: Place) -> str:
    mark = ROLES["exceptionally"].mark if place.form == "catch_error" else ""
    mark = EVENTS[place.form].mark if place.form in EVENTS else mark
    return f"{mark} {shown(clip(place.name, 60))}".strip()


def _of_way(way: Way, number: int) -> str:
    form = {"list": "list", "part": "together"}.get(way.form, "")
    return " ".join(part for part in (form, f"×{number:,}" if number > 1 else "") if part)


def _lines_quoted(lines: list[str], quoted: Callable[[str], str]) -> str:
    return '"' + "\\n".join(quoted(line)[1:-1] for line in lines) + '"'
