"""Keys of results: they change with what matters, and with nothing else."""

from __future__ import annotations

import collections
import copy
import dataclasses
import datetime
import enum
import functools
import json
import linecache
import os
import pickle
import random
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.engine import keys as engine_keys
from ipyflow.engine.keys import FutureAmong, digest

# Values.


@dataclasses.dataclass
class Point:
    x: Any
    y: Any = 0


@dataclasses.dataclass(frozen=True)
class Place:
    at: Any


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Plain:
    def __init__(self, held: Any) -> None:
        self.held = held


def of(value: Any) -> bytes:
    return digest({"x": value})


atoms = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5), st.binary(max_size=5),
    st.sampled_from([Colour.RED, Colour.BLUE]), st.dates(), st.decimals(allow_nan=False),
)  # fmt: skip
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), inner, max_size=3),
        st.frozensets(st.one_of(st.text(max_size=3), st.integers()), max_size=4),
        st.builds(Point, inner, inner),
        st.builds(Plain, inner),
        st.builds(lambda pair: [pair, pair], inner),
    ),
    max_leaves=12,
)


def written(value: Any) -> Any:
    """What makes two values the same: a text that tells types apart, and orders what has no order."""
    kind = type(value).__name__
    if isinstance(value, list | tuple):
        return f"{kind}({', '.join(map(written, value))})"
    if isinstance(value, dict):
        return f"dict({sorted(written(pair) for pair in value.items())})"
    if isinstance(value, frozenset):
        return f"set({sorted(map(written, value))})"
    if isinstance(value, Point | Plain):
        return f"{kind}({written(vars(value))})"
    return f"{kind}({value!r})"


def shuffled(value: Any, rng: random.Random) -> Any:
    """An equal value of other objects, its dicts and sets in another order."""
    if isinstance(value, list | tuple):
        return type(value)([shuffled(item, rng) for item in value])
    if isinstance(value, dict):
        pairs = [(key, shuffled(item, rng)) for key, item in value.items()]
        rng.shuffle(pairs)
        return dict(pairs)
    if isinstance(value, frozenset):
        items = list(value)
        rng.shuffle(items)
        return frozenset(items)
    if isinstance(value, Point):
        return Point(shuffled(value.x, rng), shuffled(value.y, rng))
    if isinstance(value, Plain):
        return Plain(shuffled(value.held, rng))
    return copy.copy(value)


@settings(max_examples=150, deadline=None)
@given(values, st.randoms(use_true_random=False))
def test_equal_values_are_equal_whatever_their_order_and_objects(value: Any, rng: random.Random) -> None:
    assert of(value) == of(shuffled(value, rng)) == of(pickle.loads(pickle.dumps(value)))


@settings(max_examples=150, deadline=None)
@given(values, values)
def test_two_values_are_told_apart(one: Any, other: Any) -> None:
    assert (of(one) == of(other)) == (written(one) == written(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        (0.0, -0.0),
        ("1", b"1"),
        ([1], (1,)),
        ([], ()),
        ({}, []),
        ({1: 2}, {2: 1}),
        (set(), []),
        ([[1], [2]], [[1, 2]]),
        (["ab", "c"], ["a", "bc"]),
        ({1, 2}, [1, 2]),
        (Point(1, 2), Point(2, 1)),
        (Point(1), Place(1)),
        (Colour.RED, Colour.BLUE),
        (Colour.RED, 1),
        (Decimal("1.0"), Decimal("1.00")),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (collections.Counter("ab"), {"a": 1, "b": 1}),
        (datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1)),
        (Path("a"), "a"),
        (len, max),
        (Point, Place),
        (functools.partial(max, 1), functools.partial(max, 2)),
        ([1, 2], [2, 1]),
        (range(3), range(4)),
        (json, os),
    ],
    ids=repr,
)
def test_what_looks_alike_is_told_apart(one: Any, other: Any) -> None:
    assert of(one) != of(other)
    assert of(one) == of(copy.deepcopy(one) if not hasattr(one, "__loader__") else one)


