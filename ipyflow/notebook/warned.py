"""Warnings of runs, written where the person looks: under the cell that runs, or ran last.

A run ends on some thread of the pool. What that writes goes to the message that the kernel has handled last, and in a
live notebook this is as likely one from a page, whose outputs are shown nowhere.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TextIO

from ipyflow.errors import IpyflowWarning


class Warned:
    """Shows our warnings, and leaves all others to whoever showed them before."""

    def __init__(self) -> None:
        self._before: Callable[..., Any] | None = None
        self._cell: Context | None = None

    def install(self) -> None:
        """Begin."""
        self._before = warnings.showwarning
        warnings.showwarning = self.show
        self.cell_begins()

    def remove(self) -> None:
        """End, unless somebody has taken over since: they may hand their warnings on to us."""
        if self._before is not None and warnings.showwarning == self.show:
            warnings.showwarning = self._before

    def cell_begins(self, info: Any = None) -> None:
        """``pre_run_cell``: outputs in the context of this moment go under the cell."""
        self._cell = copy_context()

    def show(
        self, message: Warning | str, category: type[Warning], filename: str, lineno: int,
        file: TextIO | None = None, line: str | None = None,
    ) -> None:  # fmt: skip
        """As ``warnings.showwarning``. Ours come from no line of anybody's code, so none is named."""
        if file is not None or self._cell is None or not issubclass(category, IpyflowWarning):
            assert self._before is not None
            self._before(message, category, filename, lineno, file, line)
        else:
            self._cell.copy().run(sys.stderr.write, f"{category.__name__}: {message}\n")
