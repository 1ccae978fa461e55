"""The store of a workflow's context: one state that the steps of a run read and write, from coroutines and threads.

Owns: the state. Called by: steps, on the loop and on threads, and whoever holds the context. Guarantees: readers take
no lock and see a state that was written as a whole, never half an edit; writers write one at a time, in the order
asked. A state that was written is not changed in place: a write makes a new one that shares what it did not touch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

from pydantic import BaseModel

from ipyflow.errors import WorkflowRuntimeError
from ipyflow.flows.workflow import paths
from ipyflow.flows.workflow.editing import Edit
from ipyflow.flows.workflow.latch import Given, loop_here
from ipyflow.flows.workflow.state import DictState, checked_type, copied, fresh
from ipyflow.flows.workflow.writers import Turn, Writers

S = TypeVar("S", bound=BaseModel)

_DONE = Given(None)


class Store(Generic[S]):
    """A state that steps share. What its methods give is awaited in ``async`` code; elsewhere it has a ``result()``.

    Args:
        state_type: a pydantic model with a default for each field; by default any names, see :class:`DictState`.

    Raises:
        WorkflowValidationError: a type that cannot be made without values; names the fields.

    Example:
        >>> store = Store()
        >>> store.set("user.name", "Ada").result()
        >>> with store.edit_state() as state:
        ...     state.visits = 1
        >>> store.get("user.name").result(), store.get("visits").result(), store.get("age", default=None).result()
        ('Ada', 1, None)
    """

    @overload
    def __init__(self: Store[DictState], state_type: None = None) -> None: ...
    @overload
    def __init__(self: Store[S], state_type: type[S]) -> None: ...
    def __init__(self, state_type: Any = None) -> None:
        self.state_type: type[Any] = checked_type(state_type)
        self._state: Any = fresh(self.state_type)
        self._writers = Writers()

    # Reading.

    def get(self, path: str, default: Any = ...) -> Given[Any]:
        """What stands at a path: names with dots between them, through models, dicts and lists.

        It belongs to the store: to change it, write it back or use :meth:`edit_state`.

        Raises:
            ValueError: nothing is there, and no ``default`` was given; names what is.
        """
        __tracebackhide__ = True
        return Given(paths.at(self._state, path, default))

    def get_state(self) -> Given[S]:
        """A copy of the whole state.

        Raises:
            WorkflowRuntimeError: something in it cannot be copied; names where it is.
        """
        __tracebackhide__ = True
        return Given(copied(self._state))

    # Writing.

    def set(self, path: str, value: Any) -> Given[None]:
        """Put ``value`` at a path; dicts that are missing on the way are made. The value itself is not copied.

        Raises:
            ValidationError: the state's type has no such field, or it cannot have this value; nothing is changed then.
            ValueError: no path, or one through something that has no such parts.
            WouldDeadlock: inside :meth:`edit_state` of the same step.
        """
        __tracebackhide__ = True
        paths.split(path)
        return self._write(f"store.set({path!r})", lambda state: paths.put(state, path, value))

    def set_state(self, state: S) -> Given[None]:
        """Put a copy of ``state`` in the place of all there is. One of a parent's type replaces the parent's fields.

        Raises:
            WorkflowRuntimeError: a state of another type, or one that cannot be copied.
        """
        __tracebackhide__ = True
        kind = type(state)
        if not isinstance(state, self.state_type):
            parent = isinstance(state, BaseModel) and kind is not BaseModel and issubclass(self.state_type, kind)
            if not parent:
                name = self.state_type.__name__
                raise WorkflowRuntimeError(
                    f"store.set_state() takes a {name}, and {kind.__name__} was given: make one with {name}(...)"
                )
        new: BaseModel = copied(state)
        if isinstance(state, self.state_type):
            return self._write("store.set_state()", lambda _: new)
        return self._write("store.set_state()", lambda before: before.model_copy(update=dict(new.__dict__)))

    def clear(self) -> Given[None]:
        """Go back to the defaults."""
        __tracebackhide__ = True
        new = fresh(self.state_type)
        return self._write("store.clear()", lambda _: new)

    def edit_state(self) -> Edit[S]:
        """A copy of the state to change in an ``async with``, in a step on a thread a ``with``: one at a time.

        What was changed counts, as a whole, once the block ends; an exception in it drops all of it. Write no
        ``await`` in the block that waits for another edit.

        Raises:
            WouldDeadlock: inside another edit of the same step.
            WorkflowRuntimeError: something in the state cannot be copied; names where it is.
        """
        return Edit(self._writers, self._read, self._replace)

    def _read(self) -> S:
        state: S = self._state
        return state

    def _replace(self, state: S) -> None:
        self._state = state

    def _write(self, what: str, change: Callable[[Any], Any]) -> Given[None]:
        def act() -> None:
            self._state = change(self._state)

        turn = Turn(self._writers, what, act)
        if not self._writers.enter(turn):
            if loop_here():
                return turn
            turn.result()
            return _DONE
        try:
            act()
        finally:
            self._writers.leave()
        return _DONE

    # Saving.

    def to_dict(self, serializer: Any) -> dict[str, Any]:
        """What :meth:`from_dict` makes the same store of.

        Args:
            serializer: ``JsonSerializer()``, ``PickleSerializer()``, or anything with ``serialize(value)``.

        Raises:
            ValueError: something in the state cannot be written; names where it is.
        """
        __tracebackhide__ = True
        state = self._state
        return {"state_type": type(state).__qualname__, "state": serializer.serialize({"state": state})}

    @staticmethod
    def from_dict(data: dict[str, Any], serializer: Any, state_type: Any = None) -> Store[Any]:
        """A store with the state that :meth:`to_dict` has written.

        Args:
            data: what ``to_dict`` gave.
            serializer: of the kind it was written with.
            state_type: the type of the state now, as for a new store.

        Raises:
            WorkflowRuntimeError: not from ``to_dict``, or a state of another type.
        """
        __tracebackhide__ = True
        store = Store(state_type)
        if not isinstance(data, dict) or "state" not in data:
            raise WorkflowRuntimeError("this is no saved store: give what to_dict() gave")
        knowing = getattr(serializer, "with_types", None)
        if knowing is not None:
            serializer = knowing(store.state_type)
        read = serializer.deserialize(data["state"])
        state = read.get("state") if isinstance(read, dict) else None
        if not isinstance(state, store.state_type):
            raise WorkflowRuntimeError(
                f"the saved state is a {data.get('state_type', type(state).__name__)}, and the workflow's is a "
                f"{store.state_type.__name__}: annotate the steps' context with the type that was saved"
            )
        store._state = state
        return store

    def __repr__(self) -> str:
        return f"<store {self._state!r}>"
