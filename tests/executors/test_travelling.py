"""What travels to another process and back: functions by value, arguments, values, exceptions; and what cannot."""

import json
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import ipyflow as fl
from ipyflow.errors import NotPicklable, TaskCancelled, WorkerLost
from ipyflow.testing import Lab
from tests.executors.cells import Cells
from tests.executors.gates import SOON, Gate, Marks
from tests.executors.places import Place, elsewhere, with_workers

# Functions and classes of cells.


@elsewhere
def test_what_cells_define(lab: Lab, place: Place) -> None:
    cells = Cells()
    cells.run("""
    import math, dataclasses, enum, functools, typing
    scale = 10

    class Base:
        def __init__(self, x): self.x = x
        def value(self): return self.x

    class Point(Base):
        kinds = []
        def value(self): return super().value() * scale
        @property
        def half(self): return self.x / 2
        @classmethod
        def make(cls, x): return cls(x)
        @staticmethod
        def three(): return 3

    @dataclasses.dataclass(frozen=True)
    class Pair:
        a: int
        b: list = dataclasses.field(default_factory=list)

    class Colour(enum.Enum):
        RED = 1

    class Row(typing.NamedTuple):
        n: int

    def factorial(n): return n * factorial(n - 1) if n else 1
    def adder(n): return lambda x: x + n
    def counted(fn):
        @functools.wraps(fn)
        def inner(*args): return fn(*args), fn.__name__
        return inner

    @counted
    def decorated(x): return -x

    def work(n, add=adder(5)):
        point = Point.make(n)
        return (
            point, point.value(), point.half, Point.three(), Pair(1, [2]), Colour.RED, Row(4), factorial(n), add(n),
            decorated(n), math.floor(2.5), [f(1) for f in (lambda x: x + scale,)],
        )
    """)
    found = place.task(cells["work"]).submit(4).result(SOON)
    assert type(found[0]) is cells["Point"]
    assert found[1:4] == (40, 2, 3)
    assert found[4] == cells["Pair"](1, [2])
    assert found[5] is cells["Colour"].RED
    assert type(found[6]) is cells["Row"]
    assert found[7:] == (24, 9, (-4, "decorated"), 2, [11])


@elsewhere
def test_what_is_submitted_is_what_the_names_stand_for_at_that_moment(lab: Lab, place: Place) -> None:
    cells = Cells()
    cells.run("""
    x, things = 1, [1]
    def helper(): return "old"
    class Made: kind = "old"
    def work(): return x, list(things), helper(), Made.kind, Made().kind
    """)
    work = place.task(cells["work"])
    assert work.submit().result(SOON) == (1, [1], "old", "old", "old")
    cells.run("""
    x = 2
    things.append(2)
    def helper(): return "new"
    Made.kind = "changed"
    """)
    assert work.submit().result(SOON) == (2, [1, 2], "new", "changed", "changed")
    cells.run("""
    class Made: kind = "new"
    """)
    assert work.submit().result(SOON) == (2, [1, 2], "new", "new", "new")


@elsewhere
def test_a_closure_that_changes(lab: Lab, place: Place) -> None:
    n = 1

    @place.task
    def work() -> int:
        return n

    assert work.submit().result(SOON) == 1
    n = 2
    assert work.submit().result(SOON) == 2


@elsewhere
def test_an_argument_that_is_changed_afterwards_travels_as_it_was(lab: Lab, place: Place, gate: Gate) -> None:
    first = [place.standing().submit(gate) for _ in range(2)]
    gate.reached(2)

    @place.task
    def work(xs: list, array: np.ndarray) -> tuple:
        return list(xs), float(array[0])

    xs, array = [1], np.zeros(1_000_000)
    futures = [work.submit(xs, array)]
    xs.append(2)
    array[:] = 1
    futures.append(work.submit(xs, array))
    array[:] = 2
    gate.open()
    assert [future.result(SOON) for future in futures] == [([1], 0.0), ([1, 2], 1.0)]
    fl.wait(first)


@elsewhere
def test_what_a_body_changes_is_not_changed_here(lab: Lab, place: Place) -> None:
    xs, array = [1], np.zeros(1_000_000)

    @place.task
    def work(xs: list, array: np.ndarray) -> int:
        xs.append(2)
        array = array if array.flags.writeable else array.copy()
        array[:] = 5
        os.environ["CHANGED"] = "yes"
        return len(xs)

    assert [work.submit(xs, array).result(SOON) for _ in range(3)] == [2, 2, 2]
    assert xs == [1]
    assert not array.any()
    assert "CHANGED" not in os.environ


