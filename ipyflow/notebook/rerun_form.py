"""The form with which a run is begun anew: the flow's parameters, filled with the arguments of this run."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from ipyflow.engine.beginning import Beginning
from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.errors import FormError
from ipyflow.forms.fields import Field
from ipyflow.forms.reading import read_fields
from ipyflow.forms.signature import as_call, of_callable


def has_form(run: Run) -> bool:
    """Whether there are parameters that could be others."""
    beginning = run.beginning
    if beginning is None or beginning.task is None:
        return False
    try:
        return bool(inspect.signature(beginning.task.fn).parameters)
    except ValueError:  # a built-in function that does not tell
        return False


def form_of(run: Run) -> dict[str, Any]:
    """The answer to ``form`` (see ``docs/protocol.md``).

    Raises:
        ValueError: it has no parameters, or its arguments are no longer kept.
    """
    beginning, fields = _fields(run)
    assert beginning.task is not None
    return {
        "name": beginning.task.name,
        "fields": [field.to_json() for field in fields],
        "values": {field.name: field.as_json(field.default) for field in fields if field.has_default},
    }


def rerun_with(run: Run, raw: dict[str, Any]) -> Future[Any]:
    """Begin ``run`` anew with what was typed; what was left out is as it was.

    Raises:
        FormError: with a message for each field that is wrong; nothing was started.
        ValueError: it has no parameters, or its arguments are no longer kept.
    """
    beginning, fields = _fields(run)
    assert beginning.task is not None
    given = {field.name: field.default for field in fields if field.has_default} | read_fields(fields, raw)
    fn = beginning.task.latest().fn
    args, kwargs = as_call(fn, given)
    try:
        inspect.signature(fn).bind(*args, **kwargs)
    except TypeError as error:
        raise FormError({"": str(error)}) from None
    return beginning.start_with(args, kwargs)


def _fields(run: Run) -> tuple[Beginning, list[Field]]:
    """The fields of the code of now; where this run has an argument, that is what they hold."""
    beginning = run.beginning
    if beginning is None or beginning.task is None:
        why = "has no parameters of its own" if beginning is not None else "does not know its arguments any more"
        raise ValueError(f"{run.name} {why}: submit it again")
    present = beginning.present()
    fields = [
        dataclasses.replace(field, default=present[field.name], has_default=True, required=False)
        if field.name in present
        else field
        for field in of_callable(beginning.task.latest().fn)
    ]
    return beginning, fields
