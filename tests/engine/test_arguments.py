"""`wait=` and `resolve=`: futures among the arguments, at any depth."""

import dataclasses
from typing import Any, NamedTuple

import pytest

import ipyflow as fl
from ipyflow.errors import DependencyError, TaskCancelled
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def stand(gate: Gate) -> str:
    gate.stand()
    return "stood"


@fl.task
def value(x: object) -> object:
    return x


@fl.task
def fail() -> None:
    raise ValueError("boom")


@dataclasses.dataclass
class Box:
    inside: Any
    other: int = 0


class Pair(NamedTuple):
    a: Any
    b: Any


SHAPES = {
    "itself": lambda f: f,
    "list": lambda f: [1, f],
    "tuple": lambda f: (f, 1),
    "set": lambda f: {f},
    "frozenset": lambda f: frozenset({f}),
    "dict": lambda f: {"a": f},
    "key": lambda f: {f: 1},
    "dataclass": lambda f: Box(f),
    "namedtuple": lambda f: Pair(1, f),
    "deep": lambda f: {"a": [Box((1, {"b": {f}}))]},
}
shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


@shapes
def test_wait_true_starts_after_the_futures_at_any_depth_and_passes_them_unchanged(lab: Lab, shape: Any) -> None:
    gate = Gate()

    @fl.task(wait=True)
    def after(x: object) -> object:
        return dependency.done(), x

    dependency = stand.submit(gate)
    given = shape(dependency)
    future = after.submit(given)
    gate.reached()
    assert future.state == "waiting"
    task = future.run.snapshot().tasks[future.id]
    assert (task.reason, task.waiting_on, task.refs) == ("arguments", (dependency.id,), (dependency.id,))
    gate.open()
    done, got = future.result(SOON)
    assert done
    assert got is given


@shapes
def test_resolve_puts_the_values_in_their_place(lab: Lab, shape: Any) -> None:
    @fl.task(resolve=True)
    def after(x: object) -> object:
        return x

    assert after.submit(shape(value.submit("v"))).result(SOON) == shape("v")


def test_without_wait_a_future_is_a_reference(lab: Lab) -> None:
    gate = Gate()

    @fl.task
    def reads(x: fl.Future) -> str:
        return x.result()

    dependency = stand.submit(gate)
    future = reads.submit(dependency)
    eventually(lambda: future.state == "blocked")
    gate.open()
    assert future.result(SOON) == "stood"
    read_by = dependency.run.snapshot().tasks[dependency.id].read_by
    assert read_by == [future.id]


@pytest.mark.parametrize(
    "names",
    ["a", "a, c", ["a"], {"a"}, ("a", "c"), iter(["a"])],
    ids=["one", "a text of two", "list", "set", "tuple", "iterator"],
)
def test_wait_by_names_waits_for_those_only(lab: Lab, names: Any) -> None:
    gates = [Gate(), Gate()]

    @fl.task(wait=names)
    def after(a: fl.Future, b: fl.Future, c: int = 0) -> tuple:
        return a.done(), b.done()

    first, second = stand.submit(gates[0]), stand.submit(gates[1])
    future = after.submit(first, b=second)
    assert future.state == "waiting"
    gates[0].open()
    assert future.result(SOON) == (True, False)
    gates[1].open()
    second.result()


def test_resolve_by_names_leaves_the_others_alone(lab: Lab) -> None:
    @fl.task(resolve="a")
    def after(a: int, b: fl.Future, *rest: fl.Future, **more: fl.Future) -> tuple:
        return a, b, rest, more

    future = value.submit(1)
    assert after.submit(future, future, future, more=future).result(SOON) == (1, future, (future,), {"more": future})


def test_wait_and_resolve_by_different_names(lab: Lab) -> None:
    @fl.task(wait="a", resolve="b")
    def after(a: fl.Future, b: int) -> tuple:
        return a.done(), b

    assert after.submit(value.submit(1), value.submit(2)).result(SOON) == (True, 2)


def test_names_of_varargs(lab: Lab) -> None:
    @fl.task(resolve="rest, more")
    def after(*rest: int, **more: int) -> tuple:
        return rest, more

    assert after.submit(value.submit(1), value.submit(2), c=value.submit(3)).result(SOON) == ((1, 2), {"c": 3})


def test_an_unknown_name_raises_at_decoration() -> None:
    for option in ("wait", "resolve"):
        with pytest.raises(ValueError, match="no parameter 'c'; it has a, b"):
            fl.task(**{option: "a, c"})(lambda a, b: None)


@pytest.mark.parametrize("bad", [3, 2.5, [1]])
def test_what_names_no_parameter_is_refused(bad: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="wait"):
        fl.task(wait=bad)(lambda a: None)


def test_a_failed_dependency_counts_as_done_for_wait(lab: Lab) -> None:
    @fl.task(wait=True)
    def after(x: fl.Future) -> str:
        return f"met {type(x.exception()).__name__}"

    assert after.submit(fail.submit()).result(SOON) == "met ValueError"


