"""`delay=` and `rate=`, on a clock set by hand."""

from datetime import timedelta

import pytest

import ipyflow as fl
from ipyflow.testing import Lab
from tests.engine.gates import SOON, eventually


def test_a_delayed_task_starts_later_and_says_why_it_waits(inline: Lab) -> None:
    @fl.task(delay=3)
    def late() -> float:
        return inline.clock.now()

    future = late.submit()
    assert future.state == "waiting"
    assert future.run.snapshot().tasks[future.id].reason == "delay of 3 s"
    inline.clock.advance(2.5)
    assert future.poll() is None
    inline.clock.advance(1)
    assert future.result() == 3


def test_delays_end_in_the_order_of_their_times(inline: Lab) -> None:
    order = []

    @fl.task
    def late(i: int) -> None:
        order.append(i)

    for i in (3, 1, 2):
        late.with_options(delay=timedelta(minutes=i)).submit(i)
    inline.clock.advance(600)
    assert order == [1, 2, 3]


def test_a_negative_delay_is_refused() -> None:
    with pytest.raises(ValueError, match="delay"):
        fl.task(delay=-1)(lambda: None)


def test_a_rate_is_a_bucket_that_fills_evenly(inline: Lab) -> None:
    starts = []

    @fl.task(rate="5/s")
    def call() -> None:
        starts.append(round(inline.clock.now(), 3))

    futures = [call.submit() for _ in range(12)]
    assert starts == [0] * 5
    assert "rate call" in futures[5].run.snapshot().tasks[futures[5].id].reason
    for _ in range(14):
        inline.clock.advance(0.1)
    assert starts == [0] * 5 + [0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4]


def test_a_bucket_never_holds_more_than_its_size(inline: Lab) -> None:
    starts = []

    @fl.task(rate="2/min")
    def call() -> None:
        starts.append(inline.clock.now())

    call.submit()
    inline.clock.advance(3600)
    for _ in range(4):
        call.submit()
    assert starts == [0, 3600, 3600]
    inline.clock.advance(60)
    assert starts == [0, 3600, 3600, 3630, 3660]


def test_a_cancelled_one_takes_no_token(inline: Lab) -> None:
    starts = []

    @fl.task(rate="1/s")
    def call(i: int) -> None:
        starts.append((i, inline.clock.now()))

    futures = [call.submit(i) for i in range(4)]
    futures[1].cancel()
    inline.clock.advance(5)
    assert starts == [(0, 0), (2, 1), (3, 2)]


def test_rate_and_limit_together(clocked: Lab) -> None:
    @fl.task(rate="4/s", limit=1)
    def call(i: int) -> int:
        return i

    futures = call.map(range(8))
    while not all(f.done() for f in futures):
        eventually(lambda: all(f.done() for f in futures) or clocked.clock.planned)
        clocked.clock.advance(0.25)
    assert futures.results(SOON) == list(range(8))


@pytest.mark.parametrize(
    "text", ["5/s", "5/sec", "5 per second", "5/seconds", "100/min", "100/minutes", "7/h", "7/hours"]
)
def test_rates_as_people_write_them(text: str) -> None:
    assert fl.task(rate=text)(lambda: None).options.rate is not None


@pytest.mark.parametrize("text", ["5", "s/5", "0/s", "-1/s", "5/fortnight", 5, "1.5/s"])
def test_other_rates_are_refused(text: object) -> None:
    with pytest.raises(ValueError, match="5/s"):
        fl.task(rate=text)(lambda: None)
