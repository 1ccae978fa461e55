"""A workflow is started: its event, its context, its place in the queue, its future.

Called by: ``Workflow.run``, from any thread, with and without a running loop. Guarantees: what cannot run raises here
and starts nothing; the future is there before the first step is.
"""

from __future__ import annotations

import weakref
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ipyflow.engine import default, endings
from ipyflow.engine.beginning import Beginning
from ipyflow.engine.context import Group as Label
from ipyflow.engine.context import current_call, scope
from ipyflow.engine.limits import Limit
from ipyflow.engine.nodes import Kind, Node, end_stopped, open_node
from ipyflow.engine.scheduler import Engine
from ipyflow.errors import ContextStateError, WorkflowCancelled, WorkflowRuntimeError
from ipyflow.flows.workflow.context import Context
from ipyflow.flows.workflow.future import WorkflowFuture
from ipyflow.flows.workflow.graph import WAITS_FOR, routes
from ipyflow.flows.workflow.resources import ResourceManager
from ipyflow.flows.workflow.run import WorkflowRun
from ipyflow.flows.workflow.snapshot import go_on
from ipyflow.flows.workflow.texts import shown_event

if TYPE_CHECKING:
    from ipyflow.flows.workflow.making import Setup
    from ipyflow.flows.workflow.table import Table
    from ipyflow.flows.workflow.workflow import Workflow

_KIND = "workflow"
_slots: weakref.WeakKeyDictionary[Any, tuple[weakref.ref[Engine], Limit]] = weakref.WeakKeyDictionary()
"""The permits of ``num_concurrent_runs``, by workflow, on the engine of now."""


def start(
    workflow: Workflow, setup: Setup, table: Table, context: Any, event: Any, values: dict[str, Any]
) -> WorkflowFuture[Any]:
    """Start a run.

    Args:
        workflow: what to run.
        setup: its options.
        table: its steps.
        context: the context of a run before, or ``None``.
        event: the start event, or ``None``.
        values: what the start event holds, where there is none.

    Raises:
        WorkflowRuntimeError: the values do not make a start event, or there are two.
        ContextStateError: the context belongs to another workflow, or to a run that goes on.
    """
    context = _context(workflow, setup, context)
    left = context._left
    if left is None:
        event = _start_event(setup, table, event, values)
    elif event is not None or values:
        raise WorkflowRuntimeError(
            f"{setup.name}.run(ctx=...) goes on with a run that has begun: it takes no start event; send it events"
        )
    else:
        event = context.start_event
    resources = resources_of(workflow, setup)
    if not setup.disable_validation:
        for step in table.steps.values():
            resources.check(step.resources)
    run = WorkflowRun(default.instance or default.make(), workflow, setup, table, resources, context)
    return _Begin(run, event, left).begin()


def _context(workflow: Workflow, setup: Setup, context: Any) -> Context[Any]:
    if context is None:
        return Context(workflow)
    if not isinstance(context, Context):
        raise ContextStateError(f"{setup.name}.run(ctx={context!r}): give a Context, as future.ctx is one")
    if context.is_running:
        raise ContextStateError(f"{setup.name}.run(ctx=...): {context!r} is in use: its run has not ended yet")
    if type(context._workflow).__qualname__ != type(workflow).__qualname__:
        raise ContextStateError(
            f"{setup.name}.run(ctx=...): the context is one of {type(context._workflow).__name__}; "
            "make one with Context(workflow)"
        )
    return context


def _start_event(setup: Setup, table: Table, event: Any, values: dict[str, Any]) -> Any:
    kind = table.start
    if event is None:
        try:
            return kind(**values)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            fields = ", ".join(f"{name}=..." for name in kind.model_fields)
            raise WorkflowRuntimeError(
                f"{setup.name}.run(...) does not make a {kind.__name__}: {wrong}; write run({fields})"
            ) from error
    if not isinstance(event, kind):
        raise WorkflowRuntimeError(
            f"{setup.name} begins with a {kind.__name__}, not with {type(event).__name__}: "
            f"write run(start_event={kind.__name__}(...))"
        )
    if values:
        names = ", ".join(values)
        raise WorkflowRuntimeError(
            f"{setup.name}.run(start_event=..., {names}=...): a run has one start event; put {names} into it"
        )
    return event


