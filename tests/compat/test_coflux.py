"""The examples of Coflux's page on concurrency, run twice: by our own names, and with only the import line changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import ipyflow
from ipyflow.compat import coflux
from ipyflow.errors import LeakedFutureWarning
from ipyflow.model.run import TaskState
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually


class Own:
    """Our own names in the place of the module's."""

    task, workflow, Execution = ipyflow.task, ipyflow.flow, ipyflow.Future
    select, cancel, group, progress = ipyflow.select, ipyflow.cancel, ipyflow.group, ipyflow.progress


both = pytest.mark.parametrize("cf", [Own, coflux], ids=["ipyflow", "compat"])


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


def tasks(run: ipyflow.Run) -> dict[str, TaskState]:
    assert run.wait(SOON)
    return {task.name: task for task in run.snapshot().tasks.values()}


def overlap(a: TaskState, b: TaskState) -> bool:
    return a.started < b.ended and b.started < a.ended


@both
def test_tasks_that_are_submitted_run_in_parallel(lab: Lab, cf: type[Own]) -> None:
    together = Gate()

    @cf.task()
    def load_user(user_id):
        together.stand()
        return {"id": user_id, "name": "Ada"}

    @cf.task()
    def load_product(product_id):
        together.reached()  # the other one is running at this moment
        together.open()
        return {"id": product_id, "price": 3}

    @cf.workflow()
    def process_order(user_id, product_id):
        user_execution = load_user.submit(user_id)
        product_execution = load_product.submit(product_id)

        user = user_execution.result()
        product = product_execution.result()
        return user["name"], product["price"]

    future = process_order.submit("u1", "p1")
    assert future.result(SOON) == ("Ada", 3)
    rows = tasks(future.run)
    assert overlap(rows["load_user"], rows["load_product"])
    assert rows["load_user"].parent == rows["load_product"].parent == future.id


@both
def test_tasks_that_are_called_run_one_after_the_other(lab: Lab, cf: type[Own]) -> None:
    @cf.task()
    def load_user(user_id):
        return user_id

    @cf.task()
    def load_product(product_id):
        return product_id

    @cf.workflow()
    def process_order(user_id, product_id):
        user = load_user(user_id)
        product = load_product(product_id)
        return user, product

    future = process_order.submit(1, 2)
    assert future.result(SOON) == (1, 2)
    rows = tasks(future.run)
    assert rows["load_user"].ended <= rows["load_product"].submitted


@both
def test_a_call_is_a_submit_and_a_wait(lab: Lab, cf: type[Own]) -> None:
    @cf.task()
    def my_task(a, b):
        return a * b

    @cf.workflow()
    def calls(a, b):
        return my_task(a, b)

    @cf.workflow()
    def submits(a, b):
        return my_task.submit(a, b).result()

    assert calls(6, 7) == submits(6, 7) == 42


def orders(cf: type[Own], gate: Gate, **options: object) -> tuple:
    @cf.task()
    def load_user(user_id):
        gate.stand()
        return user_id

    @cf.task()
    def load_product(product_id):
        return product_id

    @cf.task(**options)
    def create_order(user_execution, product_execution):
        user = user_execution.result()
        product = product_execution.result()
        return f"{user} buys {product}"

    @cf.workflow()
    def process_order(user_id, product_id):
        user_execution = load_user.submit(user_id)
        product_execution = load_product.submit(product_id)
        return create_order.submit(user_execution, product_execution)

    return process_order


@both
def test_executions_are_passed_on_and_returned_as_references(lab: Lab, cf: type[Own]) -> None:
    gate = Gate()
    future = orders(cf, gate).submit("Ada", "tea")
    # The workflow function returns without waiting for any of the three; create_order starts at once and waits itself.
    eventually(lambda: future.state == "waiting")
    eventually(lambda: {t.name: t for t in future.run.snapshot().tasks.values()}["create_order"].state == "blocked")
    gate.open()
    assert future.result(SOON) == "Ada buys tea"
    rows = tasks(future.run)
    order = rows["create_order"]
    # Data edges from both loads; from the workflow itself only the dashed edge of a parent.
    assert set(order.refs) == {rows["load_user"].id, rows["load_product"].id}
    assert rows["load_user"].read_by == rows["load_product"].read_by == [order.id]
    assert rows["process_order"].into == order.id
    assert order.parent == future.id


