import os

import pytest

import ipyflow as fl
from tests.notebook.conftest import Shell


def test_the_body_is_the_tasks_function(ready: Shell) -> None:
    ready.value("base = 10")
    ready.value(
        "%%task add(a: int, b=base * 2, *rest, **more) -> int --name 'sum of two'\n'Adds.'\nc = a + b\nreturn c"
    )
    add = ready["add"]
    assert isinstance(add, fl.Task)
    assert not add.is_flow
    assert (add.name, add.fn.__doc__) == ("sum of two", "Adds.")
    assert add.fn.__annotations__ == {"a": int, "return": int}
    assert ready.value("add(1), add(1, 2), add.submit(1, b=3).result()") == (21, 3, 4)
    assert "c" not in ready.ip.user_ns
    assert [run.name for run in fl.runs()] == ["Cell In[4]"], "defining a task runs nothing"


def test_the_last_expression_is_the_value_as_in_a_flow(ready: Shell) -> None:
    ready.value("%%task double(x)\n2 * x")
    assert ready.value("double.map([1, 2]).results()") == [2, 4]
    ready.value("%%task nothing()\ny = 3")
    assert ready.value("nothing()") is None


def test_await_and_magics_work_in_the_body(ready: Shell) -> None:
    ready.value("%%task nap(n)\nimport asyncio\n%precision 2\nreturn await asyncio.sleep(0, n)")
    assert ready["nap"].is_async
    assert ready.value("nap(4)") == 4


def test_options_reach_the_task(ready: Shell) -> None:
    ready.value("from datetime import timedelta")
    ready.value(
        "%%task f(a, b) --executor inline --timeout timedelta(seconds=90) --retries fl.Retry(2, backoff=(0, 1)) "
        "--limit 3 --rate 5/s --delay 0 --wait=a --resolve=b,a --on-leak wait --stdout cell --fruitful False\n1"
    )
    o = ready["f"].options
    assert (o.executor, o.timeout, o.retries.limit, o.limit, o.rate) == ("inline", 90, 2, 3, (5, 1.0))
    assert (o.wait, o.resolve) == (frozenset("a"), frozenset("ab"))
    assert (o.on_leak, o.stdout, o.fruitful) == ("wait", "cell", False)
    ready.value("%%task g(a) --memo --resolve\n1")
    assert (ready["g"].options.memo, ready["g"].options.resolve) == (True, True)
    ready.value("%%task save(path, text) --defer=path --delay 2\n1")
    assert (ready["save"].options.defer, ready["save"].options.delay) == (frozenset(["path"]), 2)
    ready.value("%%task poll(url) --defer --recurrent\n1")
    assert (ready["poll"].options.defer, ready["poll"].options.recurrent) == (True, True)
    ready.value("%%task kept(a) --cache\n1")
    assert ready["kept"].options.cache == fl.Cache()
    ready.value("%%task kept(a) --cache=timedelta(hours=1)\n1")
    assert ready["kept"].options.cache.age == 3600
    ready.value("%%task h(state, a) --with-state\nreturn state, a")
    assert ready["h"].options.with_state


def test_a_failure_shows_the_cells_own_lines(ready: Shell) -> None:
    ready.value("%%task broken(x)\n\ny = x\nreturn 1 / y")
    said = ready.fails("broken(0)")
    assert "Cell In[2], line 4\n" in said
    assert "----> 4 return 1 / y" in said
    assert "task broken#" in said or "broken" in said


def test_a_task_that_is_defined_anew_is_what_a_retry_runs(ready: Shell) -> None:
    ready.value("%%task part(n)\nif n == 2: raise ValueError('old')\nreturn n")
    ready.value("%%flow f\nparts = part.map(range(4))\nfl.wait(parts)\nparts")
    parts = ready["_flow"].result()
    assert isinstance(parts[2].exception(), ValueError)
    ready.value("%%task part(n)\nreturn n * 100")
    parts[2].retry()
    assert parts.results() == [0, 1, 200, 3]


def test_it_may_run_in_a_process_with_the_notebooks_names(ready: Shell) -> None:
    ready.value("import os\nbase = 40")
    ready.value("%%task away(n) --executor processes\n(base + n, os.getpid())")
    value, pid = ready.value("away(2)")
    assert value == 42
    assert pid != os.getpid()


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%task f(n) --retries -1\nreturn n", "limit=-1"),
        ("%%task f(n) --retries many\nreturn n", "--retries many: NameError"),
        ("%%task f(n) --rate often\nreturn n", "rate='often': write it as '5/s'"),
        ("%%task f(n) --resolve=m\nreturn n", "f has no parameter 'm'"),
        ("%%task f(n) --executor proceses\nreturn n", "did you mean 'processes'"),
        ("%%task f(n) --executor processes\nreturn await n", "`async def`"),
        ("%%task f(n, n)\nreturn n", "duplicate argument 'n'"),
        ("%%task f(n=1, m)\nreturn n", "the parameters cannot be read"),
        ("%%task f(n) -> ]\nreturn n", "the brackets do not match"),
        ("%%task f(n) -> 1 +\nreturn n", "got two names"),
        ("%%task f(n)\n# nothing\n", "the cell is empty: a %%task cell needs a body"),
        ("%%task f(n)\nyield n", "generator"),
        ("%%task f(n)\nreturn = 1", "SyntaxError"),
        ("%%task f(n=missing)\nreturn n", "NameError: name 'missing' is not defined"),
        ("%%task f(n: missing)\nreturn n", "NameError: name 'missing' is not defined"),
        ("%%task\nreturn 1", "%%task needs NAME(params)"),
    ],
)
def test_what_cannot_be_is_said_and_the_name_stays_as_it_was(ready: Shell, cell: str, said: str) -> None:
    assert said in ready.fails(cell)
    assert "f" not in ready.ip.user_ns
    ready.value("%%task f(n)\nreturn n")
    before = ready["f"]
    assert said in ready.fails(cell)
    assert ready["f"] is before
    assert before.latest() is before
