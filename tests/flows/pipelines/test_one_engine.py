"""One computation said in several ways is one story in the log: the forms share one engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

import ipyflow as fl
from ipyflow.model.run import RunState
from ipyflow.testing import Lab
from ipyflow.views.edges import DATA, edges


@fl.task
def multiply(x: int, y: int) -> int:
    return x * y


@fl.task
def add_up(values: list[int]) -> int:
    return sum(values)


@fl.task(resolve=True, name="add_up")
def add_up_futures(values: list[int]) -> int:
    return sum(values)


@fl.flow
def by_futures() -> int:
    return add_up_futures.submit([multiply.submit(3, 2), multiply.submit(4, 5)])  # type: ignore[list-item, return-value]


@fl.flow
def by_waiting() -> int:
    first, second = multiply.submit(3, 2), multiply.submit(4, 5)
    return add_up(values=[first.result(), second.result()])


def by_pipeline() -> int:
    return fl.in_parallel([multiply.send(3, 2), multiply.send(4, 5)]).continue_with(add_up)()


@fl.flow
def by_returned_pipeline() -> fl.Pipeline:
    return fl.in_parallel([multiply.send(3, 2), multiply.send(4, 5)]).continue_with(add_up)


def story(state: RunState) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """What ran, with what it gave, and which data went where; flows, pipelines and groups only pass it on."""
    tasks = state.tasks
    inner = {id for id, task in tasks.items() if task.name in ("multiply", "add_up")}
    onward: dict[int, set[int]] = {}
    for a, b, kind in edges(state):
        if kind == DATA:
            onward.setdefault(a, set()).add(b)
    found: Counter[tuple[str, str]] = Counter()
    for id in inner:
        reached, todo = set(), list(onward.get(id, ()))
        while todo:
            at = todo.pop()
            if at in inner:
                reached.add(at)
            else:
                todo += onward.get(at, ())
        found.update((tasks[id].name, tasks[other].name) for other in reached)
    return Counter(f"{tasks[id].name} -> {tasks[id].text}: {tasks[id].state}" for id in inner), found


@pytest.mark.parametrize("form", [by_futures, by_pipeline, by_returned_pipeline])
def test_one_computation_said_in_several_ways_gives_one_story(lab: Lab, form: Callable[[], int]) -> None:
    assert form() == 26
    assert story(lab.engine.runs[-1].snapshot()) == (
        Counter({"multiply -> 6: succeeded": 1, "multiply -> 20: succeeded": 1, "add_up -> 26: succeeded": 1}),
        Counter({("multiply", "add_up"): 2}),
    )


def test_said_with_waits_only_the_body_knows_where_the_data_went(lab: Lab) -> None:
    """The values go through the flow's own variables: the log has who read them, which is the flow."""
    assert by_waiting() == 26
    ran, passed = story(lab.engine.runs[-1].snapshot())
    assert sum(ran.values()) == 3
    assert not passed
