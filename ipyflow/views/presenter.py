"""How runs and futures show themselves where nothing is live: text, static HTML, pictures, explanations, exports."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from ipyflow.machine import cores, crowded
from ipyflow.model.collector import collector_at_rest
from ipyflow.model.records import Read, Record
from ipyflow.model.run import RunState
from ipyflow.views.compare.facts import Given
from ipyflow.views.compare.shown import Comparison, compared
from ipyflow.views.dot import digraph
from ipyflow.views.explain import explain, explain_run
from ipyflow.views.exports import Source, as_download, export
from ipyflow.views.graph_svg import pictures_svg
from ipyflow.views.html import static_html, table_html, task_html
from ipyflow.views.lint.findings import Facts, reached
from ipyflow.views.lint.shown import Lint, lint
from ipyflow.views.otel import spans
from ipyflow.views.payload import MIME
from ipyflow.views.plans import plan
from ipyflow.views.saved import saved_payload
from ipyflow.views.svg import as_image
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.timelines_svg import timelines_svg
from ipyflow.views.whatif.forecast import checked, play_all, read_ended
from ipyflow.views.whatif.shown import WhatIf


class _Log(Protocol):
    @property
    def forgotten(self) -> int: ...

    def read(self, since: int = 0) -> tuple[int, list[Record]]: ...


class _Run(Protocol):
    """What a presenter needs of a run."""

    @property
    def key(self) -> str: ...

    @property
    def records(self) -> _Log: ...

    def now(self) -> float: ...

    def about(self) -> Mapping[str, Any]: ...

    def reading(self) -> AbstractContextManager[RunState]: ...


@dataclass(frozen=True)
class Picture:
    """Something that displays itself: in a notebook by the richest form it has, elsewhere as text."""

    forms: dict[str, Any] = field(repr=False)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return self.forms

    def __str__(self) -> str:
        return str(self.forms["text/plain"])

    def __repr__(self) -> str:
        return str(self)


class StaticPresenter:
    """Shows a handle as it stands now.

    A handle is a run, or a future, which has its run as ``run`` and its number in it as ``id``.
    """

    def mimebundle(self, handle: Any) -> dict[str, Any]:
        """Text for a terminal, HTML for a notebook and, for a run, the payload that the saved file keeps."""
        run, task = _parts(handle)
        with run.reading() as state:
            now = run.now()
            if task is None:
                return {
                    MIME: saved_payload(state, now=now),
                    "text/html": static_html(state, now=now),
                    "text/plain": text_tree(state, now=now),
                }
            if task in state.tasks:
                return {"text/html": task_html(state, task, now=now), "text/plain": repr(handle)}
        return {"text/plain": repr(handle)}

    def explain(self, handle: Any) -> str:
        """In words, where a run or a future stands and why."""
        run, task = _parts(handle)
        with run.reading() as state:
            now = run.now()
            if task is None:
                return explain_run(state, now=now)
            if task in state.tasks:
                return explain(state, task, now=now)
        return f"{handle!r}: its records are no longer held (log_limit)."

    def export(self, run: Any, target: str | os.PathLike[str]) -> str | bytes:
        """Give a run in a format, or write it to a path. See :func:`ipyflow.views.exports.export`."""
        with _source(run) as source:
            return export(source, target)

    def exported(self, run: Any, name: str) -> dict[str, Any]:
        """Give a run in a format as a page is answered. See :func:`ipyflow.views.exports.as_download`."""
        with _source(run) as source:
            return as_download(source, name)

    def spans(self, run: Any) -> list[Any]:
        """Give a run as spans of OpenTelemetry. See :func:`ipyflow.views.otel.spans`."""
        with _source(run) as source:
            return list(spans(source.state, now=source.now))

    def lint(self, run: Any) -> Lint:
        """Look through a run for what could be better. See :mod:`ipyflow.views.lint`."""
        known: dict[tuple[str, str], Callable[..., Any]] = {}
        for future in run.futures:
            fn = getattr(future.task, "fn", None)
            if callable(fn):
                known.setdefault((future.task.module, future.task.name), fn)
        with run.reading() as state:
            return lint(state, Facts(reached(known), run.sizes, cores(), run.cpu, crowded()))

    def picture(self, run: Any, kind: str, beside: Sequence[Any] = (), by: str = "task") -> Any:
        """Make the ``timeline``, ``graph`` or ``table`` of a run, or its graph as a ``graphviz.Digraph``.

        Args:
            run: the run.
            kind: which.
            beside: more runs, for a timeline of all on one scale.
            by: of a timeline, a row for each ``"task"`` or for each ``"worker"``.

        Raises:
            ValueError: an unknown kind, or unknown rows.
        """
        if beside:
            return _timelines([run, *beside], by)
        handle: _Run = run
        with handle.reading() as state:
            now = handle.now()
            if kind == "graphviz":
                return digraph(state)
            text = text_tree(state, now=now)
            if kind == "timeline":
                return _picture(timeline_svg(state, now=now, by=by), f"Timeline of {state.name}", text)
            if kind == "graph":
                return _picture(pictures_svg(state, now=now), f"Graph of {state.name}", text)
            if kind == "table":
                return Picture({"text/html": table_html(state, now=now), "text/plain": text})
        raise ValueError(f"no picture {kind!r}; there are timeline, graph, table and graphviz")

    def what_if(self, run: _Run, workers: Iterable[int] | None) -> WhatIf:
        """Play an ended run again with other numbers of workers. See :func:`ipyflow.views.whatif.forecast.forecast`."""
        asked = None if workers is None else checked(workers)
        _, records = run.records.read()
        reads = [record for record in records if isinstance(record, Read)]
        with collector_at_rest(len(records)):
            with run.reading() as state:  # nobody else reads the run meanwhile: not for as long as it is played
                ran = read_ended(state, reads)
            return WhatIf(play_all(ran, asked))

    def compare(self, before: _Run, after: _Run, sources: Sequence[Mapping[str, str]]) -> Comparison:
        """Compare two runs. See :mod:`ipyflow.views.compare`.

        Args:
            before: the first.
            after: the second, another handle than the first.
            sources: for both, the source of its tasks by ``module:name``, as far as it is known.
        """
        with _held([before, after]) as states, collector_at_rest(sum(state.seq for state in states)):
            given = [
                Given(state, run.key, run.now(), known)
                for state, run, known in zip(states, (before, after), sources, strict=True)
            ]
            return compared(given[0], given[1])

    def plan(self, records: Sequence[Record], form: str) -> Any:
        """Show what is planned. See :func:`ipyflow.views.plans.plan`."""
        return plan(records, form)


@contextmanager
def _source(run: _Run) -> Iterator[Source]:
    """A run held still, as exports are made from it."""
    with run.reading() as state:
        yield Source(state, run.now(), lambda: (run.records.forgotten, run.records.read()[1]), run.about)


def _picture(svg: str, label: str, text: str) -> Picture:
    """A drawing, also as HTML: what a notebook shows that is not trusted, where it drops SVG."""
    return Picture({"text/html": as_image(svg, label), "image/svg+xml": svg, "text/plain": text})


@contextmanager
def _held(runs: Sequence[_Run]) -> Iterator[list[RunState]]:
    """Several runs held still, each once and always in one order: so two threads never wait for each other."""
    with ExitStack() as stack:
        once = sorted({id(run): run for run in runs}.items())
        held = {key: stack.enter_context(run.reading()) for key, run in once}
        yield [held[id(run)] for run in runs]


def _timelines(handles: Sequence[Any], by: str) -> Picture:
    runs = [_parts(handle)[0] for handle in handles]
    with _held(runs) as states:
        now = [run.now() for run in runs]
        text = "\n\n".join(text_tree(state, now=clock) for state, clock in zip(states, now, strict=True))
        names = ", ".join(state.name for state in states)
        return _picture(timelines_svg(states, now=now, by=by), f"Timelines of {names}", text)


def _parts(handle: Any) -> tuple[_Run, int | None]:
    """The run of a handle, and the number of the task when it is a future."""
    run = getattr(handle, "run", None)
    return (handle, None) if run is None or callable(run) else (run, handle.id)
