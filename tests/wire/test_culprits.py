"""Of a call that cannot travel, the message names what, where in it, from where, and what to do."""

import concurrent.futures
import functools
import queue
import socket
import sqlite3
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

import cloudpickle
import numpy as np
import pytest

from ipyflow.wire.culprits import explain, explain_value
from ipyflow.wire.hints import human

LOCK = threading.Lock()


def dumps(value: object) -> object:
    return cloudpickle.dumps(value, protocol=5)


def notebook(source: str, **values: Any) -> dict[str, Any]:
    """What a cell defines: functions that are pickled by value."""
    names: dict[str, Any] = {"__name__": "__main__", **values}
    exec(source, names)
    return names


TRAIN = notebook("def train(config, *rows, rate=1, **more): pass")["train"]


def because(*args: Any, fn: Any = TRAIN, where: Callable[[str], str | None] | None = None, **kwargs: Any) -> str:
    """The message; every one of them ends in what to do."""
    with pytest.raises(Exception):  # noqa: B017 - whatever pickle says
        dumps((fn, args, kwargs))
    text = explain(fn, args, kwargs, dumps, where)
    assert text.endswith('or run the task with executor="threads".')
    return text


def test_an_argument_is_named_by_its_parameter() -> None:
    assert "train cannot be sent to another process: config is a lock (_thread.lock)" in because(LOCK)
    assert ": config is a lock" in because(config=LOCK)
    assert ": rate is a lock" in because(1, rate=LOCK)


def test_arguments_beyond_the_named_ones_have_a_place_or_a_keyword() -> None:
    assert ": rows[1] is a lock" in because(1, 2, LOCK)
    assert ": speed is a lock" in because(1, speed=LOCK)


def test_arguments_of_a_function_without_a_signature_have_a_position() -> None:
    assert "argument 2 is a lock" in because(1, LOCK, fn=max)
    assert "argument 3 is a lock" in because(1, 2, LOCK, fn=notebook("def two(a, b): pass")["two"])


@pytest.mark.parametrize(
    ("value", "way"),
    [
        ({"lock": LOCK}, "config['lock']"),
        ([0, (1, {"a": LOCK})], "config[1][1]['a']"),
        ({(1, "x"): LOCK}, "config[(1, 'x')]"),
        ({1, LOCK}, "config{…}"),
        (types.SimpleNamespace(handle=[LOCK]), "config.handle[0]"),
        (functools.partial(print, LOCK), "config.args[0]"),
        (np.array([1, LOCK], dtype=object), "config[1]"),
        (np.array([[1, LOCK], [2, 3]], dtype=object), "config.flat[1]"),
    ],
)
def test_the_way_inside_is_written_as_code(value: Any, way: str) -> None:
    assert f": {way} is a lock (_thread.lock). config is an argument of train: a" in because(value)


def test_attributes_of_objects_whether_in_slots_or_not() -> None:
    names = notebook("""
class Plain:
    def __init__(self, lock): self.number, self.lock = 3, lock
class Slots:
    __slots__ = ("number", "lock")
    def __init__(self, lock): self.number, self.lock = 3, lock
class Chosen(Plain):
    def __getstate__(self): return {"kept": [self.lock]}
""")
    assert ": config.lock is a lock" in because(names["Plain"](LOCK))
    assert ": config.lock is a lock" in because(names["Slots"](LOCK))
    assert ": config.kept[0] is a lock" in because(names["Chosen"](LOCK))


def test_what_an_object_leaves_out_itself_is_not_blamed() -> None:
    names = notebook("""
class Careful:
    def __init__(self, lock, inner): self.lock, self.inner = lock, inner
    def __getstate__(self): return {"inner": self.inner}
""")
    assert ": config.inner[0] is a generator" in because(names["Careful"](LOCK, [iter_of()]))


def iter_of() -> Any:
    return (x for x in ())


def opened(mode: str) -> Any:
    return open("/dev/null", mode)


