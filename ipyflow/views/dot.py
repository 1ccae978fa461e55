"""The collapsed graph in the language of Graphviz, as text and as a ``graphviz.Digraph``.

A node is called by its key: ``17`` is task 17, ``17+`` it and those that are equal to it.
"""

from __future__ import annotations

from typing import Any

from ipyflow.model.events import WorkflowState
from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.clusters import Cluster, Said, clusters
from ipyflow.views.collapse import collapse
from ipyflow.views.containers import CONTAINERS
from ipyflow.views.edges import DATA, edges
from ipyflow.views.palette import LOOKS
from ipyflow.views.tallies import shown_flows
from ipyflow.views.ways_text import flow_dot
from ipyflow.views.words import shown

GRAPH = {"rankdir": "LR", "fontname": "Helvetica"}
NODE = {
    "shape": "box", "style": "rounded,filled", "fillcolor": "#ffffff", "fontname": "monospace", "penwidth": "1.5",
}  # fmt: skip
EDGE = {"color": "#444444"}


def dot(state: RunState, most: int = 300) -> str:
    r"""Write the graph as a Graphviz ``digraph``, a cluster for each workflow, label and group of
    branches.

    Args:
        state: the run.
        most: the largest number of nodes wanted; equal siblings are one node.

    Example:
        >>> print(dot(RunState(name="empty")).splitlines()[0])
        digraph "empty" {
    """
    heads = [f"  {what} [{_listed(looks)}];" for what, looks in (("graph", GRAPH), ("node", NODE), ("edge", EDGE))]
    return "\n".join([f"digraph {_quoted(shown(state.name, 120))} {{", *heads, *_statements(state, most), "}", ""])


def digraph(state: RunState, most: int = 300) -> Any:
    """Make the same as a ``graphviz.Digraph``, whose attributes and nodes can be changed and added to.

    Args:
        state: the run.
        most: the largest number of nodes wanted; equal siblings are one node.

    Raises:
        ModuleNotFoundError: the package ``graphviz`` is not there.

    Example:
        >>> drawn = digraph(RunState(name="empty"))
        >>> drawn.graph_attr["rankdir"] = "TB"
        >>> drawn.node("note", "made by hand")
        >>> "rankdir=TB" in drawn.source
        True
    """
    try:
        import graphviz  # only for those who ask
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "run.graphviz() needs the package graphviz: pip install graphviz; run.export('dot') gives the same as text"
        ) from error
    name = graphviz.escape(shown(state.name, 120))
    drawn = graphviz.Digraph(name, graph_attr=dict(GRAPH), node_attr=dict(NODE), edge_attr=dict(EDGE))
    drawn.body += [f"{line}\n" for line in _statements(state, most)]
    return drawn


def _statements(state: RunState, most: int) -> list[str]:
    collapsed = collapse(state, edges(state), most)
    out: list[str] = []
    for i, flow in enumerate(shown_flows(state)):
        out += [
            f"  subgraph cluster_w{i} {{",
            f"    label={_quoted(shown(state.tasks[flow.id].name, 120))}; style=dashed;",
            *[f"    {line}" for line in flow_dot(state, flow, _quoted, f"w{i}_", True)],
            "  }",
        ]
    out += _box(clusters(state, collapsed), "  ")
    keys = [_quoted(node.key) for node in collapsed.nodes]
    for (a, b, kind), count in collapsed.links.items():
        looks = [] if kind == DATA else ["style=dashed", "arrowhead=none"]
        looks += [f'label="{count:,}"'] if count > 1 else []
        attributes = f" [{', '.join(looks)}]" if looks else ""
        out.append(f"  {keys[a]} -> {keys[b]}{attributes};")
    return out


def _listed(looks: dict[str, str]) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in looks.items())


def ways_dot(state: RunState, flow: WorkflowState) -> str:
    """Write the picture of a workflow alone, without what has happened in it."""
    return "\n".join(
        [
            f"digraph {_quoted(shown(state.name, 120))} {{",
            '  graph [rankdir=TB, fontname="Helvetica"];',
            '  node [fontname="monospace", penwidth=1.5];',
            *[f"  {line}" for line in flow_dot(state, flow, _quoted, "n", False)],
            "}",
            "",
        ]
    )


def _box(box: Cluster, indent: str) -> list[str]:
    out = [f"{indent}{_quoted(said.node.key)} {_look(said)};" for said in box.nodes]
    for inner in box.inner:
        out += [
            f"{indent}subgraph cluster_{inner.number} {{",
            f"{indent}  label={_quoted(shown(inner.label, 120))}; style=dashed;",
            *_box(inner, indent + "  "),
            f"{indent}}}",
        ]
    return out


def _look(said: Said) -> str:
    node = said.node
    label = f"{_escaped(said.name)}\\n{_escaped(said.below)}"
    more = ", peripheries=2" if len(node.tasks) > 1 or node.role in CONTAINERS else ""
    if said.state in (State.PLANNED, State.SKIPPED):
        more += ', style="rounded,dashed"' + (', fontcolor="#777777"' if said.state is State.SKIPPED else "")
    return f'[label="{label}", color="{LOOKS[said.state].color}", tooltip={_quoted(shown(node.module, 120))}{more}]'


def _escaped(text: str) -> str:
    """Inside a quoted string of Graphviz a backslash begins an escape, an ampersand an entity."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
