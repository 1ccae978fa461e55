"""The run of the past that a person means by a word, and the store that has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ipyflow import session
from ipyflow.past.run import PastRun

if TYPE_CHECKING:
    from ipyflow.store.shelf import Line
    from ipyflow.store.store import Store

_KEY = re.compile(r"[0-9a-f]{6}-\d+")
_BEGINNING = re.compile(r"[0-9a-f]{3,6}|[0-9a-f]{6}-\d*")
NAMED = 8
"""Runs that are named where several could be meant."""


def kept() -> Store:
    """The store of this process, with all in it that has happened so far.

    Raises:
        RuntimeError: nothing is kept here; the message says how it would be.
    """
    store: Store | None = session._session.store()
    if store is None:
        raise RuntimeError(f"no history is kept here: {_why_not()}")
    store.flush()
    return store


def _why_not() -> str:
    if session._session.is_forked:
        return "this process was forked from one that had run tasks"
    if session._session.settings.database == "default":
        return "IPYFLOW_DATABASE says none; ipyflow.configure(database='history.sqlite') keeps one in that file"
    return "the database is None; ipyflow.configure(database='default') keeps one"


def found(word: str, store: Store | None = None) -> PastRun | None:
    """The run of the past that goes by a word: its key, an unambiguous beginning of it, or a name (the newest).

    Args:
        word: what a person has written.
        store: where to look; by default the one of this process.

    Raises:
        LookupError: several keys begin with it.
        RuntimeError: no history is kept here.
    """
    store = kept() if store is None else store
    store.flush()
    run = keyed(word, store)
    if run is None:
        line = next(iter(store.shelf.lines(name=exactly(word), limit=1)), None)
        run = None if line is None else PastRun(store.shelf, line)
    return run


def keyed(word: str, store: Store) -> PastRun | None:
    """The run whose key a word is, or begins; arguments and errors as of :func:`found`."""
    line = store.shelf.find(word) if _KEY.fullmatch(word) else None
    if line is None and _BEGINNING.fullmatch(word):
        line = _begun(word, store)
    return None if line is None else PastRun(store.shelf, line)


def exactly(name: str) -> str:
    """A pattern that only this name fits.

    Example:
        >>> exactly("load[*]")
        'load[[][*]]'
    """
    return re.sub(r"[*?\[]", lambda match: f"[{match[0]}]", name)


def _begun(word: str, store: Store) -> Line | None:
    lines = store.shelf.begun(word, NAMED + 1)
    if len(lines) > 1:
        named = ", ".join(f"{line.key} ({line.name})" for line in lines[:NAMED])
        more = ", …" if lines[NAMED:] else ""
        raise LookupError(f"several runs begin with {word}: {named}{more}; give more of the key")
    return lines[0] if lines else None


def offered(most: int) -> list[Line]:
    """The newest runs of the history, for completion: as they are written by now; none where there is no history."""
    store: Store | None = session._session.store()
    try:
        return [] if store is None else store.shelf.lines(limit=most)
    except Exception:
        return []  # it cannot be read: whoever lists it is told
