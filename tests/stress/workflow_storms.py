"""Random workflows, and threads that steer them at random while they run.

``python -m tests.stress.workflow_storms patience 0 1000`` runs so many seeds and tells which went wrong.
"""

from __future__ import annotations

import faulthandler
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ipyflow.engine.limits import Limit
from ipyflow.errors import TaskCancelled, WorkflowRuntimeError
from ipyflow.flows.workflow import lines
from ipyflow.flows.workflow.inside import OUTSIDE
from ipyflow.testing import engine
from ipyflow.workflows import StopEvent, WorkflowFuture
from tests.flows.workflow.interpreter import Interpreter, Program
from tests.flows.workflow.programs import SKIPPED, Acting, Finish, Generator, built, telling
from tests.flows.workflow.reading import check_events, check_log, counted, most_running, same
from tests.stress.storms import LONG, nothing_is_lost, picture, switching

ALL_ACTS = (
    "cancel", "retry", "retry", "retry", "pause", "resume", "resume", "cancel a step", "retry a step", "retry a step",
    "pause a step", "resume a step", "send", "send", "cancel the run", "pause the run", "resume the run",
    "retry the run", "snapshot", "read the stream",
)  # fmt: skip
GENTLE = tuple(name for name in ALL_ACTS if name not in ("cancel a step", "send", "retry a step"))
"""What may not change what happens in the end."""
_EXPECTED = ("cannot be retried", "has ended and takes no", "has not ended")


def acts(future: WorkflowFuture[Any], kinds: list[type], rng: random.Random) -> dict[str, Callable[[], object]]:
    """What one may do to a workflow under way."""
    run = future.run

    def one_of(found: dict[int, Any], act: str) -> None:
        steps = [one for one in list(found.values()) if one.parent_id == future.id]
        if steps:
            getattr(rng.choice(steps), act)()

    return {
        "cancel": future.cancel,
        "pause": future.pause,
        "resume": future.resume,
        "retry": future.retry,
        "cancel a step": lambda: one_of(run.live, "cancel"),
        "pause a step": lambda: one_of(run.live, "pause"),
        "resume a step": lambda: one_of(run.live, "resume"),
        "retry a step": lambda: one_of(run.failed, "retry"),
        "send": lambda: future.send_event(rng.choice(kinds)()),
        "retry the run": run.retry,
        "pause the run": run.pause,
        "resume the run": run.resume,
        "cancel the run": run.cancel,
        "snapshot": future.ctx.to_dict,
        "read the stream": lambda: next(future.stream_events(expose_internal=True)),
    }


def steer(
    future: WorkflowFuture[Any], kinds: list[type], seed: int, names: tuple[str, ...], count: int,
    errors: list[BaseException],
) -> None:  # fmt: skip
    """Do some of it, at random moments."""
    rng = random.Random(seed)
    known = acts(future, kinds, rng)
    for _ in range(count):
        time.sleep(rng.random() * 0.002)
        name = rng.choice(names)
        try:
            known[name]()
        except (RuntimeError, WorkflowRuntimeError) as error:
            if not any(text in str(error) for text in _EXPECTED):
                error.add_note(name)
                errors.append(error)
        except BaseException as error:
            error.add_note(name + "\n" + traceback.format_exc())
            errors.append(error)


def start_steering(
    future: WorkflowFuture[Any], kinds: list[type], rng: random.Random, names: tuple[str, ...],
    errors: list[BaseException],
) -> list[threading.Thread]:  # fmt: skip
    started = []
    for _ in range(rng.randrange(1, 5)):
        args = (future, kinds, rng.randrange(1 << 30), names, rng.randrange(1, 6), errors)
        started.append(threading.Thread(target=steer, args=args, daemon=True))
    for thread in started:
        thread.start()
    return started


def end(future: WorkflowFuture[Any], where: str) -> None:
    """Let it go on wherever it is paused, and finish it when it waits, until it has ended."""
    run, deadline = future.run, time.monotonic() + LONG
    while not (future.done() and run.closed):
        for id in list(run.paused):
            run.engine.resume(run, id)
        if not future.done() and run.snapshot().tasks[future.id].reason == OUTSIDE:
            try:
                future.send_event(Finish())
            except WorkflowRuntimeError:
                pass  # it has just ended
        try:
            future.exception(0.005)
        except (TimeoutError, TaskCancelled):
            time.sleep(0.001)
        assert time.monotonic() < deadline, f"{where} hangs: {future!r}\n{picture(future)}"


def stand(future: WorkflowFuture[Any], where: str) -> None:
    """It has ended: what its log, its stream and its steps show is whole."""
    assert future.run.wait(LONG), where
    check_log(future.run, where)
    events = list(future.stream_events())
    assert events, where
    assert isinstance(events[-1], StopEvent), f"{where}: {events}"
    assert not any(isinstance(event, StopEvent) for event in events[:-1]), f"{where}: {events}"
    assert not future._workflow_run.active or future._error is not None, where


