"""What happens inside a workflow, as events: read from the run's log, for ``stream_events(expose_internal=True)``."""

from __future__ import annotations

from collections import deque
from typing import Any

from ipyflow.engine.run import Run
from ipyflow.flows.workflow.events import StepState, StepStateChanged, UnhandledEvent, WorkflowIdleEvent
from ipyflow.model import records as r

OUTSIDE = "an event from outside"
"""What a workflow waits for when none of its steps is at work and it has not stalled."""
TAKEN_BACK = object()
"""Stands in the place of a published event that was not the last after all."""


class Inside:
    """One reader of a workflow's log.

    Args:
        run: the run.
        task: the workflow's task in it.

    Attributes:
        published: how many of the published events were given.
    """

    def __init__(self, run: Run, task: int) -> None:
        self._run, self._task = run, task
        self._seen = 0
        self.published = 0
        self._ready: deque[Any] = deque()
        self._types: dict[int, str] = {}
        self._told: set[tuple[int, str]] = set()
        self._steps: dict[int, list[str]] = {}
        """Of each task of a step its name, the type it was run for, and its worker."""

    def take(self, published: list[Any]) -> tuple[bool, Any]:
        """The next event, if there is one."""
        if not self._ready:
            self._seen, records = self._run.records.read(self._seen)
            for record in records:
                self._add(record)
        while self._ready:
            event = self._ready[0]
            if event is None:
                if self.published >= len(published):
                    break  # it is recorded a moment before it is there
                event = published[self.published]
                self.published += 1
            self._ready.popleft()
            if event is not TAKEN_BACK:
                return True, event
        return False, None

    def _add(self, record: r.Record) -> None:
        if isinstance(record, r.Submitted):
            if record.parent == self._task and record.role == "step":
                self._steps[record.task] = [record.name, "", ""]
        elif isinstance(record, r.EventSent):
            if record.task == self._task:
                self._types[record.event] = record.type
                if not record.to and (record.by, record.type) not in self._told:
                    step = self._steps.get(record.by)
                    name = step[0] if step is not None else None
                    self._ready.append(
                        UnhandledEvent(event_type=record.type, qualified_name=record.type, step_name=name)
                    )
        elif isinstance(record, r.EventsTaken):
            step = self._steps.get(record.task)
            if step is not None:
                step[1] = self._types.get(record.events[0], "") if record.events else ""
                self._step(StepState.PREPARING, record.task)
        elif isinstance(record, r.Started):
            if record.task in self._steps:
                self._steps[record.task][2] = record.worker
                self._step(StepState.RUNNING, record.task)
        elif isinstance(record, (r.Finished, r.AttemptFailed)):
            if record.task in self._steps:
                given = record.type if isinstance(record, r.Finished) and record.state == "succeeded" else ""
                self._step(StepState.NOT_RUNNING, record.task, given)
        elif isinstance(record, r.EventPublished):
            if record.task == self._task:
                self._told.add((record.by, record.type))
                self._ready.append(None)
        elif isinstance(record, r.Waiting) and record.task == self._task and record.reason == OUTSIDE:
            self._ready.append(WorkflowIdleEvent())

    def _step(self, state: StepState, task: int, given: str = "") -> None:
        name, taken, worker = self._steps[task]
        self._ready.append(
            StepStateChanged(
                step_state=state, name=name, worker_id=worker, input_event_name=taken,
                output_event_name=given or None,
            )
        )  # fmt: skip
