from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shutil
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyflow import views
from ipyflow.model import records as r
from ipyflow.model.run import RunState
from ipyflow.views.dot import digraph, dot
from ipyflow.views.explain import explain, explain_run
from ipyflow.views.mermaid import mermaid
from ipyflow.views.outline import outline
from ipyflow.views.payload import payload
from ipyflow.views.text import text_tree
from ipyflow.views.words import block, duration, remarks, shown
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load

MODULES = [module.name for module in pkgutil.iter_modules(views.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"ipyflow.views.{name}"), raise_on_error=False).failed == 0


@given(st.text())
def test_shown_text_is_one_safe_line(text: str) -> None:
    made = shown(text)
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", made)
    made.encode()
    assert len(shown(text, 5)) <= 5 * 10


@given(st.text())
def test_a_shown_block_keeps_its_lines_and_nothing_else_that_acts(text: str) -> None:
    made = block(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", made)
    assert made.count("\n") == re.sub("\x1b\\[[0-9;:]*m", "", text).count("\n")


def test_a_long_block_loses_its_middle() -> None:
    made = block("first\n" + "x\n" * 5000 + "ValueError: last\n", 300)
    assert made.startswith("first")
    assert made.endswith("ValueError: last\n")
    assert len(made) < 400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 µs"), (0.000999, "999 µs"), (0.00149, "1.5 ms"), (0.9991, "999 ms"), (0.9999, "1.00 s"),
     (59.99, "1 min 00 s"), (3599.7, "1 h 00 min"), (100_000, "27 h 46 min"), (200_000, "2 d 7 h"), (-1, "0 µs")],
)  # fmt: skip
def test_lengths_of_time_in_words(seconds: float, words: str) -> None:
    assert duration(seconds) == words


# -- the text tree --


def test_the_tree_of_a_run() -> None:
    assert text_tree(load("failure")).splitlines() == [
        "✗ nightly_report  failed · 85 ms · 6 tasks: 3 failed, 3 succeeded",
        "└─ ✗ nightly_report  84 ms  DependencyError: argument 'rows' of convert failed: parse#4: KeyError: 'total'",
        "   ├─ ✓ fetch('sales.csv')  59 ms",
        "   ├─ ✓ fetch('rates.csv')  46 ms",
        "   ├─ ✗ parse(<fetch#2>)  24 ms  KeyError: 'total'",
        (
            "   ├─ ✗ convert(<parse#4>, <fetch#3>)  "
            "DependencyError: argument 'rows' of convert failed: parse#4: KeyError: 'total'"
        ),
        "   └─ ✓ notify('started')  27 ms",
        "! leaked: notify#6 was never read",
    ]


def test_the_tree_says_why_a_task_does_not_go_on() -> None:
    tree = text_tree(load("running"))
    assert "‖ training  490 ms  blocked (choose#6)" in tree
    assert "▸ train(data, 32)  287 ms  3 of 10 epochs" in tree
    assert "… choose([3 futures])  waiting: its arguments (train#3, train#4, train#5)" in tree
    assert "call_api('/orders')  88 ms  attempt 3" in text_tree(load("retries"))


def test_equal_siblings_share_a_line_and_failures_are_named() -> None:
    tree = text_tree(fan_out(200).state())
    assert "✗ score ×200: 12 ✗ · 188 ✓  12 ms to 48 ms" in tree
    assert "✗ score#13(doc_11)  ValueError: doc_11 is empty" in tree
    assert "… and 9 more failed" in tree
    assert len(tree.splitlines()) < 12


def test_the_tree_of_a_large_or_deep_run_is_short() -> None:
    log = Log()
    parent = 0
    for i in range(3000):
        parent = log.task(i, f"level_{i}", parent)
    tree = text_tree(log.state()).splitlines()
    assert len(tree) == 42
    assert tree[-1] == "… and 2,960 more tasks"
    assert all(len(line) <= 120 for line in tree)


def test_folding_begins_with_the_largest_families() -> None:
    log = Log()
    flow = log.task(0, "flow")
    for i in range(4):
        log.task(1, f"single_{i}", flow)
    for _ in range(5):
        log.task(2, "few", flow)
    for _ in range(100):
        log.task(3, "many", flow)
    told = outline(log.state(), 40)
    assert sorted(len(line.tasks) for line in told.lines) == [1] * 10 + [100]
    assert told.left_out == 0


@pytest.mark.parametrize("name", GOLDEN)
def test_nothing_a_task_says_reaches_the_terminal_as_a_command(name: str) -> None:
    state = load(name)
    said = [text_tree(state), explain_run(state), dot(state), mermaid(state), *(explain(state, t) for t in state.tasks)]
    for text in said:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", text)
        text.encode()


# -- in words --


def test_why_a_task_waits() -> None:
    log = Log()
    user = log.task(0, "load_user")
    log.start(1, user, "thread-3")
    product = log.task(2, "load_product")
    order = log.task(3, "create_order", refs=(user, product))
    log.wait(3, order, "its arguments", (user, product))
    state = log.state()
    said = explain(state, order, now=state.opened + 1.201)
    assert said.splitlines()[0] == (
        "create_order#3 waits for its arguments: load_user#1 (running for 1.20 s on thread-3), load_product#2 (queued)."
    )
    assert explain(state, product, now=state.opened + 1.002) == (
        "load_product#2 is ready and waits for a worker of 'threads' (for 1.00 s)."
    )


