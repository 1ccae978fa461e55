"""``ipyflow.resume`` and ``%flow resume``: after real processes that died, and what is refused in which words."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ipyflow as fl

SOON = 10.0
WHOLE = """
    import os, signal, sys
    import numpy as np
    import ipyflow as fl

    fl.configure(keep_results=True)

    def say(text):
        with open("ran.txt", "a") as file:
            file.write(f"{text}\\n")

    def dies(at):
        if os.environ.get("DIES") == at:
            fl.history()  # which writes all that happened
            os.kill(os.getpid(), signal.SIGKILL) if hasattr(signal, "SIGKILL") else os._exit(9)

    @fl.task
    def load(n):
        say(f"load {n}")
        return np.arange(n)

    @fl.task(resolve=True)
    def clean(table):
        say(f"clean {len(table)}")
        return 2 * table

    @fl.flow
    def part(n):
        say(f"part {n}")
        table = clean.submit(load.submit(n)).result()
        dies(f"part {n}")
        return {"sum": int(table.sum()), "table": table}

    @fl.flow
    def whole(names, weights):
        say("whole")
        parts = [part.submit(len(name)).result() for name in names]
        dies("whole")

        @fl.task
        def weighed(table, by=weights):
            say(f"weighed {len(table)}")
            return float((table * by[: len(table)]).sum())

        sums = [weighed.submit(one["table"]).result() for one in parts]
        dies("sums")
        return sums
"""
GO = """
    from flows import fl, np, whole
    whole(["a", "bbb", "cc"], np.arange(5.0))
"""
RESUME = """
    import flows  # the cells with the code, run again
    from flows import fl
    future = fl.resume()
    print(future.result(), future.run.resumes[-2:])
    future.run.wait()
    for task in future.run.snapshot().tasks.values():
        print(task.name, task.state)
"""


class Kernels:
    """Processes that use one history, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "flows.py").write_text(textwrap.dedent(WHOLE))

    def run(self, program: str, dies: str = "") -> list[str]:
        """The lines that a program prints; it has to die if it says where."""
        package = str(Path(fl.__file__).parent.parent)
        path = os.pathsep.join([str(self.folder), package])
        env = {**os.environ, "IPYFLOW_DATABASE": str(self.folder / "h.sqlite"), "DIES": dies, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(program)], cwd=self.folder, env=env, text=True, timeout=60,
            capture_output=True,
        )  # fmt: skip
        assert (done.returncode != 0) == bool(dies), done.stdout + done.stderr
        return done.stdout.splitlines()

    def ran(self) -> list[str]:
        """What has run since it was last asked."""
        file = self.folder / "ran.txt"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines


@pytest.fixture
def kernels(tmp_path: Path) -> Kernels:
    return Kernels(tmp_path)


def test_a_flow_goes_on_after_two_deaths_and_nothing_is_done_twice(kernels: Kernels) -> None:
    kernels.run(GO, dies="part 3")
    assert kernels.ran() == ["whole", "part 1", "load 1", "clean 1", "part 3", "load 3", "clean 3"]
    kernels.run(RESUME, dies="sums")
    assert kernels.ran() == ["whole", "part 3", "part 2", "load 2", "clean 2", "weighed 1", "weighed 3", "weighed 2"]
    said = kernels.run(RESUME)
    assert kernels.ran() == ["whole"]
    assert said[0] == "[0.0, 10.0, 2.0] -1"
    assert said[1:] == ["whole succeeded", *["part cached"] * 3, *["weighed cached"] * 3]
    refused = "from flows import fl\ntry:\n    fl.resume()\nexcept RuntimeError as error:\n    print(error)"
    assert kernels.run(refused)[0].startswith("no flow was lost with its kernel, or each has gone on already")
    others = "import ipyflow as fl\ntry:\n    fl.resume()\nexcept RuntimeError as error:\n    print(error)"
    kernels.run(GO, dies="part 1")
    assert "are of other notebooks, or of cells that have not run here yet: whole (" in kernels.run(others)[0]
    kernels.run(RESUME)
    left = "from ipyflow import session\nprint(session._session.store().shelf.read('SELECT * FROM outcomes'))"
    assert kernels.run(left) == ["[]"], "what was kept for it is dropped once it has ended well"


def test_a_kernel_that_is_restarted_politely_has_lost_its_runs_too(kernels: Kernels) -> None:
    polite = """
        import threading
        from flows import fl, load
        @fl.flow
        def slow(n):
            first = load.submit(n).result()
            reached.set()
            (stop.wait() if n == 4 else None)
            return int(first.sum())
        reached, stop = threading.Event(), threading.Event()
    """
    kernels.run(textwrap.dedent(polite) + "\nslow.submit(4)\nassert reached.wait(20)")
    assert kernels.ran() == ["load 4"]
    again = (
        textwrap.dedent(polite).replace("n == 4", "n == 5")
        + "\nprint(fl.history(state='lost'))\nprint(fl.resume().result())"
    )
    said = kernels.run(again)
    assert said[-1] == "6"
    assert "slow" in "\n".join(said[:-1])
    assert kernels.ran() == []


