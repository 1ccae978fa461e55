"""What a step's function says of itself: the events it takes and gives, its context, its resources.

Everything is read once, where the function is decorated, and what cannot be is a :class:`WorkflowValidationError` that
names the function, the parameter and what to write. A class of contexts is known by its ``_is_workflow_context``, a
resource inside ``Annotated`` by its ``_is_workflow_resource``: this module imports neither.
"""

from __future__ import annotations

import collections.abc
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Never, NoReturn, TypeVar, Union, get_args, get_origin

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.collect import Collect
from ipyflow.flows.workflow.events import Event
from ipyflow.flows.workflow.hints import hint_of

_NOTHING = (None, type(None), NoReturn, Never, Any)
_ITERATORS = (collections.abc.AsyncIterator, collections.abc.AsyncIterable, collections.abc.AsyncGenerator)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter that events are given to; ``collect`` is set where it takes a list of them."""

    name: str
    types: tuple[type[Event], ...]
    collect: Collect | None


@dataclass(frozen=True, slots=True)
class Signature:
    """What was read of a function; the fields are those of :class:`~ipyflow.flows.workflow.steps.Step`."""

    takes_self: bool
    takes: tuple[Parameter, ...]
    context: str | None
    state_type: type | None
    resources: tuple[tuple[str, Any, Any], ...]
    gives: tuple[type[Event], ...]
    gives_lists: tuple[type[Event], ...]
    order: tuple[str, ...]
    by_place: bool


def read(fn: Callable[..., Any], scope: Mapping[str, Any]) -> Signature:
    """Read the signature of a step.

    Args:
        fn: the plain function.
        scope: names that its annotations may use besides the function's globals.

    Raises:
        WorkflowValidationError: a signature that no step can have.
    """
    name = fn.__qualname__
    parameters = list(inspect.signature(fn).parameters.values())
    takes_self = bool(parameters) and _is_self(parameters[0], name)
    takes: list[Parameter] = []
    resources: list[tuple[str, Any, Any]] = []
    order: list[str] = []
    context, state_type = None, None
    for one in parameters[takes_self:]:
        if one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD):
            continue
        if one.kind is one.POSITIONAL_ONLY:
            raise _wrong(fn, f"{one.name} can only be given by place, and steps are called by name: take the `/` out")
        hint = hint_of(fn, one.name, scope)
        resource = _resource(hint)
        if (one.name == "ctx" and (hint is None or hint is Any)) or _is_context(hint):
            if context is not None:
                raise _wrong(fn, f"{context} and {one.name} are both the context: leave one of them out")
            context, state_type = one.name, _state_type(hint)
        elif resource is not None:
            resources.append((one.name, _held(hint), resource))
        elif (taken := _taken(fn, one.name, hint)) is not None:
            takes.append(taken)
        elif one.default is not one.empty:
            continue
        else:
            raise _wrong(fn, _stranger(one.name, hint))
        order.append(one.name)
    _check_takes(fn, takes)
    gives, gives_lists = _given(fn, scope)
    ahead = [one.name for one in parameters[takes_self:] if one.kind is one.POSITIONAL_OR_KEYWORD]
    by_place = order == ahead[: len(order)]
    return Signature(
        takes_self, tuple(takes), context, state_type, tuple(resources), gives, gives_lists, tuple(order), by_place
    )  # fmt: skip


def _is_self(first: inspect.Parameter, qualname: str) -> bool:
    """True for the first parameter of a method: not annotated, in a function that stands in a class."""
    if first.kind not in (first.POSITIONAL_ONLY, first.POSITIONAL_OR_KEYWORD):
        return False
    if first.name == "self":
        return True
    place = qualname.rpartition(".")[0]
    return bool(place) and not place.endswith("<locals>") and first.annotation is first.empty and first.name != "ctx"


def _check_takes(fn: Callable[..., Any], takes: list[Parameter]) -> None:
    if not takes:
        raise _wrong(fn, "it takes no event: annotate one parameter with what it takes, as in `ev: StartEvent`")
    if len(takes) == 1:
        return
    for one in takes:
        if one.collect is not None:
            raise _wrong(
                fn,
                f"{one.name} takes a list of events and there are other events besides: take the list alone, or "
                "several single events, which are put together",
            )
        if len(one.types) > 1:
            raise _wrong(
                fn,
                f"{one.name} takes one of several types and there are other events besides: where several events are "
                "put together, each parameter has one type, as in `a: A, b: B`",
            )


def _taken(fn: Callable[..., Any], name: str, hint: Any) -> Parameter | None:
    """The parameter, where its annotation is of events."""
    collect = next((mark for mark in _marks(hint) if isinstance(mark, Collect)), None)
    members = _members(hint)
    lists = [member for member in members if get_origin(member) is list]
    if len(lists) == 1 and len(members) == 1:
        members = _members((*get_args(lists[0]), None)[0])
        if _are_events(members):
            return Parameter(name, tuple(members), collect or Collect())
        if any(get_origin(member) is list for member in members):
            raise _wrong(fn, f"{name} takes lists of lists: a step takes one list, of events that have come of a list")
        if collect is None:
            return None
    if collect is not None:
        raise _wrong(fn, f"{name} has a Collect(...) and is no list of events: annotate it as list[SomeEvent]")
    return Parameter(name, tuple(members), None) if _are_events(members) else None


def _given(fn: Callable[..., Any], scope: Mapping[str, Any]) -> tuple[tuple[type[Event], ...], tuple[type[Event], ...]]:
    """The types of the bare events and of those in lists that the return annotation names."""
    if "return" not in fn.__annotations__:
        raise _wrong(fn, "it does not say what it gives: annotate its return, as in `-> StopEvent`, or `-> None`")
    gives: dict[Any, None] = {}
    lists: dict[Any, None] = {}
    for member in _members(hint_of(fn, "return", scope)):
        if get_origin(member) in _ITERATORS or member in _ITERATORS:
            raise _wrong(
                fn, "it gives its events one by one: return them as a list, `-> list[SomeEvent]`, or send them"
            )
        if get_origin(member) is list:
            lists.update(dict.fromkeys(_elements(member)))
        else:
            gives[member] = None
    for member in (*gives, *lists):
        if not _is_event(member):
            raise _wrong(
                fn,
                f"it gives {_said(member)}, which is no event: return an event that holds it, as in "
                "`return StopEvent(result=...)`",
            )
    return tuple(gives), tuple(lists)


def _elements(hint: Any) -> list[Any]:
    """The element types of a list, those of lists in it included."""
    found: list[Any] = []
    for member in [m for arg in get_args(hint) for m in _members(arg)]:
        found += _elements(member) if get_origin(member) is list else [member]
    return found


def _members(hint: Any) -> list[Any]:
    """The types of an annotation: of a union each, without None; inside ``Annotated`` and type variables too."""
    if get_origin(hint) is Annotated:
        return _members(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return list(dict.fromkeys(m for arg in get_args(hint) for m in _members(arg)))
    if isinstance(hint, TypeVar):
        bounds = hint.__constraints__ or (hint.__bound__,)
        return [member for bound in bounds for member in _members(bound)]
    return [] if any(hint is nothing for nothing in _NOTHING) else [hint]


def _marks(hint: Any) -> tuple[Any, ...]:
    """What ``Annotated`` holds besides the type, in a union too."""
    if get_origin(hint) in (Union, types.UnionType):
        return tuple([mark for arg in get_args(hint) for mark in _marks(arg)])
    return tuple(hint.__metadata__) if get_origin(hint) is Annotated else ()


def _held(hint: Any) -> Any:
    """The type in front of what ``Annotated`` holds."""
    if get_origin(hint) is Annotated:
        return get_args(hint)[0]
    return next(_held(arg) for arg in get_args(hint) if _marks(arg))


def _resource(hint: Any) -> Any:
    return next((mark for mark in _marks(hint) if getattr(mark, "_is_workflow_resource", False)), None)


def _is_context(hint: Any) -> bool:
    members = _members(hint)
    if len(members) != 1:
        return False
    return getattr(get_origin(members[0]) or members[0], "_is_workflow_context", False) is True


def _state_type(hint: Any) -> type | None:
    args = [arg for member in _members(hint) for arg in get_args(member)]
    return args[0] if args and isinstance(args[0], type) and args[0] is not Any else None


def _is_event(hint: Any) -> bool:
    return isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, Event)


def _are_events(members: list[Any]) -> bool:
    return bool(members) and all(_is_event(member) for member in members)


def _stranger(name: str, hint: Any) -> str:
    if hint is None:
        return f"{name} has no annotation: write the type of the event, as in `{name}: StartEvent`, or Context"
    return (
        f"{name}: {_said(hint)} is neither an event nor the context nor a resource: give it a default, or write "
        f"Annotated[{_said(hint)}, Resource(...)] for what is made anew or shared"
    )


def _said(hint: Any) -> str:
    return hint.__name__ if isinstance(hint, type) and get_origin(hint) is None else str(hint).replace("typing.", "")


def _wrong(fn: Callable[..., Any], what: str) -> WorkflowValidationError:
    return WorkflowValidationError(f"step {fn.__qualname__}: {what}")
