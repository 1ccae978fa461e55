"""Where a run keeps its state."""

from __future__ import annotations

from ipyflow.workflows import DictState
from ipyflow.workflows import Store as InMemoryStateStore

__all__ = ["DictState", "InMemoryStateStore"]
