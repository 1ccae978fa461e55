"""For the modules whose names are not here: asking for one says what to write instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn


def missing(instead: str) -> Callable[[str], NoReturn]:
    """The ``__getattr__`` of such a module.

    Args:
        instead: what is here, and what to write.

    Example:
        >>> missing("there is one process: call what you would send to")("Client")
        Traceback (most recent call last):
            ...
        ImportError: Client is not here: there is one process: call what you would send to
    """

    def ask(name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)  # what Python itself asks every module for
        raise ImportError(f"{name} is not here: {instead}")

    return ask
