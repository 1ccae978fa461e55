"""What only the notebook can add to the details of a task: the value's rich form, tracebacks that name cells."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ipyflow.engine.endings import is_retriable
from ipyflow.engine.future import Future
from ipyflow.model.status import State

LONGEST = 200_000
"""Characters of a value's HTML; a longer one is left out."""
LONGEST_TEXT = 20_000

_FILE = re.compile(
    r'File ("|&quot;|&#34;|&#x27;)(?P<name>[^"&\n]+)\1, line (?P<line>\d+)(?:, in (?:<|&lt;)module(?:>|&gt;))?'
)


class Richer:
    """Asks the shell's formatters, on request only; what they raise is caught.

    Args:
        shell: the interactive shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def enrich(self, detail: dict[str, Any], future: Future[Any] | None) -> dict[str, Any]:
        """Fill in what a future that is alive knows more, and name the cells in its tracebacks."""
        for holder in (detail, *detail["attempts"]):
            if holder["traceback"] is not None:
                holder["traceback"] = self.naming_cells(holder["traceback"])
        if future is not None and future.state in (State.SUCCEEDED, State.CACHED):
            detail["html"] = self._form("text/html", future._value, LONGEST)
            detail["result"] = self._form("text/plain", future._value, LONGEST_TEXT) or detail["result"]
        detail["again"] = future is not None and future.state is State.CACHED and is_retriable(future)
        return detail

    def naming_cells(self, text: str) -> str:
        """Say ``Cell In[3], line 5`` where a traceback, plain or escaped for HTML, has the file name of a cell."""

        def named(match: re.Match[str]) -> str:
            try:
                label: tuple[str, str] | None = self._shell.compile.format_code_name(match["name"])
            except Exception:
                label = None
            return match[0] if label is None else f"{label[0]} {label[1]}, line {match['line']}"

        return _FILE.sub(named, text)

    def _form(self, mime: str, value: Any, most: int) -> str | None:
        try:
            text = self._printer(mime, value)(value)
        except Exception:
            return None
        if not isinstance(text, str):
            return None
        if mime == "text/plain":
            return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
        return text if len(text) <= most else None

    def _printer(self, mime: str, value: Any) -> Callable[[Any], Any]:
        # Not by calling the formatter: it would print what a faulty _repr_html_ raises into some cell.
        formatter = self._shell.display_formatter.formatters[mime]
        if mime == "text/plain":
            from IPython.lib.pretty import pretty

            return lambda value: pretty(value, max_width=100, max_seq_length=200)
        try:
            printer: Callable[[Any], Any] = formatter.lookup(value)
            return printer
        except KeyError:
            method = getattr(value, "_repr_html_", None)
            return (lambda _: method()) if callable(method) and not isinstance(value, type) else (lambda _: None)
