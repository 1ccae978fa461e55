"""What is wrong with a plan is said at its place, and nothing is evaluated for it."""

import ast
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

import ipyflow as fl
from ipyflow.builder.texts import free_names, joined, wrong
from tests.builder.desk import notebook

STEP = {"do": "add", "to": 0}


def builder(*steps: dict[str, Any], **more: Any) -> fl.Builder:
    made = fl.Builder(namespace={**notebook(), **more})
    for at, step in enumerate(steps):
        made.edit({**STEP, "at": at, **step})
    return made


def test_a_value_that_refuses_to_say_what_it_is_is_passed_over() -> None:
    """As proxies do outside of what they stand for."""

    class Proxy:
        @property
        def __class__(self) -> type:  # type: ignore[misc]
            raise RuntimeError("outside of a request")

    made = builder({"task": "multiply", "arguments": "3, 4"}, request=Proxy())
    assert made.run().result() == 12
    assert made.to_json()["palette"]


def test_a_run_has_the_name_of_its_builder_and_keeps_it_when_it_is_run_anew() -> None:
    made = builder({"task": "multiply", "arguments": "3, 4"})
    run = made.run().run
    assert run.name == made.plan["name"]
    assert run.rerun().run.name == made.plan["name"]
    assert made.pipeline().submit().run.name == "multiply"


def said(made: fl.Builder) -> list[tuple[int, str, str]]:
    return [(one.id, one.field, ("perhaps: " if one.doubt else "") + one.text) for one in made.problems]


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        ([], (0, "", "there is nothing in it yet: add a task")),
        ([{"task": ""}], (1, "task", "choose a task")),
        ([{"task": "multply", "arguments": "1, 2"}],
         (1, "task", "there is no task multply in this notebook: did you mean multiply?")),
        ([{"task": "merged"}], (1, "task", "merged is no task, it is a function: put @task on it")),
        ([{"task": "multiply", "arguments": "3"}], (1, "args.1", "y needs a value")),
        ([{"task": "multiply", "arguments": "3, 4, 5"}], (1, "args.2", "multiply takes 2 arguments and is given 3")),
        ([{"task": "multiply", "arguments": "3, z=4"}], (1, "kwargs.z", "multiply has no parameter z")),
        ([{"task": "multiply", "arguments": "3, lines"}],
         (1, "args.1", "nothing is called lines in this notebook; as text it is 'lines'")),
        ([{"task": "divide", "arguments": "'a'"}], (1, "args.0", "perhaps: 'a' is a text, and x a float")),
        ([{"task": "divide", "arguments": "3"}, {"task": "average", "arguments": "4"}],
         (2, "args.0", "average takes one argument and is given 2, the value of divide among them")),
        ([{"task": "pair"}, {"task": "average"}],
         (2, "", "average takes one argument and is given 2, the value of pair among them")),
        ([{"task": "multiply", "arguments": "1, 2"}, {"task": "multiply"}],
         (2, "args.0", "perhaps: y needs a value, unless the value of multiply is a tuple")),
        ([{"task": "divide", "arguments": "3"}, {"task": "divide", "arguments": "x=1"}],
         (2, "kwargs.x", "x gets the value of divide already: leave one of them out")),
        ([{"task": "heal", "arguments": "1", "role": "exceptionally"}],
         (1, "role", "nothing before it could fail: put it behind what it is to catch")),
        ([{"task": "pair"}, {"task": "close", "role": "finally"}, {"task": "pair"}],
         (2, "role", "nothing may follow it: move it to the end")),
    ],
)  # fmt: skip
def test_a_problem_is_said_at_its_place(steps: list[dict[str, Any]], problem: tuple[int, str, str]) -> None:
    assert problem in said(builder(*steps))


@pytest.mark.parametrize(
    "steps",
    [
        [{"task": "pair"}, {"task": "multiply"}],  # two values, as its hint says
        [{"task": "told"}, {"task": "close"}],  # hands nothing on
        [{"task": "counted", "arguments": "1, 2"}, {"task": "anything", "arguments": "any=1"}],
        [{"task": "pair", "arguments": "rows[0]"}, {"task": "close", "role": "finally"}],
        [{"task": "divide", "arguments": "sum(n for n in rows), y=abs(-2)"}],
        [{"task": "multiply", "arguments": "'ab', 3"}],
    ],
)
def test_what_is_right_is_not_complained_of(steps: list[dict[str, Any]]) -> None:
    assert said(builder(*steps)) == []


def test_options_and_blocks() -> None:
    made = builder({"task": "divide", "arguments": "1"}, {"kind": "group"})
    made.edit({"do": "option", "id": 1, "name": "retries", "text": "-1"})
    made.edit({"do": "option", "id": 1, "name": "color", "value": "red"})
    made.edit({"do": "option", "id": 2, "name": "max_parallelism", "value": 1.5})
    made.edit({"do": "option", "id": 2, "name": "fail_fast", "value": True})
    made.edit({"do": "option", "id": 2, "name": "return_exceptions", "value": True})
    made.edit({"do": "add", "to": 3, "at": 0, "task": "close", "role": "finally"})
    made.edit({"do": "name", "text": "my report"})
    assert {(one.id, one.field) for one in made.problems} >= {
        (0, "name"), (1, "option.retries"), (1, "option.color"), (2, "option.max_parallelism"),
        (2, "option.fail_fast"), (5, "role"), (4, ""),
    }  # fmt: skip
    with pytest.raises(fl.errors.PipelineInvalid, match="my report cannot be run yet: 'my report' is no name"):
        made.run()