def resources_of(workflow: Workflow, setup: Setup) -> ResourceManager:
    """What keeps the resources of a workflow: what it was given, else its own."""
    manager = setup.resource_manager or workflow.__dict__.get("_resources")
    if manager is None:
        manager = workflow.__dict__.setdefault("_resources", ResourceManager())
    assert isinstance(manager, ResourceManager)
    return manager


class _Begin:
    """A run that is about to begin: it may have to wait for its turn."""

    def __init__(self, run: WorkflowRun, event: Any, left: Any) -> None:
        self._run, self._event, self._left = run, event, left
        self._slot = _slot(run)

    def begin(self) -> WorkflowFuture[Any]:
        """Open the run's node, and send the first event when its turn has come."""
        run = self._run
        try:
            node = self._open()
            future = node.future
            parent = current_call()
            if parent is not None and parent.stopped:
                run.engine.cancel(future, f"{parent.label} was told to stop before")
            elif self._slot is None or self._slot.try_enter() or self._slot.enter(self):
                self._first()
        except BaseException:
            self._give_up()
            raise
        assert isinstance(future, WorkflowFuture)
        return future

    def _open(self) -> Node:
        run, engine, slot = self._run, self._run.engine, self._slot
        parent: Any = scope.get()
        label: str | None = None
        if type(parent) is Label:
            parent, label = parent.owner, parent.label
        engine.check_accepts(parent)
        place = engine.new_run(run.setup.name, _KIND) if parent is None else parent.future.run
        run.gates = () if parent is None else parent.gates
        full = slot is not None and slot.used >= slot.size
        reason = slot.reason if slot is not None and full else WAITS_FOR
        node = open_node(
            engine, run, Kind(run.setup.name, WorkflowCancelled, True), shown_event(self._event) if self._event else "",
            reason, run=place, parent=parent, above=None, role="workflow",
            context=copy_context(), gates=run.gates, group=label, handle=run.workflow.future_class,
        )  # fmt: skip
        run.open(node)
        future: Any = node.future
        future._workflow_run = run
        run.context._run = run
        run.context._left = None
        run.context.start_event = self._event
        if parent is None:
            place.root = future
            if self._left is None:  # else it went on where another run had stopped: that is no beginning to go back to
                event = self._event
                again = lambda args, kwargs: start(run.workflow, run.setup, run.table, None, event, {})  # noqa: E731
                engine.can_begin_anew(place, Beginning(again))
        place.append(routes(run.table, engine.now(), future.id))
        return node

    def _first(self) -> None:
        run = self._run
        if self._slot is not None:
            slot = self._slot
            run.closing.ended = slot.leave
        run.closing.goes_on()
        run.closing.begun = True
        run.closing.start_timer()
        if self._left is not None:
            go_on(run, self._left)
        else:
            run.begin(self._event)

    def wants_permit(self) -> bool:
        """For the queue of ``num_concurrent_runs``."""
        return not self._run.over

    def permit_granted(self, permit: Limit | None) -> bool:
        """Its turn has come."""
        if self._run.over:
            return False
        self._first()
        return True

    def _give_up(self) -> None:
        """Ctrl-C came while it was started, and nobody gets its future: nothing of it goes on.

        One more Ctrl-C meanwhile changes nothing: the first is on its way to the caller.
        """
        run = self._run
        if not hasattr(run, "node"):
            return  # nobody has heard of it yet
        for _ in range(100):
            try:
                run.entering = 0
                run.engine.cancel(run.node.future, "starting it was interrupted")
                below = endings.descendants(run.node.future)
                for node in [*[future._call for future in reversed(below)], run.node]:
                    if isinstance(node, Node):
                        run.engine.dispatch(end_stopped(node))
                return
            except KeyboardInterrupt:
                pass


def _slot(run: WorkflowRun) -> Limit | None:
    count = run.setup.num_concurrent_runs
    if count is None:
        return None
    known = _slots.get(run.workflow)
    if known is None or known[0]() is not run.engine:
        name = f"num_concurrent_runs of {run.setup.name}"
        known = _slots[run.workflow] = (weakref.ref(run.engine), Limit(name, count))
    return known[1]
