# ruff: noqa: F821
"""Workflow classes: options, inheritance, functions as steps, children, and cells that are run again."""

from __future__ import annotations

import copy
import functools
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest

from ipyflow.errors import WorkflowConfigurationError, WorkflowValidationError
from ipyflow.flows.workflow.events import Event, StartEvent, StopEvent
from ipyflow.flows.workflow.resources import Resource, ResourceConfig, ResourceManager
from ipyflow.flows.workflow.steps import Step, step
from ipyflow.flows.workflow.workflow import Workflow, children_of, setup_of, table_of


class A(Event):
    pass


class One(Workflow):
    @step
    async def start(self, ev: StartEvent) -> StopEvent: ...


def names(cls: type[Workflow]) -> list[str]:
    return list(cls.table.steps)


# Options.


def test_the_defaults() -> None:
    setup = setup_of(One())
    assert (setup.name, setup.timeout, setup.num_concurrent_runs) == ("One", 45.0, None)
    assert (setup.disable_validation, setup.verbose, setup.resource_manager) == (False, False, None)
    assert setup.skip_graph_checks == frozenset()


def test_all_options() -> None:
    manager = ResourceManager()
    workflow = One(
        timeout=None, disable_validation=True, verbose=True, resource_manager=manager, num_concurrent_runs=2,
        workflow_name="nightly", skip_graph_checks={"reachability", "dead_end"},
    )  # fmt: skip
    setup = setup_of(workflow)
    assert (setup.name, setup.timeout, setup.num_concurrent_runs) == ("nightly", None, 2)
    assert (setup.disable_validation, setup.verbose, setup.resource_manager) == (True, True, manager)
    assert setup.skip_graph_checks == {"reachability", "dead_end"}
    assert (workflow.name, workflow.timeout, workflow.num_concurrent_runs) == ("nightly", None, 2)
    assert setup_of(One(3)).timeout == 3.0
    assert repr(workflow) == "<workflow nightly: start>"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"timeout": 0}, "One: timeout=0: give more than 0 seconds; None is without limit"),
        ({"timeout": "long"}, "One: timeout='long': give seconds"),
        ({"num_concurrent_runs": 0}, "One: num_concurrent_runs=0: give a whole number of 1 or more; leave it out"),
        ({"num_concurrent_runs": True}, "num_concurrent_runs=True"),
        ({"num_concurrent_runs": 1.5}, "num_concurrent_runs=1.5"),
        ({"skip_graph_checks": ["deadend"]}, "there is no check 'deadend'; there are reachability, terminal_event, de"),
        ({"disable_validation": 1}, "disable_validation=1: give True or False"),
        ({"verbose": "yes"}, "verbose='yes'"),
        ({"workflow_name": 3}, "workflow_name=3: give a name as text"),
        ({"workflow_name": " "}, "workflow_name=' '"),
    ],
)
def test_options_are_checked_at_once(options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkflowValidationError, match=message):
        One(**options)


def test_unknown_options() -> None:
    with pytest.raises(TypeError, match=r"unknown option timout= for One: did you mean timeout=\?"):
        One(timout=3)
    with pytest.raises(TypeError, match=r"there are timeout, .*What a run begins with is given to run\(query=...\)"):
        One(query="x")


def test_a_class_may_keep_its_own_names() -> None:
    class Own(Workflow):
        table = "round"

        def __init__(self) -> None:
            super().__init__(timeout=3)
            self.name = "mine"
            self.timeout = "yours"

        @step
        async def verbose(self, ev: StartEvent) -> StopEvent: ...

    own = Own()
    assert (own.name, own.timeout, own.table) == ("mine", "yours", "round")
    assert (setup_of(own).name, setup_of(own).timeout) == ("Own", 3.0)
    assert list(table_of(Own).steps) == ["verbose"]
    assert own.validate() is False


