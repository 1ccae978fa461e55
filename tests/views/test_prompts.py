"""Questions to a person in the views: for pages to draw, in words, and in the saved picture."""

import json
from collections.abc import Iterator
from html import unescape

import pytest
from pydantic import BaseModel, SecretStr

import ipyflow as fl
from ipyflow.testing import Lab, engine
from ipyflow.views.detail import detail
from ipyflow.views.html import static_html
from ipyflow.views.listing import listed
from ipyflow.views.payload import payload
from ipyflow.views.prompts import OPEN, TOLD
from ipyflow.views.saved import saved_payload


class Login(BaseModel):
    user: str
    key: SecretStr


approve = fl.Prompt("Send <b>{count}</b> mails?", title="Mails")
login = fl.Prompt("Who\nis there?", Login, name="login", actions=("Enter", "Leave"))


@pytest.fixture
def desk() -> Iterator[Lab]:
    with engine(inline=True) as lab:
        yield lab


def test_a_page_is_sent_what_is_open(desk: Lab) -> None:
    future = login.submit()
    future.run.engine.clock.advance(2)
    state = future.run.snapshot()
    [asked] = payload(state)["run"]["prompts"]
    fields = asked.pop("fields")
    assert asked == {
        "task": 1, "name": "login", "title": "", "text": "Who\nis there?", "actions": ["Enter", "Leave"], "since": 0.0,
    }  # fmt: skip
    assert [(field["name"], field["kind"]) for field in fields] == [("user", "str"), ("key", "secret")]
    assert listed(state)["prompts"][0]["task"] == 1
    assert saved_payload(state)["run"]["prompts"][0]["fields"] == fields
    json.dumps(payload(state))
    assert 'login#1 waits for an answer (for 2.00 s): "Who is there?" Give it in the view' in future.explain()
    future.answer({"user": "ada", "key": "k"})
    assert "prompts" not in payload(future.run.snapshot())["run"]
    assert "prompts" not in listed(future.run.snapshot())


def test_of_many_the_oldest_are_sent(desk: Lab) -> None:
    futures = approve.map([]) + [approve.submit(count=n) for n in range(OPEN + 5)]
    futures[0].cancel()
    sent = payload(futures[0].run.snapshot())["run"]["prompts"]
    assert [one["task"] for one in sent] == list(range(2, OPEN + 2))


def test_a_saved_file_tells_what_was_asked_and_answered(desk: Lab) -> None:
    opened, approved, left, entered = approve.submit(count=1), approve.submit(count=2), login.submit(), login.submit()
    approved.answer()
    left.dismiss()
    entered.answer({"user": "ada", "key": "hidden"})
    run = opened.run
    made = static_html(run.snapshot())
    said = unescape(made)
    assert "Send <b>1" not in made
    assert "Send <b>1</b> mails? → <i>waits for an answer</i>" in said
    assert "Send <b>2</b> mails? → Approve <small>(by code)</small>" in said
    assert "→ Leave <small>(by code)</small>" in said
    assert "→ Enter: <code>Login(user='ada', key=<SecretStr>)</code>" in said
    assert "hidden" not in made
    question = detail(run.snapshot(), entered.id)["question"]
    assert (question["action"], question["by"], question["text"]) == ("Enter", "by code", "Who\nis there?")
    opened.cancel()
    assert "→ <i>no answer</i>" in static_html(run.snapshot())
    for n in range(TOLD):
        approve.submit(count=n).cancel()
    assert "and 4 more before" in static_html(run.snapshot())
