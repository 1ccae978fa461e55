"""Values as text and back: round trips, what is refused, and what reading may touch."""

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import json
import math
import pathlib
import pickle
import sys
import threading
import types
import uuid
from collections import OrderedDict, defaultdict, deque
from typing import Annotated, Any, Generic, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PrivateAttr,
    RootModel,
    ValidationError,
)

from ipyflow.flows.workflow.events import Event, StartEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.serializers import JsonSerializer, PickleSerializer

T = TypeVar("T")
JSON, PICKLE = JsonSerializer(), PickleSerializer()


class Colour(enum.Enum):
    RED = 1
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1


class Rights(enum.Flag):
    READ = 1
    WRITE = 2


class Inner(BaseModel):
    n: int = 0


class Wider(Inner):
    more: str = ""


class Found(Event):
    page: str
    inner: Inner = Field(default_factory=Inner)


class Names(RootModel[list[str]]):
    pass


class Kept(BaseModel):
    items: Any = None


class Plain:
    def __init__(self, x: int = 1) -> None:
        self.x = x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Plain) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]


def back(value: Any, serializer: JsonSerializer = JSON) -> Any:
    text = serializer.serialize(value)
    assert type(text) is str
    again = serializer.deserialize(text)
    assert type(again) is type(value)
    return again


VALUES = [
    None, True, 0, -(2**70), 2**20_000, 1.5, math.inf, "", "ä\ud800", [], {}, (), [1, [2, (3,)]], {"a": {"b": None}},
    {1: "one", (2, 3): "pair", None: 0}, {"$tuple": [1]}, {"$": 1, "a": 2}, {1, 2}, frozenset({(1, 2)}), b"\x00\xff",
    dt.datetime(2026, 1, 2, 3, 4, 5, 6), dt.datetime(2026, 1, 2, tzinfo=dt.UTC), dt.date(2026, 1, 2),
    dt.time(1, 2, 3, 4),
    dt.timedelta(-1, 2, 3), uuid.UUID(int=7), decimal.Decimal("1.10"), pathlib.Path("a/b"), Colour.RED, Colour.GREEN,
    Level.LOW, Rights.READ | Rights.WRITE, Inner, Inner(n=3),
    Found(page="x", inner=Wider(n=1, more="m"), extra=(1, {2})),
    StartEvent(topic="t"), StopEvent(result=(1, 2)), StopEvent(result=Inner(n=1)), Names(["a", "b"]),
    Kept(items={1: (2,)}),
    Kept(items=Found(page="nested")),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("serializer", [JSON, PICKLE], ids=["json", "pickle"])
def test_round_trips(value: Any, serializer: JsonSerializer) -> None:
    assert back(value, serializer) == value
    assert back([value], serializer) == [value]
    assert back({"deep": {"er": (value,)}}, serializer) == {"deep": {"er": (value,)}}


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    | st.datetimes() | st.dates() | st.times() | st.timedeltas() | st.uuids() | st.sampled_from(Colour)
    | st.builds(Inner, n=st.integers()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("$ab", max_size=3), inner, max_size=4)
    | st.lists(inner, max_size=3).map(tuple)
    | st.dictionaries(st.integers() | st.booleans() | st.text(max_size=2), inner, max_size=3)
    | st.builds(Kept, items=inner) | st.builds(lambda value: Event(any=value), inner),
    max_leaves=12,
)  # fmt: skip


@given(value=plain)
def test_whatever_is_written_comes_back(value: Any) -> None:
    for serializer in (JSON, PICKLE):
        again = back(value, serializer)
        assert again == value
        assert serializer.serialize(again) == serializer.serialize(value)


# What JSON cannot hold.


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (threading.Lock(), "the value"),
        ({"state": {"model": threading.Lock()}}, "state.model"),
        ({"a": [0, (1, Plain())]}, "a.1.1"),
        ({"e": Found(page="x", what=Plain())}, "e.what"),
        (Kept(items=[Plain()]), "items.0"),
        ({"f": lambda: 1}, "f"),
        ({"c": Plain}, "c"),
        ({"d": defaultdict(list)}, "d"),
        ({"o": OrderedDict(a=1)}, "o"),
        ({Plain: 1}, "the value"),
        (Kept(items=deque([1])), "items"),
        ({"a": np.zeros(2)}, "a"),
    ],
)
def test_what_cannot_be_written_is_named_by_its_place(value: Any, path: str) -> None:
    with pytest.raises(ValueError) as caught:
        JSON.serialize(value)
    assert str(caught.value).startswith(f"{path}: <")
    assert str(caught.value).endswith("cannot be written as JSON: use PickleSerializer or keep it out of the store")


