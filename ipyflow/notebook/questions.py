"""What a page asks once and the kernel answers: lines of the log, a stretch of time, the past, an export.

Messages: ``docs/protocol.md``. The answers are made by functions of :mod:`ipyflow.views`; nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipyflow.engine.run import Run
from ipyflow.notebook import awaited
from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.rerun_form import form_of
from ipyflow.views.log_lines import log_lines
from ipyflow.views.replay import replayed
from ipyflow.views.window import window

Query = dict[str, Any]


def answer(run: AnyRun, what: Any, query: Query, bundle: Callable[[AnyRun], dict[str, Any]]) -> dict[str, Any]:
    """Answer a question about a run.

    Args:
        run: the run.
        what: the kind of question.
        query: what it says besides.
        bundle: makes the static forms of a run.

    Raises:
        ValueError: there is no such question.
    """
    if what == "log":
        return _log(run, query)
    if what == "window":
        return _window(run, query)
    if what == "replay":
        return {"payload": replayed(run.log, float(query["at"]))}
    if what == "export":
        return run.presenter.exported(run, str(query["format"]))
    if what == "whatif":
        return dict(run.what_if(query.get("workers")).to_json())
    if what == "hints":
        return dict(run.lint().to_json())
    if what == "bundle":
        return bundle(run)
    if what == "form" and isinstance(run, Run):
        return form_of(run)
    if what == "awaited" and isinstance(run, Run):
        return awaited.form_of(run, int(query["task"]))
    raise ValueError(
        f"no question {what!r}; there are log, window, replay, export, whatif, hints, form, awaited and bundle: reload"
    )


def _log(run: AnyRun, query: Query) -> dict[str, Any]:
    task, until = query.get("task"), query.get("until")
    with run.reading() as state:
        return log_lines(
            state,
            offset=int(query.get("offset") or 0),
            limit=int(query.get("limit") or 500),
            tail=bool(query.get("tail")),
            task=None if task is None else int(task),
            streams=query.get("streams"),
            text=str(query.get("text") or ""),
            until=None if until is None else float(until),
        )


def _window(run: AnyRun, query: Query) -> dict[str, Any]:
    begin, end, bins = float(query["from"]), float(query["to"]), int(query.get("bins") or 240)
    with run.reading() as state:
        return window(state, begin, end, bins, now=run.now())
