"""Events: what the steps of a workflow take and give. Pydantic models that can also be used as a dict.

An event may have declared fields and any other names besides. Making one costs what making a pydantic model costs:
nothing of ours runs then.
"""

from __future__ import annotations

import builtins
from collections.abc import ItemsView, Iterator, KeysView, ValuesView
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny, model_serializer

from ipyflow.flows.workflow.saved_errors import SavedError
from ipyflow.flows.workflow.texts import event_text


class Event(BaseModel):
    """What goes from step to step; make a subclass for each kind.

    Values are given by name, and read as attributes or as of a dict. Names that were not declared are kept too.

    Example:
        >>> class Found(Event):
        ...     page: str
        >>> found = Found(page="index", rank=1)
        >>> found.page, found["rank"], found.get("missing", 0)
        ('index', 1, 0)
        >>> found["rank"] = 2
        >>> dict(found)
        {'page': 'index', 'rank': 2}
    """

    model_config = ConfigDict(extra="allow", arbitrary_types_allowed=True, protected_namespaces=())

    def _short_text(self) -> tuple[Any, ...]:
        return event_text(self)

    def __getitem__(self, name: str) -> Any:
        held = self.__dict__
        if name in held:
            return held[name]
        return (self.__pydantic_extra__ or {})[name]

    def __setitem__(self, name: str, value: Any) -> None:
        setattr(self, name, value)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of ``name``, else ``default``."""
        return self._all().get(name, default)

    def keys(self) -> KeysView[str]:
        """All names: those of declared fields first."""
        return self._all().keys()

    def values(self) -> ValuesView[Any]:
        """All values, in the order of :meth:`keys`."""
        return self._all().values()

    def items(self) -> ItemsView[str, Any]:
        """All names with their values."""
        return self._all().items()

    def __contains__(self, name: object) -> bool:
        return name in self._all()

    def __iter__(self) -> Iterator[str]:  # type: ignore[override]
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return True

    def to_dict(self) -> dict[str, Any]:
        """All names and values as a plain dict; the values are not copied.

        Example:
            >>> Event(n=1).to_dict()
            {'n': 1}
        """
        return dict(self._all())

    def dict(self, *args: Any, **kwargs: Any) -> builtins.dict[str, Any]:
        """The same as :meth:`to_dict`; with arguments, pydantic's ``model_dump``."""
        return self.model_dump(*args, **kwargs) if args or kwargs else self.to_dict()

    def _all(self) -> builtins.dict[str, Any]:
        extra = self.__pydantic_extra__
        return {**self.__dict__, **extra} if extra else self.__dict__


class StartEvent(Event):
    """What a run begins with: it holds what was given to ``run``. Make a subclass to declare what that is."""


class StopEvent(Event):
    """Ends the run. ``result`` is the run's value; of a subclass, the event itself is.

    Example:
        >>> StopEvent(result=3).result
        3
    """

    result: Any = None

    def __init__(self, *result: Any, **data: Any) -> None:
        if result:
            if len(result) > 1 or "result" in data:
                raise TypeError(f"{type(self).__name__}(...) takes one result; give other values by name")
            data["result"] = result[0]
        super().__init__(**data)

    def __str__(self) -> str:
        return super().__str__() if self._leaves_result_out() else str(self.result)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        left_out = self._leaves_result_out()
        return iter([(name, value) for name, value in super().__repr_args__() if name != "result" or not left_out])

    @model_serializer(mode="wrap")
    def _without_result(self, dump: Any) -> builtins.dict[str, Any]:
        """A subclass that has values of its own is written without the ``result`` that it was not given."""
        held: builtins.dict[str, Any] = dump(self)
        if self._leaves_result_out():
            held.pop("result", None)
        return held

    def _leaves_result_out(self) -> bool:
        return self.result is None and type(self) is not StopEvent


class InputRequiredEvent(Event):
    """Asks a person, or whoever listens: a step that returns it has it published. No step needs to take it."""


class HumanResponseEvent(Event):
    """Comes from outside, mostly as the answer to an :class:`InputRequiredEvent`: no step needs to give it."""


class StepFailedEvent(Event):
    """A step has failed and no retry is left: what ``@catch_error`` handlers take.

    Attributes:
        step_name: the step.
        input_event: what it was run for.
        exception: what it raised.
        attempts: how often it was tried.
        elapsed_seconds: from its first start to its last failure.
        failed_at: when that was, in UTC.
    """

    step_name: str
    input_event: SerializeAsAny[Event] | None = None
    exception: SavedError
    attempts: int = 1
    elapsed_seconds: float = 0.0
    failed_at: datetime


class InternalDispatchEvent(Event):
    """Base of what ``stream_events(expose_internal=True)`` tells besides."""


class StepState(Enum):
    """Where a step stands."""

    PREPARING = "preparing"
    RUNNING = "running"
    NOT_RUNNING = "not_running"


class StepStateChanged(InternalDispatchEvent):
    """A step waits for a worker, runs, or has ended."""

    step_state: StepState
    name: str
    worker_id: str = ""
    input_event_name: str = ""
    output_event_name: str | None = None


class UnhandledEvent(InternalDispatchEvent):
    """An event came that nobody takes."""

    event_type: str
    qualified_name: str
    step_name: str | None = None
    idle: bool = False


class WorkflowIdleEvent(InternalDispatchEvent):
    """Nothing runs: the workflow waits for an event from outside."""


class WorkflowTimedOutEvent(StopEvent):
    """The last event of a run that went over its timeout."""

    timeout: float
    active_steps: list[str] = []


class WorkflowCancelledEvent(StopEvent):
    """The last event of a run that was cancelled."""


class WorkflowFailedEvent(StopEvent):
    """The last event of a run that failed.

    Attributes:
        step_name: the step that failed.
        exception_type: the name of the exception's class.
        exception_message: its message.
        traceback: its traceback as text.
        attempts: how often the step was tried.
        elapsed_seconds: from its first start to its last failure.
        exception: the exception itself, where the run was in this process.
    """

    step_name: str
    exception_type: str = ""
    exception_message: str = ""
    traceback: str = ""
    attempts: int | None = None
    elapsed_seconds: float | None = None
    exception: SavedError | None = None
