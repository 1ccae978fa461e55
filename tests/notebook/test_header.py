import re
from pathlib import Path

import pytest
from IPython.core.error import UsageError

from ipyflow.notebook.header import Header, TaskHeader, parse, parse_task
from ipyflow.notebook.table import COMMANDS, FLOW, TASK


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", Header()),
        ("load", Header("load")),
        ("load()", Header("load")),
        ("load(n=3, s='a b)', d={'x': (1, 2)})", Header("load", "n=3, s='a b)', d={'x': (1, 2)}")),
        (r"load(s='it\'s (')", Header("load", r"s='it\'s ('")),
        ("--wait load", Header("load", wait=True)),
        ("load --wait", Header("load", wait=True)),
        ("-o f load(n=1) --timeout 2.5", Header("load", "n=1", timeout="2.5", into="f")),
        ("--timeout=2 --executor=pool", Header(timeout="2", executor="pool")),
        ("--timeout timedelta(seconds=3)", Header(timeout="timedelta(seconds=3)")),
        ("--on-leak cancel --view graph", Header(on_leak="cancel", view="graph")),
        ("--view none", Header(view="none")),
        ("--max-parallelism 3", Header(max_parallelism="3")),
        ("f --cache", Header("f", cache="")),
        ("--cache=3600 f", Header("f", cache="3600")),
    ],
)
def test_names_parameters_and_options_stand_in_any_order(line: str, expected: Header) -> None:
    assert parse(line) == expected


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--wiat", "no option --wiat; did you mean --wait"),
        ("--zzz", "no option --zzz; usage: %%flow"),
        ("--cache=", "--cache needs a value"),
        ("--view pie", "--view pie: choose one of timeline, graph, table, log, none"),
        ("--on-leak explode", "--on-leak explode: choose one of warn, wait"),
        ("--timeout", "--timeout needs a value: --timeout S"),
        ("--wait=3", "--wait takes no value, got '3'"),
        ("--wait --wait", "got --wait twice"),
        ("--timeout= f", "--timeout needs a value"),
        ("-o f -o g", "got -o twice"),
        ("-o 3f", "-o 3f: give the name of a variable"),
        ("a b", "got two names, a and b"),
        ("class", "'class' is not a name"),
        ("a-b", "'a-b' is not a name"),
        ("f(x=1", "the brackets do not match"),
        ("f(x='a)", "the quote ' is not closed"),
        ("f(x=1)y", "nothing may stand between"),
    ],
)
def test_what_cannot_be_is_named(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("load(a, b=1)", TaskHeader("load", "a, b=1")),
        ("load(a: int) -> list[int]", TaskHeader("load", "a: int", "list[int]")),
        ("--resolve load(a) --memo", TaskHeader("load", "a", "", {"--resolve": "", "--memo": ""})),
        ("load(a) --wait=a,b --retries Retry(3, backoff=(0, 1))", None),
    ],
)
def test_a_tasks_line(line: str, expected: TaskHeader | None) -> None:
    retries = {"--wait": "a,b", "--retries": "Retry(3, backoff=(0, 1))"}
    assert parse_task(line) == (expected or TaskHeader("load", "a", "", retries))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "%%task needs NAME(params); usage: %%task NAME(params) [--executor E]"),
        ("--memo", "%%task needs NAME(params)"),
        ("f(x) --view graph", "%%task has no option --view; usage"),
        ("f(x) --retires 2", "did you mean --retries?"),
        ("f(x) --memo=3", "--memo takes no value"),
        ("f(x) --stdout page", "--stdout page: choose one of task, cell"),
        ("f(x) --wait a", "got two names, f(x) and a"),
        ("f(x) ->", "-> needs a value: -> TYPE"),
    ],
)
def test_what_a_task_cannot_be_is_named(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_task(line)
    assert said in str(caught.value)


def test_the_page_knows_which_options_take_the_next_word() -> None:
    source = Path(__file__).parents[2] / "labextension" / "src" / "lab" / "magic-line.ts"
    if not source.is_file():
        pytest.skip("no front end here")
    known = source.read_text("utf-8").split("TAKES_VALUE = new Set([")[1].split("]")[0]
    options = [option for line in (FLOW, TASK, *COMMANDS.values()) for option in line.options]
    assert set(re.findall(r'"(.+?)"', known)) == {o.name for o in options if o.value and not o.bare}


def test_the_guide_has_every_command_and_option() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "notebook.md").read_text("utf-8")
    options = [option.name for line in (FLOW, TASK, *COMMANDS.values()) for option in line.options]
    assert [name for name in options if f"`{name}" not in guide and f"[{name}" not in guide] == []
    assert [line.start for line in COMMANDS.values() if line.start not in guide] == []
