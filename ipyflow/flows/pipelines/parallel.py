"""``in_parallel``: branches side by side, as one entry of a pipeline.

``__tracebackhide__`` keeps frames out of IPython's tracebacks: what is wrong with a pipeline is in the reader's line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ipyflow.errors import PipelineInvalid
from ipyflow.flows.pipelines.entries import FINALISER, Group
from ipyflow.flows.pipelines.value import Pipeline, Sendable, not_a_task
from ipyflow.flows.tasks import Task


def in_parallel(
    pipelines: Iterable[Any], max_parallelism: int | None = None, num_stages: int | None = None,
    return_exceptions: bool = False, fail_fast: bool = False, ordered: bool = True, name: str | None = None,
    merge_state: Callable[[Any, list[Any]], Any] | None = None,
) -> Pipeline:  # fmt: skip
    """A pipeline that runs others side by side; its value is the list of theirs, in the order given.

    Args:
        pipelines: the branches: pipelines, or tasks.
        max_parallelism: so many branches are started and unfinished at most, and so many tasks run below at most,
            groups in groups and pipelines that tasks return included. ``None`` or 0: as many as there are.
        num_stages: aggregate in so many chunks; views show them apart. The value is the same list.
        return_exceptions: put exceptions into the list in place of raising them together.
        fail_fast: cancel the other branches at the first failure, in place of letting them end.
        ordered: ``False`` gives the values in the order in which the branches end.
        name: its name in views.
        merge_state: makes the state behind the group of the one before and the list of the branches' states; by
            default their changes are merged, dicts key by key.

    Raises:
        PipelineInvalid: a branch that is no pipeline, is empty, has initial parameters or ends in ``finally_do``; a
            limit below 1.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def multiply(x, y):
        ...     return x * y
        >>> @fl.task
        ... def average(values):
        ...     return sum(values) / len(values)
        >>> fl.in_parallel([multiply.send(3, 2), multiply.send(4, 5)]).continue_with(average)()
        13.0
    """
    __tracebackhide__ = True
    if isinstance(pipelines, (Pipeline, Sendable)) or not isinstance(pipelines, Iterable):
        raise PipelineInvalid(
            f"in_parallel({pipelines!r}): give a list of pipelines, as in in_parallel([a.send(), b.send()])"
        )
    branches: list[Pipeline] = []
    for place, one in enumerate(pipelines):
        branches.append(_branch(place, one))  # no comprehension: its frame would show in tracebacks
    group = Group(
        tuple(branches),
        _whole("max_parallelism", max_parallelism, 0) or None,
        min(_whole("num_stages", num_stages, 1) or 1, max(len(branches), 1)),
        _flag("return_exceptions", return_exceptions),
        _flag("fail_fast", fail_fast),
        _flag("ordered", ordered),
        _name(name),
        _merger(merge_state),
    )
    if group.fail_fast and group.return_exceptions:
        raise PipelineInvalid("fail_fast=True stops at the first failure, return_exceptions=True at none: choose one")
    return Pipeline()._and(group)


def _branch(place: int, one: Any) -> Pipeline:
    __tracebackhide__ = True
    if isinstance(one, Sendable):
        one = one.send()
    if not isinstance(one, Pipeline):
        raise PipelineInvalid(f"in_parallel(...): branch {place} is no pipeline: {not_a_task(one)}")
    if not one.size:
        raise PipelineInvalid(f"in_parallel(...): branch {place} is an empty pipeline: begin it with task.send(...)")
    if one.initial is not None:
        raise PipelineInvalid(
            f"Ambiguous initial parameters: branch {place} has some of its own, and is handed those of the group; "
            "set them on the group, or give the task its arguments with send()"
        )
    if one.last is not None and one.last.role == FINALISER:
        raise PipelineInvalid(
            f'Invalid pipeline: "finally_do" must be called at the end of the pipeline; branch {place} has one of its '
            "own. Put it behind the group"
        )
    return one


def _whole(option: str, value: Any, least: int) -> int | None:
    __tracebackhide__ = True
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        unlimited = "; leave it out for no limit" if least == 0 else ""
        raise PipelineInvalid(f"in_parallel({option}={value!r}): give a whole number of 1 or more{unlimited}")
    return value


def _flag(option: str, value: Any) -> bool:
    __tracebackhide__ = True
    if not isinstance(value, bool):
        raise PipelineInvalid(f"in_parallel({option}={value!r}): give True or False")
    return value


def _name(name: Any) -> str:
    __tracebackhide__ = True
    if name is None:
        return "in_parallel"
    if not isinstance(name, str) or not name.strip():
        raise PipelineInvalid(f"in_parallel(name={name!r}): give a name as text")
    return name


def _merger(merge: Any) -> Any:
    __tracebackhide__ = True
    if merge is None or isinstance(merge, Task):
        return merge
    if not callable(merge):
        raise PipelineInvalid(
            f"in_parallel(merge_state={merge!r}): give a function of the state and the branches' states"
        )
    return Task(merge, {}, False)
