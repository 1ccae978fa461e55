"""The examples of statefun-tasks' page on pipelines with only the import line changed, each by both forms of submit."""

import asyncio
import functools
import gc
from collections import namedtuple
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

import ipyflow
from ipyflow.compat.statefun_tasks import (
    FlinkTasks,
    FlinkTasksClient,
    FlinkTasksClientFactory,
    PipelineBuilder,
    RetryPolicy,
    TaskStatus,
    client,
    in_parallel,
    tasks,
)
from ipyflow.engine.scheduler import STARTABLE
from ipyflow.errors import GroupError, PipelineInvalid, TaskCancelled
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, Together, eventually

Run = Callable[[Any], Any]


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        yield lab
        lab.settled()


@pytest.fixture(params=["submit", "submit_async"])
def run(request: pytest.FixtureRequest, lab: Lab) -> Run:
    """Submit a pipeline with the client and wait for its result."""
    if request.param == "submit":
        return lambda pipeline: client.submit(pipeline).result(SOON)
    return lambda pipeline: asyncio.run(asyncio.wait_for(client.submit_async(pipeline), SOON))


@tasks.bind()
def multiply(x, y):
    return x * y


@tasks.bind()
def divide(x, y):
    return x / y


@tasks.bind()
def subtract(x, y):
    return x - y


@tasks.bind()
def add(x, y):
    return x + y


@tasks.bind()
def average(values: list):
    return sum(values) / len(values)


@tasks.bind()
def fail(*args):
    raise ValueError("boom")


@tasks.bind()
def given(*args, **kwargs):
    """What it was handed."""
    return [*args, kwargs] if kwargs else list(args)


# The page, from its beginning to its end.


def test_continuations(run: Run) -> None:
    pipeline = multiply.send(3, 2).continue_with(divide, 2)
    assert run(pipeline) == 3


def test_fan_out(run: Run) -> None:
    pipeline = in_parallel([
        multiply.send(3, 2),
        multiply.send(4, 5)
    ])  # fmt: skip
    assert run(pipeline) == [6, 20]


def test_fan_in(run: Run) -> None:
    pipeline = in_parallel([
        multiply.send(3, 2),
        multiply.send(4, 5)
    ]).continue_with(average)  # fmt: skip
    assert run(pipeline) == 13


def test_nesting(run: Run) -> None:
    pipeline = in_parallel([
        multiply.send(3, 2).continue_with(divide, 2),  # continuation within in_parallel
        in_parallel([                                  # nested in_parallel
            multiply.send(4, 5),
            multiply.send(3, 4)
        ]).continue_with(average)
    ]).continue_with(average)  # fmt: skip
    assert run(pipeline) == 9.5


@pytest.mark.parametrize("options", [{}, {"num_stages": 3}], ids=["plain", "stages"])
def test_max_parallelism(run: Run, options: dict) -> None:
    together = Together()

    @tasks.bind()
    async def slow(x, y):
        with together.inside():
            await asyncio.sleep(0.001)
            return x * y

    pipeline = in_parallel([slow.send(n, 2) for n in range(40)], max_parallelism=10, **options)
    assert run(pipeline) == [2 * n for n in range(40)]
    assert 2 <= together.most <= 10


@pytest.mark.parametrize("stages", [1, 10, 100])
def test_num_stages(run: Run, stages: int) -> None:
    pipeline = in_parallel([multiply.send(n, 2) for n in range(25)], num_stages=stages)
    assert run(pipeline) == [2 * n for n in range(25)]


def test_passing_state(run: Run) -> None:
    @tasks.bind(with_state=True)  # sets initial state
    def multiply(state, x, y):
        state = 10
        return state, x * y

    @tasks.bind()  # state is passed across
    def subtract(x, y):
        return x - y

    @tasks.bind(with_state=True)  # accesses state
    def add_state(state, x):
        return state, state + x

    pipeline = multiply.send(3, 2) \
        .continue_with(subtract, 1) \
        .continue_with(add_state)  # fmt: skip
    assert run(pipeline) == 15


