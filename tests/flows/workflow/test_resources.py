"""Resources: made once, in chains, from coroutines and threads; circles and mistakes found before anything runs."""

import asyncio
import functools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

import ipyflow as fl
from ipyflow.errors import TaskCancelled, WorkflowValidationError, WouldDeadlock
from ipyflow.flows.workflow.resources import Resource, ResourceConfig, ResourceManager
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON, Gate, eventually
from tests.flows.workflow import written_as_text as text


@pytest.fixture
def lab() -> Iterator[Lab]:
    with engine(threads=4) as lab:
        lab.engine.loop.post(lambda: None)  # it is started
        yield lab
        lab.settled()


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop on another thread."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def needs(**resources: Any) -> tuple[Any, ...]:
    return tuple((name, object, one) for name, one in resources.items())


class Counter:
    """A factory that counts how often it was called."""

    def __init__(self, value: Any = "made") -> None:
        self.calls, self.value = 0, value
        self.__name__ = self.__qualname__ = "counter"

    def __call__(self) -> Any:
        self.calls += 1
        return (self.value, self.calls)


# What a resource is.


def test_the_marks() -> None:
    assert Resource(dict)._is_workflow_resource
    assert ResourceConfig("a.json")._is_workflow_resource
    assert repr(Resource(Counter())) == "<Resource counter>"
    assert repr(Resource(functools.partial(dict, a=1))) == "<Resource dict>"
    assert repr(ResourceConfig("a.json", "b.c")) == "<ResourceConfig a.json at b.c>"


def test_mistakes_in_the_mark_itself() -> None:
    with pytest.raises(
        TypeError, match=r"Resource\(3\): give the function that makes it, as in Resource\(connect\), not called"
    ):
        Resource(3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"cache='no'"):
        Resource(dict, cache="no")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"whose name ends in \.json"):
        ResourceConfig("settings.yaml")


# Making.


@pytest.mark.parametrize("how", ["coroutine", "thread"])
def test_factories_sync_and_async_are_made_once_where_they_are_kept(how: str, loop: asyncio.AbstractEventLoop) -> None:
    kept, fresh, soon = Counter(), Counter(), Counter()

    async def later() -> Any:
        await asyncio.sleep(0)
        return soon()

    manager = ResourceManager()
    wanted = needs(a=Resource(kept), b=Resource(fresh, cache=False), c=Resource(fresh, cache=False), d=Resource(later))

    def resolve() -> dict[str, Any]:
        if how == "thread":
            return manager.resolve(wanted, loop)
        return asyncio.run(manager.aresolve(wanted))

    assert resolve() == {"a": ("made", 1), "b": ("made", 1), "c": ("made", 1), "d": ("made", 1)}
    assert resolve() == {"a": ("made", 1), "b": ("made", 2), "c": ("made", 2), "d": ("made", 1)}
    assert manager.resolve(needs(other=Resource(kept)), None) == {"other": ("made", 1)}
    assert ResourceManager().resolve(needs(other=Resource(kept)), None) == {"other": ("made", 2)}


def test_two_functions_of_one_name_are_two_resources() -> None:
    one, two = (lambda: 1), (lambda: 2)
    assert ResourceManager().resolve(needs(a=Resource(one), b=Resource(two)), None) == {"a": 1, "b": 2}


def test_methods_classes_and_partials() -> None:
    class Maker:
        def __init__(self, n: int = 3) -> None:
            self.n = n

        def make(self, extra: int = 0) -> int:
            self.n += 1
            return self.n + extra

    maker, manager = Maker(), ResourceManager()
    assert manager.resolve(needs(a=Resource(maker.make), b=Resource(maker.make)), None) == {"a": 4, "b": 4}
    assert manager.resolve(needs(a=Resource(Maker().make)), None) == {"a": 4}
    assert manager.resolve(needs(a=Resource(functools.partial(maker.make, extra=10))), None) == {"a": 15}
    assert manager.resolve(needs(a=Resource(Maker)), None)["a"].n == 3
    assert manager.resolve(needs(a=Resource(dict)), None) == {"a": {}}


