import os
from pathlib import Path

import pytest

import ipyflow as fl
from tests.notebook.conftest import Shell


def test_the_last_expression_is_the_value(ready: Shell) -> None:
    ready.value("%%flow f -o future\nx = 20\nx + 1")
    assert ready["future"].result() == 21
    assert ready["_flow"] is ready["future"]


def test_a_return_gives_the_value_and_a_last_statement_none(ready: Shell) -> None:
    ready.value("%%flow\nfor i in range(9):\n    if i == 4:\n        return i")
    assert ready["_flow"].result() == 4
    ready.value("%%flow\nx = 3")
    assert ready["_flow"].result() is None


def test_names_assigned_are_local_and_others_are_the_notebooks(ready: Shell) -> None:
    ready.value("base = 10\nmine = 'kept'")
    ready.value("%%flow\nmine = base + 1\nmine")
    assert ready["_flow"].result() == 11
    assert ready["mine"] == "kept"


def test_functions_in_the_body_see_its_names(ready: Shell) -> None:
    ready.value("%%flow\nk = 3\n@fl.task\ndef times(x):\n    return k * x\nsum(f.result() for f in times.map([1, 2]))")
    assert ready["_flow"].result() == 9


def test_a_cell_that_has_not_changed_has_the_value_that_was_kept(ready: Shell, tmp_path: Path) -> None:
    fl.shutdown()
    with fl.configure(database=tmp_path / "history.sqlite"):
        ready.value("%load_ext ipyflow\nn = 3\n@fl.task\ndef times(x):\n    return n * x")
        body = "%precision 2\nsum(times.map(range({0})).results())"

        def state(line: str, cell: str) -> str:
            ready.value(f"%%flow {line}\n{cell}")
            ready["_flow"].result()
            return str(ready["_flow"].state)

        assert state("total --cache", body.format(4)) == "succeeded"
        assert state("total --cache", "\n# a word on it\n" + body.format(4)) == "cached"
        assert ready["_flow"].result() == 18
        assert state("total --cache=0.000001", body.format(4)) == "succeeded"
        assert state("total", body.format(4)) == "succeeded"
        assert state("total --cache", body.format(5)) == "succeeded"
        ready.value("n = 4")
        assert state("total --cache", body.format(4)) == "succeeded"
        assert ready["_flow"].result() == 24
        ready.value("n = 3")
        assert state("total --cache", body.format(4)) == "cached"
        fl.shutdown()


def test_await_works_in_the_body(ready: Shell) -> None:
    ready.value("%%flow a\nimport asyncio\n[await asyncio.sleep(0, n) for n in range(3)]")
    assert ready["a"].is_async
    assert ready["_flow"].result() == [0, 1, 2]


def test_an_inner_async_function_does_not_make_the_flow_async(ready: Shell) -> None:
    ready.value("%%flow a\nasync def inner():\n    await x\n1")
    assert not ready["a"].is_async


def test_defaults_are_evaluated_in_the_namespace_and_can_be_changed(ready: Shell) -> None:
    ready.value("size = 5")
    ready.value("%%flow load(n=size * 2, *, s='a b')\n(n, s)")
    assert ready["_flow"].result() == (10, "a b")
    assert ready.value("load(1, s='c')") == (1, "c")
    assert ready.value("load.submit(n=2).result()") == (2, "a b")


def test_braces_and_dollars_in_the_line_are_python(ready: Shell) -> None:
    ready.value("n = 'wrong'")
    ready.value("%%flow f(d={'n': 1}, s='$n')\n(d, s)")
    assert ready["_flow"].result() == ({"n": 1}, "$n")


def test_magics_work_in_the_body(ready: Shell) -> None:
    ready.value("%%flow\n\nx = 4\n%precision 2\nx")
    assert ready["_flow"].result() == 4


def test_a_nameless_flow_goes_by_its_first_line(ready: Shell) -> None:
    ready.value("%%flow\n# about numbers\n\nx = 1 + 2\nx")
    assert ready["_flow"].task.name == "x = 1 + 2"
    assert ready["_flow"].run.name == "x = 1 + 2"


