"""`configure(nested_loops=True)`. It patches asyncio for good, so what needs the patch runs in a process of its own."""

import importlib.util
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import ipyflow as fl

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, threading
import ipyflow as fl

gates = [threading.Event() for _ in range(5)]

@fl.task
def held(n):
    gates[n].wait()
    return n

@fl.task
async def soon(n):
    await asyncio.sleep(0)
    return n

@fl.flow
def both(n):
    return soon(n), held(n)

async def opens(n):
    for _ in range(20):
        await asyncio.sleep(0)
    gates[n].set()

async def main():
    # Off the main thread, and while it is off, nothing changes.
    assert await asyncio.to_thread(lambda: soon.submit(1).result()) == 1
    assert not hasattr(asyncio, "_nest_patched")
    with fl.configure(nested_loops=True):
        # What opens the gates runs on the loop that these waits would stop.
        tasks = [asyncio.create_task(opens(n)) for n in range(3)]
        assert held.submit(0).result() == 0
        assert both(1) == (1, 1)
        done, missing = fl.wait([held.submit(2), held.submit(3)], n=1)
        assert [f.result() for f in done] == [2]
        try:
            [late] = missing
            late.result(0.01)
        except TimeoutError as error:
            assert "after 0.01 s; it goes on" in str(error)
        else:
            raise AssertionError("it did not wait at all")
        gates[3].set()
        assert [f.result() for f in fl.as_completed([late, soon.submit(7)])] in ([3, 7], [7, 3])
        assert await soon.submit(8) == 8
        for task in tasks:
            assert task.done()
    asyncio.create_task(opens(4))
    try:
        held.submit(4).result(0.05)
    except TimeoutError:
        gates[4].set()
    else:
        raise AssertionError("switched off, the loop was turned")

asyncio.run(main())
fl.shutdown()
print("done")
"""


def test_a_wait_turns_the_loop_of_the_main_thread() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM], capture_output=True, text=True, cwd=ROOT, timeout=50
    )
    assert (ended.stdout, ended.stderr) == ("done\n", "")


def test_it_may_be_switched_while_tasks_run_and_only_with_true_or_false() -> None:
    gate = threading.Event()
    held = fl.task(gate.wait).submit()
    with fl.configure(nested_loops=True) as settings:
        assert settings.nested_loops
    gate.set()
    assert held.result()
    assert not fl.configure().nested_loops
    with pytest.raises(TypeError, match=r"configure\(nested_loops=1\): give True or False"):
        fl.configure(nested_loops=1)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"pip install 'ipyflow-parallel\[nested\]'"):
        fl.configure(nested_loops=True)
    assert not fl.configure().nested_loops