PIPELINES = """
    from flows import dies, fl, np, say

    @fl.task
    def made(n):
        say(f"made {n}")
        return np.arange(n)

    @fl.task(with_state=True)
    def counted(state, table):
        say(f"counted {len(table)}")
        return {**state, "seen": state["seen"] + len(table)}, table

    @fl.task(with_state=True)
    def last(state, tables):
        say("last")
        dies("last")
        return state, (state["seen"], sum(int(table.sum()) for table in tables))

    @fl.task
    def tidied():
        say("tidied")

    def pipeline():
        first = fl.in_parallel([made.send(n).continue_with(counted) for n in (2, 3)])
        return first.continue_with(last).with_initial(state={"seen": 0}).finally_do(tidied)

    @fl.flow
    def nightly():
        say("nightly")
        fl.in_parallel([made.send(7)])()
        found = pipeline()()
        dies("nightly")
        return found
"""


def pipelines(*lines: str) -> str:
    return textwrap.dedent(PIPELINES) + "\n".join(lines)


def test_a_pipeline_goes_on_entry_by_entry(kernels: Kernels) -> None:
    kernels.run(pipelines("pipeline()()"), dies="last")
    first = kernels.ran()
    assert sorted(first[:-1]) == ["counted 2", "counted 3", "made 2", "made 3"]
    said = kernels.run(
        pipelines(
            "try:", "    fl.resume(fl.history()[0])", "except RuntimeError as error:", "    print(error)",
            "future = fl.resume(None, pipeline())", "print(future.result(), future.run.resumes != '')",
        )
    )  # fmt: skip
    assert "is a pipeline, which nobody here has any more: put it together again" in said[0]
    assert said[1] == "(2, 4) True", "of two changes of one part of the state, the first counts"
    assert kernels.ran() == ["last", "tidied"]


def test_pipelines_below_a_flow_go_on_too(kernels: Kernels) -> None:
    resume = pipelines("future = fl.resume()", "print(future.result())")
    kernels.run(pipelines("nightly()"), dies="last")
    assert sorted(kernels.ran()) == ["counted 2", "counted 3", "last", "made 2", "made 3", "made 7", "nightly"]
    kernels.run(resume, dies="nightly")
    assert kernels.ran() == ["nightly", "last", "tidied"]
    assert kernels.run(resume)[-1] == "(2, 4)"
    assert kernels.ran() == ["nightly"]


TASK = """
import ipyflow as fl, os
@fl.task
def load(n):
    open("ran.txt", "a").write(f"load {n}\\n")
    return list(range(n))
"""
ORDER = """%%flow order(n=300) -o found --view none --wait
loaded = load.submit(n).result()
if os.environ["DIES"]:
    fl.history()
    os._exit(9)
len(loaded) + load.submit(n + 1).result()[-1]
"""


def notebook(*cells: str) -> str:
    """A program that runs cells as a notebook does."""
    return f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in {("%load_ext ipyflow", *cells)!r}:
    print(shell.run_cell(cell, store_history=False).success)
"""


def test_the_flow_of_a_cell_goes_on_from_its_source(kernels: Kernels) -> None:
    kernels.run(notebook(TASK, ORDER), dies="yes")
    assert kernels.ran() == ["load 300"]
    # The cell with the task comes first: else the flow would fail at once, and not be the lost one any more.
    resume = ("%flow resume", TASK, "%flow resume n=200", "print(_flow.result(), order)", "%flow resume order")
    said = kernels.run(notebook(*resume))
    assert said[1:3] == ["False", "True"]
    assert said[3].startswith("order: goes on with ")
    assert said[5] == "400 <flow order(n=300)>"
    assert said[6:] == ["True", "False"], "that run has ended well, and is not paused"
    assert kernels.ran() == ["load 200", "load 201"]


# What is refused, and what else may be given: here the runs have failed, in this process.

BROKEN = [True]


@fl.task
def part(n: Any) -> Any:
    return n


@fl.flow
def sum_of(numbers: Any, more: int = 0) -> int:
    found = sum(part.map(numbers).results())
    if BROKEN:
        raise ValueError("not yet")
    return int(found) + more


@fl.flow
def length(numbers: Any) -> int:
    raise ValueError(f"{len(numbers)} numbers, not yet")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Calls a flow that fails; gives its run."""
    BROKEN[:] = [True]

    def failed(flow: Any, *args: Any) -> Any:
        future = flow.submit(*args)
        assert future.exception(SOON) is not None
        future.run.wait(SOON)
        return future.run

    with fl.configure(database=tmp_path / "h.sqlite"):
        yield failed
        fl.shutdown(cancel=True)


