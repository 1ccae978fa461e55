"""A pipeline under way: from the value to a future.

Called by: whoever submits a pipeline, and the engine for one that a task has returned. Guarantees: the future ends
once, when the chain of entries has, finaliser included.
"""

from __future__ import annotations

from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from ipyflow.engine import endings
from ipyflow.engine.beginning import Beginning
from ipyflow.engine.call import Call
from ipyflow.engine.context import Group as Label
from ipyflow.engine.context import current_call, scope
from ipyflow.engine.future import Future
from ipyflow.engine.nodes import Node, end_badly, end_stopped, end_well, open_node, reopen
from ipyflow.engine.resuming import Resumed
from ipyflow.engine.scheduler import Engine
from ipyflow.errors import DependencyError, TaskCancelled
from ipyflow.flows.pipelines.chain import Chain
from ipyflow.flows.pipelines.entries import Group
from ipyflow.flows.pipelines.group import GroupRun, in_turn
from ipyflow.flows.pipelines.known import known_below
from ipyflow.flows.pipelines.plan import PLANNED, Planner

if TYPE_CHECKING:
    from ipyflow.flows.pipelines.value import Pipeline


class PipelineRun:
    """A pipeline under way; see the module.

    Args:
        engine: the engine.
        pipeline: what to run.
        args: what the head is handed, in front of its own arguments, where the pipeline does not say itself.
        kwargs: the same by keyword.
        name: of its run, by default its outline.
        resumed: what a run of another process has done of it.
    """

    node: Node
    chain: Chain

    def __init__(
        self, engine: Engine, pipeline: Pipeline, args: tuple[Any, ...], kwargs: dict[str, Any], name: str = "",
        resumed: Resumed | None = None,
    ) -> None:  # fmt: skip
        self._engine, self._pipeline, self._args, self._kwargs = engine, pipeline, args, kwargs
        self._name, self._resumed = name or pipeline.outline, resumed

    def begin(self) -> Future[Any]:
        """Start the first entries; returns the future."""
        try:
            self._open()
            engine, future = self._engine, self.node.future
            parent = current_call()
            if parent is not None and parent.stopped:
                engine.cancel(future, f"{parent.label} was told to stop before")
            if not future._settled:
                engine.dispatch(self.chain.go_on())
        except BaseException:
            self._give_up()
            raise
        return future

    def _open(self) -> None:
        engine, pipeline = self._engine, self._pipeline
        parent: Any = scope.get()
        label: str | None = None
        if type(parent) is Label:
            parent, label = parent.owner, parent.label
        engine.check_accepts(parent)
        run = engine.new_run(self._name, "pipeline") if parent is None else parent.future.run
        gates = () if parent is None else parent.gates
        self.node = open_node(
            engine, self, "pipeline", pipeline.outline, "its entries", run=run, parent=parent, above=None,
            role="pipeline", context=copy_context(), gates=gates, group=label,
        )  # fmt: skip
        if parent is None:
            run.root = self.node.future
            name = self._name
            start = lambda args, kwargs: PipelineRun(engine, pipeline, args, kwargs, name).begin()  # noqa: E731
            engine.can_begin_anew(run, Beginning(start, None, self._args, self._kwargs))
        args, kwargs, state = self._args, self._kwargs, None
        if pipeline.initial is not None:
            args, kwargs, state = pipeline.initial.over(args, kwargs, state)
        if parent is not None:
            known_below(self.node, pipeline, parent, label, args, kwargs, state)
        elif self._resumed is not None:
            self._resumed.begins(self.node)
        ids = None
        if pipeline.size <= PLANNED and not self.node.future._settled:
            plan = Planner(run.append_row, lambda: next(engine._ids), engine.now())
            ids = plan.write(pipeline.entries, self.node.future.id, group=label)
        self.chain = Chain(self, gates, None, label, pipeline.entries, ids, args, kwargs, (), state)

    def _give_up(self) -> None:
        """Ctrl-C came while it was submitted, and nobody gets its future: nothing of it goes on.

        One more Ctrl-C meanwhile changes nothing: the first is on its way to the caller.
        """
        if not hasattr(self, "node"):
            return  # nobody has heard of it yet
        for _ in range(100):
            try:
                self._engine.cancel(self.node.future, "submitting it was interrupted")
                below = [future._call for future in endings.descendants(self.node.future)]
                for node in [*reversed(below), self.node]:
                    if isinstance(node, Node):
                        self._engine.dispatch(end_stopped(node))
                return
            except KeyboardInterrupt:
                pass

    # For its chain.

    def open_group(self, chain: Chain, group: Group, ids: Any) -> Call | None:
        """The chain has come to a group."""
        return in_turn(GroupRun(chain, group, ids).begin)

    def chain_ended(self, chain: Chain) -> Call | None:
        """All entries have ended."""
        error = chain.error
        if chain.over:
            return None
        chain.over = True
        ready = self._end(chain, error)
        if error is not None:
            chain.wait_for_retry()
        return ready

    def _end(self, chain: Chain, error: BaseException | None) -> Call | None:
        node = self.node
        if node.stopped and not chain.way_out:
            return end_stopped(node)
        if error is None:
            node.engine.keep_outcome(node.future, chain.value)
            return end_well(node, chain.value)
        if isinstance(error, TaskCancelled):
            cancelled, error = error, DependencyError(
                f"{node.future.label} cannot go on: an entry of it was cancelled; retry that one, or the pipeline"
            )  # fmt: skip
            error.__cause__ = cancelled
        return end_badly(node, error)

    def revive(self, chain: Chain) -> bool:
        """The entry that it failed of is run again."""
        return chain.over and reopen(self.node, "an entry of it is run again")

    def told_to_stop(self) -> None:
        """It ends when what is below it has: there is always something."""

    def again(self) -> None:
        """Go on where it ended."""
        self.chain.save()  # if it was stopped when nothing was left to do: then this gives the value
        self.chain.again()


def start(engine: Engine, pipeline: Pipeline, name: str = "", resumed: Resumed | None = None) -> Future[Any]:
    """Submit ``pipeline``; returns its future at once. Its run goes by ``name``, or by its outline.

    With ``resumed``, it goes on with what a run of another process has done.
    """
    return PipelineRun(engine, pipeline, (), {}, name, resumed).begin()


def start_below(call: Call, pipeline: Pipeline) -> Future[Any]:
    """Submit ``pipeline`` in the place of ``call``, whose body returned it."""
    args, kwargs = (call.args, call.kwargs) if pipeline.is_inline else ((), {})

    def begin() -> Future[Any]:
        return PipelineRun(call.engine, pipeline, args, kwargs).begin()

    # The body of a coroutine ends in its own context, that of a function has left it.
    return begin() if scope.get() is call else call.context.run(begin)
