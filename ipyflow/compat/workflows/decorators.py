"""What makes steps of functions."""

from __future__ import annotations

from ipyflow import catch_error, step

__all__ = ["catch_error", "step"]
