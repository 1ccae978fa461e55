"""The collapsed graph in the language of Mermaid, which GitHub and many editors draw."""

from __future__ import annotations

import re

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.clusters import Cluster, clusters
from ipyflow.views.collapse import collapse
from ipyflow.views.containers import CONTAINERS
from ipyflow.views.edges import DATA, edges
from ipyflow.views.palette import LOOKS
from ipyflow.views.tallies import shown_flows
from ipyflow.views.ways_text import CLASSES, flow_mermaid
from ipyflow.views.words import shown

_PLAIN = frozenset(" .,:_-+×✓✗…○▸‖⊖⊘◷↷≈·◌»≡↯⇥⋈⇄▫▶■↳⚠")
_ICON = re.compile("fa[a-z]?:(?=fa-)")
"""What Mermaid would draw as an icon even where its letters are numbers; a space of no width in it stops that."""
_FAINT = {State.PLANNED: ",stroke-dasharray:5 3", State.SKIPPED: ",stroke-dasharray:5 3,opacity:0.6"}


def mermaid(state: RunState, most: int = 100) -> str:
    """Write the graph as a Mermaid flowchart, a subgraph for each workflow, label and group of branches.

    Args:
        state: the run.
        most: the largest number of nodes wanted; equal siblings are one node.

    Example:
        >>> mermaid(RunState()).splitlines()[0]
        'flowchart LR'
    """
    collapsed = collapse(state, edges(state), most)
    out = ["flowchart LR"]
    used: dict[State, list[str]] = {}
    classes: dict[str, list[str]] = {}
    for i, flow in enumerate(shown_flows(state)):
        lines, found = flow_mermaid(state, flow, _entities, f"w{i}x", True)
        title = _entities(shown(state.tasks[flow.id].name, 80))
        out += [f'  subgraph w{i}["{title}"]', "    direction TB", *[f"    {line}" for line in lines], "  end"]
        for kind, names in found.items():
            classes.setdefault(kind, []).extend(names)
    out += _box(clusters(state, collapsed), "  ", used)
    for (a, b, kind), count in collapsed.links.items():
        label = f'|"{count:,}"|' if count > 1 else ""
        out.append(f"  n{a} {'==>' if kind == DATA else '-.-'}{label} n{b}")
    for worst, names in used.items():
        out.append(f"  classDef {worst} stroke:{LOOKS[worst].color},stroke-width:2px{_FAINT.get(worst, '')}")
        out.append(f"  class {','.join(names)} {worst}")
    return "\n".join(out + _classes(classes)) + "\n"


def ways_mermaid(state: RunState, flow: WorkflowState) -> str:
    """Write the picture of a workflow alone, without what has happened in it."""
    lines, classes = flow_mermaid(state, flow, _entities, "n", False)
    return "\n".join(["flowchart TB", *[f"  {line}" for line in lines], *_classes(classes)]) + "\n"


def _classes(classes: dict[str, list[str]]) -> list[str]:
    return [
        line for kind, names in classes.items() for line in (f"  {CLASSES[kind]}", f"  class {','.join(names)} {kind}")
    ]


def _box(box: Cluster, indent: str, used: dict[State, list[str]]) -> list[str]:
    out = []
    for said in box.nodes:
        left, right = ("[[", "]]") if said.node.role in CONTAINERS else ("[", "]")
        out.append(f'{indent}n{said.place}{left}"{_entities(said.name)}<br/>{_entities(said.below)}"{right}')
        used.setdefault(said.state, []).append(f"n{said.place}")
    for inner in box.inner:
        out.append(f'{indent}subgraph g{inner.number}["{_entities(shown(inner.label, 80))}"]')
        out += _box(inner, indent + "  ", used)
        out.append(f"{indent}end")
    return out


def _entities(text: str) -> str:
    """Write whatever could mean something to Mermaid, Markdown or HTML as a character's number."""
    text = _ICON.sub("\\g<0>\u200b", text)
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in text)
