"""What is typed into a form becomes checked values, or messages at the fields."""

import dataclasses
import datetime
import enum
import json
import pickle
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, Optional, Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from typing_extensions import TypedDict

import ipyflow as fl
from ipyflow.errors import FormError
from ipyflow.forms.models import of_type
from ipyflow.forms.reading import read
from ipyflow.forms.signature import argument_docs, as_call, of_callable


class Colour(enum.Enum):
    RED = (255, 0, 0)
    BLUE = (0, 0, 255)


class Address(BaseModel):
    street: str
    number: Annotated[int, Field(ge=1, description="of the house")] = 1

    @field_validator("street")
    @classmethod
    def _known(cls, street: str) -> str:
        if street == "nowhere":
            raise ValueError("nobody lives there")
        return street


HOME = Address(street="Main")


class Person(BaseModel):
    name: str = Field(title="Full name", min_length=2)
    home: Address
    born: datetime.date | None = None
    friends: list["Person"] = []
    alias: str = Field("", validation_alias="alsoKnownAs")

    @model_validator(mode="after")
    def _consistent(self) -> "Person":
        if self.name == self.home.street:
            raise ValueError("a person is not a street")
        return self


@dataclasses.dataclass
class Box:
    width: float
    tags: list[str] = dataclasses.field(default_factory=list)


class Window(TypedDict):
    title: str
    width: NotRequired[int]


