"""Futures that nobody reads, and failures that nobody looked at."""

import warnings

import pytest

import ipyflow as fl
from ipyflow.errors import LeakedFuture, LeakedFutureWarning, UnobservedFailureWarning
from ipyflow.testing import Lab
from tests.engine.gates import SOON, Gate, eventually


@fl.task
def stand(gate: Gate) -> str:
    gate.stand()
    return "stood"


@fl.task
def quick(x: object = 1) -> object:
    return x


@fl.task
def fail(text: str = "boom") -> None:
    raise ValueError(text)


def ended(future: fl.Future) -> None:
    assert future.run.wait(SOON)


def test_warn_is_the_default_and_warns_once_when_the_run_is_finished(lab: Lab) -> None:
    gate = Gate()

    @fl.flow
    def leaky() -> int:
        for _ in range(7):
            stand.submit(gate)
        return 1

    with warnings.catch_warnings(record=True) as early:
        warnings.simplefilter("always")
        future = leaky.submit()
        assert future.result() == 1
        gate.reached()
    assert early == []
    assert not future.run.closed
    with pytest.warns(LeakedFutureWarning, match="7 futures") as caught:
        gate.open()
        ended(future)
    (warning,) = caught
    text = str(warning.message)
    assert text.count("stand#") == 5
    assert "and 2 more" in text
    assert ".detach()" in text
    assert [kind for _, _, kind, _ in future.run.snapshot().notes] == ["leaked"] * 7


def test_an_unread_child_keeps_running_and_the_run_is_not_finished_before_it(lab: Lab) -> None:
    gate = Gate()
    held = []

    @fl.flow(on_leak="ignore")
    def leaky() -> int:
        held.append(stand.submit(gate))
        return 1

    future = leaky.submit()
    assert future.result() == 1
    gate.reached()
    assert held[0].state == "running"
    assert future.run.state == "running"
    gate.open()
    ended(future)
    assert held[0].result() == "stood"
    assert future.run.state == "succeeded"


def test_ignore_says_nothing(lab: Lab) -> None:
    @fl.flow(on_leak="ignore")
    def leaky() -> None:
        quick.submit()

    future = leaky.submit()
    future.result()
    ended(future)
    assert future.run.snapshot().notes == []


def test_wait_ends_after_its_children(lab: Lab) -> None:
    gate = Gate()

    @fl.flow(on_leak="wait")
    def careful() -> int:
        stand.submit(gate)
        return 1

    future = careful.submit()
    gate.reached()
    eventually(lambda: future.state == "waiting")
    assert "children" in future.run.snapshot().tasks[future.id].reason
    gate.open()
    assert future.result(SOON) == 1
    ended(future)


def test_wait_gives_its_permit_back_while_it_waits(lab: Lab) -> None:
    @fl.flow(on_leak="wait", limit=1)
    def down(n: int) -> int:
        if n:
            down.submit(n - 1)
        return n

    future = down.submit(5)
    assert future.result(SOON) == 5
    ended(future)


def test_wait_also_continues_as_a_returned_future(lab: Lab) -> None:
    gate = Gate()

    @fl.flow(on_leak="wait")
    def careful() -> fl.Future:
        stand.submit(gate)
        return quick.submit(5)

    future = careful.submit()
    gate.reached()
    eventually(lambda: future.state == "waiting")
    gate.open()
    assert future.result(SOON) == 5
    ended(future)


def test_cancel_cancels_them(lab: Lab) -> None:
    gate, held = Gate(), []

    @fl.flow(on_leak="cancel")
    def strict() -> int:
        held.append(stand.submit(gate))
        gate.reached()
        return 1

    future = strict.submit()
    assert future.result(SOON) == 1
    assert held[0].cancelled()
    gate.open()
    ended(future)


def test_cancel_also_when_the_body_raises(lab: Lab) -> None:
    gate, held = Gate(), []

    @fl.flow(on_leak="cancel")
    def strict() -> None:
        held.append(stand.submit(gate))
        gate.reached()
        raise KeyError

    future = strict.submit()
    assert isinstance(future.exception(SOON), KeyError)
    assert held[0].cancelled()
    gate.open()
    ended(future)


def test_error_fails_the_flow_and_names_them(lab: Lab) -> None:
    @fl.flow(on_leak="error")
    def strict() -> None:
        quick.submit()

    future = strict.submit()
    with pytest.raises(LeakedFuture, match="quick#"):
        future.result(SOON)
    ended(future)


