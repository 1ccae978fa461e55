"""What views say of values that were not made by running."""

from __future__ import annotations

from pathlib import Path

import ipyflow as fl
from ipyflow.testing import engine
from ipyflow.views.explain import explain
from ipyflow.views.html import table_html, task_html
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from tests.views.golden import load


def test_the_tree_says_where_each_comes_from() -> None:
    tree = text_tree(load("memory"))
    assert "≈ load('north')  cached from run a3f9c1-3, 2 h old" in tree
    assert "≈ load('south')  cached from the equal call #3" in tree
    assert "≈ fetch('rates')  done in run b07d22-1" in tree


def test_so_does_the_explanation() -> None:
    state = load("memory")
    assert explain(state, 2) == (
        "load#2 did not run: an equal call, task #7 of run a3f9c1-3, had given its value 2 h before."
    )
    assert explain(state, 4) == "load#4 did not run: load#3, an equal call, was at work."
    assert explain(state, 5) == "fetch#5 did not run again: it was done by task #4 of run b07d22-1, which goes on here."


def test_of_a_value_that_was_new_no_age_is_told() -> None:
    state = load("memory")
    task = state.tasks[2]
    assert task.reused is not None
    assert task.ended is not None
    task.reused.made = state.wall + task.ended - state.opened - 0.3
    assert "cached from run a3f9c1-3\n" in text_tree(state)
    assert explain(state, 2).endswith("of run a3f9c1-3, had given its value already.")


def test_and_the_saved_table_escaped() -> None:
    state = load("memory")
    reuse = state.tasks[2].reused
    assert reuse is not None
    assert "<small>from run a3f9c1-3, 2 h old</small>" in table_html(state)
    assert "812" in task_html(state, 2)
    reuse.run = "<b>run</b>\x1b"
    assert "from run &lt;b&gt;run&lt;/b&gt;\\x1b" in table_html(state)
    assert "<b>run" not in table_html(state) + task_html(state, 2)


def test_and_the_saved_timeline() -> None:
    drawn = timeline_svg(load("memory"))
    assert ">from run a3f9c1-3, 2 h old</text>" in drawn
    assert "load#4(&#x27;south&#x27;) · cached · from the equal call #3" in drawn


def test_a_call_of_another_run_is_named_by_its_run(tmp_path: Path) -> None:
    @fl.flow(cache=True)
    def total(n: int) -> int:
        return n

    with engine(database=tmp_path / "h") as lab:
        total(3)
        again = total.submit(3)
        again.result()
        assert lab.engine.memory is not None
        key = lab.engine.memory.key_of(lab.runs[0].id)
        assert again.explain().startswith(
            f"total#2 did not run: an equal call, task #1 of run {key}, had given its value"
        )
        assert repr(again) == "<Future total#2 cached>"


def test_a_handler_whose_value_was_there_has_handled_it(tmp_path: Path) -> None:
    @fl.task
    def fails() -> int:
        raise OSError("no")

    @fl.task(cache=fl.Cache(params=()))
    def instead(error: BaseException) -> int:
        return 0

    with engine(database=tmp_path / "h") as lab:
        for state in ("succeeded", "cached"):
            assert fails.send().exceptionally(instead)() == 0
            (_, failed, handler) = lab.runs[-1].snapshot().tasks.values()
            assert handler.state == state
            assert f"instead#{handler.id} handled it." in explain(lab.runs[-1].snapshot(), failed.id)