@both
def test_explicit_waiting_for_all_arguments(lab: Lab, cf: type[Own]) -> None:
    gate = Gate()
    future = orders(cf, gate, wait=True).submit("Ada", "tea")
    eventually(lambda: future.state == "waiting")
    rows = {t.name: t for t in future.run.snapshot().tasks.values()}
    assert rows["create_order"].started is None
    gate.open()
    assert future.result(SOON) == "Ada buys tea"
    rows = tasks(future.run)
    assert rows["create_order"].started >= max(rows["load_user"].ended, rows["load_product"].ended)
    assert [s.state for s in rows["create_order"].spans] == ["queued", "waiting", "queued", "running", "succeeded"]


@both
@pytest.mark.parametrize(
    "names", [{"product_execution"}, ["product_execution"], "product_execution"], ids=["set", "list", "string"]
)
def test_explicit_waiting_for_some_arguments(lab: Lab, cf: type[Own], names: object) -> None:
    gate = Gate()
    future = orders(cf, gate, wait=names).submit("Ada", "tea")
    # The product is there, so it starts; the user is not, so it blocks on that one.
    eventually(
        lambda: any(t.name == "create_order" and t.state == "blocked" for t in future.run.snapshot().tasks.values())
    )
    gate.open()
    assert future.result(SOON) == "Ada buys tea"
    rows = tasks(future.run)
    assert rows["load_product"].ended <= rows["create_order"].started <= rows["load_user"].ended


@both
def test_fire_and_forget(lab: Lab, cf: type[Own]) -> None:
    sent = Gate()

    @cf.task(retries=2)
    def send_notification(user_id):
        sent.stand()

    @cf.workflow()
    def process_order(user_id):
        send_notification.submit(user_id).detach()  # without detach() a warning says that nobody reads it
        return "ordered"

    future = process_order.submit("u1")
    assert future.result(SOON) == "ordered"
    sent.reached()
    assert future.run.state == "running"
    sent.open()
    rows = tasks(future.run)
    assert rows["send_notification"].state == "succeeded"
    assert rows["send_notification"].ended >= rows["process_order"].ended


@both
def test_fire_and_forget_without_detach_warns(lab: Lab, cf: type[Own]) -> None:
    @cf.task()
    def send_notification(): ...

    @cf.workflow()
    def process_order():
        send_notification.submit()

    with pytest.warns(LeakedFutureWarning, match="send_notification"):
        future = process_order.submit()
        future.result(SOON)
        tasks(future.run)


@both
def test_select_cancel_group_and_progress(lab: Lab, cf: type[Own]) -> None:
    gate = Gate()

    @cf.task()
    def slow():
        gate.stand()

    @cf.task()
    def quick(n):
        return sum(cf.progress(range(n)))

    @cf.workflow()
    def race():
        with cf.group("racers"):
            executions = [slow.submit(), quick.submit(4)]
        winner, remaining = cf.select(executions)
        assert isinstance(winner, cf.Execution)
        cf.cancel(remaining)
        return winner.result(), [e.cancelled() for e in remaining]

    future = race.submit()
    assert future.result(SOON) == (6, [True])
    gate.open()
    rows = tasks(future.run)
    assert rows["slow"].group == rows["quick"].group == "racers"
    assert rows["quick"].progress[:2] == (4, 4)


def test_a_cached_execution_is_reused_and_rerun_makes_it_anew(tmp_path: Path) -> None:
    paid: list[str] = []

    @coflux.task(cache=coflux.Cache(max_age=3600, params=["user"], namespace="charges", version="1"))
    def charge(user, note):
        paid.append(user)
        return {"user": user}

    @coflux.workflow()
    def billing(note):
        return charge.submit("ada", note)

    with engine(database=tmp_path / "history.sqlite") as lab:
        assert [billing(note) for note in ("first", "second")] == [{"user": "ada"}] * 2
        assert paid == ["ada"]
        again = charge.submit("ada", "third")
        assert (again.result(), again.state) == ({"user": "ada"}, "cached")
        again.retry()
        assert (again.result(), again.state, len(paid)) == ({"user": "ada"}, "succeeded", 2)
        lab.settled()


def test_names_that_only_the_shim_has(lab: Lab) -> None:
    calls = []

    @coflux.task(retries=coflux.Retries(2, backoff=(0, 0)))
    def logs():
        calls.append(1)
        coflux.log_info("attempt {n}", n=len(calls), user="Ada")
        coflux.log_debug("d")
        coflux.log_warning("w")
        if len(calls) == 1:
            coflux.log_error("failing")
            raise OSError

    future = logs.submit()
    future.result(SOON)
    assert future.logs.splitlines() == [
        "info: attempt 1 user='Ada'", "debug: d", "warning: w", "error: failing",
        "info: attempt 2 user='Ada'", "debug: d", "warning: w",
    ]  # fmt: skip
