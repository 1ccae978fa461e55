"""A builder as JSON: all that a page needs to draw it, so that the page decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipyflow.builder import plan as p
from ipyflow.builder.landing import Landing, flag, look
from ipyflow.builder.palette import palette, variables
from ipyflow.builder.texts import joined

if TYPE_CHECKING:
    from ipyflow.builder.builder import Builder


def to_json(builder: Builder) -> dict[str, Any]:
    """All that a page shows.

    Args:
        builder: the builder.
    """
    plan, problems, landings = builder.plan, builder.problems, builder.landings()
    steps = list(p.steps(plan))
    return {
        "plan": plan,
        "looks": {str(step["id"]): _look(step, landings[step["id"]], builder) for step in steps},
        "problems": [problem.to_json() for problem in problems],
        "code": [list(line) for line in builder.lines()],
        "palette": palette(builder.names, (step["task"] for step in steps if step["task"])),
        "variables": variables(builder.names),
        "undo": builder.undoes,
        "redo": builder.redoes,
        "ready": not any(not problem.doubt for problem in problems),
    }


def _look(step: p.Step, landing: Landing, builder: Builder) -> dict[str, Any]:
    task = builder.names.task(step["task"])
    return {
        "text": look(step, landing),
        "arguments": joined(step["args"], step["kwargs"]),
        "slots": [
            {
                "name": slot.name, "key": slot.key, "text": slot.text, "source": slot.source,
                "needed": slot.needed, "default": slot.default,
            }
            for slot in landing.slots
        ],
        "open": landing.open,
        "with_state": flag(step, "with_state", task),
        "fruitful": flag(step, "fruitful", task),
    }  # fmt: skip
