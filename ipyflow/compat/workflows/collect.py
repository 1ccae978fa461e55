"""How many events of a list a step waits for."""

from __future__ import annotations

from ipyflow import All, Collect, Take

__all__ = ["All", "Collect", "Take"]
