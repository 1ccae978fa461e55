from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

import ipyflow as fl
from tests.notebook.conftest import Shell


def offered(shell: Shell, text: str) -> list[str]:
    """What Tab at the end of the text writes there, the beginning that is kept included."""
    with provisionalcompleter():
        found = list(shell.ip.Completer.completions(text, len(text)))
    return [one.text for one in found]


@pytest.fixture
def full(ready: Shell) -> Shell:
    """Four runs: one whose name has blanks, one with a failure, and two that go on, of which one is paused."""
    ready.value("import asyncio\n@fl.task\ndef load(n):\n    return 1 / n")
    ready.value("%%flow order(n=0)\nkept = [load.submit(n) for n in (1, 0)]\nfl.wait(kept)\nkept")
    ready.value("kept = _flow.result()\n%flow wait")
    ready.value("%%flow --wait\n1 + 2")
    ready.value("%%flow going\nawait asyncio.sleep(600)")
    ready.value("%%flow held\nawait asyncio.sleep(600)")
    ready.value("%flow pause held")
    return ready


@pytest.mark.parametrize(
    ("text", "offers"),
    [
        ("%flow s", ["show"]),
        ("%flow ex", ["explain", "export"]),
        ("  %flow ca", ["cancel"]),
        ("x = 1\n%flow ca", ["cancel"]),
        ("%flow help wh", ["whatif"]),
        ("%flow show ", ["held", "going", "'1 + 2'", "order"]),
        ("%flow show o", ["order", "order#1"]),
        ("%flow show 2", ["2"]),
        ("%flow show '1", ["'1 + 2'", "'1 + 2#4'"]),
        ("%flow explain load", ["load#3", "load#2"]),
        ("%flow explain load#2", ["load#2"]),
        ("%flow explain ke", []),
        ("%flow show --v", ["--view"]),
        ("%flow show --view ", ["timeline", "graph", "table", "log"]),
        ("%flow show order --view=t", ["timeline", "table"]),
        ("%flow list ", ["--all"]),
        ("%flow list --all -", []),
        ("%flow debug ", ["order", "load#3", "1"]),
        ("%flow retry l", ["load#3"]),
        ("%flow resume ", ["held", "4"]),
        ("%flow cancel ", ["held", "going", "all", "4", "3"]),
        ("%flow auto ", ["on", "off"]),
        ("%flow form ", ["order", "going", "held", "load"]),
        ("%flow form order ", ["n="]),
        ("%flow rerun order ", ["n="]),
        ("%flow rerun o", ["order"]),
        ("%flow config thr", ["threads="]),
        ("%flow config threads=4 log_", ["log_limit="]),
        ("%flow config threads=d", ["default"]),
        ("%flow config nested_loops ", ["on", "off"]),
        ("%%flow f(n=1) --on-leak ", ["warn", "wait", "cancel", "error", "ignore"]),
        ("%%flow --executor p", ["processes"]),
        ("%%flow --view=g f", []),
        ("%%flow --m", ["--max-parallelism"]),
        ("%%task f(n) --re", ["--retries", "--recurrent", "--resolve"]),
        ("%%task f(n) --resolve --re", ["--retries", "--recurrent"]),
        ("%%task f(n) --stdout ", ["task", "cell"]),
        ("%%task f(a=1, b=threadi", ["threading"]),
    ],
)
def test_what_tab_offers(full: Shell, text: str, offers: list[str]) -> None:
    found = offered(full, text)
    assert (found if offers else [one for one in found if one.startswith(("-", "kept", "f"))])[: len(offers)] == offers


def test_what_can_be_named_can_be_completed(full: Shell) -> None:
    full.value("first = kept[0]")
    assert offered(full, "%flow explain fi") == ["first"]
    full.value("%flow explain first")


def test_names_that_cannot_be_written_go_by_their_numbers(ready: Shell) -> None:
    for name in ("two\nlines", "\x1b[31mred", """both ' and \"""", "it's"):
        fl.flow(name=name)(lambda: 1)()
    assert offered(ready, "%flow show ")[:5] == ['"it\'s"', "4", "3", "2", "1"]


def test_nothing_of_ours_stands_where_it_is_not_meant(full: Shell) -> None:
    assert "order" in offered(full, "ord"), "the flow itself, as any name"
    assert not {"show", "--view"} & set(offered(full, "x = 1\n%%flow --"))
    assert "run.html" not in offered(full, "%flow export ")
    assert {"'1 + 2'", "pyproject.toml"} <= set(offered(full, "%flow export ")), "runs, and files"


def test_a_value_that_refuses_to_say_what_it_is_is_passed_over(full: Shell) -> None:
    """As proxies do outside of what they stand for."""
    full.value(
        "class Proxy:\n    @property\n    def __class__(self):\n        raise RuntimeError('outside of a request')\n"
        "request = Proxy()"
    )
    full.out, full.err = full._capture()
    for text, one in (("%flow show ", "order"), ("%flow form ", "load"), ("%%flow --executor ", "processes")):
        assert one in offered(full, text)
    assert full._capture() == ("", ""), "a traceback at each Tab"


def test_after_unloading_nothing_is_offered(full: Shell) -> None:
    matchers: list[Any] = full.ip.Completer.custom_matchers
    assert len(matchers) == 1
    full.value("%unload_ext ipyflow")
    assert matchers == []
    assert "show" not in offered(full, "%flow s")


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_the_older_way_of_asking_works_too(full: Shell) -> None:
    assert full.ip.complete("", "%flow show ord", 14) == ("ord", ["order", "order#1"])
