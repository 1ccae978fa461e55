"""A run in a format of one's choice: as text or bytes, or written to a file."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ipyflow.model.records import Record
from ipyflow.model.run import RunState
from ipyflow.views.dot import dot
from ipyflow.views.graph_svg import pictures_svg
from ipyflow.views.log_json import log_json
from ipyflow.views.mermaid import mermaid
from ipyflow.views.otel import spans
from ipyflow.views.otlp_json import otlp_json
from ipyflow.views.png import png
from ipyflow.views.standalone import page
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.trace import trace
from ipyflow.views.words import clean, shown


@dataclass(frozen=True)
class Source:
    """What an export is made from.

    Attributes:
        state: the run.
        now: the engine's clock, for a run that goes on; without it time ends at the last record.
        log: gives how many records the log has forgotten, and the others; only ``json`` asks.
        about: gives what else is known of the run, see :class:`ipyflow.views.log_json.SavedRun`; only ``json`` asks.
    """

    state: RunState
    now: float | None = None
    log: Callable[[], tuple[int, Iterable[Record]]] | None = None
    about: Callable[[], Mapping[str, Any]] | None = None


@dataclass(frozen=True)
class Format:
    """A form in which a run can leave: see :data:`FORMATS`.

    Attributes:
        name: what ``run.export`` is told.
        endings: those of file names, the usual one first.
        mime: of the file.
        says: what it is for, in a line.
        make: makes it.
        gives: ``"text"`` or ``"bytes"``.
    """

    name: str
    endings: tuple[str, ...]
    mime: str
    says: str
    make: Callable[[Source], str | bytes]
    gives: str = "text"


def _log(source: Source) -> str:
    if source.log is None:
        raise ValueError("the fold of a log does not hold the log: ask the run, run.export('json')")
    first, records = source.log()
    return log_json(records, first, source.about and source.about())


def _timeline(source: Source) -> str:
    return timeline_svg(source.state, now=source.now)


def _graph(source: Source) -> str:
    return pictures_svg(source.state, now=source.now)


_SVG = "image/svg+xml"
_ALL = (
    Format("html", (".html", ".htm"), "text/html", "a page of its own: every view, alive, offline",
           lambda s: page(s.state, now=s.now)),
    Format("svg", (".svg",), _SVG, "the timeline as a drawing", _timeline),
    Format("graph.svg", (".graph.svg",), _SVG, "the graph, and the workflows, as a drawing", _graph),
    Format("png", (".png",), "image/png", "the timeline as an image", lambda s: png(_timeline(s)), "bytes"),
    Format("graph.png", (".graph.png",), "image/png", "the graph, and the workflows, as an image",
           lambda s: png(_graph(s)), "bytes"),
    Format("json", (".json",), "application/json", "the log: every record, to be read again", _log),
    Format("trace", (".trace.json", ".perfetto.json"), "application/json",
           "a trace for ui.perfetto.dev: workers, slices, arrows, counters", lambda s: trace(s.state, now=s.now)),
    Format("otel", (".otlp.json", ".otel.json"), "application/json", "OpenTelemetry spans, as OTLP in JSON",
           lambda s: otlp_json(spans(s.state, now=s.now))),
    Format("dot", (".dot", ".gv"), "text/vnd.graphviz", "the graph for Graphviz", lambda s: dot(s.state)),
    Format("mermaid", (".mermaid", ".mmd"), "text/vnd.mermaid", "the graph for Mermaid, which GitHub draws",
           lambda s: mermaid(s.state)),
    Format("text", (".txt", ".text"), "text/plain", "the tree of tasks, as a terminal shows it",
           lambda s: text_tree(s.state, now=s.now) + "\n"),
)  # fmt: skip
FORMATS: dict[str, Format] = {one.name: one for one in _ALL}
"""Every format by its name, in the order in which people are offered them."""

_BY_ENDING = sorted(((ending, one) for one in _ALL for ending in one.endings), key=lambda pair: -len(pair[0]))


def make(source: Source, name: str) -> str | bytes:
    """Make a format: text that every encoder takes, or bytes.

    Raises:
        ValueError: there is no such format; the message lists those there are.
        ImportError: the format needs a package that is not installed; the message says which.

    Example:
        >>> make(Source(RunState()), "mermaid").splitlines()[0]
        'flowchart LR'
    """
    if name not in FORMATS:
        raise ValueError(_unknown(name))
    made = FORMATS[name].make(source)
    return clean(made) if isinstance(made, str) else made


def export(source: Source, target: str | os.PathLike[str]) -> str | bytes:
    """Give a run in a format, or write it to a file.

    Args:
        source: the run.
        target: a name of :data:`FORMATS`, or a path with an ending of one of them.

    Returns:
        The text or the bytes, or the path that was written.

    Raises:
        ValueError: an unknown format; the message lists those there are.
        ImportError: the format needs a package that is not installed; the message says which.
        OSError: the file cannot be written.
    """
    name = os.fspath(target)
    if name in FORMATS and isinstance(target, str):
        return make(source, name)
    form = next((form for ending, form in _BY_ENDING if Path(name).name.lower().endswith(ending)), None)
    if form is None:
        raise ValueError(_unknown(name))
    made = make(source, form.name)
    Path(name).write_bytes(made.encode() if isinstance(made, str) else made)
    return name


def as_download(source: Source, name: str) -> dict[str, Any]:
    """Make the answer to the page's ``export`` (see ``docs/protocol.md``): a name for the file, and what is in it.

    Raises:
        ValueError: there is no such format.
        ImportError: the format needs a package that is not installed.
    """
    made = make(source, name)
    form, is_text = FORMATS[name], isinstance(made, str)
    return {
        "name": f"{_file_name(source.state)}{form.endings[0]}",
        "mime": form.mime,
        "text": made if is_text else None,
        "base64": None if isinstance(made, str) else base64.b64encode(made).decode("ascii"),
    }


def _file_name(state: RunState) -> str:
    """The run's name as every file system takes it, and its key; its number where it is not kept."""
    words = re.sub(r"[^\w.-]+", "-", shown(state.name, 60)).strip("-.")
    return f"{words or 'run'}-{state.key or state.id}"


def _unknown(target: str) -> str:
    endings = ", ".join(one.endings[0] for one in _ALL)
    return f"no format {target!r}: give one of {', '.join(FORMATS)}, or a path that ends in {endings}"
