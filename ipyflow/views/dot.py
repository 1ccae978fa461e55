"""The collapsed graph in the language of Graphviz."""

from __future__ import annotations

from ipyflow.model.run import RunState
from ipyflow.views.collapse import Collapsed, Node, collapse
from ipyflow.views.edges import DATA, edges
from ipyflow.views.graph import tally
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.words import clip, counts_in_marks, shown


def by_group(collapsed: Collapsed) -> dict[str | None, list[int]]:
    """Sort the places of the nodes by group, those without one first."""
    groups: dict[str | None, list[int]] = {None: []}
    for i, node in enumerate(collapsed.nodes):
        groups.setdefault(node.group, []).append(i)
    return groups


def dot(state: RunState, most: int = 300) -> str:
    r"""Write the graph as a Graphviz ``digraph``, one cluster for each group.

    Args:
        state: the run.
        most: the largest number of nodes wanted; equal siblings are one node.

    Example:
        >>> print(dot(RunState(name="empty")).splitlines()[0])
        digraph "empty" {
    """
    collapsed = collapse(state, edges(state), most)
    out = [
        f"digraph {_quoted(shown(state.name, 120))} {{",
        '  graph [rankdir=LR, fontname="Helvetica"];',
        '  node [shape=box, style="rounded,filled", fillcolor="#ffffff", fontname="monospace", penwidth=1.5];',
        '  edge [color="#444444"];',
    ]
    for number, (group, members) in enumerate(by_group(collapsed).items()):
        indent = "  "
        if group is not None:
            out += [f"  subgraph cluster_{number} {{", f"    label={_quoted(shown(group, 120))}; style=dashed;"]
            indent = "    "
        out += [f"{indent}n{i} {_look(state, collapsed.nodes[i])};" for i in members]
        if group is not None:
            out.append("  }")
    for (a, b, kind), count in collapsed.links.items():
        looks = [] if kind == DATA else ["style=dashed", "arrowhead=none"]
        looks += [f'label="{count:,}"'] if count > 1 else []
        attributes = f" [{', '.join(looks)}]" if looks else ""
        out.append(f"  n{a} -> n{b}{attributes};")
    return "\n".join([*out, "}", ""])


def _look(state: RunState, node: Node) -> str:
    counts = tally(state, node)
    worst = next(s for s in ORDER if counts[s])
    many = len(node.tasks) > 1
    name = shown(clip(node.name, 80)) + (f" ×{len(node.tasks):,}" if many else f"#{node.tasks[0]}")
    below = counts_in_marks(counts) if many else f"{LOOKS[worst].mark} {LOOKS[worst].word}"
    label = f"{_escaped(name)}\\n{_escaped(below)}"
    shape = ", peripheries=2" if many else ""
    return f'[label="{label}", color="{LOOKS[worst].color}", tooltip={_quoted(shown(node.module, 120))}{shape}]'


def _escaped(text: str) -> str:
    """Inside a quoted string of Graphviz a backslash begins an escape, an ampersand an entity."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'