@pytest.mark.parametrize(
    "read",
    [
        lambda f: f.result(),
        lambda f: f.exception(),
        lambda f: f.poll(SOON),
        lambda f: fl.wait([f]),
        lambda f: fl.select([f]),
        lambda f: list(fl.as_completed([f])),
        lambda f: quick.submit(f).result(),
        lambda f: quick.submit({"a": [f]}).result(),
        lambda f: f.detach(),
        lambda f: fl.wait([f], cancel_remaining=True),
    ],
    ids=["result", "exception", "poll", "wait", "select", "as_completed", "argument", "nested", "detach", "cancelled"],
)
def test_what_counts_as_reading(lab: Lab, read: object) -> None:
    @fl.flow
    def reads() -> None:
        read(quick.submit())

    future = reads.submit()
    future.result(SOON)
    ended(future)


def test_awaiting_and_returning_count_as_reading(lab: Lab) -> None:
    @fl.flow
    async def awaits() -> list:
        await quick.submit()
        return [quick.submit()]

    future = awaits.submit()
    future.result(SOON)
    ended(future)


@pytest.mark.parametrize("look", [lambda f: f.poll(), lambda f: fl.wait([f], 0), lambda f: f.done(), repr])
def test_what_does_not_count_as_reading(lab: Lab, look: object) -> None:
    gate = Gate()

    @fl.flow
    def looks() -> None:
        look(stand.submit(gate))

    with pytest.warns(LeakedFutureWarning):
        future = looks.submit()
        future.result(SOON)
        gate.open()
        ended(future)


def test_detach_is_in_the_log_and_its_failure_still_shown(lab: Lab) -> None:
    @fl.flow
    def fire_and_forget() -> None:
        fail.submit().detach().detach()

    with pytest.warns(UnobservedFailureWarning, match="boom"):
        future = fire_and_forget.submit()
        future.result(SOON)
        ended(future)
    assert [kind for _, _, kind, _ in future.run.snapshot().notes] == ["detached", "unobserved"]


def test_a_failure_nobody_looked_at_warns_once_and_names_up_to_five(lab: Lab) -> None:
    @fl.flow(on_leak="ignore")
    def careless() -> None:
        for i in range(8):
            fail.submit(f"boom {i}")

    with pytest.warns(UnobservedFailureWarning) as caught:
        future = careless.submit()
        future.result(SOON)
        ended(future)
    (warning,) = caught
    text = str(warning.message)
    assert "8 failures" in text
    assert text.count("ValueError: boom") == 5
    assert "and 3 more" in text
    tasks = future.run.snapshot().tasks.values()
    assert sum(kind == "unobserved" for t in tasks for kind, _ in t.notes) == 8


def test_a_failure_that_somebody_looked_at_does_not_warn(lab: Lab) -> None:
    @fl.flow
    def looks() -> str:
        return type(fail.submit().exception()).__name__

    future = looks.submit()
    assert future.result(SOON) == "ValueError"
    ended(future)


def test_the_flows_own_failure_is_not_warned_of_its_caller_has_the_handle(lab: Lab) -> None:
    @fl.flow
    def fails() -> None:
        fail.submit().result()

    future = fails.submit()
    ended(future)
    with pytest.raises(ValueError, match="boom"):
        future.result(SOON)


def test_warnings_as_errors_do_not_break_the_engine(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    told = []
    monkeypatch.setattr("sys.unraisablehook", told.append)

    @fl.flow
    def leaky() -> int:
        quick.submit()
        return 1

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        future = leaky.submit()
        assert future.result(SOON) == 1
        ended(future)
    assert [type(t.exc_value) for t in told] == [LeakedFutureWarning]


def test_plain_tasks_with_children_are_held_to_it_too(lab: Lab) -> None:
    @fl.task
    def leaky() -> None:
        quick.submit()

    @fl.flow
    def top() -> None:
        leaky.submit().result()

    with pytest.warns(LeakedFutureWarning, match="quick#"):
        future = top.submit()
        future.result(SOON)
        ended(future)


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(ValueError, match="'warn', 'wait', 'cancel', 'error', 'ignore'"):
        fl.flow(on_leak="shout")(lambda: None)