def test_a_failed_run_goes_on_by_its_key_its_name_and_itself(kept: Callable[..., Any]) -> None:
    run = kept(sum_of, [1, 2])
    assert fl.resume(run.key, more=10).exception(SOON) is not None
    BROKEN.clear()
    future = fl.resume("sum_of", more=10)
    assert future.result(SOON) == 13
    assert future.run.resumes != run.key, "it goes on with the newer one, which went on with the first"
    for again in (run, run.root, run.key, fl.history().open(run.key)):
        with pytest.raises(RuntimeError, match=r"^sum_of \(.*\) has succeeded: there is nothing to go on with"):
            fl.resume(again)


def test_arguments_that_were_not_kept_are_asked_for(kept: Callable[..., Any]) -> None:
    class Numbers:
        def __init__(self) -> None:
            self.lock = threading.Lock()

        def __iter__(self) -> Iterator[int]:
            return iter((1, 2))

    run = kept(sum_of, Numbers())
    BROKEN.clear()
    with pytest.raises(RuntimeError, match=r"had the arguments \(<Numbers>\), and they were not kept.*numbers=\.\.\."):
        fl.resume(run.key)
    with pytest.raises(TypeError, match=r"cannot go on as sum_of.*missing a required argument: 'numbers'"):
        fl.resume(run.key, more=1)
    with pytest.raises(TypeError, match="no parameter moer: did you mean more"):
        fl.resume(run.key, numbers=[1], moer=1)
    assert len(fl.runs()) == 1, "nothing was started"
    assert fl.resume(run.key, numbers=[5]).result(SOON) == 5


def test_large_arguments_are_not_kept(kept: Callable[..., Any]) -> None:
    run = kept(length, np.random.default_rng(1).random(1_500_000))
    with pytest.raises(RuntimeError, match="they were not kept, being too large"):
        fl.resume(run.key)


def test_what_cannot_go_on_says_what_to_do(kept: Callable[..., Any]) -> None:
    with pytest.raises(RuntimeError, match="no flow was lost with its kernel"):
        fl.resume()
    with pytest.raises(LookupError, match="no run in the history goes by 'nobody'"):
        fl.resume("nobody")
    with pytest.raises(TypeError, match=r"resume\(3\): give a run of history"):
        fl.resume(3)  # type: ignore[arg-type]

    @fl.flow
    def inner() -> None:
        raise ValueError("not yet")

    with pytest.raises(
        RuntimeError, match=r"code of inner .* is not known here: .*test_resume has no flow of that name"
    ):
        fl.resume(kept(inner))

    stop = threading.Event()

    @fl.flow
    def busy() -> None:
        stop.wait(SOON)

    running = busy.submit()
    try:
        with pytest.raises(RuntimeError, match=r"is at work in this kernel: run\.cancel"):
            fl.resume(running)
        with pytest.raises(RuntimeError, match="is at work in this kernel: there is nothing to go on with yet"):
            fl.resume(running.run.key)
        running.run.pause()
        with pytest.raises(RuntimeError, match=r"is at work in this kernel: run\.resume"):
            fl.resume(running.run)
        running.run.resume()
    finally:
        stop.set()
    running.result(SOON)

    pipeline = kept(fl.task(_fails).send())
    with pytest.raises(RuntimeError, match=r"is a pipeline, .*: put it together again and give it, as in .*pipeline\)"):
        fl.resume(pipeline)
    with pytest.raises(TypeError, match="the second is the pipeline of a pipeline's run"):
        fl.resume(pipeline, 3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="is a flow and no pipeline"):
        fl.resume(kept(sum_of, [1]), fl.task(_fails).send())
    with pytest.raises(TypeError, match="there are no parameters to change"):
        fl.resume(pipeline, fl.task(_fails).send(), x=1)


def _fails() -> None:
    raise ValueError("not yet")


def test_without_a_history_there_is_nothing_to_go_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IPYFLOW_DATABASE", "none")
    with fl.configure(database="default"), pytest.raises(RuntimeError, match="IPYFLOW_DATABASE says none"):
        fl.history()
    with fl.configure(database=None):
        with pytest.raises(RuntimeError, match=r"no history is kept here: the database is None; ipyflow\.configure"):
            fl.resume()
        with pytest.raises(RuntimeError, match=r"nothing of sum_of .* was kept: run.retry\(\)"):
            BROKEN[:] = [True]
            future = sum_of.submit([1])
            assert future.exception(SOON) is not None
            future.run.wait(SOON)
            fl.resume(future)
