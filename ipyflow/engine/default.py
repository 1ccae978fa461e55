"""The engine that tasks submit to unless told otherwise; ``ipyflow.session`` says which that is."""

from __future__ import annotations

from collections.abc import Callable

from ipyflow.engine.scheduler import Engine
from ipyflow.model.ports import Presenter

instance: Engine | None = None
"""The default engine, once there is one; ``default.instance or default.make()`` is the quick way to it."""

_maker: Callable[[], Engine] | None = None
_presenter: Callable[[], Presenter] | None = None


def set_maker(maker: Callable[[], Engine]) -> None:
    """Let ``maker`` make the default engine when it is first needed."""
    global _maker
    _maker = maker


def set_presenter(presenter: Callable[[], Presenter]) -> None:
    """Let ``presenter`` say what shows plans, for which no engine is needed."""
    global _presenter
    _presenter = presenter


def presenter() -> Presenter:
    """What shows plans.

    Raises:
        RuntimeError: nobody has said; ``import ipyflow`` does.
    """
    if _presenter is None:
        raise RuntimeError("there is nothing yet that shows plans: import ipyflow")
    return _presenter()


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