def test_a_class_may_forget_to_call_super() -> None:
    class Forgets(Workflow):
        def __init__(self, x: int) -> None:
            self.x = x

        @step
        async def start(self, ev: StartEvent) -> StopEvent: ...

    assert setup_of(Forgets(3)).timeout == 45.0
    assert Forgets(3).validate() is False
    assert Forgets(3).name == "Forgets"


def test_a_workflow_can_be_copied_and_pickled() -> None:
    for again in (pickle.loads(pickle.dumps(One(timeout=3))), copy.deepcopy(One(timeout=3)), copy.copy(One(timeout=3))):
        assert setup_of(again) == setup_of(One(timeout=3))


# Steps of a class.


class Base(Workflow):
    @step
    async def start(self, ev: StartEvent) -> A: ...

    @step
    async def end(self, ev: A) -> StopEvent: ...


def test_steps_are_inherited() -> None:
    class B(Event):
        pass

    class Longer(Base):
        @step
        async def more(self, ev: A) -> B: ...
        @step
        async def most(self, ev: B) -> StopEvent | None: ...

    assert names(Longer) == ["start", "end", "more", "most"]
    assert names(Base) == ["start", "end"]
    assert Longer.table.steps["start"] is Base.table.steps["start"]
    Longer().validate()


def test_steps_are_overridden_by_name() -> None:
    class Other(Base):
        @step(num_workers=1)
        def end(self, ev: A) -> StopEvent | None: ...

    assert names(Other) == ["start", "end"]
    found = Other.table.steps["end"]
    assert (found.num_workers, found.is_async, found.fn) == (1, False, Other.end)


def test_steps_come_from_mixins() -> None:
    class Mixin:
        @step
        async def mixed(self, ev: A) -> None: ...

    class Both(Mixin, Base):
        pass

    assert names(Both) == ["start", "end", "mixed"]


def test_the_order_of_the_classes_is_pythons() -> None:
    class Left(Base):
        @step
        async def end(self, ev: A) -> StopEvent: ...

    class Right(Base):
        @step
        async def end(self, ev: A) -> StopEvent: ...

    class Both(Left, Right):
        pass

    assert Both.table.steps["end"].fn is Left.end


def test_a_step_may_be_taken_away() -> None:
    class Fewer(Base):
        end: ClassVar[None] = None

    assert names(Fewer) == ["start"]
    with pytest.raises(WorkflowConfigurationError, match="no step gives a StopEvent") as caught:
        Fewer().validate()
    assert "note" not in str(caught.value)


def test_steps_that_are_put_on_the_class_later() -> None:
    class Late(Workflow):
        pass

    async def start(self: Any, ev: StartEvent) -> StopEvent: ...

    with pytest.raises(WorkflowConfigurationError, match="it has no steps"):
        Late().validate()
    Late.begin = step(start)
    assert names(Late) == ["begin"]
    assert Late().validate() is False
    assert Late.table.steps["begin"].name == "begin"
    assert Late.table is Late.table


