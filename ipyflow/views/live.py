"""What an open page is sent: a snapshot at first, then what changed, never more than it needs.

A :class:`LiveView` belongs to the subscription of one page to one run and remembers what that page has. It reads no
clock and sends nothing: the caller says when, and with which instant of the engine's clock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeAlias

from ipyflow.model.collector import collector_at_rest
from ipyflow.model.run import RunState, TaskState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.containers import CONTAINERS, contains
from ipyflow.views.edges import Edge, between, ended_by
from ipyflow.views.edges import edges as edges_of
from ipyflow.views.graph import Graph, graph, plan
from ipyflow.views.interest import Interest
from ipyflow.views.lanes import Lanes
from ipyflow.views.payload import LIMIT, SCHEMA, delta, edge_rows, row, run_header
from ipyflow.views.words import instant
from ipyflow.views.workflows import EVENTS, workflows

LAYOUT_PAUSE = 0.0002
"""Seconds of pause for each task of a run before its graph is laid out again; a layout costs a tenth of that."""
COUNTS_PAUSE = 0.00002
"""The same before the counts in the graph's nodes are sent again."""
EVENTS_PAUSE = 0.001
"""The same for each event that is sent before the workflows are sent again."""
LANES_PAUSE = 0.5
"""Seconds between two sendings of the lanes."""
MOST_KEYS = 1000
"""Nodes that can be open and folded on one page."""
ROWS_KEPT = 4000
"""When the page of a large run has been sent more rows than this, it begins anew with a snapshot."""

_Links: TypeAlias = tuple[int, int, tuple[int, ...], str, int]


