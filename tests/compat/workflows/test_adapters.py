"""What the shim adds to the public names: the handler, the context, retry policies, drawing, and what is not here."""

import asyncio
import importlib
import pkgutil
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

import ipyflow
from ipyflow.compat import workflows
from ipyflow.compat.workflows import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    errors,
    step,
)
from ipyflow.compat.workflows.drawing import draw_all_possible_flows_mermaid, draw_most_recent_execution
from ipyflow.compat.workflows.handler import WorkflowHandler
from ipyflow.compat.workflows.retry_policy import (
    ConstantDelayRetryPolicy,
    ExponentialBackoffRetryPolicy,
    RetryPolicy,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_policy,
    stop_after_attempt,
    stop_after_delay,
    stop_never,
    wait_chain,
    wait_exponential,
    wait_fixed,
    wait_random,
)
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON

# What programs import from the modules of the original, without what only its own machinery uses.
NAMES = {
    "": "Context Workflow catch_error step Event StartEvent StopEvent WorkflowRuntimeError WorkflowTimeoutError "
    "WorkflowValidationError InputRequiredEvent HumanResponseEvent JsonPickleSerializer JsonSerializer",
    ".collect": "All Collect Take",
    ".context": "Context PickleSerializer JsonSerializer BaseSerializer",
    ".context.serializers": "BaseSerializer JsonPickleSerializer JsonSerializer PickleSerializer",
    ".context.state_store": "DictState InMemoryStateStore",
    ".decorators": "catch_error step",
    ".errors": "ContextSerdeError ContextStateError WorkflowCancelledByUser WorkflowConfigurationError "
    "WorkflowRuntimeError WorkflowStepDoesNotExistError WorkflowTimeoutError WorkflowValidationError",
    ".events": "Event HumanResponseEvent InputRequiredEvent StartEvent StepFailedEvent StepState StepStateChanged "
    "StopEvent UnhandledEvent WorkflowCancelledEvent WorkflowFailedEvent WorkflowIdleEvent WorkflowTimedOutEvent",
    ".handler": "WorkflowHandler",
    ".resource": "Resource ResourceConfig ResourceManager",
    ".retry_policy": "ConstantDelayRetryPolicy ExponentialBackoffRetryPolicy RetryInfo RetryPolicy retry_all "
    "retry_always retry_any retry_if_exception retry_if_exception_cause_type retry_if_exception_message "
    "retry_if_exception_type retry_if_not_exception_message retry_if_not_exception_type retry_never retry_policy "
    "retry_unless_exception_type stop_after_attempt stop_after_delay stop_all stop_any stop_before_delay stop_never "
    "wait_chain wait_combine wait_exponential wait_exponential_jitter wait_fixed wait_full_jitter wait_incrementing "
    "wait_none wait_random wait_random_exponential",
    ".testing": "WorkflowTestRunner",
    ".workflow": "Workflow",
    ".drawing": "draw_all_possible_flows draw_all_possible_flows_mermaid draw_most_recent_execution "
    "draw_most_recent_execution_mermaid",
}


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


class Asking(Workflow):
    @step
    async def ask(self, ctx: Context, ev: StartEvent) -> InputRequiredEvent:
        return InputRequiredEvent()

    @step
    async def answer(self, ev: HumanResponseEvent) -> StopEvent:
        return StopEvent(result=ev.text)


@pytest.mark.parametrize("module", NAMES)
def test_the_names_that_programs_import_are_there(module: str) -> None:
    found = importlib.import_module(workflows.__name__ + module)
    assert [name for name in NAMES[module].split() if not hasattr(found, name)] == []


def test_everything_in_all_is_there() -> None:
    for found in pkgutil.walk_packages(workflows.__path__, workflows.__name__ + "."):
        module = importlib.import_module(found.name)
        assert [name for name in getattr(module, "__all__", ()) if not hasattr(module, name)] == [], found.name


def test_the_handler_is_a_future(lab: Lab) -> None:
    handlers = [Asking().run() for _ in range(2)]
    for number, handler in enumerate(handlers):
        assert isinstance(handler, WorkflowHandler)
        handler.send_event(HumanResponseEvent(text=f"hello {number}"))
    done, not_done = ipyflow.wait(handlers, timeout=SOON)
    assert ({future.result() for future in done}, not_done) == ({"hello 0", "hello 1"}, set())
    assert handlers[0].run_id == str(handlers[0].run.id)


async def test_what_is_awaited_there_may_be_awaited(lab: Lab) -> None:
    handler = Asking().run()
    assert (handler.is_done(), handler.get_stop_event()) == (False, None)
    await handler.send_event(HumanResponseEvent(text="hello"))
    event = await handler.stop_event_result()
    assert (event.result, handler.get_stop_event(), handler.is_done()) == ("hello", event, True)


async def test_cancelling_a_run_that_has_ended_changes_nothing(lab: Lab) -> None:
    handler = Asking().run()
    await handler.send_event(HumanResponseEvent(text="hello"))
    assert await handler == "hello"
    await handler.cancel_run(timeout=1)
    assert await handler == "hello"