def test_what_holds_itself_is_said_to() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match=r"^state.*: it holds itself"):
        JSON.serialize({"ok": 1, "state": loop})


def test_numbers_of_other_libraries_come_back_as_pythons() -> None:
    again = JSON.deserialize(JSON.serialize({"a": np.float64(1.5), "b": np.str_("x")}))
    assert again == {"a": 1.5, "b": "x"}
    assert [type(value) for value in again.values()] == [float, str]
    exact = PICKLE.deserialize(PICKLE.serialize({"a": np.float64(1.5)}))
    assert type(exact["a"]) is np.float64


# Models.


@dataclasses.dataclass
class Point:
    x: int


class Typed(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    queue: deque[int] = Field(default_factory=deque)
    groups: defaultdict[str, list[int]] = Field(default_factory=lambda: defaultdict(list))
    point: Point = Field(default_factory=lambda: Point(0))
    array: Annotated[
        np.ndarray, BeforeValidator(np.asarray), PlainSerializer(lambda value: value.tolist(), when_used="json")
    ] = Field(default_factory=lambda: np.zeros(1))


def test_fields_whose_type_says_how_they_are_written() -> None:
    value = Typed(queue=deque([1, 2]), groups={"a": [1]}, point=Point(3), array=np.array([1, 2]))  # type: ignore[arg-type]
    again = back(value)
    assert (again.queue, again.groups, again.point) == (deque([1, 2]), {"a": [1]}, Point(3))
    assert isinstance(again.groups, defaultdict)
    assert again.array.tolist() == [1, 2]


class Odd(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)
    when: dt.datetime = Field(dt.datetime(2026, 1, 1), alias="When")
    either: int = Field(1, validation_alias=AliasChoices("one", "other"))
    left_out: Any = Field(None, exclude=True)
    sloppy: str = None  # type: ignore[assignment]


def test_aliases_strict_and_frozen_models_excluded_fields_and_sloppy_defaults() -> None:
    value = Odd(When=dt.datetime(2025, 1, 1), other=5, left_out=threading.Lock())  # type: ignore[call-arg]
    again = back(value)
    assert (again.when, again.either, again.left_out, again.sloppy) == (value.when, 5, None, None)


class Private(BaseModel):
    n: int = 1
    _note: str = PrivateAttr("")


def test_private_attributes_are_for_pickle() -> None:
    value = Private()
    value._note = "kept"
    assert back(value)._note == ""
    assert back(value, PICKLE)._note == "kept"


class Box(BaseModel, Generic[T]):
    value: T


def test_generic_models() -> None:
    known = JSON.with_types(Box[int])
    assert back(Box[int](value=1), known) == Box[int](value=1)


def test_a_failed_step_comes_back() -> None:
    event = StepFailedEvent(
        step_name="a", input_event=Found(page="x"), exception=ValueError("bad"), failed_at=dt.datetime.now(dt.UTC)
    )
    again = back({"e": event})["e"]
    assert (again.input_event, again.failed_at) == (event.input_event, event.failed_at)
    assert repr(again.exception) == "ValueError('bad')"


def test_a_model_is_checked_when_it_is_read() -> None:
    text = JSON.serialize(Inner(n=1)).replace("1", '"many"')
    with pytest.raises(ValidationError) as caught:
        JSON.deserialize(text)
    assert caught.value.__notes__ == ["raised when a saved Inner was read"]


# What reading finds.


def test_a_class_is_found_as_it_is_now(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = types.ModuleType("a_cell")
    monkeypatch.setitem(sys.modules, "a_cell", cell)
    exec("from pydantic import BaseModel\nclass Mine(BaseModel):\n  a: int = 1\n  gone: int = 2", cell.__dict__)
    text = JSON.serialize(cell.Mine(a=5))
    exec("class Mine(BaseModel):\n  a: int = 1\n  new: int = 3", cell.__dict__)
    again = JSON.deserialize(text)
    assert type(again) is cell.Mine
    assert (again.a, again.new) == (5, 3)


def written(module: str, name: str, word: str = "$model") -> str:
    return json.dumps({word: [f"{module}:{name}", {}]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (written("wave", "Wave_read"), "there is no class wave:Wave_read: import wave first"),
        (written("__main__", "Nowhere"), "there is no class __main__:Nowhere: run the cell that defines it first"),
        (written(__name__, "Nowhere"), f"there is no class {__name__}:Nowhere: import"),
        (written(__name__, "test_generic_models.<locals>.X"), "there is no class"),
        (written(__name__, "Plain"), f"{__name__}:Plain is not a pydantic model"),
        (written(__name__, "JSON"), "is not a pydantic model"),
        (written("subprocess", "Popen"), "subprocess:Popen is not a pydantic model: only models and enums are made"),
        (written("builtins", "eval"), "is not a pydantic model"),
        (written(__name__, "Inner.__class__"), "there is no class"),
        (written(__name__, "Inner", "$enum"), "Inner is not an enum"),
        (json.dumps({"$enum": [f"{__name__}:Colour", "BLUE"]}), "BLUE"),
        (json.dumps({"$class": f"{__name__}:Plain"}), "is not a pydantic model"),
        (json.dumps({"$nonsense": 1}), r"\$nonsense"),
        (json.dumps({"$set": [[]]}), r"\$set .* cannot be read: TypeError"),
        (json.dumps({"$model": 3}), r"\$model 3 cannot be read"),
        (json.dumps({"$model": [[], {}]}), r"\$model .* cannot be read"),
        ("not JSON", "this is not what serialize"),
        ("pickle:" + base64.b64encode(pickle.dumps(1)).decode(), "written by PickleSerializer: read it with that"),
    ],
)
def test_reading_something_else_is_an_error_that_says_what_to_do(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        JSON.deserialize(text)
    assert "wave" not in sys.modules


def test_reading_runs_nothing_of_a_module_it_looks_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lazy(types.ModuleType):
        def __getattribute__(self, name: str) -> Any:
            raise AssertionError("it was loaded")

    module = types.ModuleType("looked_at")
    module.__getattr__ = lambda name: pytest.fail("asked for more")  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "looked_at", module)
    monkeypatch.setitem(sys.modules, "lazy_one", Lazy("lazy_one"))
    for name in ("looked_at", "lazy_one"):
        with pytest.raises(ValueError, match="there is no class"):
            JSON.deserialize(written(name, "Thing"))


def test_classes_of_functions_are_given() -> None:
    class Local(Event):
        n: int

    text = JSON.serialize(Local(n=1))
    with pytest.raises(ValueError, match="there is no class"):
        JSON.deserialize(text)
    assert JSON.with_types(Local).deserialize(text) == Local(n=1)
    assert JsonSerializer([Local]).deserialize(text) == Local(n=1)
    assert type(PICKLE.with_types(Local)) is PickleSerializer


# Pickle.


def test_pickle_takes_what_json_cannot() -> None:
    for value in (Plain(3), {"a": [Plain(4)]}, OrderedDict(a=1), {1: Plain}, Kept(items=deque([1]))):
        text = PICKLE.serialize(value)
        assert text.startswith("pickle:")
        assert back(value, PICKLE) == value
    assert PICKLE.serialize({"a": 1}) == '{"a": 1}'
    shared = dt.datetime(2026, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert isinstance(back(shared, PICKLE).tzinfo, ZoneInfo)
    loop: list[Any] = []
    loop.append(loop)
    again = back(loop, PICKLE)
    assert again[0] is again


def test_what_pickle_cannot_is_named_by_its_place() -> None:
    with pytest.raises(ValueError, match=r"^state\.1\.f: <function> cannot be pickled \(.*: keep it out of the store"):
        PICKLE.serialize({"state": [1, {"f": lambda: 1}]})


@pytest.mark.parametrize("text", ["pickle:!!", "pickle:", "pickle:" + base64.b64encode(b"cnowhere\nThing\n.").decode()])
def test_a_broken_pickle_says_so(text: str) -> None:
    with pytest.raises(ValueError, match="the pickle cannot be read"):
        PICKLE.deserialize(text)
