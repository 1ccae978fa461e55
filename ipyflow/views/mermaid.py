"""The collapsed graph in the language of Mermaid, which GitHub and many editors draw."""

from __future__ import annotations

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.collapse import Node, collapse
from ipyflow.views.dot import by_group
from ipyflow.views.edges import DATA, edges
from ipyflow.views.graph import tally
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.words import clip, counts_in_marks, shown

_PLAIN = frozenset(" .,:_-+×✓✗…○▸‖⊖⊘◷↷≈·")


def mermaid(state: RunState, most: int = 100) -> str:
    """Write the graph as a Mermaid flowchart, one subgraph for each group.

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
    for number, (group, members) in enumerate(by_group(collapsed).items()):
        indent = "  "
        if group is not None:
            out.append(f'  subgraph g{number}["{_entities(shown(group, 80))}"]')
            indent = "    "
        for i in members:
            words, worst = _words(state, collapsed.nodes[i])
            out.append(f'{indent}n{i}["{words}"]')
            used.setdefault(worst, []).append(f"n{i}")
        if group is not None:
            out.append("  end")
    for (a, b, kind), count in collapsed.links.items():
        label = f'|"{count:,}"|' if count > 1 else ""
        out.append(f"  n{a} {'==>' if kind == DATA else '-.-'}{label} n{b}")
    for worst, names in used.items():
        out.append(f"  classDef {worst} stroke:{LOOKS[worst].color},stroke-width:2px")
        out.append(f"  class {','.join(names)} {worst}")
    return "\n".join(out) + "\n"


def _words(state: RunState, node: Node) -> tuple[str, State]:
    counts = tally(state, node)
    worst = next(s for s in ORDER if counts[s])
    many = len(node.tasks) > 1
    name = shown(clip(node.name, 80)) + (f" ×{len(node.tasks):,}" if many else f"#{node.tasks[0]}")
    below = counts_in_marks(counts) if many else f"{LOOKS[worst].mark} {LOOKS[worst].word}"
    return f"{_entities(name)}<br/>{_entities(below)}", worst


def _entities(text: str) -> str:
    """Write whatever could mean something to Mermaid, Markdown or HTML as a character's number."""
    return "".join(c if c.isalnum() or c in _PLAIN else f"#{ord(c)};" for c in text)