async def test_a_cancelled_run_raises_by_either_name(lab: Lab) -> None:
    handler = Asking().run()
    await handler.cancel_run()
    with pytest.raises(errors.WorkflowCancelledByUser):
        await handler
    with pytest.raises(ipyflow.errors.TaskCancelled):
        await handler.stop_event_result()
    assert handler.cancelled()
    assert handler.get_stop_event() is None


async def test_a_failed_run_has_no_stop_event(lab: Lab) -> None:
    class Fails(Workflow):
        @step
        async def fail(self, ev: StartEvent) -> StopEvent:
            raise OSError("no")

    handler = Fails().run()
    with pytest.raises(OSError, match="no"):
        await handler.stop_event_result()
    assert handler.get_stop_event() is None


def test_a_program_needs_no_loop(lab: Lab) -> None:
    class Double(Workflow):
        @step
        def double(self, ctx: ipyflow.Context, ev: StartEvent) -> StopEvent:
            return StopEvent(result=2 * ev.n)

    assert Double().run(n=4).result(SOON) == 8


@pytest.mark.parametrize("module", ["server", "client", "plugins", "representation"])
def test_what_is_not_here_says_what_to_write(module: str) -> None:
    found: Any = importlib.import_module(f"{workflows.__name__}.{module}")
    with pytest.raises(ImportError, match=r"Anything is not here: .*(run\(|graph\(\))"):
        found.Anything
    with pytest.raises(AttributeError):
        found.__anything__


def test_no_other_runtime_and_no_agents() -> None:
    with pytest.raises(NotImplementedError, match="to_dict"):
        Asking(runtime=object())
    assert Asking(runtime=None, serializer=None).workflow_name == "Asking"
    with pytest.raises(ImportError, match="another package"):
        from ipyflow.compat.workflows.drawing import draw_agent_with_tools  # noqa: F401
    with pytest.raises(ImportError, match="cannot import name"):
        from ipyflow.compat.workflows.drawing import draw_nothing  # type: ignore[attr-defined]  # noqa: F401


def test_drawing_without_a_file(lab: Lab, tmp_path: Any) -> None:
    assert "ask" in draw_all_possible_flows_mermaid(Asking, filename=None)
    handler = Asking().run()
    handler.send_event(HumanResponseEvent(text="hello"))
    handler.result(SOON)
    draw_most_recent_execution(handler, filename=str(tmp_path / "run.html"), notebook=True, max_label_length=10)
    assert "<html" in (tmp_path / "run.html").read_text()


# Retry policies.


def test_chance_comes_from_the_run() -> None:
    policy: Any = retry_policy(wait=wait_random(1, 9), stop=stop_never())
    pauses = [policy.pause(1, OSError(), random.Random(seed), 0.0) for seed in (1, 1, 2)]
    assert pauses[0] == pauses[1] != pauses[2]
    assert all(1 <= pause <= 9 for pause in pauses)
    assert policy.next(0.0, 1, OSError(), seed=3) == policy.next(0.0, 1, OSError(), seed=3)


def test_durations_may_be_timedeltas() -> None:
    policy = retry_policy(wait=wait_fixed(timedelta(minutes=1)), stop=stop_after_delay(timedelta(hours=1)))
    assert policy.next(3599, 1, OSError()) == 60
    assert policy.next(3600, 2, OSError()) is None


def test_parts_may_be_plain_functions() -> None:
    retry = retry_if_exception_type(OSError) & (lambda error: len(str(error)) > 3)
    also = (lambda error: isinstance(error, KeyError)) | retry
    wait = sum([wait_fixed(1), wait_fixed(2)])
    stop = stop_after_attempt(5) | (lambda attempts, elapsed, upcoming_sleep=0.0: upcoming_sleep > 2)
    never = (lambda attempts, elapsed, upcoming_sleep=0.0: True) & stop_never()
    assert retry_policy(also, wait, never).next(0.0, 1, OSError("long text")) == 3
    assert retry_policy(also, wait, never).next(0.0, 1, KeyError()) == 3
    assert retry_policy(also, wait, never).next(0.0, 1, OSError("no")) is None
    assert retry_policy(also, wait, stop).next(0.0, 1, KeyError()) is None


def test_what_a_policy_cannot_be_made_of() -> None:
    with pytest.raises(TypeError, match=r"message=.* or match="):
        retry_if_exception_message()
    with pytest.raises(TypeError, match=r"message=.* or match="):
        retry_if_exception_message(message="a", match="b")
    with pytest.raises(ValueError, match="nothing to wait with"):
        wait_chain()


def test_pauses_do_not_overflow() -> None:
    assert wait_exponential(max=30)(5000) == 30
    assert ExponentialBackoffRetryPolicy(maximum_attempts=10**6).next(0.0, 10**5, OSError()) <= 60


def test_policies_are_told_by_their_method() -> None:
    class Own:
        def next(self, elapsed_time: float, attempts: int, error: Exception) -> float | None:
            return None

    assert isinstance(Own(), RetryPolicy)
    assert isinstance(ConstantDelayRetryPolicy(), RetryPolicy)
    assert not isinstance(object(), RetryPolicy)


def test_the_handler_can_be_used_on_any_loop(lab: Lab) -> None:
    handler = Asking().run()
    handler.send_event(HumanResponseEvent(text="hello"))

    async def wait() -> Any:
        return await handler

    assert [asyncio.run(wait()) for _ in range(2)] == ["hello", "hello"]
