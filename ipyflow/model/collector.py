"""The garbage collector while much is made that stays."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 30_000
"""Records from which on it is worth it."""


@contextmanager
def collector_at_rest(records: int) -> Iterator[None]:
    """Fold many records without the garbage collector: all they become stays, and it would look through it often.

    Args:
        records: about how many are folded; few are not worth it.

    Example:
        >>> with collector_at_rest(100_000):
        ...     gc.isenabled()
        False
    """
    rest = records > MANY and gc.isenabled()
    if rest:
        gc.disable()
    try:
        yield
    finally:
        if rest:
            if not gc.get_freeze_count():
                # All of it goes to the old objects at once: else the collector's first look is at every one of them.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
