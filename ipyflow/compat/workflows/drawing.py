"""Drawing into files: a workflow, or one of its runs. In a notebook ``workflow.graph()`` shows itself."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, NoReturn

from ipyflow import Workflow
from ipyflow.workflows import WorkflowFuture, WorkflowGraph

Drawn = Workflow | type[Workflow]
Handler = WorkflowFuture[Any]
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
{picture}
<pre>{text}</pre>
</body>
</html>
"""


def draw_all_possible_flows(
    workflow: Drawn, filename: str = "workflow_all_flows.html", notebook: bool = False, **ignored: Any
) -> None:
    """Write all ways through a workflow to a page: a picture, and the same in words.

    Args:
        workflow: a workflow or its class.
        filename: the page.
        notebook: not used.
        ignored: not used either: ``max_label_length``, ``include_child_workflows``.
    """
    graph = _graph(workflow)
    forms = graph._repr_mimebundle_()
    title, text = html.escape(graph.name), html.escape(forms["text/plain"])
    _write(filename, _PAGE.format(title=title, picture=forms["text/html"], text=text))


def draw_all_possible_flows_mermaid(
    workflow: Drawn, filename: str | None = "workflow_all_flows.mermaid", **ignored: Any
) -> str:
    """All ways through a workflow in Mermaid's language; written to a file too."""
    return _write(filename, _graph(workflow).to_mermaid())


def draw_most_recent_execution(
    handler: Handler, filename: str = "workflow_recent_execution.html", notebook: bool = False, **ignored: Any
) -> None:
    """Write how a run went to a page: the one that an export of the run is."""
    _write(filename, handler.run.export("html"))


def draw_most_recent_execution_mermaid(
    handler: Handler, filename: str | None = "workflow_recent_execution.mermaid", **ignored: Any
) -> str:
    """How a run went in Mermaid's language; written to a file too."""
    return _write(filename, handler.run.export("mermaid"))


def _graph(workflow: Drawn) -> WorkflowGraph:
    if isinstance(workflow, type):
        return WorkflowGraph(workflow.__name__, workflow.table)
    return workflow.graph()


def _write(filename: str | None, text: str) -> str:
    if filename:
        Path(filename).write_text(text, encoding="utf-8")
    return text


def __getattr__(name: str) -> NoReturn:
    if name.startswith("draw_agent"):
        raise ImportError(f"{name} is not here: it draws agents of another package; workflow.graph() draws workflows")
    raise AttributeError(name)