class LiveView:
    """Makes the messages for one page that watches one run.

    Args:
        limit: above this many tasks the page gets lanes and the tasks worth a look, not all tasks.

    Example:
        >>> view = LiveView()
        >>> view.snapshot(RunState(), seq=1)["type"], view.message(RunState(), [], seq=2)["type"]
        ('snapshot', 'delta')
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self._open: tuple[str, ...] = ()
        self._clear()

    def _clear(self) -> None:
        self._graph: Graph | None = None
        self._lanes: Lanes | None = None
        self._interest = Interest()
        self._links: dict[int, _Links] = {}
        self._new_links = self._new_counts = self._new_events = self._contains = False
        self._ended = False
        self._forgotten = 0
        self._sent: set[int] = set()
        self._laid_out = self._counted = self._laned = self._flowed = float("-inf")

    @property
    def behind(self) -> bool:
        """Whether the page lacks something that was put off: then call :meth:`message` again, changes or not."""
        return self._new_links or self._new_counts or self._new_events

    def expand(self, nodes: Iterable[str]) -> None:
        """Open and fold nodes of the graph on this page: the next message has it laid out that way.

        Args:
            nodes: the keys of all that is open and folded from now on; see :mod:`ipyflow.views.opening`.

        Example:
            >>> view = LiveView()
            >>> view.expand(["2+"])
            >>> view.behind
            True
        """
        wanted = tuple(dict.fromkeys(key for key in nodes if isinstance(key, str)))[:MOST_KEYS]
        if wanted != self._open:
            self._open, self._new_links, self._laid_out = wanted, True, float("-inf")

    def snapshot(self, state: RunState, seq: int, now: float | None = None) -> dict[str, Any]:
        """Make the message that replaces all the page has.

        Args:
            state: the run.
            seq: the number of the message.
            now: the engine's clock, for a run that goes on.
        """
        with collector_at_rest(len(state.tasks)):
            return self._snapshot(state, seq, now)

    def _snapshot(self, state: RunState, seq: int, now: float | None) -> dict[str, Any]:
        drawn = self._graph
        self._clear()
        aggregated = len(state.tasks) > self.limit
        chosen = sorted(state.tasks)
        self._contains = any(task.role in CONTAINERS for task in state.tasks.values())
        # What has ended changes seldom: if it does, its links count as new.
        self._links = {id_: _links(state, task) for id_, task in state.tasks.items() if task.ended is None}
        if aggregated:
            self._lanes = Lanes()
            self._lanes.update(state, state.tasks)
            self._interest.update(state, state.tasks)
            chosen = self._interest.pick()
            self._sent.update(chosen)
        found = edges_of(state)
        self._graph = plan(state, found=found, open=self._open, before=drawn)
        self._forgotten = _forgotten(state)
        self._ended = state.closed is not None
        self._new_links = self._new_counts = self._new_events = False
        self._laid_out = self._counted = self._laned = self._flowed = instant(state, now)
        header = run_header(state, now, aggregated=aggregated)
        critical = header.get("critical", ())
        made = {
            "schema": SCHEMA,
            "seq": seq,
            "run": header,
            "tasks": [row(state.tasks[id_], state) for id_ in chosen],
            "edges": edge_rows(between(found, chosen) if aggregated else found),
            "graph": graph(state, self._graph, counted=aggregated, critical=critical, handles=True),
            "lanes": self._lanes.view(state, now) if self._lanes else None,
            "workflows": workflows(state),
        }
        return {"type": "snapshot", "seq": seq, "payload": made}

    def message(self, state: RunState, changed: Collection[int], seq: int, now: float | None = None) -> dict[str, Any]:
        """Make the message with what changed since the last one; a snapshot when the run has outgrown its rows.

        Args:
            state: the run.
            changed: ids of the tasks that changed since the last call: a copy of ``state.changed``.
            seq: the number of the message.
            now: the engine's clock, for a run that goes on.
        """
        aggregated = len(state.tasks) > self.limit
        if self._graph is None or aggregated != (self._lanes is not None) or self._forgotten != _forgotten(state):
            return self.snapshot(state, seq, now)
        self._take(state, changed)
        if self._ended != (state.closed is not None):  # only now it is known what decided how long it took
            self._ended = self._new_counts = True
        chosen: list[int] | None = None
        send: Collection[int] = changed
        if aggregated:
            chosen = self._interest.pick()
            # The page keeps the rows it has: those that are no longer worth a look still need their end.
            send = (set(chosen) - self._sent) | self._sent.intersection(changed)
            self._sent.update(send)
            if len(self._sent) > ROWS_KEPT:
                return self.snapshot(state, seq, now)
        at = float("inf") if state.closed is not None else instant(state, now)
        found, planned = self._graph_if_due(state, at, chosen)
        views = None
        if self._lanes is not None and at - self._laned >= LANES_PAUSE:
            views, self._laned = self._lanes.view(state, now), instant(state, now)
        flows = self._workflows_if_due(state, at)
        return delta(
            state, send, seq, now=now, aggregated=aggregated, edges=found, planned=planned, lanes=views, flows=flows
        )

    def _take(self, state: RunState, changed: Iterable[int]) -> None:
        """Note what changed: rows, links of the graph, counts in its nodes."""
        changed = list(changed)
        for id_ in changed:
            task = state.tasks[id_]
            links = _links(state, task)
            if self._links.get(id_) != links:
                self._links[id_] = links
                self._new_links = True
                self._contains = self._contains or contains(task)
            if id_ in state.workflows or task.parent in state.workflows:
                self._new_events = True
        if self._open and self._graph and any(_came_up(state.tasks[id_], self._graph) for id_ in changed):
            self._new_links = True
        if changed and self._graph and (self._contains or len(self._graph.collapsed.nodes) < len(state.tasks)):
            self._new_counts = True
        if self._lanes is not None:
            self._lanes.update(state, changed)
            self._interest.update(state, changed)

    def _graph_if_due(
        self, state: RunState, at: float, chosen: list[int] | None
    ) -> tuple[list[Edge] | None, Graph | None]:
        """Lay the graph out again when links were added, or send its counts again, but not too often."""
        tasks = len(state.tasks)
        if self._new_links and at - self._laid_out >= LAYOUT_PAUSE * tasks:
            found = edges_of(state)
            self._graph = plan(state, found=found, open=self._open, before=self._graph)
            self._laid_out = self._counted = min(at, state.last)
            self._new_links = self._new_counts = False
            return (found if chosen is None else between(found, chosen)), self._graph
        if self._new_counts and at - self._counted >= COUNTS_PAUSE * tasks:
            self._counted, self._new_counts = min(at, state.last), False
            return None, self._graph
        return None, None

    def _workflows_if_due(self, state: RunState, at: float) -> list[dict[str, Any]] | None:
        """Send the workflows again when something happened in one, but not too often."""
        if not self._new_events:
            return None
        events = sum(min(len(flow.events), EVENTS) for flow in state.workflows.values())
        pause = EVENTS_PAUSE * min(events, EVENTS) + COUNTS_PAUSE * len(state.tasks)
        if at - self._flowed < pause:
            return None
        self._flowed, self._new_events = min(at, state.last), False
        return workflows(state)


def _came_up(task: TaskState, drawn: Graph) -> bool:
    """Whether a task has failed among those of an open node that are not drawn: now it is to be seen."""
    if task.state not in FAILURE_STATES:
        return False
    place = drawn.collapsed.node_of.get(task.id)
    return place is not None and drawn.collapsed.nodes[place].rest


def _links(state: RunState, task: TaskState) -> _Links:
    """What decides where the lines of a task go."""
    return len(task.read_by), task.into, task.refs, task.name, _bends(state, task)


def _bends(state: RunState, task: TaskState) -> int:
    """What else decides where the lines of a task go: whether it was passed over, and the end of a workflow."""
    if task.state is State.SKIPPED:
        return 1
    if task.role in ("step", "workflow") and task.state in FAILURE_STATES:
        return 2
    flow = state.workflows.get(task.id)
    return 3 if flow is not None and ended_by(flow) else 0


def _forgotten(state: RunState) -> int:
    """How many ended tasks a log with a limit has dropped: what a page was told of them cannot be kept up to date."""
    return sum(state.forgotten.values())