def test_a_chain_of_waits_is_followed_to_its_cause() -> None:
    state = load("blocked")
    said = explain(state, 1, now=state.last).splitlines()
    assert len(said) == 3
    assert said[0] == "outer#1 has been blocked for 299 ms in a wait for middle#2 (blocked)."
    assert "leaf#4 (running for 297 ms on thread-4, 3 of 10 pages)" in said[2]
    assert explain(state, 6).startswith("upload#6 waits for the limit of 2 uploads at once (for 296 ms).")


def test_a_circle_of_waits_is_named() -> None:
    log = Log()
    a = log.task(0, "a")
    b = log.task(0, "b")
    log.start(1, a).start(1, b).block(2, a, b).block(2, b, a)
    assert "closes a circle" in explain(log.state(), a)


def test_where_a_failure_began() -> None:
    state = load("failure")
    assert explain(state, 1).splitlines()[1] == (
        "It began here: parse#4 failed after 24 ms on thread-2: KeyError: 'total'"
    )
    assert explain(state, 4) == "parse#4 failed after 24 ms on thread-2: KeyError: 'total'"
    assert explain(state, 5).startswith("convert#5 failed before it ran: DependencyError")
    assert explain_run(state).splitlines()[1].startswith("parse#4 failed")


def test_a_failure_that_passed_through_flows_is_told_once() -> None:
    log = Log()
    outer = log.task(0, "outer")
    inner = log.task(1, "inner", outer)
    leaf = log.task(2, "leaf", inner)
    for task in (outer, inner, leaf):
        log.start(3, task)
    log.fail(4, leaf).read(4, leaf, inner).fail(5, inner).read(5, inner, outer).fail(6, outer)
    said = explain_run(log.close(7, "failed").state())
    assert said.splitlines()[1:] == ["leaf#3 failed after 1.0 ms on thread-1: ValueError: no such user"]


def test_attempts_and_ends_in_words() -> None:
    state = load("retries")
    assert explain(state, 2) == "call_api#2 succeeded after 149 ms on thread-2, at attempt 3."
    cancelled = load("cancelled")
    assert explain(cancelled, 2) == "mirror#2 was cancelled after 42 ms: TaskCancelled: cancelled by race#1"
    assert explain(cancelled, 6).startswith("probe#6 ran over its timeout after 21 ms")
    log = Log()
    task = log.task(0, "stubborn")
    log.start(0, task).add(r.Cancelling, 10, task, "cancelled by you")
    assert explain(log.state(), task, now=1001.01) == (
        "stubborn#1 was told to stop 1.00 s ago (cancelled by you); its body has not returned yet."
    )


def test_a_run_in_which_nothing_runs_says_so() -> None:
    log = Log("stuck")
    task = log.task(0, "load")
    log.wait(0, task, "an answer")
    assert explain_run(log.state(), now=1005.0).splitlines() == [
        "stuck has run for 5.00 s: 1 task: 1 waiting.",
        "Nothing runs.",
        "load#1 waits for an answer (for 5.00 s).",
    ]


# -- other languages --


def test_dot_quotes_what_it_is_given() -> None:
    made = dot(load("hostile"))
    assert "digraph \"</title><script>alert('run')</script>\" {" in made
    assert 'label="\\"g\\"|end{}"; style=dashed;' in made
    assert "\\\\x1b[2J" in made
    assert 'tooltip="<i>&amp;amp;"' in made
    for line in made.splitlines():
        assert len(re.findall(r'(?<!\\)(?:\\\\)*"', line)) % 2 == 0, "a quote is open"


def test_dot_has_clusters_for_groups_and_dashes_for_children() -> None:
    made = dot(load("fan_out"))
    assert "subgraph cluster_1" in made
    assert "score ×50\\n3 ✗ · 47 ✓" in made
    assert '"2+" -> "1" [style=dashed, arrowhead=none, label="50"];' in made
    assert '"2+" -> "52" [label="50"];' in made


def test_a_digraph_says_the_same_and_can_be_changed() -> None:
    drawn = digraph(load("fan_out"))
    body = [line.strip() for line in dot(load("fan_out")).splitlines() if line.startswith("  ")][3:]
    assert [line.strip() for line in drawn.body] == body
    drawn.graph_attr["rankdir"] = "TB"
    drawn.node("2+", fillcolor="gold")
    assert "rankdir=TB" in drawn.source
    assert '"2+" [fillcolor=gold]' in drawn.source
    assert digraph(RunState(name="<b>")).source.startswith('digraph "<b>" {')
    for name in GOLDEN:
        assert digraph(load(name)).source.endswith("}\n")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("name", GOLDEN)
def test_graphviz_draws_it(name: str) -> None:
    assert b"<svg" in digraph(load(name)).pipe(format="svg")


def test_without_the_package_of_graphviz_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    with pytest.raises(ModuleNotFoundError, match="pip install graphviz"):
        digraph(RunState())


def test_mermaid_writes_whatever_could_mean_something_as_a_number() -> None:
    made = mermaid(load("hostile"))
    for label in re.findall(r'"([^"]*)"', made):
        assert not set(re.sub(r"#\d+;|<br/>", "", label)) & set('<>"#;&`|[](){}\\')
    assert mermaid(load("fan_out")).splitlines()[3:6] == [
        '  subgraph g1["documents"]', '    n1["score ×50<br/>3 ✗ · 47 ✓"]', "  end",
    ]  # fmt: skip


def test_what_was_meant_is_no_remark() -> None:
    state = load("parallel")
    state.notes[:] = [(0.0, 2, "detached", "nobody means to read it"), (0.0, 3, "leaked", "nobody read it")]
    assert remarks(state, 10) == [(3, "leaked", "nobody read it")]
    assert payload(state)["run"]["notes"] == [["leaked", 3, "nobody read it"]]
