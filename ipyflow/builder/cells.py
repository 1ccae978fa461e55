"""Where the builder's code goes: into a new cell, where there are cells."""

from __future__ import annotations

from collections.abc import Callable

_writer: Callable[[str], None] = print


def set_writer(writer: Callable[[str], None] | None) -> None:
    """Say what puts code into a new cell, as the notebook does; ``None`` to print it."""
    global _writer
    _writer = print if writer is None else writer


def write(code: str) -> None:
    """Put code into a new cell, or print it."""
    _writer(code)
