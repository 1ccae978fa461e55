"""What a notebook's cells define: names of ``__main__``, which no other process can import."""

from __future__ import annotations

import textwrap
from typing import Any

import ipyflow as fl


class Cells:
    """A namespace that cells are run in.

    Example:
        >>> cells = Cells()
        >>> cells.run("x = 1")["x"]
        1
    """

    def __init__(self, **names: Any) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__", "fl": fl, **names}
        self._count = 0

    def run(self, source: str) -> dict[str, Any]:
        """Run a cell; the namespace."""
        self._count += 1
        exec(compile(textwrap.dedent(source), f"<cell {self._count}>", "exec"), self.names)
        return self.names

    def __getitem__(self, name: str) -> Any:
        return self.names[name]