@elsewhere
def test_a_retry_runs_the_code_of_now(lab: Lab, place: Place) -> None:
    cells = Cells(place=place)
    cells.run("""
    @place.task
    def work(x): raise ValueError("old code")
    """)
    future = cells["work"].submit(3)
    with pytest.raises(ValueError, match="old code"):
        future.result(SOON)
    cells.run("""
    @place.task
    def work(x): return 2 * x
    """)
    future.retry()
    assert future.result(SOON) == 6


@elsewhere
def test_methods_partials_and_builtins(lab: Lab, place: Place) -> None:
    import functools
    import operator

    class Adder:
        def __init__(self, n: int) -> None:
            self.n = n

        def add(self, x: int) -> int:
            return self.n + x

        def __call__(self, x: int) -> int:
            return self.n * x

    assert place.task(Adder(3).add).submit(4).result(SOON) == 7
    assert place.task(Adder(3), name="adder").submit(4).result(SOON) == 12
    assert place.task(functools.partial(operator.add, 5), name="partial").submit(4).result(SOON) == 9
    assert place.task(len).submit("four").result(SOON) == 4
    assert place.task(lambda x: x + 1).submit(4).result(SOON) == 5


@elsewhere
def test_a_task_as_a_method(lab: Lab, place: Place) -> None:
    class Model:
        def __init__(self, n: int) -> None:
            self.n = n

        @place.task
        def fit(self, x: int) -> int:
            return self.n * x

    assert Model(6).fit.submit(7).result(SOON) == 42


# Arrays and buffers.


@elsewhere
def test_buffers_of_any_size_there_and_back(lab: Lab, place: Place) -> None:
    @place.task
    def work(array: np.ndarray, mutable: bytearray, plain: bytes) -> list:
        return [array, mutable, plain, type(array), type(mutable), type(plain)]

    for size in (0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5_000_000):
        data = os.urandom(size)
        given = [np.frombuffer(data, np.uint8).copy(), bytearray(data), data]
        found = work.submit(*given).result(SOON)
        assert [bytes(one) for one in found[:3]] == [data] * 3
        assert found[3:] == [np.ndarray, bytearray, bytes]
        found[0][:1], found[1][:1] = 120, b"x"  # what came back is one's own to write to


@elsewhere
def test_arrays_of_every_kind(lab: Lab, place: Place) -> None:
    base = np.arange(4_000_000.0).reshape(2000, 2000)
    arrays = [
        base, base.T, base[::2, ::3], np.asfortranarray(base), base.astype(complex), base > 3, np.array(3.0),
        np.array([{"a": 1}, None], dtype=object), np.zeros(500_000, dtype=[("a", "i4"), ("b", "f8")]),
        np.array(["x" * 100] * 50_000), np.zeros((0, 5)), np.array(["2026-01-01"], dtype="M8[D]"),
    ]  # fmt: skip

    @place.task
    def work(array: np.ndarray) -> np.ndarray:
        return array

    for array, found in zip(arrays, work.map(arrays).results(SOON), strict=True):
        assert found.dtype == array.dtype
        assert np.array_equal(found, array)


@elsewhere
def test_one_array_for_many_tasks(lab: Lab, place: Place) -> None:
    array = np.arange(1_000_000.0)

    @place.task
    def work(array: np.ndarray, n: int) -> float:
        return float(array[n])

    futures = [work.submit(array, n) for n in range(50)]
    assert [future.result(SOON) for future in futures] == list(range(50))


@elsewhere
def test_an_array_in_the_closure_and_one_in_the_cell(lab: Lab, place: Place) -> None:
    cells = Cells(table=np.arange(1_000_000.0))
    cells.run("def work(n): return float(table[n])")
    work = place.task(cells["work"])
    assert work.submit(7).result(SOON) == 7
    cells["table"][7] = -1
    assert work.submit(7).result(SOON) == -1
    array = np.ones(1_000_000)
    assert place.task(lambda: float(array.sum())).submit().result(SOON) == 1_000_000


# What cannot travel is found at submit.


class Holder:
    def __init__(self) -> None:
        self.lock = threading.Lock()


class Refuses:
    def __getstate__(self) -> object:
        raise ValueError("not me")