def test_the_class_of_an_object_may_be_the_reason() -> None:
    names = notebook("class Model:\n    shared = lock", lock=LOCK)
    text = because(names["Model"](), where={"Model": "defined in Cell In[4]"}.get)
    assert ": Model.shared is a lock" in text
    assert "It is the class of config, defined in Cell In[4] (by way of config → Model.shared)." in text


def test_a_global_that_the_function_uses() -> None:
    fn = notebook("def load(x): return conn.execute(x)", conn=sqlite3.connect(":memory:"))["load"]
    text = because(1, fn=fn, where={"conn": "assigned in Cell In[3]"}.get)
    assert "load cannot be sent to another process: conn is a database connection (sqlite3.Connection)" in text
    assert "It is a global that load uses, assigned in Cell In[3]." in text
    assert "connect inside the task" in text


def test_a_global_that_a_function_uses_which_it_calls() -> None:
    source = "def main(x): return middle(x)\ndef middle(x): return [leaf() for _ in x]\ndef leaf(): return main, LOCK"
    text = because(1, fn=notebook(source, LOCK=LOCK)["main"])
    assert ": LOCK is a lock" in text
    assert "a global that leaf uses (by way of main → middle → leaf → LOCK)" in text


def test_an_attribute_that_goes_by_the_name_of_a_global_is_none() -> None:
    fn = notebook("def f(x): return x.lock, other", lock=LOCK, other=iter_of())["f"]
    assert ": other is a generator" in because(1, fn=fn)


def test_a_variable_of_the_function_around_it() -> None:
    with socket.socket() as client:
        fn = notebook("def outer(client):\n    def inner(x): return client\n    return inner")["outer"](client)
        text = because(1, fn=fn, where={"outer": "defined in Cell In[2]"}.get)
    assert "inner cannot be sent to another process: client is a network connection (socket.socket)" in text
    assert "It is a variable around inner (outer was defined in Cell In[2])." in text


def test_the_default_of_a_parameter() -> None:
    fn = notebook("def f(x, lock=LOCK, *, other=1): pass", LOCK=LOCK)["f"]
    text = because(1, fn=fn)
    assert (
        f": lock is a lock (_thread.lock), {human(sys.getsizeof(LOCK))}. It is the default of a parameter of f" in text
    )


def test_a_function_among_the_arguments() -> None:
    fn = notebook("def on_end(): return LOCK", LOCK=LOCK)["on_end"]
    text = because({"end": fn})
    assert ": LOCK is a lock" in text
    assert "It is a global that on_end uses (by way of config['end'] → LOCK)." in text


def test_the_object_of_a_method() -> None:
    names = notebook("class Model:\n    def fit(self, x): pass", LOCK=LOCK)
    model = names["Model"]()
    model.lock = LOCK
    assert "Model.fit cannot be sent to another process: Model.fit.__self__.lock is a lock" in because(1, fn=model.fit)


def test_functions_of_modules_are_not_looked_into() -> None:
    fn = notebook("def f(config): return explain(config)", explain=explain)["f"]
    assert ": config is a lock" in because(LOCK, fn=fn)


def test_type_and_size_of_what_holds_it() -> None:
    config = {"data": np.zeros(6_000_000), "lock": LOCK}
    assert "config is an argument of train: a dict of 2 items, 48 MB" in because(config)
    assert [human(n) for n in (999, 1_000, 9_940, 999_499, 999_500, 48_000_000, 1_200_000_000)] == [
        "999 bytes", "1.0 kB", "9.9 kB", "999 kB", "1.0 MB", "48 MB", "1.2 GB",
    ]  # fmt: skip


