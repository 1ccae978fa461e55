"""Events: models that can be used as a dict."""

import copy
import pickle
from datetime import UTC, datetime
from typing import Generic, TypeVar

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from ipyflow.flows.workflow.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StepState,
    StepStateChanged,
    StopEvent,
    UnhandledEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowTimedOutEvent,
)

T = TypeVar("T")


class Found(Event):
    page: str
    rank: int = 0


class Socket:
    """Nothing that pydantic knows."""


def test_values_are_read_as_attributes_and_as_of_a_dict() -> None:
    found = Found(page="index", more=3)
    assert (found.page, found["page"], found.more, found["more"]) == ("index", "index", 3, 3)
    assert found.get("rank") == 0
    assert found.get("nothing") is None
    assert found.get("nothing", 7) == 7
    with pytest.raises(KeyError, match="nothing"):
        found["nothing"]
    with pytest.raises(AttributeError, match="nothing"):
        found.nothing


def test_values_are_set_either_way() -> None:
    found = Found(page="index")
    found["rank"] = 2
    found.color = "red"
    found["size"] = 5
    assert (found.rank, found["color"], found.size) == (2, "red", 5)
    assert found.to_dict() == {"page": "index", "rank": 2, "color": "red", "size": 5}


def test_it_is_like_a_dict() -> None:
    found = Found(page="index", more=3)
    assert list(found.keys()) == ["page", "rank", "more"] == list(found)
    assert list(found.values()) == ["index", 0, 3]
    assert list(found.items()) == [("page", "index"), ("rank", 0), ("more", 3)]
    assert len(found) == 3
    assert "more" in found
    assert "nothing" not in found
    assert dict(found) == {**found} == found.dict() == found.to_dict() == found.model_dump()
    assert found.dict(exclude={"rank"}) == {"page": "index", "more": 3}


def test_an_event_without_values_is_true() -> None:
    assert Event()
    assert len(Event()) == 0


def test_values_are_not_copied() -> None:
    values = [1]
    assert Event(values=values)["values"] is values
    assert Event(n=values).to_dict()["n"] is values


def test_names_of_methods_can_be_values() -> None:
    event = Event(items=[1], keys=2)
    assert (event["items"], event["keys"]) == ([1], 2)


def test_fields_are_checked() -> None:
    with pytest.raises(ValidationError):
        Found(rank=1)
    with pytest.raises(ValidationError):
        Found(page="x", rank="high")


def test_fields_may_be_of_any_type() -> None:
    class Opened(Event):
        socket: Socket

    socket = Socket()
    assert Opened(socket=socket).socket is socket


def test_all_of_pydantic_works() -> None:
    class Checked(Event):
        n: int = Field(gt=0)

        @field_validator("n")
        @classmethod
        def even(cls, n: int) -> int:
            return n - n % 2

    assert Checked(n=3).n == 2
    with pytest.raises(ValidationError):
        Checked(n=0)


def test_generic_events_are_types_of_their_own() -> None:
    class Holds(Event, Generic[T]):
        value: T

    assert issubclass(Holds[int], Holds)
    assert Holds[int](value=3).value == 3


def test_events_are_equal_by_type_and_values() -> None:
    assert Found(page="a") == Found(page="a")
    assert Found(page="a") != Found(page="b")
    assert Event(n=1) != Event(n=2)


@pytest.mark.parametrize("event", [Found(page="a", more=[1]), StopEvent(3), WorkflowTimedOutEvent(timeout=1.0)])
def test_events_can_be_copied_and_pickled(event: Event) -> None:
    assert pickle.loads(pickle.dumps(event)) == copy.deepcopy(event) == event


def test_the_result_of_a_stop_event() -> None:
    assert StopEvent(result=3).result == StopEvent(3).result == 3
    assert StopEvent().result is None
    assert str(StopEvent(3)) == "3"
    assert repr(StopEvent(3)) == "StopEvent(result=3)"
    with pytest.raises(TypeError, match="takes one result"):
        StopEvent(1, 2)
    with pytest.raises(TypeError, match="takes one result"):
        StopEvent(1, result=2)


def test_a_stop_event_of_ones_own_is_written_without_an_empty_result() -> None:
    class Answer(StopEvent):
        text: str

    answer = Answer(text="yes")
    assert repr(answer) == "Answer(text='yes')"
    assert str(answer) == "text='yes'"
    assert answer.model_dump() == {"text": "yes"}
    assert Answer(text="yes", result=1).model_dump() == {"text": "yes", "result": 1}
    assert Answer.model_validate_json(answer.model_dump_json()) == answer
    assert StopEvent().model_dump() == {"result": None}


def test_a_stop_event_may_declare_its_result() -> None:
    class Count(StopEvent):
        result: int

    assert Count(4).result == 4
    with pytest.raises(ValidationError):
        Count()


def test_a_failure_is_held_with_what_it_was_run_for() -> None:
    failed = StepFailedEvent(
        step_name="fetch", input_event=Found(page="a"), exception=KeyError("x"), attempts=3, elapsed_seconds=1.5,
        failed_at=datetime(2024, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    assert isinstance(failed.exception, KeyError)
    assert failed.model_dump()["input_event"] == {"page": "a", "rank": 0}


@pytest.mark.parametrize(
    ("error", "kind"), [(ValueError("bad"), ValueError), (ValidationError.from_exception_data("X", []), Exception)]
)
def test_a_failure_can_be_saved(error: Exception, kind: type[Exception]) -> None:
    failed = StepFailedEvent(step_name="fetch", exception=error, failed_at=datetime(2024, 1, 1, tzinfo=UTC))
    again = StepFailedEvent.model_validate_json(failed.model_dump_json())
    assert isinstance(again.exception, kind)
    assert again.step_name == "fetch"


@pytest.mark.parametrize("name", ["eval", "SystemExit", "KeyboardInterrupt", "Nothing"])
def test_only_exceptions_are_made_of_what_was_saved(name: str) -> None:
    event = WorkflowFailedEvent(step_name="a", exception={"exception_type": name, "exception_message": "1 + 1"})
    assert str(event.exception) == f"{name}: 1 + 1"


def test_an_exception_that_wants_more_than_a_message_is_read_as_text() -> None:
    event = WorkflowFailedEvent(
        step_name="a", exception={"exception_type": "UnicodeDecodeError", "exception_message": "x"}
    )
    assert str(event.exception) == "UnicodeDecodeError: x"


def test_terminal_events_are_stop_events() -> None:
    assert all(
        issubclass(kind, StopEvent) for kind in (WorkflowTimedOutEvent, WorkflowCancelledEvent, WorkflowFailedEvent)
    )
    assert not issubclass(StepFailedEvent, StopEvent)
    assert issubclass(InputRequiredEvent, Event)
    assert issubclass(HumanResponseEvent, Event)


def test_events_of_the_inside() -> None:
    changed = StepStateChanged(step_state=StepState.RUNNING, name="a")
    assert (changed.step_state, changed.output_event_name) == (StepState.RUNNING, None)
    assert UnhandledEvent(event_type="A", qualified_name="m.A").idle is False


def test_an_event_costs_what_a_model_costs() -> None:
    assert "__init__" not in Event.__dict__
    assert "__init__" not in StartEvent.__dict__
    assert not Event.__pydantic_decorators__.model_validators
    assert issubclass(Event, BaseModel)
