from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ipyflow.model.run import RunState, check_invariants
from ipyflow.views.live import LiveView
from ipyflow.views.payload import MIME
from ipyflow.views.presenter import StaticPresenter
from ipyflow.views.text import text_tree
from tests.views.golden import fan_out, load


class Run:
    def __init__(self, state: RunState) -> None:
        self.state = state

    def now(self) -> float:
        return 1002.0

    @contextmanager
    def reading(self) -> Iterator[RunState]:
        yield self.state


class Future:
    def __init__(self, run: Run, id_: int) -> None:
        self.run, self.id = run, id_

    def __repr__(self) -> str:
        return f"<Future #{self.id}>"


def test_a_run_shows_itself_as_payload_html_and_text() -> None:
    made = StaticPresenter().mimebundle(Run(load("failure")))
    assert set(made) == {MIME, "text/html", "text/plain"}
    assert made["text/plain"].startswith("✗ nightly_report")
    assert made[MIME]["run"]["now"] == 0.085
    unfinished = StaticPresenter().mimebundle(Run(load("running")))
    assert unfinished[MIME]["run"]["now"] == 2.0


def test_a_future_shows_where_it_stands_and_its_traceback() -> None:
    run = Run(load("failure"))
    made = StaticPresenter().mimebundle(Future(run, 4))
    assert made["text/plain"] == "<Future #4>"
    assert "total = line[&#x27;total&#x27;]" in made["text/html"] or "total = line['total']" in made["text/html"]
    assert StaticPresenter().mimebundle(Future(run, 99)) == {"text/plain": "<Future #99>"}


def test_handles_explain_themselves() -> None:
    run = Run(load("blocked"))
    assert StaticPresenter().explain(run).startswith("outer has run for 2.00 s")
    assert StaticPresenter().explain(Future(run, 6)).startswith("upload#6 waits for the limit")
    assert "no longer held" in StaticPresenter().explain(Future(run, 99))


def test_pictures_display_themselves() -> None:
    run = Run(load("parallel"))
    for kind, form in (("timeline", "image/svg+xml"), ("graph", "image/svg+xml"), ("table", "text/html")):
        forms: dict[str, Any] = StaticPresenter().picture(run, kind)._repr_mimebundle_()
        assert form in forms
        assert "<img" in forms["text/html"] or kind == "table", "what is not trusted shows no SVG"
        assert str(StaticPresenter().picture(run, kind)) == forms["text/plain"]
    assert "digraph" in StaticPresenter().picture(run, "graphviz").source
    with pytest.raises(ValueError, match="timeline, graph, table and graphviz"):
        StaticPresenter().picture(run, "pie")


def test_a_log_that_forgot_ended_tasks_still_has_views() -> None:
    state = fan_out(300).state()
    view = LiveView(limit=100)
    view.snapshot(state, 1)
    state.changed.clear()
    state.drop_ended()
    check_invariants(state)
    message = view.message(state, [], 2)
    assert message["type"] == "snapshot"
    made = message["payload"]
    assert made["run"]["total"] == 302
    assert {r["state"] for r in made["tasks"]} == {"failed"}
    assert "… and 285 ended tasks that the log no longer holds" in text_tree(state)
    StaticPresenter().mimebundle(Run(state))
    StaticPresenter().explain(Run(state))
