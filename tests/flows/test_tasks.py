"""`@task` and `@flow`: ways to write them, copies, maps, and what is refused."""

import functools
import inspect
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import ipyflow as fl
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON


@pytest.fixture
def lab() -> Lab:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


@pytest.mark.parametrize(
    "decorator", [fl.task, fl.flow, fl.task(), fl.flow(), fl.task(retries=1), fl.flow(name="other")]
)
def test_bare_with_parentheses_and_with_options(lab: Lab, decorator: object) -> None:
    @decorator
    def work(a: int, *, b: int = 2) -> tuple:
        """What it does."""
        return a, b

    @decorator
    async def coroutine(a: int) -> int:
        return a

    assert work(1) == (1, 2)
    assert work.submit(1, b=3).result(SOON) == (1, 3)
    assert coroutine(5) == 5
    assert work.fn(1) == (1, 2)
    assert work.__doc__ == "What it does."
    assert list(inspect.signature(work).parameters) == ["a", "b"]


def test_a_changed_copy_leaves_the_task_as_it_was(lab: Lab) -> None:
    @fl.task(retries=1)
    def work() -> int:
        return 1

    copy = work.with_options(retries=3, name="copy")
    assert (work.name, copy.name) == ("work", "copy")
    assert (work.options.retries.limit, copy.options.retries.limit) == (1, 3)
    assert copy.fn is work.fn
    assert copy() == 1
    with pytest.raises(TypeError, match="unknown option"):
        work.with_options(retry=3)


MODEL = """
class Model:
    def __init__(self, factor):
        self.factor = factor

    @fl.task
    def fit(self, x):
        {body}
"""


def model(body: str) -> Any:
    """The class as it stands in a cell that is run again and again."""
    names: dict[str, Any] = {"fl": fl, "__name__": "a_cell"}
    exec(MODEL.format(body=body), names)
    return names["Model"]


def test_a_method_with_other_options_keeps_its_instance(lab: Lab) -> None:
    fit = model("return self.factor * x")(3).fit
    often = fit.with_options(name="often", retries=2)
    assert (often.name, often.options.retries.limit, fit.name) == ("often", 2, "fit")
    assert (often(2), often.submit(4).result(SOON), often.map([1, 2]).results()) == (6, 12, [3, 6])
    assert often.with_options(retries=0).send(5).submit().result(SOON) == 15


@pytest.mark.parametrize("changed", [False, True], ids=["as-it-is", "with-options"])
def test_a_method_is_retried_with_the_code_of_now_and_its_own_options(lab: Lab, changed: bool) -> None:
    fit = model("raise ValueError('one')")(3).fit
    future = (fit.with_options(name="often") if changed else fit).submit(2)
    entry = fit.send(2).set(name="entry").submit() if changed else fit.send(2).submit()
    assert type(future.exception(SOON)) is type(entry.exception(SOON)) is ValueError
    for body in ("raise KeyError('two')", "return self.factor * x"):
        model(body)
        future.retry()
        entry.retry()
        fl.wait([future, entry])
    assert (future.result(SOON), entry.result(SOON)) == (6, 6)
    assert future.task.name == ("often" if changed else "fit")


def test_map_pairs_as_the_builtin_does(lab: Lab) -> None:
    @fl.task
    def add(x: int, y: int) -> int:
        return x + y

    futures = add.map([1, 2, 3], [10, 20])
    assert futures.results() == [11, 22]
    assert [f.result() for f in futures] == [11, 22]
    assert futures.progress == (2, 2)
    assert repr(futures) == "<FutureList 2 of 2 done>"
    assert futures.wait().done == set(futures)
    assert sorted(f.result() for f in futures.as_completed()) == [11, 22]
    assert sorted(add.map([1, 2], [1, 2], ordered=False).results()) == [2, 4]
    assert add.map([], []).results() == []
    with pytest.raises(TypeError, match="at least one"):
        add.map()


def test_results_of_a_map_that_are_late(lab: Lab) -> None:
    late = fl.task(delay=60)(lambda x: x)
    futures = late.map([1, 2])
    with pytest.raises(TimeoutError, match="2 futures"):
        futures.results(0.01)
    assert futures.cancel() == 2


def test_methods_get_their_instance(lab: Lab) -> None:
    class Account:
        def __init__(self, rate: int) -> None:
            self.rate = rate

        @fl.task
        def times(self, x: int) -> int:
            return self.rate * x

    account = Account(3)
    assert account.times(2) == 6
    assert account.times.submit(4).result(SOON) == 12
    assert account.times.map([1, 2]).results() == [3, 6]
    assert account.times.name == "times"
    assert Account.times(account, 5) == 15


@pytest.mark.parametrize("fn", [functools.partial(pow, 2), len, lambda x: x], ids=["partial", "builtin", "lambda"])
def test_any_callable_will_do(lab: Lab, fn: object) -> None:
    task = fl.task(fn)
    argument = 3 if fn is not len else [1, 2, 3]
    assert task(argument) == fn(argument)
    assert repr(task).startswith("<task ")


def test_a_class_is_a_callable_too(lab: Lab) -> None:
    assert fl.task(int)("42") == 42
    assert "int" in repr(fl.task(int))


def test_executors_that_will_never_be() -> None:
    with pytest.raises(ValueError, match="there are 'threads', 'processes', 'dask', 'inline'"):
        fl.task(executor="cloud")(lambda: None)
    with pytest.raises(ValueError, match="did you mean 'processes'"):
        fl.task(executor="process")(lambda: None)
    with pytest.raises(TypeError):
        fl.task(executor=3)(lambda: None)
    with pytest.raises(TypeError, match=r"or a concurrent.futures.Executor"):
        fl.task(executor=ThreadPoolExecutor)(lambda: None)

    async def coroutine() -> None: ...

    with pytest.raises(ValueError, match="runs on the loop"):
        fl.task(executor="threads")(coroutine)


def test_mistakes_are_named_at_the_decorator() -> None:
    with pytest.raises(TypeError, match="did you mean retries="):
        fl.task(retrys=3)(lambda: None)
    with pytest.raises(TypeError, match="options go by name"):
        fl.task("name")
    with pytest.raises(TypeError, match="is a task already"):
        fl.task(fl.task(lambda: None))
    with pytest.raises(TypeError, match="generator"):

        @fl.task
        def numbers():
            yield 1

    with pytest.raises(TypeError, match="generator"):

        @fl.task
        async def anumbers():
            yield 1

    for name in ("", "  ", 3):
        with pytest.raises(TypeError, match="name"):
            fl.task(name=name)(lambda: None)
    with pytest.raises(ValueError, match="'task', 'cell'"):
        fl.task(stdout="file")(lambda: None)
