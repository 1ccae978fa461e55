"""The records of a workflow's events: what the routing, the joins and the steps tell, in the run's log.

Called by: the run, under its lock where the order matters. Rows are written in packed form where there is one for each
event.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import Context
from typing import Any

from ipyflow.engine.future import Future
from ipyflow.flows.workflow.events import InputRequiredEvent
from ipyflow.flows.workflow.routing import Sent
from ipyflow.flows.workflow.texts import event_text, written
from ipyflow.model import records as r


class Telling:
    """Writes the records of one run of a workflow.

    Args:
        future: the run's future.
        label: gives a type's name in records.
        aloud: say in the run's log, and print, which step takes and gives what.

    Attributes:
        unhandled: the events that no step takes.
    """

    def __init__(self, future: Future[Any], label: Callable[[type], str], aloud: bool = False) -> None:
        self.aloud = aloud
        self._id, self._label = future.id, label
        self._now, self._row, self._append = future.run.engine.now, future.run.append_row, future.run.append
        self.unhandled: list[Sent] = []

    def sent(self, sent: Sent, steps: tuple[str, ...]) -> None:
        """An event goes to these steps."""
        event = sent.event
        self._row(
            (
                r.EVENT_SENT, self._now(), self._id, sent.number, sent.by, self._label(type(event)), event_text(event),
                steps,
            )
        )  # fmt: skip
        if not steps and not isinstance(event, InputRequiredEvent):
            self.unhandled.append(sent)

    def say(self, step: str, task: int, what: str) -> None:
        """Tell the reader what a step does."""
        text = f"step {step}#{task} {what}\n"
        self._append(r.Output(self._now(), self._id, "log", text))
        Context().run(print, text, end="")  # from no task, so not into a step's own log

    def taken(self, task: int, numbers: tuple[int, ...]) -> None:
        """The task of a step has events: it is run for them, waited for one, or collected them."""
        self._row((r.EVENTS_TAKEN, self._now(), task, numbers))

    def held(self, sent: Sent, step: str, join: str, have: int, needs: tuple[tuple[str, int], ...]) -> None:
        """An event waits in a join."""
        self._row((r.EVENT_HELD, self._now(), self._id, sent.number, step, join, have, needs))

    def filled(self, step: str, join: str, sents: Sequence[Sent]) -> None:
        """A join lets events go on together."""
        self._append(r.JoinFilled(self._now(), self._id, step, join, tuple([sent.number for sent in sents])))

    def awaited(self, task: int, kind: type, text: str) -> None:
        """The body of a step waits for an event."""
        self._append(r.EventAwaited(self._now(), task, self._label(kind), text))

    def published(self, event: Any, by: int) -> None:
        """An event is written to the stream."""
        self._append(r.EventPublished(self._now(), self._id, by, self._label(type(event)), written(event)))