def errors(target: Any, raw: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(FormError) as caught:
        read(target, raw)
    return caught.value.errors


def every(
    n: int,
    rate: float = 0.5,
    name: str = "x",
    *,
    fast: bool = True,
    mode: Literal["a", "b", 3] = "a",
    colour: Colour = Colour.RED,
    day: datetime.date = datetime.date(2026, 1, 31),
    at: Optional[datetime.datetime] = None,  # noqa: UP045 - as people write it
    where: Path = Path("data"),
    sizes: Sequence[int] = (1, 2),
    home: Address = HOME,
    token: SecretStr = SecretStr("s3cret"),  # noqa: B008
    note: str = "two\nlines",
    extra: dict[str, int] = {},  # noqa: B006
    anything=None,  # type: ignore[no-untyped-def]
    count=3,  # type: ignore[no-untyped-def]
) -> None: ...


def test_each_type_has_its_kind_and_all_of_it_fits_in_json() -> None:
    fields = of_callable(every)
    assert {f.name: f.kind for f in fields} == {
        "n": "int", "rate": "float", "name": "str", "fast": "bool", "mode": "choice", "colour": "choice", "day": "date",
        "at": "datetime", "where": "path", "sizes": "list", "home": "model", "token": "secret", "note": "text",
        "extra": "value", "anything": "value", "count": "int",
    }  # fmt: skip
    shown = {one["name"]: one for one in json.loads(json.dumps([f.to_json() for f in fields]))}
    assert shown["n"] == {
        "name": "n", "kind": "int", "label": "n", "doc": "", "required": True, "optional": False, "default": None,
        "has_default": False, "choices": None, "min": None, "max": None, "step": None, "item": None, "fields": None,
    }  # fmt: skip
    assert shown["mode"]["choices"] == [["a", "a"], ["b", "b"], ["3", 3]]
    assert shown["colour"]["choices"] == [["RED", "RED"], ["BLUE", "BLUE"]]
    assert (shown["colour"]["default"], shown["day"]["default"], shown["where"]["default"]) == (
        "RED", "2026-01-31", "data",
    )  # fmt: skip
    assert shown["sizes"]["default"] == [1, 2]
    assert shown["sizes"]["item"]["kind"] == "int"
    assert shown["at"]["optional"] is True
    assert shown["home"]["default"] == {"street": "Main", "number": 1}
    assert [(f["name"], f["min"], f["doc"]) for f in shown["home"]["fields"]] == [
        ("street", None, ""), ("number", 1, "of the house"),
    ]  # fmt: skip
    assert shown["extra"]["default"] == "{}"
    assert "s3cret" not in json.dumps(shown), "the page is told a secret"


def test_a_form_sent_back_as_it_came_gives_the_defaults_themselves() -> None:
    raw = {f.name: f.to_json()["default"] for f in of_callable(every) if f.has_default}
    assert read(every, {"n": 1, **raw}) == {"n": 1, **{f.name: f.default for f in of_callable(every) if f.has_default}}


def test_typed_text_becomes_values() -> None:
    raw = {
        "n": " 7 ", "rate": "1e-3", "fast": "no", "mode": "3", "colour": "BLUE", "day": "2026-02-01",
        "at": "2026-02-01T10:30", "where": "a/b", "sizes": "4, 5", "home": {"street": "Side", "number": "2"},
        "token": "new", "extra": "{'a': 1}", "anything": "[1, (2,)]", "count": "2.5", "name": "",
    }  # fmt: skip
    values = read(every, raw)
    assert values.pop("token").get_secret_value() == "new"
    assert values == {
        "n": 7, "rate": 0.001, "fast": False, "mode": 3, "colour": Colour.BLUE, "day": datetime.date(2026, 2, 1),
        "at": datetime.datetime(2026, 2, 1, 10, 30), "where": Path("a/b"), "sizes": [4, 5],
        "home": Address(street="Side", number=2), "extra": {"a": 1}, "anything": [1, (2,)], "count": 2.5, "name": "",
    }  # fmt: skip


def test_each_fault_is_said_at_its_field_in_plain_words() -> None:
    raw = {
        "rate": "fast", "mode": "c", "day": "soon", "sizes": [1, "x"], "home": {"street": "nowhere", "number": 0},
        "anything": "hello", "extra": "{'a': 'b'}", "nmae": 3, "fast": "maybe",
    }  # fmt: skip
    assert errors(every, raw) == {
        "nmae": "there is no such field: did you mean name?",
        "anything": "a Python value, please: 3, [1, 2], {'a': 1}; text in quotes: 'hello'",
        "n": "needs a value",
        "rate": "a number, please, not 'fast'",
        "fast": "yes or no, please, not 'maybe'",
        "mode": "one of a, b, 3, please, not 'c'",
        "day": "a date, please, as 2026-01-31, not 'soon'",
        "sizes.1": "a whole number, please, not 'x'",
        "home.street": "nobody lives there",
        "home.number": "1 or more, please, not 0",
        "extra": "a whole number, please, not 'b'",
    }


@pytest.mark.parametrize("empty", ["", "  ", None])
def test_nothing_typed_is_the_default_none_or_a_value_that_is_missing(empty: Any) -> None:
    def f(a: int, b: int = 2, c: int | None = 3, d: list[int] = []) -> None: ...  # noqa: B006

    assert errors(f, {"a": empty}) == {"a": "needs a value"}
    assert read(f, {"a": 1, "b": empty, "c": empty, "d": empty}) == {"a": 1, "c": None}


def test_an_empty_text_is_a_text() -> None:
    def f(a: str, b: str = "x") -> None: ...

    assert read(f, {"a": "", "b": ""}) == {"a": "", "b": ""}
    assert errors(f, {}) == {"a": "needs a value"}


def test_a_model_is_read_as_one_value() -> None:
    person = read(Person, {"name": "Ada", "home": {"street": "Main"}, "born": "1815-12-10", "alsoKnownAs": "L"})[
        "answer"
    ]
    assert person == Person(name="Ada", home=Address(street="Main"), born=datetime.date(1815, 12, 10), alsoKnownAs="L")
    assert [f.name for f in of_type(Person)] == ["name", "home", "born", "friends", "alsoKnownAs"]
    assert of_type(Person)[0].label == "Full name"
    friends = of_type(Person)[3].item
    assert friends is not None
    assert friends.kind == "value", "a model inside itself has no end"
    assert errors(Person, {"name": "A", "home": {"number": "x"}}) == {
        "name": "2 letters or more, please", "home.street": "needs a value",
        "home.number": "a whole number, please, not 'x'",
    }  # fmt: skip
    assert errors(Person, {"name": "Main", "home": {"street": "Main"}}) == {"": "a person is not a street"}


@pytest.mark.parametrize(
    ("type_", "typed", "value"),
    [
        (int, "3", 3),
        (bool, True, True),
        (Colour, "BLUE", Colour.BLUE),
        (list[Address], [{"street": "a"}], [Address(street="a")]),
        (int | None, "", None),
        (Literal["yes", "no"], "yes", "yes"),
        (str | int, "3", 3),
        (set[str], "a, b", {"a", "b"}),
        (list[str], "1, 2", ["1", "2"]),
        (list[str], "['1, 2', 'x']", ["1, 2", "x"]),
        (list[float], "5", [5.0]),
        (tuple[int, str], "(1, 'a')", (1, "a")),
        (float, 3, 3.0),
        (datetime.timedelta, "1:30:00", datetime.timedelta(minutes=90)),
    ],
)
def test_a_simple_type_has_the_one_field_answer(type_: Any, typed: Any, value: Any) -> None:
    assert [f.name for f in of_type(type_)] == ["answer"]
    assert read(type_, {"answer": typed}) == {"answer": value}


def test_what_a_dictionary_need_not_have_is_left_out() -> None:
    assert read(Window, {"title": "a", "width": None}) == {"answer": {"title": "a"}}
    assert errors(Window, {"width": "x"}) == {"title": "needs a value", "width": "a whole number, please, not 'x'"}


def test_a_dataclass_is_a_model() -> None:
    assert read(Box, {"width": "2", "tags": "a"}) == {"answer": Box(2.0, ["a"])}
    assert errors(Box, {"width": "wide"}) == {"width": "a number, please, not 'wide'"}


def test_tasks_flows_and_odd_signatures() -> None:
    @fl.flow
    def crawl(
        seed: str,
        /,
        depth: Annotated[int, Field(gt=0, lt=10)] = Field(2, description="levels"),
        *pages: int,
        **more: str,
    ):
        """Read pages.

        Args:
            seed: where it
                begins.
        """
        return seed, depth, pages, more

    fields = {f.name: f for f in of_callable(crawl)}
    assert (fields["seed"].doc, fields["depth"].doc) == ("where it begins.", "levels")
    assert (fields["depth"].default, fields["depth"].low, fields["depth"].high) == (2, 1, 9)
    assert (fields["pages"].kind, fields["more"].kind) == ("list", "value")
    values = read(crawl, {"seed": "a", "pages": "1, 2", "more": "{'k': 'v'}"})
    args, kwargs = as_call(crawl, {"depth": 2, **values})
    assert crawl.fn(*args, **kwargs) == ("a", 2, (1, 2), {"k": "v"})
    assert [f.name for f in of_callable(crawl, skip=["depth", "more"])] == ["seed", "pages"]
    assert errors(crawl, {"seed": "a", "depth": 10}) == {"depth": "less than 10, please, not 10"}


def test_a_hint_that_is_missing_or_cannot_be_looked_up_leaves_it_to_the_default() -> None:
    def f(a: "Nowhere", b: "int" = 3, c=HOME, d=Colour.RED) -> None: ...  # noqa: F821

    kinds = [(one.name, one.kind) for one in of_callable(f)]
    assert kinds == [("a", "value"), ("b", "int"), ("c", "model"), ("d", "choice")]


def test_what_pydantic_does_not_know_is_left_to_the_body_and_nothing_is_checked_late() -> None:
    class Own: ...

    def f(a: Own, b: Iterable[int], c: Self) -> None: ...  # type: ignore[misc]

    own = Own()
    assert read(f, {"a": own, "b": "1, 2", "c": "3"}) == {"a": own, "b": [1, 2], "c": 3}
    assert errors(f, {"a": "3", "b": "1, x", "c": 3}) == {
        "a": "an object of class Own, please, not 3",
        "b.1": "a whole number, please, not 'x'",
    }


def test_docs_of_arguments() -> None:
    assert argument_docs("Do.\n\n:param int a: first\n:param b: second\n") == {"a": "first", "b": "second"}
    assert argument_docs("Do.\n\nArgs:\n    a: see https://x.org: it\n\n    *b: rest\nNote:\n    c: no") == {
        "a": "see https://x.org: it", "b": "rest",
    }  # fmt: skip


def test_an_error_of_a_form_travels() -> None:
    error = pickle.loads(pickle.dumps(FormError({"": "no", "a.b": "needs a value"})))
    assert (str(error), error.errors) == ("no; a.b: needs a value", {"": "no", "a.b": "needs a value"})


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(("n", "mode", "day", "sizes", "home", "anything"), _json)))
def test_whatever_a_page_sends_it_gets_values_or_messages_at_known_fields(raw: dict[str, Any]) -> None:
    try:
        values = read(every, raw)
    except FormError as error:
        known = {f.name for f in of_callable(every)}
        assert error.errors, raw  # noqa: PT017
        assert {path.split(".")[0] for path, text in error.errors.items() if text} <= known  # noqa: PT017
    else:
        assert set(values) == {"n", *values} <= {f.name for f in of_callable(every)}
        assert isinstance(values["n"], int)


_defaults = st.one_of(
    st.integers(), st.floats(allow_nan=False), st.text(), st.booleans(), st.dates(), st.times(), st.datetimes(),
    st.binary(), st.decimals(allow_nan=False), st.timedeltas(), st.uuids(), st.lists(st.integers()),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers()), st.sampled_from(Colour), st.builds(Path, st.just("a/b")), st.none(),
    st.builds(Box, st.floats(0, 9), st.lists(st.text())), st.sets(st.integers()), st.tuples(st.integers(), st.text()),
)  # fmt: skip


@given(_defaults, st.booleans())
def test_any_default_goes_to_the_page_and_comes_back_as_itself(default: Any, hinted: bool) -> None:
    def f(x: Any = default) -> None: ...

    hints = {list: list, set: set, tuple: tuple, dict: dict, type(None): int}
    f.__annotations__ = {"x": hints.get(type(default), type(default))} if hinted else {}
    [field] = of_callable(f)
    page = json.loads(json.dumps(field.to_json(), allow_nan=False))
    assert read(f, {"x": page["default"]}) == {"x": default}