def again(future: WorkflowFuture[Any], where: str, most: int) -> int:
    """Retry it while it fails."""
    for attempt in range(most):
        if future._error is None:
            return attempt
        try:
            future.retry()
        except RuntimeError as error:
            if future._error is None:
                return attempt
            raise AssertionError(f"{where}: {future!r}, {error}") from error
        end(future, f"{where}, retry {attempt}")
        stand(future, where)
    return most


@contextmanager
def limits_watched() -> Iterator[list[Limit]]:
    """All limits that the lines of steps make."""
    made: list[Limit] = []

    class Watched(Limit):
        def __init__(self, name: str, size: int) -> None:
            super().__init__(name, size)
            made.append(self)

    lines.Limit = Watched  # type: ignore[misc]
    try:
        yield made
    finally:
        lines.Limit = Limit  # type: ignore[misc]


def started(seed: int, **options: Any) -> tuple[Program, Acting]:
    program = Generator(seed, **options).program()
    return program, built(program)(skip_graph_checks=SKIPPED, timeout=None)


def weather(seed: int, names: tuple[str, ...] = ALL_ACTS) -> None:
    """A few random workflows in one engine under random acts: each ends, and nothing is lost."""
    rng = random.Random(seed)
    threads = rng.choice([1, 2, 4, 8])
    where = f"seed {seed}, {threads} threads"
    with switching(rng.choice([1e-6, 1e-4, 5e-3])), limits_watched() as limits, engine(threads) as lab:
        for number in range(4):
            program, workflow = started(rng.randrange(1 << 30))
            with telling(program):
                future = steered(workflow, rng, names, f"{where}, workflow {number}")
                again(future, f"{where}, workflow {number}", 3)
                too_many(future, program, f"{where}, workflow {number}")
        lab.settled(LONG)
        nothing_is_lost(lab, limits, threads, where)


def steered(workflow: Acting, rng: random.Random, names: tuple[str, ...], where: str) -> WorkflowFuture[Any]:
    """A run of it that was steered and has ended somehow."""
    errors: list[BaseException] = []
    future = workflow.run()
    for thread in start_steering(future, workflow.kinds, rng, names, errors):
        thread.join(LONG)
        assert not thread.is_alive(), f"{where}: steering hangs"
    end(future, where)
    stand(future, where)
    for error in errors:
        raise AssertionError(f"{where}: {error!r} {error.__notes__}") from error
    return future


def too_many(future: WorkflowFuture[Any], program: Program, where: str) -> None:
    most = most_running(future)
    for step in program.steps:
        assert most[step.name] <= step.workers, f"{where}: {step.name} {most}"


def patience(seed: int) -> None:
    """A workflow that is steered and then retried until it succeeds has done what it would have done."""
    rng = random.Random(seed)
    threads = rng.choice([1, 2, 4, 8])
    where = f"seed {seed}, {threads} threads"
    with switching(rng.choice([1e-6, 1e-4, 5e-3])), limits_watched() as limits, engine(threads=threads) as lab:
        for number in range(4):
            here = f"{where}, workflow {number}"
            options = {"endings": ("finish", "list"), "sending": False, "handled": False}
            program, workflow = started(rng.randrange(1 << 30), **options)
            with telling(program):
                future = steered(workflow, rng, GENTLE, here)
                again(future, here, 300)
                assert future._error is None, f"{here}: {future._error!r}"
                too_many(future, program, here)
                check_events(future, program, here, again=True)
                check_counts(future, program.healed, here)
        lab.settled(LONG)
        nothing_is_lost(lab, limits, threads, where)


def check_counts(future: WorkflowFuture[Any], program: Program, where: str) -> None:
    found, expected = counted(future, program), Interpreter(program).run()
    found.sent.pop("Finish", None)
    for name in ("sent", "rounds", "held", "sizes", "unhandled", "dropped"):
        same(getattr(found, name), getattr(expected, name), f"{name}, {where}")


def main(mode: str, first: int, last: int) -> None:
    faulthandler.enable()
    bad = 0
    for seed in range(first, last):
        faulthandler.dump_traceback_later(120, exit=True)
        try:
            globals()[mode](seed)
        except BaseException as error:
            bad += 1
            print("FAIL", mode, seed, type(error).__name__, str(error)[:3000], flush=True)
            print("\n".join(traceback.format_tb(error.__traceback__)[-3:]), flush=True)
            print(*getattr(error, "__notes__", []), sep="\n", flush=True)
    faulthandler.cancel_dump_traceback_later()
    print("done", mode, first, last, "bad", bad)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
