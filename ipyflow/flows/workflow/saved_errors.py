"""Exceptions as values of events: kept as they are, saved as their type and message.

What was saved can come from anywhere, so that only exceptions of Python's own kinds are made of it again.
"""

from __future__ import annotations

import builtins
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer

from ipyflow.errors import WorkflowRuntimeError


def _exception(value: Any) -> Any:
    """An exception of what was saved of one: of Python's own kinds, or as text."""
    if not isinstance(value, dict) or "exception_type" not in value:
        return value
    name, message = str(value["exception_type"]), str(value.get("exception_message", ""))
    kind = getattr(builtins, name, None)
    if isinstance(kind, type) and issubclass(kind, Exception):
        try:
            return kind(message)
        except Exception:  # one that wants more than a message
            pass
    return WorkflowRuntimeError(f"{name}: {message}")


def _saved(error: BaseException) -> dict[str, str]:
    return {"exception_type": type(error).__name__, "exception_message": str(error)}


SavedError = Annotated[BaseException, BeforeValidator(_exception), PlainSerializer(_saved, when_used="json")]
