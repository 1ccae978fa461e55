"""A plan from a pipeline: what was put together in code, on the desk of the builder."""

from __future__ import annotations

from typing import Any

from ipyflow.builder import plan as p
from ipyflow.builder.names import Names
from ipyflow.errors import PipelineInvalid
from ipyflow.flows.pipelines.entries import FINALISER, HANDLER, Entry, Group, Step
from ipyflow.flows.pipelines.value import Pipeline
from ipyflow.flows.tasks import Task

MOST = 500
"""Entries of a pipeline that can still be worked on by hand."""


def read(pipeline: Pipeline, name: str, names: Names) -> p.Plan:
    """The plan of a pipeline.

    Args:
        pipeline: what to read.
        name: what it is called.
        names: the notebook's; values without a name there get one.

    Raises:
        PipelineInvalid: it has more than :data:`MOST` entries.
    """
    if pipeline.size > MOST:
        raise PipelineInvalid(
            f"this pipeline has {pipeline.size:,} entries, and a Builder holds {MOST} at most: such a large one is "
            "better put together by code"
        )
    plan = p.empty(name)
    plan["entries"] = [_entry(one, plan, names) for one in pipeline.entries]
    plan["inline"] = pipeline.is_inline
    initial = pipeline.initial
    if initial is not None:
        given: tuple[Any, ...] = (initial.args, initial.kwargs, initial.state)
        args, kwargs, state = ("" if one is None else names.of_value(one) for one in given)
        plan["initial"] = {"args": args, "kwargs": kwargs, "state": state}
    return plan


def _entry(entry: Entry, plan: p.Plan, names: Names) -> p.Entry:
    return _group(entry, plan, names) if isinstance(entry, Group) else _step(entry, plan, names)


def _step(step: Step, plan: p.Plan, names: Names) -> p.Step:
    task, more = names.of_task(step.task)
    roles: dict[str | None, p.Role] = {None: "then", HANDLER: "exceptionally", FINALISER: "finally"}
    return {
        "id": p.number(plan),
        "kind": "step",
        "role": roles[step.role],
        "task": task,
        "args": [names.of_value(one) for one in step.args],
        "kwargs": {name: names.of_value(one) for name, one in step.kwargs.items()},
        "options": {name: names.of_value(one) for name, one in more.items()},
        "pauses": step.pauses,
    }


def _group(group: Group, plan: p.Plan, names: Names) -> p.Group:
    id = p.number(plan)
    branches: list[p.Branch] = [
        {"id": p.number(plan), "entries": [_entry(one, plan, names) for one in branch.entries]}
        for branch in group.branches
    ]
    options: dict[str, str] = {}
    if group.at_once is not None:
        options["max_parallelism"] = repr(group.at_once)
    if group.stages != 1:
        options["num_stages"] = repr(group.stages)
    for option, value, usual in (
        ("return_exceptions", group.return_exceptions, False), ("fail_fast", group.fail_fast, False),
        ("ordered", group.ordered, True), ("name", group.name, "in_parallel"),
    ):  # fmt: skip
        if value != usual:
            options[option] = repr(value)
    if group.merge is not None:
        options["merge_state"] = _merger(group.merge, names)
    return {"id": id, "kind": "group", "branches": branches, "options": options, "pauses": group.pauses}


def _merger(merge: Task[Any, Any], names: Names) -> str:
    """A plain function was made a task of; in code it stands for itself."""
    if merge._given or any(value is merge for value in names.namespace.values()):
        return names.of_value(merge)
    return names.of_value(merge.fn)
