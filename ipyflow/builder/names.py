"""The names of a notebook: what task one stands for, what to call a task or a value, and which tasks there are."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from ipyflow.builder.texts import is_name
from ipyflow.flows.pipelines.parallel import in_parallel
from ipyflow.flows.prompts import Prompt
from ipyflow.flows.tasks import BoundTask, Task

PLAIN = (int, float, str, bytes, bool, complex, type(None))
LONGEST = 200
"""Characters of a literal that is still written out; what is longer is called by a name."""


class Names:
    """The names that a plan is written in.

    Args:
        namespace: that of the notebook; it is read, never changed.

    Attributes:
        own: values without a name in the notebook, by the name they were given here; the notebook's names win.
    """

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.namespace = namespace
        self.own: dict[str, Any] = {}

    def has(self, name: str) -> bool:
        """Whether the notebook, Python or a value kept here goes by that name."""
        return name in self.namespace or name in self.own or hasattr(builtins, name)

    def value(self, text: str) -> Any:
        """What a dotted name stands for now.

        Raises:
            LookupError: nothing goes by it.
        """
        first, *rest = text.split(".")
        if first in self.namespace:
            found = self.namespace[first]
        elif first in self.own:
            found = self.own[first]
        else:
            raise LookupError(f"nothing is called {first}")
        for name in rest:
            try:
                found = getattr(found, name)
            except Exception:
                raise LookupError(f"{text} is not there") from None
        return found

    def task(self, text: str) -> Task[Any, Any] | None:
        """The task of that name; ``None`` when it is no task or nothing at all."""
        try:
            found = self.value(text)
        except LookupError:
            return None
        return _as_task(found)

    def tasks(self) -> dict[str, Task[Any, Any]]:
        """The tasks of the notebook by name, in the order in which they were defined; private names are left out."""
        found: dict[str, Task[Any, Any]] = {}
        seen: set[int] = set()
        for name, value in list(self.namespace.items()):
            task = _as_task(value) if is_a(value, Task, BoundTask) and not name.startswith("_") else None
            if task is not None and id(value) not in seen:
                seen.add(id(value))
                found[name] = task
        return found

    def in_parallel(self) -> str | None:
        """What ``in_parallel`` is called in the notebook; ``None`` when it must be imported."""
        for name, value in list(self.namespace.items()):
            if value is in_parallel and is_name(name) and not name.startswith("_"):
                return name
        for name, value in list(self.namespace.items()):
            if is_a(value, ModuleType) and value.__dict__.get("in_parallel") is in_parallel and is_name(name):
                return f"{name}.in_parallel"
        return None

    # What to call things.

    def of_task(self, task: Task[Any, Any]) -> tuple[str, dict[str, Any]]:
        """A name for a task, and the options it has besides those of the task of that name."""
        home = None
        for name, value in [*self.namespace.items(), *self.own.items()]:
            if not _is_public(name):
                continue
            if value is task:
                return name, {}
            if is_a(value, Task) and home is None and value.fn is task.fn and value.is_flow == task.is_flow:
                more = _changes(value, task)
                home = None if more is None else (name, more)
            elif is_a(value, ModuleType) and value.__name__ == task.module:
                inner = value.__dict__.get(getattr(task.fn, "__name__", ""))
                if is_a(inner, Task) and inner.fn is task.fn and (more := _changes(inner, task)) is not None:
                    home = home or (f"{name}.{task.fn.__name__}", more)
        return home or self._of_method(task) or (self.keep(task, task.name), {})

    def _of_method(self, task: Task[Any, Any]) -> tuple[str, dict[str, Any]] | None:
        """Of a task bound to something that has a name: the two names."""
        instance = getattr(task.fn, "__self__", None)
        method = getattr(task.fn, "__name__", "")
        found = _as_task(getattr(instance, method, None))
        if instance is None or found is None:
            return None
        owner = self.of_value(instance)
        more = _changes(found, task)
        return None if more is None or not is_name(owner) else (f"{owner}.{method}", more)

    def of_value(self, value: Any, above: tuple[int, ...] = ()) -> str:
        """Python that gives this very value: a literal, a name, or a name it is given here.

        Example:
            >>> rows = [1, 2]
            >>> names = Names({"rows": rows})
            >>> names.of_value(rows), names.of_value([3, rows]), names.of_value(object())
            ('rows', '[3, rows]', 'object_1')
        """
        kind = type(value)
        if kind in PLAIN:
            text = _plain(value)
            return text if len(text) <= LONGEST else self._name_of(value) or self.keep(value, f"{kind.__name__}_1")
        named = self._name_of(value)
        if named is not None:
            return named
        if kind in (list, tuple, set, dict) and len(above) < 5 and id(value) not in above and len(value) <= LONGEST:
            written = self._container(value, (*above, id(value)))
            if written is not None and len(written) <= LONGEST:
                return written
        if isinstance(value, Task):
            name, more = self.of_task(value)
            return name if not more else self.keep(value, value.name)
        said = str(getattr(value, "__name__", f"{kind.__name__.lower()}_1"))
        return said if getattr(builtins, said, None) is value else self.keep(value, said)

    def _container(self, value: Any, above: tuple[int, ...]) -> str | None:
        """The items one by one; ``None`` where one of them would only get a name here: then the whole gets it."""
        kept, kind = set(self.own), type(value)
        if kind is dict:
            parts = [f"{self.of_value(k, above)}: {self.of_value(v, above)}" for k, v in value.items()]
            text = "{" + ", ".join(parts) + "}"
        else:
            parts = [self.of_value(one, above) for one in value]
            inner = ", ".join(parts)
            ends = "[]" if kind is list else "()" if kind is tuple else "{}"
            comma = "," if kind is tuple and len(parts) == 1 else ""
            text = "set()" if kind is set and not parts else f"{ends[0]}{inner}{comma}{ends[1]}"
        if set(self.own) - kept:
            for name in set(self.own) - kept:
                del self.own[name]
            return None
        return text

    def _name_of(self, value: Any) -> str | None:
        for name, one in [*self.namespace.items(), *self.own.items()]:
            if one is value and _is_public(name):
                return name
        return None

    def keep(self, value: Any, like: str) -> str:
        """Give a value a name of its own."""
        stem = like.removesuffix("_1")
        name, count = like if is_name(like) else "value_1", 1
        while self.has(name):
            count += 1
            name = f"{stem if is_name(f'{stem}_1') else 'value'}_{count}"
        self.own[name] = value
        return name


def _is_public(name: str) -> bool:
    # `Out`, `In` and `_3` of the shell hold what will not be there tomorrow.
    return is_name(name) and not name.startswith("_") and name not in ("In", "Out")


def is_a(value: Any, *kinds: type) -> bool:
    """``isinstance`` without asking the value for its class: proxies answer that with code of their own.

    Example:
        >>> is_a(3, str, int)
        True
    """
    return issubclass(type(value), kinds)


def _as_task(value: Any) -> Task[Any, Any] | None:
    if is_a(value, Task):
        return value  # type: ignore[no-any-return]
    return value.step_task() if is_a(value, BoundTask) else None


def _changes(base: Task[Any, Any], task: Task[Any, Any]) -> dict[str, Any] | None:
    """The options that make ``task`` of ``base``; ``None`` when no options do."""
    if base.fn is not task.fn and base.fn != task.fn:
        return None
    if set(base._given) - set(task._given):
        return None
    return {
        name: value for name, value in task._given.items() if name not in base._given or base._given[name] is not value
    }


def _plain(value: Any) -> str:
    """A literal; what Python has no literal for, as a call."""
    text = repr(value)
    if isinstance(value, float) and ("inf" in text or "nan" in text):
        return f"float({text!r})"
    if isinstance(value, complex) and ("inf" in text or "nan" in text):
        return f"complex({text!r})"
    return text


def called(task: Task[Any, Any]) -> Any:
    """What tells how a task is called: its function; a prompt does itself, for its text says it."""
    return task if isinstance(task, Prompt) else task.fn


def signature(task: Task[Any, Any]) -> inspect.Signature | None:
    """What a task takes; ``None`` for built-ins that do not tell."""
    try:
        return inspect.signature(called(task))
    except (TypeError, ValueError):
        return None
