"""All ways through a workflow as a record and as an object that shows itself."""

from typing import Any

import pytest

from ipyflow.engine import default
from ipyflow.flows.workflow.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StopEvent,
)
from ipyflow.flows.workflow.graph import WorkflowGraph, routes
from ipyflow.flows.workflow.steps import catch_error, step
from ipyflow.flows.workflow.table import Table
from ipyflow.flows.workflow.workflow import Workflow
from ipyflow.model import records as r


class A(Event):
    pass


class SubA(A):
    pass


class B(Event):
    pass


class Outside(Event):
    pass


class W(Workflow):
    @step
    async def start(self, ev: StartEvent) -> list[A] | SubA | InputRequiredEvent: ...

    @step(num_workers=2, accept_event_subclasses=True)
    async def work(self, ev: A) -> B: ...

    @step
    async def hear(self, a: HumanResponseEvent, b: Outside) -> None: ...

    @step
    async def join(self, evs: list[B]) -> StopEvent: ...

    @catch_error
    async def heal(self, ev: StepFailedEvent) -> B: ...


def test_the_record() -> None:
    found = routes(W.table, 1.5, 7)
    assert (found.time, found.task) == (1.5, 7)
    assert found.steps == (
        ("start", 4, ""),
        ("work", 2, ""),
        ("hear", 4, ""),
        ("join", 4, ""),
        ("heal", 1, "catch_error"),
    )
    assert dict(found.events) == {
        "StartEvent": "start", "A": "", "SubA": "", "InputRequiredEvent": "ask", "HumanResponseEvent": "answer",
        "Outside": "answer", "B": "", "StopEvent": "stop", "StepFailedEvent": "failed",
    }  # fmt: skip
    assert set(found.edges) == {
        ("event:StartEvent", "step:start", ""),
        ("step:start", "event:A", "list"),
        ("step:start", "event:SubA", ""),
        ("step:start", "event:InputRequiredEvent", ""),
        ("event:A", "step:work", ""),
        ("event:SubA", "step:work", ""),
        ("step:work", "event:B", ""),
        ("event:HumanResponseEvent", "step:hear", "part"),
        ("event:Outside", "step:hear", "part"),
        ("event:B", "step:join", "list"),
        ("step:join", "event:StopEvent", ""),
        ("event:StepFailedEvent", "step:heal", ""),
        ("step:heal", "event:B", ""),
    }
    assert r.unpack(r.pack(found)) == found


def test_a_step_without_events_to_give_stands_alone() -> None:
    @step
    def note(ev: A) -> None: ...

    found = routes(Table("W", {"note": note._step}), 0.0, 1)
    assert found.edges == (("event:A", "step:note", ""),)


def test_types_of_one_name_stay_apart() -> None:
    one, two = (type("E", (Event,), {"__module__": "m", "__qualname__": "E"}) for _ in "12")

    def s(ev: Any) -> Any: ...

    s.__annotations__.update({"ev": one, "return": two})
    found = routes(Table("W", {"s": step(s)._step}), 0.0, 1)
    assert found.edges == (("event:E (1)", "step:s", ""), ("step:s", "event:E (2)", ""))


def test_nodes_and_edges() -> None:
    graph = W().graph()
    assert isinstance(graph, WorkflowGraph)
    assert ("step:work", "step", "") in graph.nodes
    assert ("step:heal", "step", "catch_error") in graph.nodes
    assert ("event:StopEvent", "event", "stop") in graph.nodes
    keys = {key for key, _, _ in graph.nodes}
    assert {end for source, target, _ in graph.edges for end in (source, target)} <= keys
    assert repr(graph) == "<graph of W: 5 steps, 9 events, 13 ways>"
    assert W(workflow_name="nightly").graph().name == "nightly"


def test_a_graph_of_what_cannot_run_can_be_looked_at() -> None:
    class Broken(Workflow):
        @step
        async def start(self, ev: StartEvent) -> A: ...

    assert repr(Broken().graph()) == "<graph of Broken: 1 step, 2 events, 2 ways>"


def test_it_is_shown_by_the_presenter(monkeypatch: pytest.MonkeyPatch) -> None:
    class Presenter:
        def plan(self, records: Any, form: str) -> Any:
            return {"records": records} if form == "mimebundle" else f"as {form}"

    monkeypatch.setattr(default, "presenter", Presenter)
    graph = W().graph()
    assert (graph.to_dot(), graph.to_mermaid()) == ("as dot", "as mermaid")
    opened, submitted, waiting, found = graph._repr_mimebundle_()["records"]
    assert (opened.name, opened.kind) == ("W", "workflow")
    assert (submitted.task, submitted.name, submitted.role, submitted.parent) == (1, "W", "workflow", r.NO_TASK)
    assert waiting.reason == "its steps"
    assert found == routes(W.table, 0.0, 1)


def test_it_shows_itself() -> None:
    graph = W().graph()
    assert "digraph" in graph.to_dot()
    assert "flowchart" in graph.to_mermaid()
    assert "text/plain" in graph._repr_mimebundle_()