def base() -> list[str]:
    return ["base"]


async def pool(on: Annotated[list[str], Resource(base)], size: int = 2) -> list[str]:
    return [*on, f"pool {size}"]


def client(by: Annotated[list[str], Resource(pool)], /, *args: Any, on: Annotated[list[str], Resource(base)]) -> Any:
    return [*by, "client", *on, *args]


def test_chains(loop: asyncio.AbstractEventLoop) -> None:
    wanted = needs(client=Resource(client))
    made = {"client": ["base", "pool 2", "client", "base"]}
    assert ResourceManager().resolve(wanted, loop) == made
    assert asyncio.run(ResourceManager().aresolve(wanted)) == made


def test_annotations_as_text(loop: asyncio.AbstractEventLoop) -> None:
    assert ResourceManager().resolve(needs(a=Resource(text.outer)), loop) == {"a": ("outer", ("inner", 1))}
    manager = ResourceManager()
    assert manager.resolve(needs(a=text.local_factory()), None) == {"a": ("local", ("made here", 1))}
    assert manager.resolve(needs(a=Resource(text.Client)), None)["a"].inner == ("inner", 2)


# At the same moment.


def test_two_steps_at_the_same_moment_make_it_once(lab: Lab) -> None:
    gate, calls = Gate(), []

    def slow() -> str:
        calls.append(threading.get_ident())
        gate.stand()
        return "slow"

    async def wraps(one: Annotated[str, Resource(slow)]) -> str:
        calls.append(0)
        return one.upper()

    manager = ResourceManager()
    wanted = needs(one=Resource(slow), two=Resource(wraps))

    @fl.task
    def on_a_thread() -> Any:
        return manager.resolve(wanted, lab.engine.loop.loop)

    @fl.task
    async def on_the_loop() -> Any:
        return await manager.aresolve(wanted)

    first = on_a_thread.submit()
    gate.reached()
    others = [task.submit() for task in (on_a_thread, on_the_loop, on_a_thread, on_the_loop)]
    eventually(lambda: all(future.state == "blocked" for future in others))
    gate.open()
    assert [future.result(SOON) for future in (first, *others)] == [{"one": "slow", "two": "SLOW"}] * 5
    assert len(calls) == 2


def test_many_threads_and_coroutines_make_each_once() -> None:
    counters = [Counter(n) for n in range(3)]

    async def soon(one: Annotated[Any, Resource(counters[0])]) -> Any:
        await asyncio.sleep(0)
        return counters[1]()

    wanted = needs(a=Resource(soon), b=Resource(counters[2]))
    manager, start = ResourceManager(), threading.Barrier(6)

    async def three() -> list[Any]:
        start.wait(SOON)
        return list(await asyncio.gather(*(manager.aresolve(wanted) for _ in range(3))))

    with ThreadPoolExecutor(6) as threads:
        results = [
            one for done in [threads.submit(asyncio.run, three()) for _ in range(6)] for one in done.result(SOON)
        ]
    assert results == [{"a": (1, 1), "b": (2, 1)}] * 18
    assert [counter.calls for counter in counters] == [1, 1, 1]


async def test_a_factory_that_raised_is_tried_by_the_next_who_waits() -> None:
    inside, go = asyncio.Event(), asyncio.Event()
    calls = 0

    async def once() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            inside.set()
            await go.wait()
            raise OSError("not yet")
        return "there"

    manager, wanted = ResourceManager(), needs(a=Resource(once))
    first = asyncio.create_task(manager.aresolve(wanted))
    await inside.wait()
    second = asyncio.create_task(manager.aresolve(wanted))
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(OSError, match="not yet"):
        await first
    assert await second == {"a": "there"}
    assert calls == 2


