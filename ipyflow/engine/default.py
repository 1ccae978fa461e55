"""The engine that tasks submit to unless told otherwise; ``ipyflow.session`` says which that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ipyflow.engine.scheduler import Engine
from ipyflow.model.ports import Presenter

instance: Engine | None = None
"""The default engine, once there is one; ``default.instance or default.make()`` is the quick way to it."""

_maker: Callable[[], Engine] | None = None
_presenter: Callable[[], Presenter] | None = None
_former: Callable[[Any, dict[str, Any]], Any] | None = None


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


def set_former(former: Callable[[Any, dict[str, Any]], Any]) -> None:
    """Let ``former`` make the forms that start tasks: of a task, and the values that are there at first."""
    global _former
    _former = former


def form(task: Any, preset: dict[str, Any]) -> Any:
    """A form that starts ``task``.

    Raises:
        RuntimeError: nobody has said what makes one; ``import ipyflow`` does.
    """
    if _former is None:
        raise RuntimeError("there is nothing yet that makes forms: import ipyflow")
    return _former(task, preset)


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