def test_what_holds_itself_has_a_key() -> None:
    def circle() -> list[Any]:
        held: list[Any] = [1]
        held.append({"me": held})
        return held

    assert of(circle()) == of(circle())
    assert of(circle()) != of([1, {"me": [1]}])


def test_arrays_are_compared_by_what_is_in_them() -> None:
    table = numpy.arange(12.0).reshape(3, 4)
    assert of(table) == of(table.copy()) == of(numpy.asfortranarray(table)) == of(numpy.tile(table, 2)[:, :4])
    different = [table + 1, table.astype("f4"), table.reshape(4, 3), table[:2], table.ravel(), table[:0], list(table)]
    assert len({of(value) for value in [table, *different]}) == 8
    assert of(numpy.array(["a", None, [1, 2]], dtype=object)) == of(numpy.array(["a", None, [1, 2]], dtype=object))
    assert of(numpy.array(["a", None], dtype=object)) != of(numpy.array(["b", None], dtype=object))
    assert of(numpy.array(5)) != of(numpy.array([5]))
    assert of(numpy.float64(5)) == of(numpy.float64(5)) != of(numpy.float32(5))
    masked = [numpy.ma.array([1, 2], mask=mask) for mask in ([False, True], [False, True], [True, False])]
    assert of(masked[0]) == of(masked[1]) != of(masked[2])
    assert of({"a": [table]}) == of({"a": [table.copy()]})


def test_data_frames_are_compared_by_what_is_in_them() -> None:
    pandas = pytest.importorskip("pandas")

    def frame() -> Any:
        return pandas.DataFrame(
            {
                "a": [1, 2], "b": [1.5, 2.5], "c": ["x", "y"], "d": pandas.Categorical(["u", "v"]),
                "e": pandas.array([1, None], dtype="Int64"), "f": pandas.to_datetime(["2026-01-01", "2026-01-02"]),
            }
        )  # fmt: skip

    built = pandas.DataFrame({"a": [1, 2]})
    for name in "bcdef":
        built[name] = frame()[name]  # other blocks in memory
    assert of(frame()) == of(built) == of(pickle.loads(pickle.dumps(built)))
    others = [
        frame().rename(columns={"a": "z"}),
        frame().set_index("c"),
        frame()[["b", "a", "c", "d", "e", "f"]],
        frame().assign(a=[1, 3]),
        frame().assign(d=["u", "v"]),
        frame().assign(e=[1, 2]),
        frame().iloc[:1],
        frame()["a"],
        frame().assign(f=pandas.to_datetime(["2026-01-01", "2026-01-03"])),
    ]
    assert len({of(other) for other in [frame(), *others]}) == 10
    assert of(frame().set_index(["a", "c"])) == of(built.set_index(["a", "c"])) != of(frame().set_index(["c", "a"]))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (threading.Lock(), "the argument x cannot be compared (lock: cannot pickle"),
        ([1, {"a": open(os.devnull)}], "cannot be compared (TextIOWrapper: cannot pickle"),  # noqa: SIM115
        ((n for n in range(1)), "(generator: cannot pickle"),
        (Plain(sys._getframe()), "(frame: cannot pickle"),
    ],
    ids=["lock", "file", "generator", "frame"],
)
def test_what_cannot_be_compared_is_named(value: Any, said: str) -> None:
    with pytest.raises(TypeError) as caught:
        of(value)
    assert said in str(caught.value)


def test_a_class_whose_pickling_raises_is_named_too() -> None:
    class Odd:
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise ZeroDivisionError("odd")

    with pytest.raises(TypeError, match=r"the argument x cannot be compared \(Odd: odd\)"):
        of(Odd())


def test_a_list_nested_too_deep_is_refused() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit()):
        deep = [deep, object]
    with pytest.raises(TypeError, match="nested too deep"):
        of(deep)


