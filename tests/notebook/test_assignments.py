import colorsys
import sys
import textwrap

import pytest

import ipyflow as fl
from ipyflow.notebook.assignments import Assignments, given
from tests.notebook.conftest import Shell


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("x = 1", {"x": "assigned"}),
        ("x, (y, *z) = w = 1, (2, 3)", dict.fromkeys("wxyz", "assigned")),
        ("x: int = 1", {"x": "assigned"}),
        ("x: int", {}),
        ("x += 1", {"x": "assigned"}),
        ("x[0] = y.z = 1", {}),
        ("def f(a, b=1): c = 2", {"f": "defined"}),
        ("async def f(): pass", {"f": "defined"}),
        ("@(d := deco)\ndef f(a=(e := 1)): pass", {"d": "assigned", "e": "assigned", "f": "defined"}),
        ("class A:\n    x = 1\n    def f(self): y = 1", {"A": "defined"}),
        ("f = lambda x: (y := x)", {"f": "assigned"}),
        ("import os.path, numpy as np", {"os": "imported", "np": "imported"}),
        ("from os import path, sep as s", {"path": "imported", "s": "imported"}),
        ("from colorsys import *", dict.fromkeys(colorsys.__all__, "imported")),
        ("from no.such.module import *", {}),
        ("for i, j in x:\n    k = 1\nelse:\n    l = 2", dict.fromkeys("ijkl", "assigned")),
        ("with open(p) as f, g() as (h, i): pass", dict.fromkeys("fhi", "assigned")),
        ("try:\n    x = 1\nexcept E:\n    y = 2\nfinally:\n    z = 3", dict.fromkeys("xyz", "assigned")),
        ("if a:\n    x = 1\nelse:\n    y = 2", dict.fromkeys("xy", "assigned")),
        ("[y for x in z if (w := x)]", {"w": "assigned"}),
        ("match v:\n    case {'a': x, **rest}: pass\n    case [y, *z]: pass\n    case C(a=w) as v: pass",
         dict.fromkeys(("x", "rest", "y", "z", "w", "v"), "assigned")),
        ("import json\njson = 3", {"json": "assigned"}),
        ("json = 3\nimport json", {"json": "imported"}),
        ("print(x)", {}),
        ("x = = 1", {}),
        ("x = '\0'", {}),
    ],
)  # fmt: skip
def test_what_a_cell_gives(cell: str, names: dict[str, str]) -> None:
    assert given(cell, None) == names


def test_the_last_cell_counts(ready: Shell) -> None:
    where = Assignments(ready.ip).where
    ready.value("x = 1\ny = 2")
    ready.value("x = 3")
    first = ready.ip.execution_count - 2
    assert where("x") == f"assigned in Cell In[{first + 1}]"
    assert where("y") == f"assigned in Cell In[{first}]"
    assert where("threading") == f"imported in Cell In[{first - 1}]"
    assert where("unheard_of") is None


def test_the_number_is_the_one_that_a_traceback_shows(ready: Shell) -> None:
    where = Assignments(ready.ip).where
    said = ready.fails("here = 1 / 0")
    assert "Cell In[" in said
    number = said.split("Cell In[")[1].split("]")[0]
    assert where("here") == f"assigned in Cell In[{number}]"


def test_a_cell_that_runs_counts(ready: Shell) -> None:
    ready.ip.user_ns["where"] = Assignments(ready.ip).where
    assert ready.value("mine = 4\nwhere('mine')") == f"assigned in Cell In[{ready.ip.execution_count - 1}]"


def test_a_cell_that_is_not_stored_does_not(ready: Shell) -> None:
    ready.ip.run_cell("hidden = 4", store_history=False)
    assert Assignments(ready.ip).where("hidden") is None


def test_cells_and_lines_of_magics(ready: Shell) -> None:
    where = Assignments(ready.ip).where
    ready.value("%%flow load(n=1) --wait -o future\ninner = 3\ninner")
    ready.value("%%task part(n) --memo\ninner = n\nreturn inner")
    ready.value("%%time\ntimed = 1")
    ready.value("%time at_once = 2")
    ready.value("files = !echo 1\nready = %sx echo 2")
    last = ready.ip.execution_count - 1
    assert where("load") == f"defined in Cell In[{last - 4}]"
    assert where("future") == f"assigned in Cell In[{last - 4}]"
    assert where("part") == f"defined in Cell In[{last - 3}]"
    assert where("inner") is None
    assert where("timed") == f"assigned in Cell In[{last - 2}]"
    assert where("at_once") == f"assigned in Cell In[{last - 1}]"
    assert where("files") == where("ready") == f"assigned in Cell In[{last}]"


def test_a_cell_that_did_not_compile_gives_nothing(ready: Shell) -> None:
    ready.fails("broken = = 1")
    ready.fails("%%flow broken(\n1")
    assert Assignments(ready.ip).where("broken") is None


def test_after_a_reset_the_numbers_begin_anew(ready: Shell) -> None:
    where = Assignments(ready.ip).where
    ready.value("x = 1")
    number = ready.ip.execution_count - 1
    assert where("x") == f"assigned in Cell In[{number}]"
    ready.ip.history_manager.input_hist_parsed[:] = ["", *(["y = 2"] * number)]
    assert where("x") is None
    assert where("y") == f"assigned in Cell In[{number}]"


def test_a_shell_without_a_history(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell.ip, "history_manager", None)
    assert Assignments(shell.ip).where("x") is None


def test_a_cell_of_many_lines() -> None:
    cell = textwrap.dedent("""
        if ready:
            def f(): return 1
        else:
            from m import f
        while (n := f()) < 3:
            total = n
    """)
    assert given(cell, None) == {"f": "imported", "n": "assigned", "total": "assigned"}


def test_what_cannot_travel_is_named_with_its_cell(ready: Shell) -> None:
    ready.value("lock = threading.Lock()")
    number = ready.ip.execution_count - 1
    ready.value("@fl.task(executor='processes')\ndef held(x):\n    return lock, x")
    said = ready.fails("held.submit(1)")
    assert f"lock is a lock (_thread.lock), {sys.getsizeof(ready['lock'])} bytes" in said
    assert f"It is a global that held uses, assigned in Cell In[{number}]." in said
    ready.value("@fl.task(executor='processes')\ndef other(config): pass")
    said = ready.fails("settings = {'it': lock}\nother.submit(settings)")
    assert f"your settings, assigned in Cell In[{number + 4}]" in said
    assert fl.runs() == []
