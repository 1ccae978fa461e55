"""``Workflow``: a class whose ``@step`` methods take and give events.

What the system itself needs of a workflow is read through :func:`setup_of` and :func:`table_of`, so that a subclass may
use names as ``name``, ``timeout`` or ``table`` for what it likes.
"""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING, Any, ClassVar

from ipyflow.engine import default
from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.future import WorkflowFuture
from ipyflow.flows.workflow.graph import WorkflowGraph
from ipyflow.flows.workflow.making import Child, Setup, check_methods, child_types, collect, given_setup, hidden
from ipyflow.flows.workflow.start import resources_of, start
from ipyflow.flows.workflow.steps import Step
from ipyflow.flows.workflow.table import Table
from ipyflow.flows.workflow.validation import check, check_configuration

if TYPE_CHECKING:
    from ipyflow.flows.workflow.future import WorkflowFuture

_latest: dict[tuple[str, str], type[Workflow]] = {}
"""The newest class by its place: a retry runs the code of now, not that of the run's beginning."""


class _Shown:
    """A part of the setup as an attribute; one of the same name in a subclass or an instance takes its place."""

    def __init__(self, name: str, meaning: str) -> None:
        self.name, self.__doc__ = name, meaning

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else getattr(setup_of(instance), self.name)


class _ShownTable:
    """The table of the workflow's steps."""

    def __get__(self, instance: Any, owner: Any) -> Table:
        return table_of(owner)


