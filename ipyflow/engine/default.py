"""The engine that tasks submit to unless told otherwise; ``ipyflow.session`` says which that is."""

from __future__ import annotations

from collections.abc import Callable

from ipyflow.engine.scheduler import Engine

instance: Engine | None = None
"""The default engine, once there is one; ``default.instance or default.make()`` is the quick way to it."""

_maker: Callable[[], Engine] | None = None


def set_maker(maker: Callable[[], Engine]) -> None:
    """Let ``maker`` make the default engine when it is first needed."""
    global _maker
    _maker = maker


def install(engine: Engine | None) -> Engine | None:
    """Make ``engine`` the default one (``None``: the next submit makes a new one); returns the one before."""
    global instance
    before, instance = instance, engine
    return before


def make() -> Engine:
    """Make the default engine.

    Raises:
        RuntimeError: nobody has said how; ``import ipyflow`` does.
    """
    if _maker is None:
        raise RuntimeError("there is no engine yet: import ipyflow")
    return _maker()
