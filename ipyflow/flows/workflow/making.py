"""What a workflow is made of: its options, the steps of its class and of those above it, its children."""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows import options
from ipyflow.flows.workflow.hints import resolved, scope_of
from ipyflow.flows.workflow.step_options import checks
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.validation import CHECKS

_OWN = ("run", "validate", "graph", "add_step", "latest_step")
"""What no step can be called."""


@dataclass(frozen=True)
class Setup:
    """The options of one workflow, checked. See :class:`~ipyflow.flows.workflow.workflow.Workflow`."""

    name: str
    timeout: float | None
    disable_validation: bool
    verbose: bool
    resource_manager: Any
    num_concurrent_runs: int | None
    skip_graph_checks: frozenset[str]


def given_setup(
    cls: type, timeout: Any = 45.0, disable_validation: Any = False, verbose: Any = False, resource_manager: Any = None,
    num_concurrent_runs: Any = None, workflow_name: Any = None, skip_graph_checks: Any = None,
) -> Setup:  # fmt: skip
    """Check the options of a workflow.

    Raises:
        WorkflowValidationError: one that cannot be.
    """
    try:
        seconds = options.seconds("timeout", timeout, positive=True)
    except (TypeError, ValueError) as error:
        raise WorkflowValidationError(f"{cls.__name__}: {error}; None is without limit") from None
    for name, value in (("disable_validation", disable_validation), ("verbose", verbose)):
        if not isinstance(value, bool):
            raise WorkflowValidationError(f"{cls.__name__}: {name}={value!r}: give True or False")
    runs = num_concurrent_runs
    if runs is not None and (isinstance(runs, bool) or not isinstance(runs, int) or runs < 1):
        raise WorkflowValidationError(
            f"{cls.__name__}: num_concurrent_runs={runs!r}: give a whole number of 1 or more; leave it out for no limit"
        )
    if workflow_name is not None and (not isinstance(workflow_name, str) or not workflow_name.strip()):
        raise WorkflowValidationError(f"{cls.__name__}: workflow_name={workflow_name!r}: give a name as text")
    return Setup(
        workflow_name or cls.__name__, seconds, disable_validation, verbose, resource_manager, runs,
        checks(skip_graph_checks, CHECKS),
    )  # fmt: skip


class Child:
    """A workflow that another's steps run: one that was given, else made when it is first asked for."""

    def __init__(self, name: str, kind: type) -> None:
        self.name, self.kind = name, kind

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        try:
            made = self.kind()
        except TypeError as error:
            raise WorkflowValidationError(
                f"{owner.__name__}.{self.name} cannot be made by itself ({error}): give one, as in "
                f"{owner.__name__}({self.name}={self.kind.__name__}(...))"
            ) from error
        return instance.__dict__.setdefault(self.name, made)


def child_types(cls: type, base: type, frame: types.FrameType | None) -> dict[str, type]:
    """The annotations of a class, and of those above it, whose type is a workflow."""
    found: dict[str, type] = {}
    for above in reversed(cls.__mro__[1:]):
        found.update(above.__dict__.get("_child_types", {}))
    hints = inspect.get_annotations(cls)
    if not hints:
        return found
    scope = {**scope_of(cls, frame), cls.__name__: cls}
    names = vars(inspect.getmodule(cls) or types.SimpleNamespace())
    for name, hint in hints.items():
        try:
            kind = resolved(hint, names, scope)
        except Exception:  # an annotation of somebody else's
            continue
        if isinstance(kind, type) and issubclass(kind, base):
            found[name] = kind
        else:
            found.pop(name, None)
    return found


def collect(cls: type, base: type) -> dict[str, Step]:
    """The steps of a class by name: those of the classes above it first, each in the order of definition."""
    steps: dict[str, Step] = {}
    for above in reversed(cls.__mro__):
        if above in base.__mro__:
            continue
        for name, value in _named(above):
            step = _step_of(name, value)
            if step is not None:
                steps[name] = step
            else:
                steps.pop(name, None)
    return steps


def hidden(cls: type, base: type) -> list[str]:
    """What to say of methods that stand in the place of a step and are none themselves."""
    steps = collect(cls, base)
    methods: dict[str, str] = {}
    notes: dict[str, str] = {}
    for above in cls.__mro__:
        for name, value in _named(above):
            if name in steps or not isinstance(value, types.FunctionType):
                continue
            if _step_of(name, value) is None:
                methods.setdefault(name, above.__name__)
            elif name in methods:
                notes[name] = f"{methods[name]}.{name} takes the place of a step and is none: put @step on it"
    return list(notes.values())


def _named(cls: type) -> Iterator[tuple[str, Any]]:
    yield from cls.__dict__.items()
    yield from cls.__dict__.get("_added", {}).items()


def _step_of(name: str, value: Any) -> Step | None:
    fn = value.__func__ if isinstance(value, staticmethod) else value
    if not isinstance(fn, types.FunctionType):
        return None
    step = fn.__dict__.get("_step")
    if not isinstance(step, Step):
        return None
    if step.fn is not fn or step.name != name:
        # Another decorator is around it, or it goes by another name.
        key = f"_step_{name}"
        made = fn.__dict__.get(key)
        if not isinstance(made, Step):
            made = replace(step, fn=fn, name=name, is_async=inspect.iscoroutinefunction(fn))
            fn.__dict__[key] = made
        return made
    return step


def check_methods(cls: type) -> None:
    """Check the steps that a class defines.

    Raises:
        WorkflowValidationError: a step without ``self``, or under a name that workflows have for something else.
    """
    for name, value in cls.__dict__.items():
        fn = getattr(value, "__func__", value)
        step = getattr(fn, "__dict__", {}).get("_step") if isinstance(fn, types.FunctionType) else None
        if not isinstance(step, Step):
            continue
        if name in _OWN:
            raise WorkflowValidationError(
                f"step {cls.__name__}.{name}: every workflow has a {name} of its own: give the step another name"
            )
        if isinstance(value, classmethod):
            raise WorkflowValidationError(f"step {cls.__name__}.{name}: a step is no classmethod: write it with self")
        if not isinstance(value, staticmethod) and not step.takes_self:
            raise WorkflowValidationError(
                f"step {cls.__name__}.{name}: a method begins with self: write def {name}(self, ...)"
            )