def offences() -> list[Any]:
    lock = threading.Lock()

    def uses_closure() -> object:
        return lock

    def helper() -> object:
        return lock

    def uses_helper() -> object:
        return helper()

    def has_default(guard: Any = lock) -> None: ...

    def takes(x: Any = None, *, config: Any = None) -> None: ...

    cells = Cells(guard=lock)
    cells.run("""
    def uses_global(): return guard
    def inner(): return guard
    def uses_global_far(): return inner()
    """)
    return [
        pytest.param(takes, (lock,), {}, ["x"], id="argument"),
        pytest.param(takes, (), {"config": lock}, ["config"], id="keyword"),
        pytest.param(takes, (), {"config": {"a": 1, "lock": lock}}, ["config['lock']"], id="in a dict"),
        pytest.param(takes, ([1, 2, lock],), {}, ["x[2]"], id="in a list"),
        pytest.param(takes, (Holder(),), {}, ["x.lock"], id="attribute"),
        pytest.param(takes, ([{"deep": (1, Holder())}],), {}, ["x[0]['deep'][1].lock"], id="deep"),
        pytest.param(takes, (Refuses(),), {}, ["x", "not me"], id="refuses"),
        pytest.param(takes, ((n for n in range(3)),), {}, ["x", "generator"], id="generator"),
        pytest.param(uses_closure, (), {}, ["lock"], id="closure"),
        pytest.param(uses_helper, (), {}, ["lock"], id="closure of a helper"),
        pytest.param(has_default, (), {}, ["guard"], id="default"),
        pytest.param(cells["uses_global"], (), {}, ["guard"], id="global"),
        pytest.param(cells["uses_global_far"], (), {}, ["guard"], id="global of a helper"),
    ]


@elsewhere
@pytest.mark.parametrize(("fn", "args", "kwargs", "named"), offences())
def test_what_cannot_be_pickled_is_named_and_nothing_is_started(
    lab: Lab, place: Place, fn: Callable[..., Any], args: tuple, kwargs: dict, named: list[str]
) -> None:
    task = place.task(fn)
    with pytest.raises(NotPicklable) as caught:
        task.submit(*args, **kwargs)
    assert isinstance(caught.value, TypeError)
    said = str(caught.value)
    for word in [*named, 'executor="threads"']:
        assert word in said
    if "generator" not in named and "not me" not in named:
        assert "lock" in said  # the type
    assert lab.engine.unfinished() == []


@elsewhere
def test_one_that_cannot_travel_between_others(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: object) -> object:
        return x

    @fl.flow
    def flow() -> list:
        futures = [work.submit(1)]
        with pytest.raises(NotPicklable):
            work.submit(threading.Lock())
        with pytest.raises(NotPicklable):
            work(n for n in range(3))
        futures.append(work.submit(2))
        return [future.result() for future in futures]

    future = flow.submit()
    assert future.result(SOON) == [1, 2]
    assert future.run.wait(SOON)
    assert future.run.state == "succeeded"


@elsewhere
def test_a_structure_too_deep_to_pickle_is_an_error_and_no_crash(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: object) -> None: ...

    @place.task
    def deep() -> object:
        made: list = []
        for _ in range(100_000):
            made = [made]
        return made

    made: list = []
    for _ in range(100_000):
        made = [made]
    with pytest.raises((NotPicklable, RecursionError)):
        work.submit(made)
    with pytest.raises((NotPicklable, RecursionError)):
        deep.submit().result(SOON)
    same: list = []
    same.append(same)
    assert work.submit(same).result(SOON) is None


# Values that cannot come back.


