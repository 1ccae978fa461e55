"""Random workflows: what happens is what plain counting says, whatever the order; nothing is lost or done twice."""

from __future__ import annotations

import random
import warnings
from typing import Any

import pytest

from ipyflow.errors import IpyflowWarning, WorkflowStalled
from ipyflow.flows.workflow.inside import OUTSIDE
from ipyflow.testing import Lab, engine
from ipyflow.workflows import StopEvent, WorkflowFailedEvent, WorkflowFuture
from tests.engine.gates import eventually
from tests.flows.workflow.interpreter import Interpreter, Program
from tests.flows.workflow.programs import SKIPPED, Acting, Finish, Generator, built, telling
from tests.flows.workflow.reading import check_events, check_log, check_picture, counted, most_running
from tests.flows.workflow.simulation import Simulation

SEEDS_IN_A_TEST = 25


@pytest.mark.parametrize("block", range(8))
@pytest.mark.parametrize("place", ["threads", "one thread", "inline"])
def test_a_random_workflow_does_what_counting_says(place: str, block: int) -> None:
    for seed in range(block * SEEDS_IN_A_TEST, (block + 1) * SEEDS_IN_A_TEST):
        check_program(seed, place)


def check_program(seed: int, place: str) -> None:
    program = Generator(seed).program()
    where = f"seed {seed} {place}, {program.ending}"
    with telling(program), warnings.catch_warnings():
        warnings.simplefilter("ignore", IpyflowWarning)
        with engine(threads=1 if place == "one thread" else 4, inline=place == "inline") as lab:
            workflow = built(program)(skip_graph_checks=SKIPPED, timeout=None)
            workflow.may_block = place != "inline"
            future = workflow.run()
            check_end(future, program, where)
            check_all(lab, workflow, future, program, where)


def check_end(future: WorkflowFuture[Any], program: Program, where: str) -> None:
    """Bring it to its end; it is the right one."""
    if program.ending == "finish":
        eventually(lambda: waits_for_outside(future) or future.done(), where)
        assert not future.done(), f"{future!r} {future.exception()}, {where}"
        future.send_event(Finish())
    error = future.exception(30)
    last = list(future.stream_events())[-1]
    if program.ending == "stall":
        assert isinstance(error, WorkflowStalled), f"{error!r}, {where}"
        assert isinstance(last, WorkflowFailedEvent), f"{last!r}, {where}"
        assert last.exception_type == "WorkflowStalled"
    else:
        assert error is None, f"{error!r}, {where}"
        assert future.result() == "end", where
        assert type(last) is StopEvent, f"{last!r}, {where}"


def waits_for_outside(future: WorkflowFuture[Any]) -> bool:
    return future.run.snapshot().tasks[future.id].reason == OUTSIDE


def check_all(lab: Lab, workflow: Acting, future: WorkflowFuture[Any], program: Program, where: str) -> None:
    """It is finished: the log tells what should have happened, each event was taken, no limit was passed."""
    lab.settled(30)
    found, expected = counted(future, program), Interpreter(program).run()
    if program.ending == "finish":
        expected.sent["Finish"] += 1
        expected.runs["finish"] += 1
    assert found.plain() == expected.plain(), where
    check_events(future, program, where)
    check_picture(future, found, where)
    check_log(future.run, where)
    most = most_running(future)
    for step in program.steps:
        assert workflow.counting.now[step.name] == 0, where
        # On the spot a body stands still while what it has sent is done above it: it does not count meanwhile.
        assert not workflow.may_block or workflow.counting.most[step.name] <= step.workers, f"{step.name}, {where}"
        assert most[step.name] <= step.workers, f"{step.name} {most}, {where}"
    assert not lab.engine.unfinished(), where


@pytest.mark.parametrize("block", range(5))
def test_the_routing_alone_does_the_same_in_any_order(block: int) -> None:
    for seed in range(block * 60, block * 60 + 60):
        program = Generator(seed).program()
        expected = Interpreter(program).run().plain()
        for order in range(3):
            with telling(program):
                found = Simulation(program, random.Random(order)).run().plain()
                assert found == expected, f"seed {seed}, order {order}"
