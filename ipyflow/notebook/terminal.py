"""IPython in a terminal: while a cell waits, a tree of what it waits for, drawn again and again below its output.

Owns: the lines below the cursor, from the first drawing to the next output. Called by: the main thread, while it waits
and around each cell; by any thread that prints. Guarantees: what is printed stands above the tree, whole, and in its
order; nothing is drawn in the middle of a line; Ctrl-C and the end of the cell leave the tree as it stands then, once.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from ipyflow import session
from ipyflow.engine import resting
from ipyflow.engine.output import Fork
from ipyflow.engine.run import Run
from ipyflow.views.palette import LOOKS
from ipyflow.views.text import text_tree

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

EARLY = 0.3
"""Seconds of a cell before the tree is drawn."""
PAUSE = 0.1
"""Seconds between two drawings; of a large run ten times as long as one takes."""
RUNS = 3
"""Runs that are drawn at once, the newest."""
LINES = 24
"""Lines of tasks in a tree at most; fewer where the terminal is low."""


class Terminal:
    """Draws trees in one shell.

    Args:
        shell: the interactive shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._lock = threading.RLock()
        self._console: Console | None = None
        self._before: Callable[[], object] | None = None
        self._depth = 0
        self._began = self._due = 0.0
        self._drawn: list[Run] = []
        self._height = 0
        """Lines of the tree below the output."""
        self._mid_line = False
        self._guards: list[tuple[str, Guard]] = []

    def load(self) -> None:
        """Draw from now on."""
        self._before, resting.meanwhile = resting.meanwhile, self._meanwhile
        hook = self._shell.displayhook
        # It writes to the terminal past `sys.stdout`.
        self._start = hook.start_displayhook
        hook.start_displayhook = self._start_displayhook

    def unload(self) -> None:
        """Draw no more."""
        resting.meanwhile = self._before
        self._shell.displayhook.start_displayhook = self._start
        self._let_go()

    # Around cells.

    def before(self, info: Any = None) -> None:
        """``pre_run_cell``."""
        self._depth += 1
        if self._depth == 1 and _can_draw():
            self._began, self._drawn, self._mid_line = time.monotonic(), [], False
            self._take_over()

    def after(self, result: Any = None) -> None:
        """``post_run_cell``: what was drawn stays as it is now."""
        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        with self._lock:
            self.erase()
            if self._drawn and self._console is not None:
                self._real.write("\n" * self._mid_line + self._rendered(self._drawn, LINES))
                self._real.flush()
            self._drawn = []
            self._let_go()

    def _take_over(self) -> None:
        for name in ("stdout", "stderr"):
            stream: Any = getattr(sys, name)
            guard = Guard(stream.real if type(stream) is Fork else stream, self)
            if type(stream) is Fork:
                stream.real = guard  # type: ignore[assignment]
            else:
                setattr(sys, name, guard)
            self._guards.append((name, guard))
        self._real = self._guards[0][1].real

    def _let_go(self) -> None:
        for name, guard in self._guards:
            stream: Any = getattr(sys, name)
            if stream is guard:
                setattr(sys, name, guard.real)
            elif type(stream) is Fork and stream.real is guard:  # type: ignore[comparison-overlap]
                stream.real = guard.real  # type: ignore[unreachable]
        self._guards = []

    def _start_displayhook(self) -> None:
        self.erase()
        self._start()

    # While the main thread waits.

    def _meanwhile(self) -> None:
        if self._guards and time.monotonic() >= max(self._began + EARLY, self._due):
            self._draw()
        if self._before is not None:
            self._before()

    def _draw(self) -> None:
        going = [run for run in session.runs() if not run.closed and run.live][:RUNS]
        shown = [run for run in self._drawn if run not in going]
        runs = [*shown[-RUNS + len(going) :], *reversed(going)] if len(going) < RUNS else going[::-1]
        if not runs:
            return
        began = time.monotonic()
        if self._console is None:
            from rich.console import Console

            self._console = Console(file=self._real, highlight=False)
        with self._lock:
            if self._mid_line or self._console.is_dumb_terminal or self._console.legacy_windows:
                return
            room = max(3, self._console.height // len(runs) - 4)
            lines = self._rendered(runs, min(LINES, room)).splitlines(keepends=True)[: self._console.height - 1]
            self._real.write(self._erasing() + "".join(lines))
            self._real.flush()
            self._height = len(lines)
        self._drawn = [*[run for run in self._drawn if run not in runs], *runs]
        now = time.monotonic()
        self._due = now + max(PAUSE, 10 * (now - began))

    def _rendered(self, runs: list[Run], lines: int) -> str:
        console = self._console
        assert console is not None
        with console.capture() as captured:
            for run in runs:
                with run.reading() as state:
                    tree = text_tree(state, now=run.now(), width=console.width - 1, lines=lines)
                console.print(coloured(tree), no_wrap=True, crop=True)
        return captured.get()

    def erase(self) -> None:
        """Take the tree away: the cursor stands where the output goes on."""
        with self._lock:
            if self._height:
                self._real.write(self._erasing())
                self._real.flush()
                self._height = 0

    def _erasing(self) -> str:
        return f"\x1b[{self._height}A\r\x1b[J" if self._height else ""

    def write(self, real: TextIO, text: str) -> int:
        """Write to a stream of the terminal, above the tree."""
        with self._lock:
            self.erase()
            if text:
                self._mid_line = not text.endswith("\n")
            return real.write(text)


class Guard:
    """``sys.stdout`` or ``sys.stderr`` of a cell: the tree makes way for what is written.

    Args:
        real: the stream.
        terminal: draws the tree.
    """

    def __init__(self, real: TextIO, terminal: Terminal) -> None:
        self.real, self._terminal = real, terminal

    def write(self, text: str) -> int:
        """Write above the tree."""
        return self._terminal.write(self.real, text)

    def flush(self) -> None:
        """Flush; ``input`` does so before it asks, past this stream."""
        self._terminal.erase()
        self.real.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


def coloured(tree: str) -> Text:
    """Give each mark of a text tree its colour.

    Args:
        tree: as :func:`ipyflow.views.text.text_tree` makes it.
    """
    from rich.text import Text

    colours = {look.mark: look.color for look in LOOKS.values()}
    out = Text(tree)
    begin = 0
    for number, line in enumerate(tree.splitlines(keepends=True)):
        place = next((i for i, letter in enumerate(line) if letter in colours), -1)
        if place >= 0:
            out.stylize(f"bold {colours[line[place]]}", begin + place, begin + place + 1)
        if number == 0:
            out.stylize("bold", begin, begin + len(line))
        begin += len(line)
    return out


def _can_draw() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()
