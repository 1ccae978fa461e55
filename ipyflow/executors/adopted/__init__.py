"""Executors of other libraries.

``executor`` finds out where one runs things, ``here`` and ``there`` are the two cases.
"""

from __future__ import annotations

import concurrent.futures

from ipyflow.executors.adopted.executor import AdoptedExecutor


def make(pool: concurrent.futures.Executor) -> AdoptedExecutor:
    """Adopt an executor."""
    return AdoptedExecutor(pool)