def test_a_handler_of_errors(run: Run) -> None:
    handled = []

    @tasks.bind()
    def handle_error(ex):
        handled.append(ex)
        return "handled"

    @tasks.bind()
    def replace_error(ex):
        raise KeyError("replaced") from ex

    assert run(multiply.send(3, 2).exceptionally(handle_error)) == 6
    assert handled == []
    assert run(multiply.send(3).exceptionally(handle_error)) == "handled"
    assert isinstance(handled[0], TypeError)  # the exception itself, not a description of it
    with pytest.raises(KeyError, match="replaced"):
        run(fail.send().exceptionally(replace_error))
    with pytest.raises(ValueError, match="boom"):
        run(multiply.send(3, 2).continue_with(fail))


def test_several_handlers_and_a_finaliser(run: Run) -> None:
    called = []

    def bound(name: str, fails: bool = False) -> Any:
        @tasks.bind(display_name=name)
        def body(*args):
            called.append((name, *args))
            if fails:
                raise ValueError(name)
            return name

        return body

    def pipeline(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return a.send().exceptionally(b).continue_with(c).exceptionally(d).finally_do(e)

    a, b, c, d, e = map(bound, "abcde")
    assert run(pipeline(a, b, c, d, e)) == "c"
    assert called == [("a",), ("c", "a"), ("e",)]

    called.clear()
    assert run(pipeline(bound("a", fails=True), b, bound("c", fails=True), d, e)) == "d"
    assert [name for name, *_ in called] == ["a", "b", "c", "d", "e"]
    assert called[2] == ("c", "b")
    assert [str(error) for _, error in (called[1], called[3])] == ["a", "c"]

    called.clear()
    with pytest.raises(ValueError, match="d"):
        run(pipeline(a, b, bound("c", fails=True), bound("d", fails=True), e))
    assert [name for name, *_ in called] == ["a", "c", "d", "e"]


def test_a_finaliser_with_state_that_returns_nothing(run: Run) -> None:
    cleaned = []

    @tasks.bind(with_state=True)
    def begin(state, x, y):
        return "state", x * y

    @tasks.bind(with_state=True)
    def cleanup(state, *args):
        cleaned.append((state, args))

    assert run(begin.send(3, 2).finally_do(cleanup)) == 6
    with pytest.raises(ValueError, match="boom"):
        run(begin.send(3, 2).continue_with(fail).finally_do(cleanup))
    assert cleaned == [("state", ()), ("state", ())]


@pytest.mark.timeout(120)
def test_ten_thousand_with_and_without_initial_parameters(run: Run) -> None:
    expected = [2 * n for n in range(1, 10_001)]
    pipeline = in_parallel([multiply.send(2, n) for n in range(1, 10_001)], num_stages=10)
    assert client.submit(pipeline).result(60) == expected
    pipeline = in_parallel([
        multiply.send(n) for n in range(1, 10_001)
    ], num_stages=10).with_initial(args=2)  # fmt: skip
    assert client.submit(pipeline).result(60) == expected


def test_initial_kwargs_and_state(run: Run) -> None:
    @tasks.bind(with_state=True)
    def begin(state, *args, **kwargs):
        return state, [state, args, kwargs]

    pipeline = begin.send(1, a=1).with_initial(args=(8, 9), kwargs={"a": 0, "b": 2}, state="s")
    assert run(pipeline) == ["s", (8, 9, 1), {"a": 1, "b": 2}]  # the task's own keyword wins
    assert run(in_parallel([given.send(1), given.send(2)]).with_initial(args=(8,))) == [[8, 1], [8, 2]]


def test_composition(run: Run) -> None:
    @tasks.bind()
    def multiply_and_subtract(mult_a, mult_b, sub_c):
        return multiply.send(mult_a, mult_b).continue_with(subtract, sub_c)

    pipeline = multiply_and_subtract.send(3, 2, 1).continue_with(add, 10)
    assert run(pipeline) == 15


@pytest.mark.parametrize(("x", "expected"), [(-3, 1), (3, 5)])
def test_conditional_execution(run: Run, x: int, expected: int) -> None:
    @tasks.bind()
    def add_positive(x, y):
        return add.send(x, y).continue_with(make_positive)

    @tasks.bind()
    def make_positive(x):
        if x > 0:
            return x  # either return value
        else:
            return multiply.send(x, -1)  # or another pipeline

    pipeline = add_positive.send(x, 2)
    assert run(pipeline) == expected


def test_recursion(run: Run) -> None:
    @tasks.bind()
    def count_to_100(x):
        return add.send(x, 1).continue_with(check_result)

    @tasks.bind()
    def check_result(x):
        if x == 100:
            return x
        else:
            return count_to_100.send(x)  # recursive

    pipeline = count_to_100.send(0)
    assert run(pipeline) == 100


def test_the_state_of_a_child_pipeline_is_its_own_unless_it_is_inline(run: Run) -> None:
    @tasks.bind(with_state=True, is_fruitful=False)
    def begin(_, initial):
        return initial  # the state, and no result

    @tasks.bind(with_state=True)
    def extend(state):
        return f"{state}+", state

    @tasks.bind()
    def apart():
        return extend.send()

    @tasks.bind()
    def inside():
        return extend.send().inline()

    @tasks.bind(with_state=True)
    def both(state, seen):
        return state, (seen, state)

    assert run(begin.send("s").continue_with(apart).continue_with(both)) == (None, "s")
    assert run(begin.send("s").continue_with(inside).continue_with(both)) == ("s", "s+")


# What the page does not show.


def test_a_call_is_a_call_of_the_function_itself(lab: Lab) -> None:
    @tasks.bind(with_context=True, with_state=True)
    def both(context, state, x):
        return context, state, x

    @tasks.bind()
    async def later(x):
        return x

    @tasks.bind()
    def several():
        yield 1

    assert multiply(3, 2) == 6
    assert both("context", "state", 1) == ("context", "state", 1)
    assert asyncio.run(later(7)) == 7
    assert next(several()) == 1
    assert lab.runs == []


def test_send_by_the_tasks_object(run: Run) -> None:
    assert run(tasks.send(multiply, 3, y=2)) == 6
    assert isinstance(tasks.send(multiply, 3, 2), PipelineBuilder)
    with pytest.raises(AttributeError, match=r"tasks\.bind\(\)"):
        tasks.send(max, 3, 2)


def test_pipelines_in_pipelines_and_conditions_when_built(run: Run) -> None:
    tail = subtract.send(1).continue_with(multiply, 2)
    assert run(multiply.send(3, 2).continue_with(tail)) == 10
    assert run(multiply.send(3, 2).continue_if(True, subtract, 1)) == 5
    assert run(multiply.send(3, 2).continue_if(False, subtract, 1)) == 6
    assert run(PipelineBuilder().continue_with(multiply, 3, 2)) == 6


def test_a_builder_has_the_methods_it_has_there(run: Run) -> None:
    built = PipelineBuilder().send(multiply, 3, 2).send(subtract, 1)
    assert run(built) == 5
    assert run(PipelineBuilder().send(subtract, 1).append_to(built)) == 4
    assert PipelineBuilder().is_empty()
    assert not built.is_empty()
    for one in (multiply.send(3, 2), in_parallel([multiply.send(3, 2)], max_parallelism=2), tasks.send(multiply, 3, 2)):
        assert isinstance(one.continue_with(given).set(is_fruitful=True).wait(), PipelineBuilder)
    with pytest.raises(PipelineInvalid, match=r"comes behind an entry"):
        PipelineBuilder().wait()
    with pytest.raises(PipelineInvalid, match="max_parallelism"):
        in_parallel([], max_parallelism=-1)
    assert in_parallel.__doc__ == ipyflow.in_parallel.__doc__


def test_a_pipeline_that_is_put_together_wrongly_is_refused_when_it_is_built() -> None:
    with pytest.raises(ValueError, match="finally"):
        multiply.send(3, 2).finally_do(given).continue_with(given)
    with pytest.raises(ValueError, match="finally"):
        multiply.send(3, 2).finally_do(given).finally_do(given)
    with pytest.raises(ValueError, match="finally"):
        in_parallel([multiply.send(3, 2).finally_do(given)])
    with pytest.raises(ValueError, match="Ambiguous initial parameters"):
        in_parallel([multiply.send(3).with_initial(args=2)])
    with pytest.raises(ValueError, match="Ambiguous initial parameters"):
        multiply.send(3, 2).continue_with(multiply.send(3).with_initial(args=2))
    with pytest.raises(PipelineInvalid):
        PipelineBuilder().exceptionally(given)


def test_a_pipeline_can_be_used_many_times(run: Run) -> None:
    one = multiply.send(3, 2)
    assert run(in_parallel([one, one])) == [6, 6]
    assert [run(one), run(one)] == [6, 6]


def test_empty_and_nested_groups(run: Run) -> None:
    assert run(in_parallel([])) == []
    assert run(in_parallel([]).continue_with(given)) == [[]]
    assert run(in_parallel([in_parallel([]), in_parallel([add.send(1, 2)])])) == [[], [3]]
    assert run(in_parallel([in_parallel([add.send(1, 2), add.send(3, 4)]), add.send(5, 6)], num_stages=2)) == [
        [3, 7], 11,
    ]  # fmt: skip

    @tasks.bind()
    def two():
        return in_parallel([add.send(1, 2), add.send(3, 4)])

    assert run(two.send().continue_with(given)) == [[3, 7]]
    assert run(in_parallel([two.send(), add.send(0, 1)])) == [[3, 7], 1]


def test_the_order_of_a_group(run: Run) -> None:
    second = Gate()

    @tasks.bind()
    def first():
        second.reached()
        return 1

    @tasks.bind()
    def last():
        second.open()
        second.stand()
        return 2

    @tasks.bind()
    async def slow():
        await asyncio.sleep(0.2)
        return "slow"

    assert run(in_parallel([first.send(), last.send()])) == [1, 2]
    assert run(in_parallel([slow.send(), add.send(1, 2)])) == ["slow", 3]
    assert run(in_parallel([slow.send(), add.send(1, 2)], ordered=False)) == [3, "slow"]


def test_a_group_with_failures(run: Run) -> None:
    group = [multiply.send(3, 2), fail.send(), multiply.send(4, 5)]
    with pytest.raises(GroupError) as caught:
        run(in_parallel(group))
    assert [str(error) for error in caught.value.exceptions] == ["boom"]
    for stages in (1, 2):
        six, error, twenty = run(in_parallel(group, return_exceptions=True, num_stages=stages).exceptionally(given))
        assert (six, twenty) == (6, 20)
        assert isinstance(error, ValueError)
    [seen] = run(in_parallel(group).continue_with(average).exceptionally(given))
    assert isinstance(seen, GroupError)


def test_how_a_result_becomes_arguments(run: Run) -> None:
    pair = namedtuple("pair", "a b")

    def after(value: Any, **options: Any) -> Any:
        @tasks.bind(**options)
        def task():
            return value

        return run(task.send().continue_with(given, "x"))

    assert after((1, 2)) == [1, 2, "x"]
    assert after((1,)) == [1, "x"]
    assert after([1, 2]) == [[1, 2], "x"]
    assert after(pair(1, 2)) == [pair(1, 2), "x"]
    assert after(None) == [None, "x"]
    assert after(1, is_fruitful=False) == ["x"]


def test_several_results_behind_a_state(run: Run) -> None:
    def after(value: Any) -> Any:
        @tasks.bind(with_state=True)
        def task(state):
            return value

        @tasks.bind(with_state=True)
        def seen(state, *args):
            return state, [state, *args]

        return run(task.send().continue_with(seen))

    assert after(("s", 1, 2)) == ["s", 1, 2]
    assert after(("s", (1, 2))) == ["s", 1, 2]
    assert after(("s", 1)) == ["s", 1]
    assert after(("s",)) == ["s"]
    assert after("s") == ["s"]
    pair = namedtuple("pair", "a b")
    assert after(pair(1, 2)) == [pair(1, 2)]
    with pytest.raises(PipelineInvalid, match="with_state=True"):
        after(())
    with pytest.raises(PipelineInvalid, match="with_state=True"):
        after(multiply.send(3, 2))


def test_a_pipeline_behind_a_state(run: Run) -> None:
    @tasks.bind(with_state=True)
    def seen(state, x):
        return state, [state, x]

    @tasks.bind(with_state=True)
    def begin(state):
        return "s", seen.send(1).inline()

    assert run(begin.send()) == ["s", 1]


def test_generators_give_lists(run: Run) -> None:
    @tasks.bind()
    def several(n):
        yield from range(n)

    @tasks.bind(with_context=True)
    async def later(context, values):
        for value in values:
            yield value, context.get_display_name()

    assert run(several.send(2)) == [0, 1]
    assert run(several.send(2).continue_with(later)) == [(0, "later"), (1, "later")]


def test_the_context(run: Run) -> None:
    @tasks.bind(with_context=True, with_state=True, display_name="shown")
    def look(context, state, x):
        id = str(ipyflow.current().id)
        assert (context.task_uid, context.get_task_id()) == (id, id)
        assert context.task_name == f"{__name__}.look"
        assert context.get_display_name() == "shown"
        return state, (x, context.get_pipeline_id(), context.get_root_pipeline_id(), context.get_caller_id())

    @tasks.bind(with_context=True)
    async def later(context, *args):
        return [*args, context.get_pipeline_id()]

    pipeline = in_parallel([look.send(1).continue_with(later), look.send(2).continue_with(later)])
    future = client.submit(pipeline)
    result, id = future.result(SOON), str(future.id)
    [group] = [t for t in future.run.snapshot().tasks.values() if t.role == "group"]
    assert result == [[n, id, id, str(group.id), id] for n in (1, 2)]

    assert look.submit("state", 3).result(SOON) == ("state", (3, None, None, None))


def test_a_pipeline_in_a_pipeline_has_two_above_it(run: Run) -> None:
    @tasks.bind(with_context=True)
    def look(context):
        return [context.get_pipeline_id(), context.get_root_pipeline_id()]

    @tasks.bind()
    def submits(*args):
        return client.submit(look.send()).result(SOON)

    future = client.submit(submits.send())
    inner, root = future.result(SOON)
    assert root == str(future.id) != inner


@pytest.mark.parametrize("name", ["get_state", "set_state", "send_message", "get_address", "send_egress_message"])
def test_what_the_context_lacks_says_what_to_write(lab: Lab, name: str) -> None:
    @tasks.bind(with_context=True)
    def look(context):
        getattr(context, name)

    with pytest.raises(AttributeError, match=rf"context\.{name} is not here.*(with_state=True|current\(\))"):
        client.submit(look.send()).result(SOON)


def test_retries(run: Run) -> None:
    calls = []

    @tasks.bind(retry_policy=RetryPolicy(retry_for=[ValueError], max_retries=2))
    def unreliable(error):
        calls.append(error)
        if len(calls) < 3:
            raise error
        return len(calls)

    assert run(unreliable.send(ValueError())) == 3
    calls.clear()
    assert run(unreliable.send(UnicodeError())) == 3  # a kind of ValueError
    calls.clear()
    with pytest.raises(KeyError):
        run(unreliable.send(KeyError()))
    assert len(calls) == 1


def test_a_retry_gets_the_same_arguments_and_state(run: Run) -> None:
    seen = []

    @tasks.bind(with_state=True, retry_policy=RetryPolicy(max_retries=1))
    def unreliable(state, values):
        seen.append((dict(state), list(values)))
        state["changed"] = True
        if len(seen) % 2:
            raise ValueError
        return state, values

    run(unreliable.send([1]).with_initial(state={}))
    assert [values for _, values in seen] == [[1], [1]]


def test_the_pauses_between_retries() -> None:
    with engine(inline=True) as lab:
        policy = RetryPolicy(max_retries=3, delay=timedelta(seconds=5), exponential_back_off=True)
        attempts = []

        @tasks.bind(retry_policy=policy)
        def unreliable():
            attempts.append(lab.clock.now())
            raise ValueError

        future = client.submit(unreliable.send())
        for _ in range(3):
            lab.clock.advance(50)
        with pytest.raises(ValueError):
            future.result(SOON)
        assert attempts == [0, 10, 30, 70]  # 2, 4 and 8 times the delay
    assert RetryPolicy() == RetryPolicy([Exception], 1, timedelta(), False)


def test_options_of_the_last_entry(run: Run) -> None:
    calls = []

    @tasks.bind()
    def unreliable():
        calls.append(ipyflow.current().task.name)
        if len(calls) < 2:
            raise ValueError
        return 1

    pipeline = unreliable.send().set(
        retry_policy=RetryPolicy(), namespace="n", worker_name="w", is_fruitful=False, display_name="often"
    )
    assert run(pipeline.continue_with(given, 2)) == [2]
    assert calls == ["often", "often"]
    with pytest.raises(NotImplementedError, match="memory"):
        pipeline.set(task_id=str(uuid4()))
    with pytest.raises(ValueError):
        in_parallel([pipeline]).set(display_name="group")
    with pytest.raises(ValueError):
        PipelineBuilder().set(display_name="nothing")


def test_what_only_says_where_the_cluster_is_is_taken_and_not_used(lab: Lab) -> None:
    others = FlinkTasks(
        default_namespace="example", default_worker_name="worker", egress_type_name="example/kafka-generic-egress",
        egress_message_max_size=1, serialiser=object(), state_expiration=timedelta(days=1), keep_task_state=True,
        embedded_pipeline_namespace="example", embedded_pipeline_type="embedded_pipeline",
    )  # fmt: skip
    more = {"kafka_broker_url": "localhost:9092", "request_topics": {None: "in"}, "action_topics": {None: "act"}}
    clients = [
        FlinkTasksClient("localhost:9092", {None: "requests"}, {None: "actions"}, "replies", group_id="g"),
        FlinkTasksClientFactory.get_client(**more, reply_topic=f"replies.{uuid4()}"),
    ]

    @others.bind(namespace="other", worker_name="other", module_name="other")
    def double(x):
        return 2 * x

    assert [c.submit(double.send(21), topic="topic").result(SOON) for c in clients] == [42, 42]


def test_options_with_a_meaning_that_is_not_here_are_refused() -> None:
    with pytest.raises(NotImplementedError, match="with_state=True"):
        tasks.bind(task_id="memoised_multiply")
    with pytest.raises(TypeError, match=r"@tasks.bind\(\)"):
        tasks.bind(multiply.fn)
    with pytest.raises(TypeError, match="unknown option colour="):
        tasks.bind(colour="red")(multiply.fn)
    for name in ("events", "register", "value_specs", "run_async", "send_result"):
        with pytest.raises(AttributeError, match=f"tasks.{name} is not here.*;"):
            getattr(tasks, name)


def test_options_of_ours_can_be_given_too(run: Run) -> None:
    @tasks.bind(timeout=SOON, limit=1)
    def double(x):
        return 2 * x

    assert run(double.send(2)) == 4
    assert double.options.limit == 1


def test_a_retry_runs_the_code_of_now(lab: Lab) -> None:
    here: dict[str, Any] = {"tasks": tasks, "__name__": "a_notebook"}
    exec("@tasks.bind(with_state=True)\ndef edited(state):\n    return state, 1 / 0", here)
    future = client.submit(here["edited"].send().continue_with(add, 1))
    with pytest.raises(ZeroDivisionError):
        future.result(SOON)
    exec("@tasks.bind(with_state=True)\ndef edited(state):\n    return state, 41", here)
    assert future.retry().result(SOON) == 42


# The client.


class Held:
    """A pipeline of which the first task stands at a gate."""

    def __init__(self) -> None:
        self.gate, self.cleaned, self.went_on = Gate(), Gate(), []

        @tasks.bind()
        def first():
            self.gate.stand()
            return 1

        @tasks.bind()
        def second(x):
            self.went_on.append(x)
            return x + 1

        @tasks.bind()
        def cleanup():
            self.cleaned.stand()

        self.pipeline = first.send().continue_with(second).finally_do(cleanup)


def sync(method: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *args: method(*args).result(SOON)


def steering(form: str) -> tuple[Callable[..., Any], ...]:
    names = ("get_status", "pause_pipeline", "unpause_pipeline", "cancel_pipeline", "get_result")
    if form == "sync":
        return tuple(sync(getattr(client, name)) for name in names)
    return tuple(
        functools.partial(lambda method, *args: asyncio.run(method(*args)), getattr(client, f"{name}_async"))
        for name in names
    )


forms = pytest.mark.parametrize("form", ["sync", "async"])


@forms
@pytest.mark.parametrize("by", ["pipeline", "future"])
def test_pausing_and_going_on(lab: Lab, form: str, by: str) -> None:
    status, pause, unpause, _, result = steering(form)
    held = Held()
    held.cleaned.open()
    future = client.submit(held.pipeline)
    handle = held.pipeline if by == "pipeline" else future
    held.gate.reached()
    assert status(handle) is TaskStatus.RUNNING
    with pytest.raises(RuntimeError, match=r"Pipeline is not in a state that can be un-paused.*RUNNING, not PAUSED"):
        unpause(handle)
    pause(handle)
    assert status(handle) is TaskStatus.PAUSED
    with pytest.raises(RuntimeError, match="Pipeline is not in a state that can be paused"):
        pause(handle)
    held.gate.open()
    eventually(lambda: any(t.name == "first" and t.state == "succeeded" for t in future.run.snapshot().tasks.values()))
    assert (held.went_on, future.done(), status(handle)) == ([], False, TaskStatus.PAUSED)
    unpause(handle)
    assert result(handle) == 2
    assert status(handle) is TaskStatus.COMPLETED
    for refused, word in ((pause, "paused"), (unpause, "un-paused")):
        with pytest.raises(RuntimeError, match=f"can be {word}.*COMPLETED.*submit the pipeline again"):
            refused(handle)


@forms
def test_cancelling(lab: Lab, form: str) -> None:
    status, pause, _, cancel, result = steering(form)
    held = Held()
    future = client.submit(held.pipeline)
    held.gate.reached()
    pause(held.pipeline)
    cancel(held.pipeline)
    held.cleaned.reached()  # finally_do runs
    assert status(held.pipeline) is TaskStatus.CANCELLING
    with pytest.raises(RuntimeError, match="CANCELLING"):
        cancel(held.pipeline)
    held.cleaned.open()
    with pytest.raises(TaskCancelled):
        result(held.pipeline)
    held.gate.open()
    eventually(lambda: status(future) is TaskStatus.CANCELLED)
    assert held.went_on == []
    with pytest.raises(RuntimeError, match=r"Pipeline is not in a state that can be cancelled.*CANCELLED"):
        cancel(held.pipeline)


@forms
def test_a_failed_pipeline(lab: Lab, form: str) -> None:
    status, _, _, cancel, result = steering(form)
    pipeline = multiply.send(3, 2).continue_with(fail)
    with pytest.raises(ValueError, match="boom"):
        client.submit(pipeline).result(SOON)
    assert status(pipeline) is TaskStatus.FAILED
    with pytest.raises(ValueError, match="boom"):
        result(pipeline)
    with pytest.raises(RuntimeError, match="FAILED"):
        cancel(pipeline)


@pytest.mark.parametrize("group", [False, True], ids=["task", "group"])
def test_a_pipeline_that_pauses_itself(lab: Lab, group: bool) -> None:
    begin = in_parallel([multiply.send(3, 2)]) if group else multiply.send(3, 2)
    pipeline = begin.wait().continue_with(given, 1)
    future = client.submit(pipeline)
    eventually(lambda: client.get_status(pipeline) is TaskStatus.PAUSED)
    assert not future.done()
    client.unpause_pipeline(pipeline)
    assert future.result(SOON) == ([[6], 1] if group else [6, 1])


def test_the_client_knows_the_latest_run_of_a_pipeline(lab: Lab) -> None:
    pipeline = multiply.send(3, 2)
    with pytest.raises(LookupError, match=r"call client\.submit\(\) first"):
        client.get_status(pipeline)
    assert client.submit(pipeline) is not client.submit(pipeline)
    latest = client.submit(pipeline)
    assert client.get_result(pipeline) is latest
    assert latest.result(SOON) == 6
    with pytest.raises(TypeError, match="give a pipeline"):
        client.submit(multiply)


def test_the_client_keeps_no_pipeline_alive(lab: Lab) -> None:
    mine = FlinkTasksClient()
    for n in range(20):
        mine.submit(multiply.send(n, 2)).result(SOON)
    lab.settled()
    gc.collect()
    assert len(mine._latest) <= STARTABLE, "pipelines live on that no run can begin anew"