async def test_cancelling_who_makes_it_hands_it_to_who_waits() -> None:
    inside = asyncio.Event()
    calls = 0

    async def once() -> int:
        nonlocal calls
        calls += 1
        if calls == 1:
            inside.set()
            await asyncio.Event().wait()
        return calls

    manager, wanted = ResourceManager(), needs(a=Resource(once))
    first = asyncio.create_task(manager.aresolve(wanted))
    await inside.wait()
    second, third = (asyncio.create_task(manager.aresolve(wanted)) for _ in range(2))
    await asyncio.sleep(0)
    second.cancel()
    first.cancel()
    assert await third == {"a": 2}
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [type(one) for one in results] == [asyncio.CancelledError] * 2


def test_a_cancelled_step_on_a_thread_stops_the_coroutine_that_makes_it(lab: Lab) -> None:
    inside, stopped, seen = threading.Event(), threading.Event(), []

    async def never() -> None:
        inside.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    @fl.task
    def step() -> None:
        try:
            ResourceManager().resolve(needs(a=Resource(never)), lab.engine.loop.loop)
        except TaskCancelled as error:
            seen.append(error)
            raise

    future = step.submit()
    assert inside.wait(SOON)
    future.cancel()
    assert stopped.wait(SOON)
    eventually(lambda: seen)


async def test_an_async_factory_for_a_thread_that_runs_the_loop_is_refused() -> None:
    async def soon() -> None: ...

    for loop in (asyncio.get_running_loop(), None):
        with pytest.raises(WouldDeadlock, match="async def"):
            ResourceManager().resolve(needs(a=Resource(soon)), loop)


# Errors.


async def test_an_error_is_the_factorys_own_with_a_note_of_the_chain(loop: asyncio.AbstractEventLoop) -> None:
    class Broken(RuntimeError):
        pass

    async def connect() -> None:
        raise Broken("no")

    def session(over: Annotated[Any, Resource(connect)]) -> None: ...

    wanted = (("db", dict[str, int], Resource(session)),)
    manager = ResourceManager()
    with pytest.raises(Broken) as first:
        await manager.aresolve(wanted)
    with ThreadPoolExecutor(1) as threads, pytest.raises(Broken) as second:
        threads.submit(manager.resolve, wanted, loop).result(SOON)
    for caught in (first, second):
        assert caught.value.__notes__ == [
            "raised by the resource session -> connect, for the parameter db: dict[str, int]"
        ]


def test_a_circle_is_found_before_anything_runs() -> None:
    manager = ResourceManager()
    for wanted in (needs(x=Resource(text.a)), needs(x=Resource(text.c))):
        with pytest.raises(WorkflowValidationError, match="need each other: a -> b -> a: take one of these"):
            manager.check(wanted)
        with pytest.raises(WorkflowValidationError, match="a -> b -> a"):
            manager.resolve(wanted, None)
    with pytest.raises(WorkflowValidationError, match="itself -> itself"):
        manager.check(needs(x=Resource(text.itself)))
    assert text.ran == []
    manager.set(text.b, "put")  # which breaks the circle
    manager.check(needs(x=Resource(text.a)))
    assert manager.resolve(needs(x=Resource(text.a)), None) == {"x": ("a", "put")}
    text.ran.clear()


def test_a_parameter_that_nothing_can_be_given_for() -> None:
    def plain(settings: dict[str, int]) -> None: ...

    def above(one: Annotated[Any, Resource(plain)], n: int = 0, **others: Any) -> None: ...

    with pytest.raises(WorkflowValidationError) as caught:
        ResourceManager().check(needs(x=Resource(above), y=Resource(text.unreadable)))
    todo = ": annotate it with Annotated[..., Resource(...)], or give it a default"
    why = " (its annotation cannot be read: name 'Nowhere' is not defined)"
    assert str(caught.value).splitlines() == [
        f"resource plain: nothing can be given for its parameter settings{todo}",
        f"resource unreadable: nothing can be given for its parameter x{why}{todo}",
    ]
    ResourceManager().check(needs(x=Resource(text.unreadable_with_a_default)))


# Values put in.