def test_a_failed_dependency_fails_a_resolving_task_without_running_it(lab: Lab) -> None:
    ran = []

    @fl.task(resolve=True)
    def after(x: object) -> None:
        ran.append(1)

    broken = fail.submit()
    future = after.submit([broken])
    with pytest.raises(DependencyError, match=rf"fail#{broken.id}") as caught:
        future.result(SOON)
    assert isinstance(caught.value.__cause__, ValueError)
    assert future.state == "failed"
    assert ran == []


def test_a_cancelled_dependency_is_a_dependency_error_too(lab: Lab) -> None:
    @fl.task(resolve=True)
    def after(x: object) -> None: ...

    late = value.with_options(delay=60).submit(1)
    future = after.submit(late)
    late.cancel()
    with pytest.raises(DependencyError) as caught:
        future.result(SOON)
    assert isinstance(caught.value.__cause__, TaskCancelled)


def test_futures_inside_a_resolved_value_are_followed(lab: Lab) -> None:
    gate = Gate()

    @fl.flow
    def makes() -> dict:
        return {"late": stand.submit(gate), "now": [value.submit(1)]}

    @fl.task(resolve=True)
    def after(x: object) -> object:
        return x

    @fl.task(wait=True)
    def waits(x: fl.Future) -> bool:
        return x.result()["late"].done()

    made = makes.submit()
    resolving, waiting = after.submit(made), waits.submit(made)
    made.result(SOON)
    assert resolving.state == "waiting"
    assert waiting.state == "waiting"
    gate.open()
    assert resolving.result(SOON) == {"late": "stood", "now": [1]}
    assert waiting.result(SOON) is True


def test_a_value_that_does_not_fit_in_its_place_fails_that_task_only(lab: Lab) -> None:
    @fl.task(resolve=True)
    def after(x: set) -> set:
        return x

    future = after.submit({value.submit([1, 2])})
    assert isinstance(future.exception(SOON), TypeError)
    assert value.map(range(20)).results(SOON) == list(range(20))


@pytest.mark.parametrize("options", [{"wait": "x"}, {"resolve": "x"}, {"wait": True}, {}], ids=str)
def test_arguments_that_do_not_fit_the_function_fail_the_task_as_a_call_would(lab: Lab, options: dict) -> None:
    @fl.task(**options)
    def one(x: int) -> int:
        return x

    assert isinstance(one.submit().exception(SOON), TypeError)
    assert isinstance(one.submit(1, 2).exception(SOON), TypeError)
    assert isinstance(one.submit(value.submit(1), y=2).exception(SOON), TypeError)
    eventually(lambda: not lab.engine.unfinished())


def test_cyclic_and_shared_arguments_are_gone_through_once(lab: Lab) -> None:
    @dataclasses.dataclass(eq=False)
    class Node:
        neighbours: list = dataclasses.field(default_factory=list)

    nodes = [Node() for _ in range(12)]
    for node in nodes:
        node.neighbours = nodes
    nodes[0].neighbours = [*nodes, value.submit(7)]
    loop: list = []
    loop.extend([loop, loop])

    @fl.task(wait=True)
    def after(x: object, y: object) -> int:
        return nodes[0].neighbours[-1].result()

    assert after.submit(nodes, loop).result(SOON) == 7

    @fl.task(resolve=True)
    def plain(x: list) -> bool:
        return x[0] is x

    assert plain.submit(loop).result(SOON)


def test_arguments_may_be_very_deep(lab: Lab) -> None:
    deep: object = value.submit(1)
    for _ in range(200):
        deep = [deep]

    @fl.task(wait=True)
    def after(x: object) -> bool:
        while isinstance(x, list):
            (x,) = x
        return x.done()

    assert after.submit(deep).result(SOON)


def test_a_long_chain_of_dependants_needs_no_stack(lab: Lab) -> None:
    gate = Gate()

    @fl.task(resolve=True)
    def add(x: int) -> int:
        return x + 1

    @fl.task
    def first() -> int:
        gate.stand()
        return 0

    future = first.submit()
    for _ in range(5000):
        future = add.submit(future)
    gate.open()
    assert future.result(SOON) == 5000


def test_many_dependants_of_one_future(lab: Lab) -> None:
    gate = Gate()

    @fl.task(resolve=True)
    def add(x: str, i: int) -> str:
        return f"{x} {i}"

    source = stand.submit(gate)
    futures = [add.submit(source, i) for i in range(500)]
    gate.open()
    assert [f.result(SOON) for f in futures] == [f"stood {i}" for i in range(500)]


def test_a_dependency_of_another_run_will_do(lab: Lab) -> None:
    gate = Gate()

    @fl.flow
    def other() -> str:
        return stand.submit(gate).result()

    @fl.task(resolve=True)
    def after(x: str) -> str:
        return x

    future = after.submit(other.submit())
    gate.open()
    assert future.result(SOON) == "stood"