@elsewhere
def test_a_value_that_cannot_be_pickled(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> object:
        print("before")
        return {"fine": 1, "guard": threading.Lock()}

    future = work.submit()
    with pytest.raises(NotPicklable) as caught:
        future.result(SOON)
    assert "guard" in str(caught.value)
    assert "lock" in str(caught.value)
    assert future.state == "failed"
    assert future.logs == "before\n"


class Picky:
    """Goes one way only."""

    def __init__(self, here: int) -> None:
        self.here = here

    def __setstate__(self, state: dict) -> None:
        if os.getpid() != state["here"]:
            raise ValueError("I live elsewhere")
        self.__dict__.update(state)


@elsewhere
def test_a_value_that_cannot_be_opened_here(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> object:
        return Picky(os.getpid())

    future = work.submit()
    error = future.exception(SOON)
    assert "I live elsewhere" in f"{error} {error.__cause__} {future.traceback}"
    assert future.state == "failed"
    assert place.task(len).submit("fine").result(SOON) == 4


@elsewhere
def test_an_argument_that_cannot_be_opened_there(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: object) -> None: ...

    future = work.submit(Picky(os.getpid()))
    error = future.exception(SOON)
    assert "I live elsewhere" in f"{error} {error.__cause__} {future.traceback}"
    assert future.state == "failed"
    assert place.task(len).submit("fine").result(SOON) == 4


class Deadly:
    """Ends the process that opens it."""

    def __reduce__(self) -> Any:
        return os._exit, (3,)


@with_workers
def test_an_argument_that_ends_the_worker_that_opens_it(lab: Lab, place: Place) -> None:
    @place.task
    def work(x: object) -> None: ...

    future = work.submit(Deadly())
    assert isinstance(future.exception(SOON), WorkerLost)
    assert place.task(len).submit("fine").result(SOON) == 4


# Exceptions.


class Coded(Exception):
    def __init__(self, code: int, *, hint: str) -> None:
        super().__init__(f"code {code}: {hint}")
        self.code, self.hint = code, hint


class Locked(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()


class Hostile(Exception):
    def __reduce__(self) -> Any:
        raise RuntimeError("reduce")

    def __str__(self) -> str:
        raise RuntimeError("str")


class OpensBadly(Exception):
    def __reduce__(self) -> Any:
        return json.loads, ("{not json",)


@elsewhere
def test_an_exception_with_a_constructor_of_its_own(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        raise Coded(7, hint="look")

    with pytest.raises(Coded, match="code 7: look") as caught:
        work.submit().result(SOON)
    assert (caught.value.code, caught.value.hint) == (7, "look")


@elsewhere
def test_an_exception_of_a_cell_is_of_the_class_it_was(lab: Lab, place: Place) -> None:
    cells = Cells()
    cells.run("""
    class Mine(Exception):
        def __init__(self, a, b):
            super().__init__(a)
            self.b = b
    def work(): raise Mine("boom", 2)
    """)
    with pytest.raises(cells["Mine"], match="boom") as caught:
        place.task(cells["work"]).submit().result(SOON)
    assert caught.value.b == 2


@elsewhere
def test_notes_causes_and_contexts_are_told(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        try:
            raise KeyError("the cause")
        except KeyError as error:
            new = ValueError("the error")
            new.add_note("the note")
            raise new from error

    future = work.submit()
    error = future.exception(SOON)
    assert isinstance(error, ValueError)
    assert "the note" in error.__notes__
    assert isinstance(error.__cause__, Exception)
    assert "the cause" in str(error.__cause__)
    for text in ("the cause", "the note", "direct cause", "in work"):
        assert text in future.traceback


@elsewhere
def test_a_group_of_exceptions(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        raise ExceptionGroup("several", [OSError("one"), ExceptionGroup("inner", [Coded(2, hint="two")])])

    with pytest.raises(ExceptionGroup) as caught:
        work.submit().result(SOON)
    assert isinstance(caught.value.exceptions[0], OSError)
    assert caught.value.exceptions[1].exceptions[0].code == 2


@elsewhere
def test_exceptions_of_the_library(lab: Lab, place: Place) -> None:
    def decode() -> None:
        b"\xff".decode("utf-8")

    def parse() -> None:
        json.loads("{")

    def call() -> None:
        subprocess.run(["false"], check=True)

    def query() -> None:
        sqlite3.connect(":memory:").execute("nonsense")

    def key() -> None:
        {}["missing"]

    def stop() -> None:
        next(iter([]))

    def recurse() -> None:
        recurse()

    wanted = {
        decode: UnicodeDecodeError, parse: json.JSONDecodeError, call: subprocess.CalledProcessError,
        query: sqlite3.OperationalError, key: KeyError, stop: StopIteration, recurse: RecursionError,
    }  # fmt: skip
    futures = {fn: place.task(fn).submit() for fn in wanted}
    assert {fn: type(future.exception(SOON)) for fn, future in futures.items()} == wanted


@elsewhere
def test_an_exception_that_cannot_be_pickled_is_told_all_the_same(lab: Lab, place: Place) -> None:
    @place.task
    def work() -> None:
        raise Locked("boom")

    future = work.submit()
    error = future.exception(SOON)
    assert future.state == "failed"
    assert "Locked" in f"{type(error).__name__} {error}"
    assert "boom" in str(error)
    assert "in work" in future.traceback


@elsewhere
@pytest.mark.parametrize("kind", [Hostile, OpensBadly])
def test_a_hostile_exception_fails_its_task_and_no_more(lab: Lab, place: Place, kind: type[Exception]) -> None:
    @place.task
    def work() -> None:
        raise kind

    future = work.submit()
    assert future.exception(SOON) is not None
    assert future.state == "failed"
    assert kind.__name__ in future.traceback
    assert place.task(len).submit("fine").result(SOON) == 4


@elsewhere
def test_the_note_and_the_lines_of_the_user_are_there(lab: Lab, place: Place) -> None:
    cells = Cells()
    cells.run("""
    def inner(x):
        return 1 / x

    def work(x):
        return inner(x)
    """)
    future = place.task(cells["work"]).submit(0)
    error = future.exception(SOON)
    assert isinstance(error, ZeroDivisionError)
    assert any(f"work#{future.id}" in note for note in error.__notes__)
    assert "<cell 1>" in future.traceback
    assert "in inner" in future.traceback
    assert "ipyflow/worker" not in future.traceback  # our own lines are cut off
    assert type(error.__cause__).__name__ == "RemoteTraceback"
    assert "in inner" in str(error.__cause__)


# Futures among what travels.


@dataclass
class Box:
    content: Any


@elsewhere
def test_futures_as_arguments_arrive_resolved(lab: Lab, place: Place, gate: Gate, marks: Marks) -> None:
    first = place.standing().submit(gate)
    local = fl.task(lambda: "local").submit()
    gate.reached()

    @place.task
    def work(a: fl.Future, parts: list, box: Box) -> tuple:
        marks.add("began")
        b, c = parts[0]["b"], box.content
        return a.done(), b.result(), c.result(), b.id, c.id, a.id, isinstance(a, fl.Future), a.exception(), b.state

    future = work.submit(first, [{"b": local}], Box(local))
    assert future.state == "waiting"
    assert marks.all() == []
    gate.open()
    assert future.result(SOON) == (
        True, "local", "local", local.id, local.id, first.id, True, None, "succeeded",
    )  # fmt: skip
    assert set(future.run.snapshot().tasks[future.id].refs) == {first.id, local.id}


@elsewhere
def test_a_failed_and_a_cancelled_future_as_arguments(lab: Lab, place: Place) -> None:
    @place.task
    def fails() -> None:
        raise Coded(3, hint="failed")

    @place.task
    def work(bad: fl.Future, gone: fl.Future) -> tuple:
        try:
            bad.result()
        except Coded as error:
            code = error.code
        try:
            gone.result(0)
        except TaskCancelled:
            return code, bad.exception().hint, gone.cancelled(), bad.cancelled(), bad.state, gone.state
        return ()

    bad, gone = fails.submit(), fl.task(delay=60)(len).submit("x")
    gone.cancel()
    future = work.submit(bad, gone)
    assert future.result(SOON) == (3, "failed", True, False, "failed", "cancelled")
    # It was passed on, and read there: nobody is warned of a failure that nobody looked at.


@elsewhere
def test_a_future_in_the_closure(lab: Lab, place: Place) -> None:
    local = fl.task(lambda: "local").submit()

    @place.task
    def work() -> object:
        return local.result()

    assert work.submit().result(SOON) == "local"


@elsewhere
def test_a_future_in_the_cell_that_has_not_ended(lab: Lab, place: Place, gate: Gate) -> None:
    if not place.talks:
        pytest.skip("it cannot ask")
    cells = Cells(pending=fl.task(lambda: gate.stand() and "local").submit())
    cells.run("def work(): return pending.result()")
    future = place.task(cells["work"]).submit()
    gate.reached()
    gate.open()
    assert future.result(SOON) == "local"


@elsewhere
def test_a_chain_of_futures(lab: Lab, place: Place) -> None:
    @place.task
    def add(x: fl.Future | int) -> int:
        return 1 + (x if isinstance(x, int) else x.result())

    future: Any = 0
    for _ in range(20):
        future = add.submit(future)
    assert future.result(SOON) == 20


@elsewhere
def test_a_list_of_futures_as_map_gives_it(lab: Lab, place: Place) -> None:
    @place.task
    def one(x: int) -> int:
        return x

    @place.task
    def total(parts: Any) -> int:
        return sum(part.result() for part in parts)

    assert total.submit(list(one.map(range(10)))).result(SOON) == 45


@elsewhere
def test_arrays_go_from_task_to_task(lab: Lab, place: Place) -> None:
    @place.task
    def make(n: int) -> np.ndarray:
        return np.full(500_000, float(n))

    @place.task(resolve=True)
    def total(parts: list) -> float:
        return float(sum(part.sum() for part in parts))

    assert total.submit(list(make.map(range(8)))).result(SOON) == 28 * 500_000