class Workflow:
    """Steps that wait for events; make a subclass with ``@step`` methods.

    Args:
        timeout: seconds for a run; ``None`` for no limit.
        disable_validation: do not check before a run that the steps fit together.
        verbose: tell what each step does.
        resource_manager: keeps the resources that runs share; by default each workflow has its own.
        num_concurrent_runs: so many runs of this workflow at once; others wait.
        workflow_name: its name in views, by default that of the class.
        skip_graph_checks: checks to leave out: ``"reachability"``, ``"terminal_event"``, ``"dead_end"``.
        children: workflows that its steps run, by the name under which the class has them annotated.

    Raises:
        WorkflowValidationError: an option that cannot be.

    Example:
        >>> from ipyflow.flows.workflow.events import StartEvent, StopEvent
        >>> from ipyflow.flows.workflow.steps import step
        >>> class Double(Workflow):
        ...     @step
        ...     async def double(self, ev: StartEvent) -> StopEvent:
        ...         return StopEvent(result=2 * ev.n)
        >>> Double().graph()
        <graph of Double: 1 step, 2 events, 2 ways>
    """

    name: Any = _Shown("name", "Its name in views.")
    timeout: Any = _Shown("timeout", "Seconds for a run, or ``None``.")
    num_concurrent_runs: Any = _Shown("num_concurrent_runs", "So many runs at once, or ``None``.")
    resource_manager: Any = _Shown("resource_manager", "What keeps its resources, or ``None``.")
    table = _ShownTable()
    _all_steps = table
    """The same under a name that no subclass takes for something else."""
    future_class: ClassVar[type[WorkflowFuture[Any]]] = WorkflowFuture
    """The class of what :meth:`run` returns."""
    _added: ClassVar[dict[str, Any]] = {}
    _child_types: ClassVar[dict[str, type]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._added = {}
        check_methods(cls)
        cls._child_types = child_types(cls, Workflow, sys._getframe(1))
        for name, kind in cls._child_types.items():
            if not isinstance(getattr(cls, name, None), (Workflow, Child)):
                setattr(cls, name, Child(name, kind))
        if "<" not in cls.__qualname__:
            _latest[cls.__module__, cls.__qualname__] = cls

    def __init__(
        self, timeout: Any = 45.0, disable_validation: bool = False, verbose: bool = False,
        resource_manager: Any = None, num_concurrent_runs: int | None = None, workflow_name: str | None = None,
        skip_graph_checks: Any = None, **children: Any,
    ) -> None:  # fmt: skip
        __tracebackhide__ = True
        self.__dict__["_setup"] = given_setup(
            type(self), timeout, disable_validation, verbose, resource_manager, num_concurrent_runs, workflow_name,
            skip_graph_checks,
        )  # fmt: skip
        known = type(self)._child_types
        for name, child in children.items():
            if name not in known:
                raise TypeError(_unknown(type(self), name, [*_OPTIONS, *known]))
            if not isinstance(child, known[name]):
                raise WorkflowValidationError(
                    f"{type(self).__name__}({name}={child!r}): give a workflow, as in "
                    f"{type(self).__name__}({name}={known[name].__name__}())"
                )
            self.__dict__[name] = child

    @classmethod
    def add_step(cls, fn: Any) -> None:
        """Make a function a step of this workflow and of its subclasses.

        A function that is defined again, as in a cell that is run twice, takes its own place.

        Raises:
            WorkflowValidationError: it is no step; another step has its name.
        """
        found = getattr(fn, "_step", None)
        if not isinstance(found, Step):
            name = getattr(fn, "__name__", repr(fn))
            raise WorkflowValidationError(f"{cls.__name__}.add_step({name}): {name} is no step: put @step on it")
        if cls is Workflow:
            raise WorkflowValidationError(
                f"add_step({found.name}): this would be a step of every workflow: make a subclass of Workflow first"
            )
        own = cls._added.get(found.name)
        others = [step for step in collect(cls, Workflow).values() if step.name == found.name and step.takes_self]
        if others or (own is not None and (own.__module__, own.__qualname__) != (fn.__module__, fn.__qualname__)):
            raise WorkflowValidationError(
                f"{cls.__name__}.add_step({found.name}): there is a step {found.name} already: give one another name"
            )
        cls._added[found.name] = fn

    def run(self, ctx: Any = None, start_event: Any = None, **values: Any) -> WorkflowFuture[Any]:
        """Start a run in the background; returns its future at once.

        Args:
            ctx: the context of a run before, to go on with its state.
            start_event: what it begins with.
            values: what the start event holds, where none is given.

        Raises:
            WorkflowConfigurationError, WorkflowValidationError: the steps do not fit together; all that is wrong.
            WorkflowRuntimeError: the values do not make a start event.
            ContextStateError: the context belongs to a run that goes on, or to another workflow.
        """
        __tracebackhide__ = True
        setup, table = setup_of(self), table_of(type(self))
        if setup.disable_validation:
            check_configuration(table, name=setup.name)
        else:
            _validate(self, set())
        return start(self, setup, table, ctx, start_event, values)

    def validate(self, validate_resource_configs: bool = True, validate_resources: bool = False) -> bool:
        """Check that the steps fit together, those of its children too; ``run`` does so by itself.

        Args:
            validate_resource_configs: read the files that resources are made of, too.
            validate_resources: make the resources, too; those that are shared are kept for the runs.

        Returns:
            True when it asks somebody, or takes events that only come from outside.

        Raises:
            WorkflowConfigurationError, WorkflowValidationError: all that is wrong, in one message.
        """
        __tracebackhide__ = True
        _validate(self, set())
        table = table_of(type(self))
        manager = resources_of(self, setup_of(self))
        for step in table.steps.values():
            manager.check(step.resources, validate_resource_configs)
            if validate_resources:
                loop = (default.instance or default.make()).loop
                loop.post(int)  # it runs once somebody has needed it
                manager.resolve(step.resources, loop.loop)
        return table.asks or bool(table.outside)

    def graph(self) -> WorkflowGraph:
        """All ways through the workflow, as an object that shows itself; nothing is run or checked."""
        return WorkflowGraph(setup_of(self).name, table_of(type(self)))

    def latest_step(self, name: str) -> Step | None:
        """The step that goes by this name now: the cell of its class may have been edited and run again."""
        cls = type(self)
        return table_of(_latest.get((cls.__module__, cls.__qualname__), cls)).steps.get(name)

    def __repr__(self) -> str:
        return f"<workflow {setup_of(self).name}: {', '.join(table_of(type(self)).steps) or 'no steps'}>"


_OPTIONS = (
    "timeout", "disable_validation", "verbose", "resource_manager", "num_concurrent_runs", "workflow_name",
    "skip_graph_checks",
)  # fmt: skip


def setup_of(workflow: Workflow) -> Setup:
    """The options of a workflow; the defaults where its class does not call ``super().__init__()``."""
    found = workflow.__dict__.get("_setup")
    if found is None:
        found = workflow.__dict__["_setup"] = given_setup(type(workflow))
    assert isinstance(found, Setup)
    return found


def children_of(workflow: Workflow) -> dict[str, Workflow]:
    """The workflows that its steps run, by name; those that were not given are made."""
    return {name: getattr(workflow, name) for name in type(workflow)._child_types}


def table_of(cls: type[Workflow]) -> Table:
    """The table of a class; the same one as long as its steps are."""
    steps = collect(cls, Workflow)
    cached = cls.__dict__.get("_table_made")
    if cached is None or list(cached.steps.values()) != list(steps.values()):
        cached = Table(cls.__name__, steps)
        cls._table_made = cached  # type: ignore[attr-defined]
    assert isinstance(cached, Table)
    return cached


def _validate(workflow: Workflow, seen: set[type]) -> None:
    __tracebackhide__ = True
    setup, table = setup_of(workflow), table_of(type(workflow))
    seen.add(type(workflow))
    if setup.skip_graph_checks not in table.checked:
        check(table, skip=setup.skip_graph_checks, notes=hidden(type(workflow), Workflow), name=setup.name)
        table.checked.add(setup.skip_graph_checks)
    for child in children_of(workflow).values():
        if type(child) not in seen and not setup_of(child).disable_validation:
            _validate(child, seen)


def _unknown(cls: type, name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}=?" if near else f"there are {', '.join(known)}"
    return f"unknown option {name}= for {cls.__name__}: {hint}. What a run begins with is given to run({name}=...)"
