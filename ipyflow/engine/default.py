"""The engine that tasks submit to unless told otherwise; ``ipyflow.session`` says which that is."""

from __future__ import annotations

from collections.abc import Callable

from ipyflow.engine.scheduler import Engine

_provider: Callable[[], Engine] | None = None


def provide(provider: Callable[[], Engine]) -> None:
    """Let ``provider`` say from now on which engine is the default one; it may make it when first asked."""
    global _provider
    _provider = provider


def engine() -> Engine:
    """The default engine.

    Raises:
        RuntimeError: nobody has provided one; ``import ipyflow`` does.
    """
    if _provider is None:
        raise RuntimeError("there is no engine yet: import ipyflow")
    return _provider()