def test_the_variable_of_the_notebook_and_its_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"lock": LOCK}
    monkeypatch.setitem(sys.modules, "__main__", types.SimpleNamespace(_1=settings, settings=settings, held=LOCK))
    where = {"settings": "assigned in Cell In[3]", "held": "assigned in Cell In[2]"}.get
    assert ", your settings, assigned in Cell In[3]. " in because(settings, where=where)
    assert ", and holds your held, assigned in Cell In[2]. " in because([LOCK], where=where)
    assert "It is an argument of f, assigned in Cell In[2]. " in because(
        LOCK, fn=notebook("def f(held): pass")["f"], where=where
    )
    assert "Cell" not in because(settings, where=lambda name: None)


@pytest.mark.parametrize(
    ("make", "kind", "advice"),
    [
        (threading.RLock, "a lock (_thread.RLock)", "make one inside the task"),
        (threading.Event, "a lock (threading.Event)", "make one inside the task"),
        (lambda: opened("w"), "an open file (_io.TextIOWrapper, '/dev/null')", "pass its path"),
        (lambda: opened("rb"), "an open file (_io.BufferedReader, '/dev/null')", "pass its path"),
        (lambda: sqlite3.connect(":memory:").cursor(), "a database cursor (sqlite3.Cursor)", "fetch the rows"),
        (iter_of, "a generator", "pass a list of its items"),
        (lambda: concurrent.futures.ThreadPoolExecutor(1), "a pool of workers", "make one inside the task"),
        (queue.Queue, "a queue (queue.Queue)", "pass the items"),
        (concurrent.futures.Future, "a future of another library", "wait for it"),
        (sys._getframe, "a frame of running code", "the text of the traceback"),
    ],
)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_known_kinds_have_a_name_and_an_advice(make: Callable[[], Any], kind: str, advice: str) -> None:
    text = because({"x": make()})
    assert f": config['x'] is {kind}" in text
    assert advice in text


def test_a_module_that_cannot_be_imported_elsewhere() -> None:
    module = types.ModuleType("made_here")
    module.lock = LOCK  # type: ignore[attr-defined]
    text = because({"x": module})
    assert ": config['x'] is a module" in text
    assert "import it inside the task" in text


def test_a_widget_and_the_shell() -> None:
    widget = type("Widget", (), {"__module__": "ipywidgets.widgets.widget", "__reduce__": refuse})
    shell = type("InteractiveShell", (), {"__module__": "IPython.core.interactiveshell", "__reduce__": refuse})
    assert "pass its .value and set it in the notebook" in because(type("Slider", (widget,), {})())
    assert "the IPython shell" in because(shell())


def refuse(self: object) -> Any:
    raise RuntimeError("no way")


def test_an_unknown_kind_says_what_pickle_says() -> None:
    kind = notebook("class Bad:\n    def __reduce__(self): raise RuntimeError('no way')")["Bad"]
    assert ": config[0] is a Bad, which pickle refuses (RuntimeError: no way)." in because([kind()])


@pytest.mark.parametrize(
    "method", ["__repr__", "__str__", "__len__", "__hash__", "__eq__", "__getattr__", "__sizeof__"]
)
def test_classes_whose_methods_fail(method: str) -> None:
    source = f"class Odd:\n    def {method}(self, *a): raise ValueError('odd')"
    odd = notebook(source)["Odd"]()
    object.__setattr__(odd, "lock", LOCK)
    assert ".lock is a lock" in because([odd])


def test_an_error_without_a_text() -> None:
    source = """
class Mute(Exception):
    def __str__(self): raise ValueError
class Bad:
    def __reduce__(self): raise Mute
"""
    assert "(Mute: …)" in because(notebook(source)["Bad"]())


def test_an_exit_while_pickling() -> None:
    bad = notebook("class Bad:\n    def __reduce__(self): raise SystemExit(3)")["Bad"]()
    assert "config[0] is a Bad, which pickle refuses (SystemExit: 3)" in explain(TRAIN, ([bad],), {}, dumps)


def test_a_circle() -> None:
    circle: list[Any] = [1]
    circle += [circle, {"me": circle}, LOCK]
    assert ": config[3] is a lock" in because(circle)