def test_a_syntax_error_is_the_cells_own_and_starts_nothing(ready: Shell) -> None:
    said = ready.fails("%%flow broken -o f\nx = 1\ny = = 2\n")
    assert "Cell In[2], line 3" in said
    assert "y = = 2" in said
    assert "SyntaxError: invalid syntax" in said
    assert "run_cell_magic" not in said
    assert "broken" not in ready.ip.user_ns
    assert "f" not in ready.ip.user_ns
    assert fl.runs() == []


def test_an_error_of_the_compiler_has_its_line_too(ready: Shell) -> None:
    said = ready.fails("%%flow\nx = 1\nbreak\n")
    assert "line 3" in said
    assert "'break' outside loop" in said


def test_a_failure_shows_the_cells_own_lines(ready: Shell) -> None:
    said = ready.fails("%%flow f --wait\n\nx = 0\n1 / x")
    assert "Cell In[2], line 4\n" in said
    assert "----> 4 1 / x" in said
    assert "ZeroDivisionError" in said
    assert "line 4" in (ready["_flow"].traceback or "")


def test_waiting_gives_the_value(ready: Shell) -> None:
    assert ready.value("%%flow --wait\n6 * 7") == 42


def test_the_cell_ends_while_its_work_goes_on(ready: Shell) -> None:
    ready.value("gate = threading.Event()")
    ready.value("%%flow\ngate.wait()\n'opened'")
    assert not ready["_flow"].done()
    ready.value("gate.set()")
    assert ready["_flow"].result() == "opened"


def test_options_reach_the_flow(ready: Shell) -> None:
    ready.value("from datetime import timedelta")
    ready.value("%%flow f --timeout timedelta(seconds=90) --on-leak wait --executor inline --max-parallelism (2+1)\n1")
    options = ready["f"].options
    assert (options.timeout, options.on_leak, options.executor) == (90, "wait", "inline")
    assert options.max_parallelism == 3


def test_a_body_may_run_in_a_process_with_the_notebooks_names(ready: Shell) -> None:
    ready.value("import os\nbase = 40\n@fl.task\ndef here(n):\n    return n, os.getpid()")
    ready.value("%%flow --executor processes\nn, home = here.submit(2).result()\n(base + n, home, os.getpid())")
    value, home, away = ready["_flow"].result(30)
    assert (value, home) == (42, os.getpid())
    assert away != home


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("%%flow f --timeout soon\n1", "--timeout soon: NameError"),
        ("%%flow f --timeout -1\n1", "timeout=-1"),
        ("%%flow f --executor cloud\n1", "executor='cloud' is not known"),
        ("%%flow f --executor proceses\n1", "did you mean 'processes'"),
        ("%%flow f(n)\n1", "n has no default"),
        ("%%flow f(n=)\n1", "the parameters cannot be read"),
        ("%%flow f(n=1, *, k)\n1", "k has no default"),
        ("%%flow f\n# nothing\n", "the cell is empty"),
        ("%%flow f\nyield 1", "generator"),
    ],
)
def test_what_cannot_be_is_said_in_a_line_and_starts_nothing(ready: Shell, cell: str, said: str) -> None:
    told = ready.fails(cell)
    assert told.startswith("UsageError: ")
    assert said in told
    assert "f" not in ready.ip.user_ns
    assert fl.runs() == []


def test_a_default_that_raises_is_the_cells_own_error(ready: Shell) -> None:
    said = ready.fails("%%flow f(n=missing)\n1")
    assert "NameError: name 'missing' is not defined" in said
    assert fl.runs() == []


def test_retry_runs_the_code_of_now(ready: Shell) -> None:
    ready.value("%%flow f\nraise ValueError('old')")
    old = ready["_flow"]
    assert isinstance(old.exception(), ValueError)
    ready.value("%%flow f\n'new'")
    ready["_flow"].result()
    old.retry()
    assert old.result() == "new"