# Code.

_count = 0


def defined(source: str, name: str = "f", lines: int = 0, **around: Any) -> Any:
    """The task of a source, as a cell would define it: with other things around it, somewhere."""
    global _count
    _count += 1
    namespace: dict[str, Any] = {"__name__": "__main__", **around}
    file = f"<cell {_count}>"
    source = "\n" * lines + source
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    exec(compile(source, file, "exec"), namespace)
    return fl.task(cache=True)(namespace[name])


def key_of(task: Any, args: Any, kwargs: Any, value_of: Any) -> str | None:
    made = engine_keys.key_of(task, args, kwargs, value_of)
    return None if made is None else made.text


def key(source: str, *args: Any, lines: int = 0, **around: Any) -> str:
    found = key_of(defined(source, lines=lines, **around), args, {}, None)
    assert found is not None
    return found


BASE = '''
def f(x, y=2, *, z=3):
    """What it does."""
    total = 0
    for n in range(x):
        total += helper(n) * y + z + limit
    return [total, *(m for m in {"a", "b", 1} if m in seen)]

def helper(n):
    return n + offset(n)

def offset(n):
    return Table().shift + n

class Table:
    shift = 7
    def move(self):
        return self.shift

limit = 10
seen = {"a": [1, 2], "b": 3}
unrelated = 5
'''


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('    """What it does."""\n', '    """What it does, said better."""\n'),
        ("    total = 0", "    # a comment\n\n    total = 0  # here"),
        ("unrelated = 5", "unrelated = object"),
        ('{"a": [1, 2], "b": 3}', '{"b": 3, "a": [1, 2]}'),
        ("limit = 10", "limit = 5 + 5"),
        ("total += helper(n) * y + z + limit", "total += (helper(n) *\n            y + z + limit)"),
        ("def helper(n):", '@property\ndef other(n): ...\n\ndef helper(n):\n    "says"'),
    ],
    ids=[
        "docstring",
        "comment",
        "another global",
        "order of a dict",
        "how a global came to be",
        "line breaks",
        "around",
    ],
)
def test_a_key_stays(old: str, new: str) -> None:
    assert old in BASE
    assert key(BASE, 4) == key(BASE.replace(old, new), 4) == key(BASE.replace(old, new), 4, lines=30)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("total = 0", "total = 1"),
        ("y=2", "y=3"),
        ("z=3", "z=4"),
        ("* y", "- y"),
        ("limit = 10", "limit = 11"),
        ("[1, 2]", "[2, 1]"),
        ("n + offset(n)", "n - offset(n)"),
        ("shift + n", "shift - n"),
        ("shift = 7", "shift = 8"),
        ("return self.shift", "return -self.shift"),
        ('{"a", "b", 1}', '{"a", "b", 2}'),
        ("if m in", "if m not in"),
        ("def f(x, y=2, *, z=3)", "def f(x, y=2, z=3)"),
        ("limit = 10", ""),
        ("unrelated = 5", "def sum(x): pass\nrange = list"),
    ],
    ids=[
        "constant",
        "default",
        "keyword default",
        "operator",
        "global",
        "content of a global",
        "called",
        "called by called",
        "class attribute",
        "method",
        "set constant",
        "inner generator",
        "signature",
        "missing global",
        "a builtin hidden",
    ],
)
def test_a_key_changes(old: str, new: str) -> None:
    assert old in BASE
    assert key(BASE, 4) != key(BASE.replace(old, new), 4)


def test_arguments_are_those_that_the_function_gets() -> None:
    task = defined("def f(x, y=2, *rest, z=3, **more): pass")
    keys = [
        key_of(task, args, kwargs, None)
        for args, kwargs in [((1,), {}), ((1, 2), {}), ((), {"x": 1, "z": 3}), ((1,), {"y": 2})]
    ]
    assert len(set(keys)) == 1
    assert key_of(task, (1, 2, 3), {}, None) != keys[0] != key_of(task, (1,), {"w": 3}, None)
    assert key_of(task, (), {}, None) is None, "they do not fit: the function says so itself"


