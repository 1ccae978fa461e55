"""What pages ask of the history, and have done to it: lists, deletion, two runs beside each other, going on with one.

Messages: ``docs/protocol.md``. Called by: threads of their own, for the store and the user's code take their time.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from ipyflow.engine.future import Future
from ipyflow.notebook.facts import can_resume
from ipyflow.past.comparing import compare
from ipyflow.past.finding import found, kept
from ipyflow.past.resuming import resume as go_on
from ipyflow.past.run import LOST, PastRun
from ipyflow.views.words import clean, clip

if TYPE_CHECKING:
    from ipyflow.store.store import Store

PAGE = 50
"""Runs that are listed at once."""

_opened: weakref.WeakValueDictionary[str, PastRun] = weakref.WeakValueDictionary()
"""Runs of the past that are on show: several views of one share what was read of it."""


def opened(key: str) -> PastRun:
    """A run of the past, with its log read.

    Raises:
        LookupError: the history has none of this key.
        RuntimeError: no history is kept here.
        ValueError: a newer version has written it.
    """
    run = _opened.get(key)
    if run is None or not run.closed:  # of one that went on elsewhere it is asked anew whether its kernel is there
        run = found(key)
        if run is None:
            raise LookupError(f"the history has no run {key}: it was deleted, or is in another database")
        _opened[run.key] = run
    run.snapshot()
    return run


def answer(what: Any, query: dict[str, Any], placing: Callable[[], AbstractContextManager[None]]) -> dict[str, Any]:
    """Answer a question that is about no run on show.

    Args:
        what: the kind of question.
        query: what it says besides.
        placing: around the start of a run that the page gives a place.

    Raises:
        ValueError: there is no such question.
        RuntimeError: no history is kept here.
        LookupError: the history has no such run.
    """
    if what == "history":
        return _listed(query)
    if what == "disk":
        return {"disk": kept().disk()}
    if what == "delete":
        return {"deleted": _deleted([str(key) for key in query["keys"]])}
    if what == "compare":
        before, after = query["before"], query.get("after")
        return compare(str(before), None if after is None else str(after)).to_json()
    if what == "resume":
        run = resume(str(query["key"]), placing).run
        return {"run": run.id, "wall": run.snapshot().wall, "name": clean(run.name)}
    raise ValueError(f"no question {what!r}; there are history, disk, delete, compare and resume: reload the page")


def resume(key: str, placing: Callable[[], AbstractContextManager[None]]) -> Future[Any]:
    """Go on with a run of the past, as a run of its own that whoever asks gives a place."""
    with placing():
        return go_on(key)


def _listed(query: dict[str, Any]) -> dict[str, Any]:
    offset, limit = int(query.get("offset") or 0), min(int(query.get("limit") or PAGE), 10 * PAGE)
    store = kept()
    lines = store.shelf.lines(
        state=query.get("state") or None, text=str(query.get("text") or "") or None, limit=limit + 1, offset=offset
    )
    runs = [_line(PastRun(store.shelf, line), store) for line in lines[:limit]]
    return {"runs": runs, "offset": offset, "more": len(lines) > limit}


def _line(run: PastRun, store: Store) -> dict[str, Any]:
    line = run.line
    after = store.shelf.resumed_by(line.key) if can_resume(run) else None
    return {
        "key": line.key,
        "name": clean(clip(line.name, 200)),
        "kind": line.kind,
        "state": LOST if line.lost else line.state,
        "wall": line.opened,
        "elapsed": round(line.seconds, 6),
        "total": line.tasks,
        "failed": line.failed,
        "cached": line.cached,
        "resumes": line.resumes,
        "resumed": "" if after is None else after.key,
        "resumable": can_resume(run) and after is None,
        "notebook": clean(clip(line.notebook, 200)),
    }


def _deleted(keys: list[str]) -> int:
    store = kept()
    lines = [store.shelf.find(key) for key in keys]
    return store.delete([line.id for line in lines if line is not None])
