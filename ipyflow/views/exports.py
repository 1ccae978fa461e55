"""A run in a format of one's choice: as text, or written to a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from ipyflow.model.run import RunState
from ipyflow.views.dot import dot
from ipyflow.views.graph_svg import pictures_svg
from ipyflow.views.html import static_html
from ipyflow.views.mermaid import mermaid
from ipyflow.views.payload import payload
from ipyflow.views.svg import SANS, esc
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg

_PAGE = (
    '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    f'<title>{{name}}</title><body style="font:14px {SANS};max-width:900px;margin:24px auto;padding:0 16px">'
    "{body}</body></html>\n"
)


def _page(state: RunState) -> str:
    return _PAGE.format(name=esc(state.name), body=static_html(state, inline=True))


FORMATS: dict[str, Callable[[RunState], str]] = {
    "html": _page,
    "svg": timeline_svg,
    "graph.svg": pictures_svg,
    "json": lambda state: json.dumps(payload(state, limit=1 << 60), ensure_ascii=False, allow_nan=False) + "\n",
    "dot": dot,
    "mermaid": mermaid,
    "text": lambda state: text_tree(state) + "\n",
}
"""What each format gives."""

_ENDINGS = {"htm": "html", "gv": "dot", "mmd": "mermaid", "txt": "text"}


def export(state: RunState, target: str) -> str:
    """Give a run in a format, or write it to a file.

    Args:
        state: the run.
        target: a name of :data:`FORMATS`, or a path that ends in one (``.mmd``, ``.txt`` and ``.gv`` are known too).

    Returns:
        The text, or the path that was written.

    Raises:
        ValueError: an unknown format; the message lists those there are.

    Example:
        >>> export(RunState(), "mermaid").splitlines()[0]
        'flowchart LR'
    """
    if target in FORMATS:
        return FORMATS[target](state)
    path = Path(target)
    kind = next((name for name in ("graph.svg", *FORMATS) if path.name.endswith(f".{name}")), None)
    kind = kind or _ENDINGS.get(path.suffix[1:])
    if kind is None:
        raise ValueError(f"no format {target!r}; there are {', '.join(FORMATS)}, and paths that end in one")
    path.write_text(FORMATS[kind](state), encoding="utf-8")
    return str(path)