def test_only_the_chosen_parameters_count_and_namespaces_are_shared() -> None:
    source = "def f(user, log): return user"
    task = defined(source).with_options(cache=fl.Cache(params="user", version=1))
    with_lock = key_of(task, ("a", threading.Lock()), {}, None)
    assert with_lock == key_of(task, ("a", 5), {}, None) != key_of(task, ("b", 5), {}, None)
    again = defined(source.replace("return user", "return 2")).with_options(cache=fl.Cache(params="user", version=1))
    assert key_of(again, ("a", 1), {}, None) == with_lock
    newer = again.with_options(cache=fl.Cache(params="user", version=2))
    assert key_of(newer, ("a", 1), {}, None) != with_lock
    one, other = (
        defined(f"def {name}(x): pass", name).with_options(cache=fl.Cache(namespace="n", version=1)) for name in "ab"
    )
    assert key_of(one, (1,), {}, None) == key_of(other, (1,), {}, None)
    assert key_of(one.with_options(cache=True), (1,), {}, None) != key_of(
        other.with_options(cache=True), (1,), {}, None
    )


def test_closures_partials_methods_and_tasks_in_tasks_count() -> None:
    make = "def make(n, g=None):\n    def f(x):\n        return x + n, g\n    return f\nf = make({0})\n"
    one, same, other = (key(make.format(n), 0) for n in (1, 1, 2))
    assert one == same != other
    twice = "def g(x): return x {0} 2\ndef f(x): return g.submit(x).result()\n"
    tasks = [key(twice.format(sign) + "g = task(g)", 1, task=fl.task) for sign in "**-"]
    assert tasks[0] == tasks[1] != tasks[2]
    part = "import functools\ndef h(x, y): return x + y\nf = functools.partial(h, {0})\nf.__name__ = 'f'\n"
    assert key(part.format(1), 2) == key(part.format(1), 2) != key(part.format(2), 2)
    kept = "import functools\n@functools.cache\ndef g(x): return x {0} 1\ndef f(x): return g(x)"
    assert key(kept.format("+"), 1) == key(kept.format("+"), 1) != key(kept.format("-"), 1)
    method = (
        "class A:\n    def __init__(self, n): self.n = n\n    def run(self, x): return x {0} self.n\nf = A({1}).run\n"
    )
    assert len({key(method.format(sign, n), 2) for sign in "+-" for n in (1, 2)}) == 4
    assert key(method.format("+", 1), 2) == key(method.format("+", 1), 2)


def test_functions_that_call_each_other_have_keys() -> None:
    source = "def f(n): return n and g(n - 1)\ndef g(n): return n and f(n - {0})"
    assert key(source.format(1), 3) == key(source.format(1), 3) != key(source.format(2), 3)


def test_an_attribute_is_not_a_global_of_that_name() -> None:
    source = "def f(x): return x.data"
    assert key(source, 1, data=threading.Lock()) == key(source, 1)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def f(x): return lock, x", "f has cache=, but the global lock that f reads cannot be compared"),
        ("def g(): return lock\ndef f(x): return g()", "the global lock that g reads cannot be compared"),
        ("def f(x, y=[lock]): return x", "a default of f cannot be compared"),
        ("def make(n):\n    return lambda x: n\nf = make(lock)", "the variable n around <lambda> cannot be compared"),
        ("f = len", "its function has no Python code"),
    ],
    ids=["global", "global of another", "default", "closure", "builtin"],
)
def test_code_that_cannot_be_compared_says_what_and_how(source: str, said: str) -> None:
    task = defined(source, lock=threading.Lock())
    with pytest.raises(TypeError) as caught:
        key_of(task, (1,), {}, None)
    assert said in str(caught.value)
    assert "version=1" in str(caught.value)
    chosen = "obj" if task.fn is len else "x"
    assert key_of(task.with_options(cache=fl.Cache(params=chosen, version=1)), (1,), {}, None)


