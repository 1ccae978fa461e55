"""Small events for the tests of running workflows, and how to look at the records of a run."""

from __future__ import annotations

from typing import Any, TypeVar

import ipyflow as fl
from ipyflow.flows.workflow.inside import OUTSIDE
from ipyflow.model import records as r
from ipyflow.model.run import TaskState
from ipyflow.workflows import Event, HumanResponseEvent, InputRequiredEvent
from tests.engine.gates import eventually

T = TypeVar("T", bound=r.Record)


class Boom(Exception):
    pass


class A(Event):
    n: int = 0


class B(Event):
    n: int = 0


class C(Event):
    n: int = 0


class D(Event):
    n: int = 0


class Question(InputRequiredEvent):
    text: str = ""


class Answer(HumanResponseEvent):
    text: str = ""


def of(future: fl.Future[Any], kind: type[T]) -> list[T]:
    """The records of one kind in the run's log."""
    return [record for record in future.run.log if type(record) is kind]


def steps(future: fl.Future[Any], name: str = "") -> list[TaskState]:
    """The tasks of the steps of a run, in the order of their numbers; of one step with ``name``."""
    tasks = sorted(future.run.snapshot().tasks.items())
    return [task for _, task in tasks if task.role == "step" and task.parent == future.id and name in ("", task.name)]


def states(future: fl.Future[Any], name: str) -> list[str]:
    return [str(task.state) for task in steps(future, name)]


def sent(future: fl.Future[Any]) -> list[tuple[str, tuple[str, ...]]]:
    """The types of the events sent, and the steps that each went to, in order."""
    return [(record.type, record.to) for record in of(future, r.EventSent) if record.task == future.id]


def step_named(future: fl.Future[Any], name: str) -> fl.Future[Any]:
    """The future of the newest task of a step that has not ended, or ended badly."""
    found = {**future.run.live, **future.run.failed}
    return max((one for one in found.values() if one.task.name == name), key=lambda one: one.id)


def waits_for_outside(future: fl.Future[Any]) -> bool:
    return future.run.snapshot().tasks[future.id].reason == OUTSIDE


def until_it_waits(future: fl.Future[Any]) -> None:
    """Until nothing goes on and an event from outside is waited for."""
    eventually(lambda: waits_for_outside(future) or future.done())
    assert not future.done(), future.exception()


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", []))
