"""What a form has started: each in a line, whose state is kept up to date."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.forms.fields import Field
from ipyflow.notebook.display import Display
from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.form_text import parameters
from ipyflow.views.palette import LOOKS

LOOK = 0.1
"""Seconds between two looks at the launches that go on."""
KEPT = 30
"""Launches in the list."""


@dataclass(frozen=True, eq=False)
class Launch:
    """One start.

    Attributes:
        time: when, on the clock on the wall.
        values: what it was started with.
        future: what came of it.
        run: that it is.
    """

    time: float
    values: dict[str, Any]
    future: Future[Any]
    run: Run

    def line(self, fields: Sequence[Field]) -> str:
        """State, time and all that was not the default."""
        look = LOOKS[self.run.state]
        clock = time.strftime("%H:%M:%S", time.localtime(self.time))
        return f"{look.mark} {look.word:<10} {clock}  {parameters(fields, self.values)}"


class Launches:
    """All that one form has started.

    Args:
        changed: called when a state is another; on the publisher's thread.
        anew: called with a launch that a person has made in the view of another one.
    """

    def __init__(self, changed: Callable[[], None], anew: Callable[[Launch], None]) -> None:
        self.all: list[Launch] = []
        self._changed, self._anew = changed, anew
        self._heard: Display | None = None
        self._looks = False
        """Whether the next look is due: one, for however many go on."""
        self._lock = threading.Lock()

    def newest(self) -> list[Launch]:
        """Those in the list, the newest first."""
        return self.all[: -KEPT - 1 : -1]

    def add(self, launch: Launch, display: Display | None) -> None:
        """Keep one; where something is on display, look at it until it ends."""
        with self._lock:
            self.all.append(launch)
            if display is None:
                return
            if self._heard is not display:
                self._heard = display
                display.on_gone_over.append(self._gone_over)
                display.on_reopened.append(self._reopened)
                self._looks = False  # the publisher of the one before has stopped
        self._look_later(LOOK)

    def _look_later(self, seconds: float) -> None:
        with self._lock:
            if self._looks or self._heard is None:
                return
            self._looks = True
        self._heard.later(seconds, self._look)

    def _look(self) -> None:
        with self._lock:
            self._looks = False
        going = any(not launch.run.closed for launch in self.newest())  # before it is told: the end is told after it
        self._changed()
        if going:
            self._look_later(LOOK)

    def _gone_over(self, before: AnyRun, run: Run) -> None:
        launch = next((one for one in self.all if one.run is before), None)
        if launch is not None and run.root is not None:
            values = launch.values if run.beginning is None else run.beginning.present()
            self._anew(Launch(time.time(), values, run.root, run))

    def _reopened(self, run: Run) -> None:
        if self._heard is not None and any(launch.run is run for launch in self.all):
            self._look_later(0)  # the engine is in the middle of something