def test_a_future_among_the_arguments_is_compared_by_its_value() -> None:
    task = fl.task(cache=True)(lambda x: x)
    future = fl.task(lambda: 5).submit()
    with pytest.raises(FutureAmong):
        key_of(task, ([future],), {}, None)
    keys = [key_of(task, ([future],), {}, {future: n}.get) for n in (5, 5, 6)]
    assert keys[0] == keys[1] != keys[2]


# Any program.


@dataclasses.dataclass(frozen=True)
class Program:
    """A program with a function ``f`` that calls ``g``."""

    steps: tuple[str, ...]
    called: tuple[str, ...]
    default: int
    keyword: str
    limit: int
    closed: int

    def source(self, rng: random.Random) -> str:
        lines = ["def make(closed):", f"    def f(x, d={self.default!r}, *, k={self.keyword!r}):"]
        lines += [f"        x = {step}" for step in self.steps]
        lines += ["        return x", "    return f", f"f = make({self.closed})", "def g(x):"]
        lines += [f"    x = {step}" for step in self.called]
        lines += ["    return x", f"limit = {self.limit}"]
        out: list[str] = []
        for line in lines:
            out += ["" if rng.random() < 0.5 else " " * rng.randint(0, 9) + f"# {rng.random()}"] * rng.choice((0, 0, 1))
            out.append(line + rng.choice(("", "", "  # so")))
        return "\n".join(out)


numbers = st.integers(0, 3)
step = st.one_of(
    st.builds("x + {}".format, numbers),
    st.builds("x * {}".format, numbers),
    st.just("x + limit"),
    st.just("x + d"),
    st.just("(x, k)"),
    st.just("x + closed if x else 0"),
    st.just("g(x)"),
    st.builds("[n for n in (x, {})]".format, numbers),
)
called = st.one_of(st.builds("x - {}".format, numbers), st.just("-x"), st.just("x + limit"))
programs = st.builds(
    Program, st.lists(step, min_size=1, max_size=4).map(lambda s: (*s, "x + limit + closed", "g(x)")),
    st.lists(called, min_size=1, max_size=2).map(tuple), numbers, st.sampled_from("ab"), numbers, numbers,
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(programs, programs, st.randoms(use_true_random=False))
def test_keys_of_programs_change_with_code_defaults_closures_and_globals_only(
    one: Program, other: Program, rng: random.Random
) -> None:
    keys = [key(one.source(rng), 1, lines=rng.randint(0, 40)) for _ in range(2)]
    assert keys[0] == keys[1]
    assert (key(other.source(rng), 1) == keys[0]) == (one == other)


# Other processes.

FAR = """
import sys, random, dataclasses
sys.path.insert(0, {root!r})
from tests.engine.test_keys import BASE, Point, Colour, defined, key, of
import numpy
rng = random.Random(7)
words = ["w" + str(n) for n in range(40)]
rng.shuffle(words)
print(key(BASE, 4))
print(key("def f(x): return x in {{'a', 'b', 'c', 'd', 1, None, (1, 'z')}}", set(words)))
for value in [set(words), frozenset(words), {{w: {{w}} for w in words}}, Point(set(words), Colour.RED),
              defined(BASE).fn,
              numpy.arange(5), {{frozenset(words[:9]): 1, frozenset(words[9:]): 2}}]:
    print(of(value).hex())
"""


def test_keys_are_the_same_in_every_process() -> None:
    program = FAR.format(root=str(Path(__file__).parents[2]))
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed, "IPYFLOW_DATABASE": "none"},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    }  # fmt: skip
    assert len(told) == 1
    assert len(told.pop().split()) == 9
