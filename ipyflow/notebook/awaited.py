"""Events that a step of a workflow waits for, as forms: what a person types into one is sent as the event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from ipyflow.engine.run import Run
from ipyflow.errors import FormError
from ipyflow.forms.fields import Field
from ipyflow.forms.models import of_type
from ipyflow.forms.reading import read_fields

RESPONSE = Field("response", "str", "response", required=True, hint=str)
"""What is asked for where the event's type declares nothing, as ``HumanResponseEvent`` does not."""


def form_of(run: Run, task: int) -> dict[str, Any]:
    """The fields of the event that a step waits for; those that the wait itself requires are given already.

    Raises:
        RuntimeError: it waits no more.
    """
    return {"fields": [field.to_json() for field in _fields(_wait_of(run, task)[1])]}


def send(run: Run, task: int, values: Mapping[str, Any]) -> str:
    """Send the event; returns its type's name.

    Raises:
        FormError: what is wrong, for each field.
        RuntimeError: the step waits no more.
    """
    future, waiter = _wait_of(run, task)
    typed = read_fields(_fields(waiter), values)
    try:
        event = waiter.kind(**typed, **waiter.requirements)
    except ValidationError as error:
        raise FormError({".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}) from None
    future.send_event(event)
    return str(waiter.kind.__name__)


def _wait_of(run: Run, task: int) -> tuple[Any, Any]:
    """The workflow's future, and the oldest wait in which the body of this step's task stands."""
    for future in list(run.live.values()):
        workflow: Any = getattr(future, "_workflow_run", None)
        if workflow is not None:
            with workflow.lock:
                found = [waiter for waiter in workflow.waits.all if waiter.invocation.id == task]
            if found:
                return future, found[0]
    raise RuntimeError(f"task {task} waits for no event any more")


def _fields(waiter: Any) -> tuple[Field, ...]:
    kind = waiter.kind
    declared = of_type(kind) if issubclass(kind, BaseModel) else ()
    return tuple(field for field in declared if field.name not in waiter.requirements) or (RESPONSE,)