def test_too_deep() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    text = because(nested)
    assert "It is nested too deeply to be pickled" in text
    assert len(text) < 700


def quickly(*args: Any) -> str:
    begin = time.thread_time()  # ours alone, whatever else the machine does
    text = explain(TRAIN, args, {}, dumps)
    assert time.thread_time() - begin < 1.5  # 0.3 s
    return text


def test_large_containers() -> None:
    assert ": config[100000] is a lock" in quickly([*range(100_000), LOCK, *range(100_000)])
    assert ": config['x9000'] is a lock" in quickly({f"x{i}": LOCK if i == 9_000 else str(i) for i in range(10_000)})
    assert ": config[5000][1] is a lock" in quickly([[i, LOCK if i == 5_000 else 0] for i in range(10_000)])


def test_where_the_search_takes_too_long_it_says_so() -> None:
    text = quickly([[str(i), i] for i in range(1_500_000)] + [LOCK])  # type: ignore[operator]
    assert "config is an argument" in text or "the reason is somewhere in config (a list of 1,500,001 items" in text
    assert text.endswith('executor="threads".')


def test_small_things_are_looked_at_before_large_ones() -> None:
    assert ": rate is a lock" in explain(TRAIN, ([[str(i)] for i in range(1_000_000)],), {"rate": LOCK}, dumps)


def test_large_arrays_are_not_pickled_to_find_out() -> None:
    arrays = [np.zeros(10_000_000) for _ in range(20)]
    assert ": config[20] is a lock" in quickly([*arrays, LOCK])


def test_a_container_that_changes_meanwhile() -> None:
    names: dict[Any, Any] = {i: [i] for i in range(2_000)}

    def changing(value: object) -> object:
        names[object()] = LOCK
        return dumps(value)

    assert explain(TRAIN, (names,), {}, changing).endswith('executor="threads".')


def test_when_nothing_fails_by_itself() -> None:
    text = explain(TRAIN, (1,), {}, dumps)
    assert text.startswith("train cannot be sent to another process, although each of its parts can by itself.")


def test_a_search_that_fails_itself_still_gives_an_answer() -> None:
    class Nameless:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

    text = explain(Nameless(), (LOCK,), {}, dumps)
    assert text.startswith("the task cannot be sent to another process (the search for the reason ended with Runtime")


def test_a_value_that_cannot_travel_back() -> None:
    text = explain_value({"model": {"lock": LOCK}}, dumps)
    assert "The value of the task cannot be sent back from its process: result['model']['lock'] is a lock" in text
    assert "result is a dict of 1 item" in text
    assert text.endswith(
        'return what can travel (its contents, a path, numbers), or run the task with executor="threads".'
    )
    assert "result is a generator" in explain_value(iter_of(), dumps)
    assert "it is an int" in explain_value(3, dumps)


def test_an_item_of_a_batch_is_named_by_its_place_among_all() -> None:
    class Each:
        def __init__(self, fn: Any) -> None:
            self.fn, self.__qualname__ = fn, "train"

        def __call__(self, *columns: Any, first: int) -> None: ...

    each = Each(TRAIN)
    assert ": config[1] is a lock (_thread.lock). config is an argument of train.map: a list" in explain(
        each, ([1, LOCK],), {"first": 0}, dumps
    )
    assert ": config[40:][1] is a lock" in explain(each, ([1, LOCK],), {"first": 40}, dumps)
    assert ": rows[40:][0] is a lock" in explain(each, ([1, 2], [LOCK, 3]), {"first": 40}, dumps)


def test_the_value_of_a_future() -> None:
    class Handle:
        __slots__ = ("_lock", "_value")

        def __reduce__(self) -> Any:
            return print, (self._value,)

    handle = Handle()
    handle._lock, handle._value = threading.Lock(), {"it": LOCK}
    assert ": config[0].result()['it'] is a lock" in because([handle])