def test_nothing_is_evaluated_before_it_runs_and_names_are_looked_up_then() -> None:
    calls = []
    made = builder({"task": "anything", "arguments": "note(1)"}, note=calls.append)
    assert made.problems == []
    made.to_json()
    made._repr_mimebundle_()
    assert calls == []
    made.pipeline()
    assert calls == [1]


def test_a_task_that_is_defined_later_heals_the_plan() -> None:
    space: dict[str, Any] = {}
    made = fl.Builder(namespace=space)
    made.edit({**STEP, "at": 0, "task": "close"})
    assert not made.to_json()["ready"]
    space.update(notebook())
    assert made.to_json()["ready"]
    assert made.run().result() is None


def test_an_argument_that_is_emptied_leaves_the_others_where_they_were() -> None:
    made = builder({"task": "multiply", "arguments": "3, 4"})
    made.edit({"do": "argument", "id": 1, "key": "args.0", "text": ""})
    assert made.code() == "pipeline = multiply.send(y=4)"
    made.edit({"do": "argument", "id": 1, "key": "args.0", "text": "5"})
    assert made.code() == "pipeline = multiply.send(5, y=4)"
    assert made.problems == []


def test_letters_typed_in_one_field_are_one_edit() -> None:
    made = builder({"task": "multiply"})
    for text in ("r", "ro", "rows"):
        made.edit({"do": "argument", "id": 1, "key": "args.0", "text": text}, merge="1 args.0")
    assert made.code() == "pipeline = multiply.send(rows)"
    assert made.undo() == "change multiply"
    assert made.code() == "pipeline = multiply.send()"


def test_the_saved_form_holds_code_and_picture_and_no_markup_of_the_plan() -> None:
    made = builder({"task": "anything", "arguments": "'<b>&'"})
    html = made._repr_mimebundle_()["text/html"]
    assert "&#x27;&lt;b&gt;&amp;&#x27;" in html
    assert "<b>&'" not in html
    assert "<script" not in html
    made.edit({**STEP, "at": 1, "task": "<i>"})
    html = made._repr_mimebundle_()["text/html"]
    assert "<i>" not in html
    assert "there is no task &lt;i&gt;" in html
    assert made._repr_mimebundle_()["text/plain"].startswith("# there is no task <i>")


PIECES = [
    "rows", "3", "'a'", "(", ")", "[", "]", "{", "}", ",", "=", ":=", "*", "#", " ", "lambda x: x", "for n in", "if",
    "else", "\\", '"', "\n", "await", ".",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("".join))
def test_what_passes_as_one_argument_is_one_in_any_place_of_the_code(text: str) -> None:
    """No text of an argument can become other code: another argument, a comment, the end of the call."""
    if wrong(text) is not None:
        return
    call = ast.parse(f"f.send({joined([text, text], {'y': text})}).g({text})", mode="eval").body
    assert isinstance(call, ast.Call)
    inner = call.func.value  # type: ignore[attr-defined]
    assert [len(inner.args), len(inner.keywords), len(call.args)] == [2, 1, 1]
    assert ast.dump(inner.args[0]) == ast.dump(inner.args[1]) == ast.dump(inner.keywords[0].value)
    free_names(text)


def test_a_prompt_takes_what_its_text_has_places_for() -> None:
    space = {
        "who": fl.Prompt("Where shall {name} go?", int),
        "ok": fl.Prompt("Send {}?"),
        "divide": notebook()["divide"],
    }
    made = fl.Builder(space["divide"].send(1).continue_with(space["ok"]), namespace=space)
    assert made.problems == []
    told = {one["name"]: (one["signature"], list(one["parameters"])) for one in made.to_json()["palette"]}
    assert told["who"] == ("(*, name) -> int", ["name"])
    made.edit({"do": "task", "id": made.plan["entries"][1]["id"], "task": "who"})
    assert any(not problem.doubt for problem in made.problems), "its text has no place for the value of divide"


def test_hints_are_shown_without_what_is_added_to_them() -> None:
    def invite(
        guests: Annotated[int, Field(ge=1)] = 4, *, names: "list[Annotated[str, 'short']] | None" = None
    ) -> Annotated[int, "so many"]:
        return guests

    one = fl.Builder(namespace={"invite": fl.task(invite)}).to_json()["palette"][0]
    assert one["signature"] == "(guests: int = 4, *, names: list[str] | None = None) -> int"
    assert [told["hint"] for told in one["parameters"].values()] == ["int", "list[str] | None"]