def test_another_decorator_around_a_step_is_kept() -> None:
    def loud(fn: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(fn)
        def around(*args: Any, **given: Any) -> Any:
            return fn(*args, **given)

        return around

    class Loud(Workflow):
        @loud
        @step
        async def start(self, ev: StartEvent) -> StopEvent: ...

    found = Loud.table.steps["start"]
    assert found.fn is Loud.start
    assert not found.is_async
    assert Loud.table is Loud.table


def test_steps_need_self() -> None:
    with pytest.raises(WorkflowValidationError, match=r"W.start: a method begins with self: write def start\(self"):

        class W(Workflow):
            @step
            async def start(ev: StartEvent) -> StopEvent: ...

    with pytest.raises(WorkflowValidationError, match="a step is no classmethod"):

        class V(Workflow):
            @classmethod
            @step
            async def start(cls, ev: StartEvent) -> StopEvent: ...


@pytest.mark.parametrize("name", ["run", "validate", "graph", "add_step", "latest_step"])
def test_names_that_no_step_can_have(name: str) -> None:
    async def start(self: Any, ev: StartEvent) -> StopEvent: ...

    start.__name__ = name
    with pytest.raises(WorkflowValidationError, match=f"every workflow has a {name} of its own: give the step another"):
        type("W", (Workflow,), {name: step(start)})


# Functions as steps.


def test_functions_are_added() -> None:
    class W(Base):
        pass

    class Below(W):
        pass

    @step(workflow=W)
    async def more(ev: A) -> None: ...

    @step
    async def most(ev: A) -> None: ...

    W.add_step(most)
    assert names(W) == names(Below) == ["start", "end", "more", "most"]
    assert names(Base) == ["start", "end"]
    assert not W.table.steps["more"].takes_self


def test_a_function_that_is_defined_again_takes_its_own_place() -> None:
    class W(Base):
        pass

    for n in (1, 2):

        @step(workflow=W, num_workers=n)
        async def more(ev: A) -> None: ...

    assert names(W) == ["start", "end", "more"]
    assert W.table.steps["more"].num_workers == 2


def test_a_name_that_is_taken() -> None:
    class W(Base):
        pass

    def other() -> Any:
        @step
        async def more(ev: A) -> None: ...

        return more

    @step(workflow=W)
    async def more(ev: A) -> None: ...

    with pytest.raises(WorkflowValidationError, match=r"W.add_step\(more\): there is a step more already"):
        W.add_step(other())
    with pytest.raises(WorkflowValidationError, match="there is a step end already: give one another name"):

        @step(workflow=W)
        async def end(ev: A) -> None: ...

    class Below(W):
        pass

    Below.add_step(other())
    assert Below.table.steps["more"].fn is not W.table.steps["more"].fn


def test_what_cannot_be_added() -> None:
    def plain(ev: A) -> None: ...

    with pytest.raises(WorkflowValidationError, match=r"One.add_step\(plain\): plain is no step: put @step on it"):
        One.add_step(plain)
    with pytest.raises(WorkflowValidationError, match="a step of every workflow: make a subclass of Workflow first"):
        step(workflow=Workflow)(plain)


def test_methods_become_steps_at_the_next_look() -> None:
    class W(Base):
        pass

    workflow = W()
    workflow.validate()
    before = workflow.table

    class B(Event):
        pass

    @step(workflow=W)
    async def more(ev: B) -> None: ...

    assert workflow.table is not before
    with pytest.raises(WorkflowValidationError, match="more takes B, which no step gives"):
        workflow.validate()


# Children.


class Outer(Workflow):
    inner: One
    again: One = One(workflow_name="shared")
    number: int = 3
    unknown: Nowhere

    @step
    async def start(self, ev: StartEvent) -> StopEvent: ...


def test_children_are_given_shared_or_made() -> None:
    mine = One(workflow_name="mine")
    outer = Outer(inner=mine)
    assert outer.inner is mine
    assert outer.again is Outer.again
    assert children_of(outer) == {"inner": mine, "again": Outer.again}
    made = Outer().inner
    assert isinstance(made, One)
    made_by = Outer()
    assert made_by.inner is made_by.inner
    assert Outer(again=mine).again is mine


def test_children_are_inherited() -> None:
    class Below(Outer):
        third: One

    class Instead(Below):
        inner: int = 3

    assert list(children_of(Below())) == ["inner", "again", "third"]
    assert list(children_of(Instead())) == ["again", "third"]


def test_children_of_classes_in_functions() -> None:
    class Inner(One):
        pass

    class W(Workflow):
        inner: Inner

        @step
        async def start(self, ev: StartEvent) -> StopEvent: ...

    assert type(W().inner) is Inner


def test_a_child_of_another_kind() -> None:
    with pytest.raises(WorkflowValidationError, match=r"Outer\(inner=3\): give a workflow, as in Outer\(inner=One\(\)"):
        Outer(inner=3)
    with pytest.raises(TypeError, match=r"unknown option iner= for Outer: did you mean inner=\?"):
        Outer(iner=One())


def test_a_child_that_cannot_be_made_by_itself() -> None:
    class Needs(One):
        def __init__(self, x: int) -> None:
            super().__init__()

    class W(Workflow):
        inner: Needs

        @step
        async def start(self, ev: StartEvent) -> StopEvent: ...

    with pytest.raises(WorkflowValidationError, match=r"W.inner cannot be made by itself .*W\(inner=Needs\(...\)\)"):
        W().validate()
    assert W(inner=Needs(3)).validate() is False


def test_children_are_checked_too() -> None:
    class Broken(Workflow):
        @step
        async def start(self, ev: StartEvent) -> A | StopEvent: ...

    class W(One):
        inner: Broken

    with pytest.raises(WorkflowValidationError, match="workflow Broken cannot run"):
        W().validate()
    assert W(inner=Broken(disable_validation=True)).validate() is False


class Recursive(One):
    deeper: Recursive


def test_a_workflow_may_be_its_own_child() -> None:
    assert Recursive().validate() is False
    assert type(Recursive().deeper.deeper) is Recursive


# Validation of what resources are made of.


def test_resources_are_checked(tmp_path: Path) -> None:
    made: list[str] = []

    def make() -> str:
        made.append("once")
        return "made"

    async def make_soon() -> str:
        return "soon"

    path = tmp_path / "config.json"
    resource, soon, config = Resource(make), Resource(make_soon), ResourceConfig(config_file=str(path))

    class W(Workflow):
        @step
        async def start(
            self,
            ev: StartEvent,
            a: Annotated[str, resource],
            b: Annotated[str, soon],
            c: Annotated[dict[str, int], config],
        ) -> StopEvent: ...

    with pytest.raises(WorkflowValidationError, match=r"config\.json"):
        W().validate()
    assert W().validate(validate_resource_configs=False) is False
    path.write_text(json.dumps({"n": 1}))
    assert W().validate() is False
    assert made == []
    assert W().validate(validate_resources=True) is False
    assert made == ["once"]


# Cells that are run again.


def test_the_newest_step_of_a_name() -> None:
    code = """
class Edited(Workflow):
    @step(num_workers={n})
    async def start(self, ev: StartEvent) -> StopEvent: ...
    if {n} == 1:
        @step
        async def gone(self, ev: StartEvent) -> None: ...
"""
    space = {
        "__name__": "__main__",
        "Workflow": Workflow,
        "step": step,
        "StartEvent": StartEvent,
        "StopEvent": StopEvent,
    }
    exec(code.format(n=1), space)
    old: Any = space["Edited"]()
    assert old.latest_step("start") is old.table.steps["start"]
    exec(code.format(n=2), space)
    new = old.latest_step("start")
    assert isinstance(new, Step)
    assert new.num_workers == 2
    assert old.table.steps["start"].num_workers == 1
    assert old.latest_step("gone") is None


def test_classes_of_functions_are_each_their_own_newest() -> None:
    def made(n: int) -> type[Workflow]:
        class W(Workflow):
            @step(num_workers=n)
            async def start(self, ev: StartEvent) -> StopEvent: ...

        return W

    first, second = made(1), made(2)
    found = [cls().latest_step("start") for cls in (first, second)]
    assert [one and one.num_workers for one in found] == [1, 2]


# Running, as far as it is told apart here.


def test_it_runs() -> None:
    class Double(Workflow):
        @step
        async def double(self, ev: StartEvent) -> StopEvent:
            return StopEvent(result=2 * ev.n)

    assert Double().run(n=4).result(5) == 8
    assert Double().run(None, StartEvent(n=3)).result(5) == 6


def test_what_cannot_run_is_said_by_run() -> None:
    class Broken(Workflow):
        @step
        async def start(self, ev: StartEvent) -> A | StopEvent:
            return StopEvent(result=1)

    with pytest.raises(WorkflowValidationError, match="start gives A, which no step takes"):
        Broken().run()
    assert Broken(disable_validation=True).run().result(5) == 1
    with pytest.raises(WorkflowConfigurationError, match="it has no steps"):
        Workflow(disable_validation=True).run()