def test_values_put_in_the_place_of_factories(tmp_path: Path) -> None:
    manager = ResourceManager()
    wanted = needs(client=Resource(client))
    manager.set(pool, ["fake"])
    assert manager.resolve(wanted, None) == {"client": ["fake", "client", "base"]}
    assert manager.get(client) == manager.get("client") == ["fake", "client", "base"]
    assert manager.get(pool) == ["fake"]
    manager.set("client", "fake client")
    assert manager.resolve(wanted, None) == {"client": "fake client"}
    config = ResourceConfig(str(tmp_path / "none.json"), label="Model")
    for key in (config, "Model", str(tmp_path / "none.json")):
        manager = ResourceManager()
        manager.set(key, 3)
        manager.check(needs(a=config))
        assert manager.resolve(needs(a=config), None) == {"a": 3}
    with pytest.raises(LookupError, match="no resource base was made or set yet; there is nothing"):
        manager.get(base)


# Configs.


class Model(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str
    sizes: tuple[int, ...] = ()


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.json"
    path.write_text(
        json.dumps({"name": "ä", "models": {"small": {"name": "s", "sizes": [1, 2]}, "all": [{"name": "x"}]}})
    )
    return str(path)


def test_configs_are_read_selected_and_checked(config: str) -> None:
    manager = ResourceManager()
    wanted = (
        ("whole", Model, ResourceConfig(config)),
        ("small", Model, ResourceConfig(config, "models.small")),
        ("as_dict", dict[str, Any], ResourceConfig(config, "models.small")),
        ("first", Model, ResourceConfig(config, path_selector="models.all.0")),
        ("name", str, ResourceConfig(config, "models.small.name")),
    )
    manager.check(wanted)
    assert manager.resolve(wanted, None) == {
        "whole": Model(name="ä"),
        "small": Model(name="s", sizes=(1, 2)),
        "as_dict": {"name": "s", "sizes": [1, 2]},
        "first": Model(name="x"),
        "name": "s",
    }
    Path(config).unlink()
    assert manager.resolve((("small", Model, ResourceConfig(config, "models.small")),), None)["small"].name == "s"
    assert manager.get(ResourceConfig(config)) == Model(name="ä")


def test_a_factory_may_need_a_config(config: str) -> None:
    def shout(model: Annotated[Model, ResourceConfig(config, "models.small")]) -> str:
        return model.name.upper()

    assert ResourceManager().resolve(needs(a=Resource(shout)), None) == {"a": "S"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("models.smal", r"has nothing at 'models\.smal': small, all are where 'smal' should be"),
        ("models.all.1", r"a list of 1 is where '1' should be"),
        ("name.x", r"'ä' is where 'x' should be"),
        ("models", r"Field required"),
    ],
)
def test_a_config_that_does_not_fit(config: str, path: str, said: str) -> None:
    one = ResourceConfig(config, path, label="Small model", description="which model is asked")
    wanted = (("small", Model, one),)
    label = rf"Small model \({config} at {path}: which model is asked\)"
    with pytest.raises(WorkflowValidationError, match=rf"(?s)config {label} for small: Model: \w+: .*{said}"):
        ResourceManager().check(wanted)
    ResourceManager().check(wanted, configs=False)
    with pytest.raises(ValueError, match=said) as caught:
        ResourceManager().resolve(wanted, None)
    assert f"raised by the resource Small model ({config} at {path}" in caught.value.__notes__[0]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    wanted = (
        ("a", Model, ResourceConfig(tmp_path / "missing.json", description="the model")),
        ("b", Model, ResourceConfig(broken)),
        ("c", threading.Lock, ResourceConfig(broken)),
    )
    with pytest.raises(WorkflowValidationError) as caught:
        ResourceManager().check(wanted)
    lines = str(caught.value).splitlines()
    assert "missing.json (the model) for a: Model: FileNotFoundError" in lines[0]
    assert "broken.json is no JSON" in lines[1]
    with pytest.raises(FileNotFoundError):
        ResourceManager().resolve(wanted[:1], None)
    broken.write_text("{}")
    with pytest.raises(TypeError, match="cannot be read from JSON: annotate a pydantic model"):
        ResourceManager().resolve(wanted[2:], None)
    with pytest.raises(ValidationError):
        ResourceManager().resolve(wanted[1:2], None)
