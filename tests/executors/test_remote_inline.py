"""What follows a body that ran elsewhere, and runs inline, is not run where the workers are heard."""

import ipyflow as fl
from ipyflow.testing import engine
from tests.engine.gates import SOON


@fl.task(executor="processes")
def double(x: int) -> int:
    return 2 * x


@fl.task(executor="inline", resolve=True)
def plus(x: int, y: int) -> int:
    return x + double(y)


def test_an_inline_task_behind_one_elsewhere_may_wait_for_a_third() -> None:
    with engine(processes=1) as lab:
        futures = [plus.submit(double.submit(x), 10) for x in range(5)]
        assert [future.result(SOON) for future in futures] == [20, 22, 24, 26, 28]
        lab.settled()


def test_an_inline_entry_behind_one_elsewhere() -> None:
    with engine(processes=1) as lab:
        pipeline = double.send(1).continue_with(plus.with_options(resolve=False), 3).continue_with(double)
        assert pipeline.submit().result(SOON) == 2 * (2 + 6)
        lab.settled()
