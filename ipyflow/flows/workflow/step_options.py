"""The options of ``@step`` and ``@catch_error``, checked where they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows import options

STEP_CHECKS = ("reachability", "dead_end")
"""The checks of the graph that a step can be left out of."""


@dataclass(frozen=True, slots=True)
class Handler:
    """What a ``@catch_error`` handles: the failures of ``for_steps``, or of all that no other handler has."""

    for_steps: tuple[str, ...] | None
    max_recoveries: int


_STEP_OPTIONS = (
    "workflow", "num_workers", "retry_policy", "timeout", "skip_graph_checks", "accept_event_subclasses",
)  # fmt: skip
_HANDLER_OPTIONS = ("for_steps", "max_recoveries", "workflow")


def check(word: str, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a :class:`~ipyflow.flows.workflow.steps.Step` that come of options.

    Args:
        word: the decorator.
        given: its options.

    Raises:
        WorkflowValidationError: an option that is not there or cannot be.
    """
    known = _STEP_OPTIONS if word == "@step" else _HANDLER_OPTIONS
    for name in given:
        if name not in known:
            raise WorkflowValidationError(f"{word} has no option {name}=: there are {', '.join(known)}")
    return _step(given) if word == "@step" else _handler(given)


def _step(given: dict[str, Any]) -> dict[str, Any]:
    return {
        "num_workers": _whole("num_workers", given.get("num_workers", 4)),
        "retries": _checked(options.retries, given.get("retry_policy"), "retry_policy"),
        "timeout": _checked(_seconds, given.get("timeout"), "timeout"),
        "skip_graph_checks": checks(given.get("skip_graph_checks"), STEP_CHECKS),
        "accept_event_subclasses": _flag("accept_event_subclasses", given.get("accept_event_subclasses", False)),
    }


def _handler(given: dict[str, Any]) -> dict[str, Any]:
    names = given.get("for_steps")
    if names is not None:
        names = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, Iterable) else (None,)
        if not all(isinstance(name, str) for name in names):
            raise WorkflowValidationError(
                f"for_steps={given['for_steps']!r}: give a list of names of steps, as in for_steps=['fetch']"
            )
    return {"handles": Handler(names, _whole("max_recoveries", given.get("max_recoveries", 1))), "num_workers": 1}


def checks(names: Any, known: tuple[str, ...]) -> frozenset[str]:
    """The names of checks to skip.

    Raises:
        WorkflowValidationError: there is no such check.
    """
    names = (names,) if isinstance(names, str) else tuple(names or ())
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WorkflowValidationError(
            f"skip_graph_checks={list(names)!r}: there is no check {unknown[0]!r}; there are {', '.join(known)}"
        )
    return frozenset(names)


def _checked(check: Callable[..., Any], value: Any, option: str) -> Any:
    try:
        return check(value, option)
    except (TypeError, ValueError) as error:
        raise WorkflowValidationError(str(error)) from None


def _seconds(value: Any, option: str) -> float | None:
    return options.seconds(option, value, positive=True)


def _whole(option: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise WorkflowValidationError(f"{option}={value!r}: give a whole number of 1 or more")
    return value


def _flag(option: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise WorkflowValidationError(f"{option}={value!r}: give True or False")
    return value
