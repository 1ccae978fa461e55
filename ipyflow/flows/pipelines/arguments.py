"""Arguments that an entry is handed and those of its own: where both say the same."""

from __future__ import annotations

import inspect
from typing import Any

from ipyflow.flows.pipelines.entries import Step


def clash(step: Step, args: tuple[Any, ...], kwargs: dict[str, Any], handed: int) -> TypeError | None:
    """Python's ``TypeError`` for an argument that is given twice, with both sources in it."""
    names = list(kwargs)
    try:
        parameters = [
            p.name for p in inspect.signature(step.task.fn).parameters.values()
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]  # fmt: skip
    except ValueError:  # a built-in that does not tell
        return None
    if step.task.options.with_state:
        del parameters[:1]
    for place, name in enumerate(parameters[: len(args)]):
        if name in names:
            source = "what it was handed" if place < handed else "its own positional arguments"
            return TypeError(
                f"{step.name}() got multiple values for argument {name!r}: one from {source}, "
                f"and {name}= from its keywords; leave one of them out"
            )
    return None
