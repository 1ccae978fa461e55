"""What a listing says about a run: counted from its rows as they are written, so that nobody has to fold the log."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from ipyflow.model import records as r

_OPENED, _CLOSED, _RESET = (r.KINDS.index(kind) for kind in (r.Opened, r.Closed, r.Reset))
_RARE = frozenset({_OPENED, _CLOSED, _RESET, r.PLANNED})
_kind = itemgetter(0)
WORDS = 4_000
"""Characters kept for searching: names of tasks and messages of failures."""


def plain(text: str) -> str:
    """A text that a database takes: without halves of characters, as a file's name or an error's message may have."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode()
    return text


class Summary:
    """The counts of one run; feed it the rows of the log in order.

    Attributes:
        state: of the run.
        opened: in seconds since the epoch.
        seconds: from the beginning to the newest record.
        tasks: submitted or planned.
        ended: in a final state.
    """

    def __init__(self) -> None:
        self.state, self.opened, self.seconds = "running", 0.0, 0.0
        self.tasks = self.ended = 0
        self._began = 0.0
        self._failed: dict[int, str] = {}
        self._cached: set[int] = set()
        self._planned: dict[int, bool] = {}
        """Those that were planned, and whether they have ended."""
        self._words: dict[str, None] = {}
        self._length = 0

    @property
    def failed(self) -> int:
        """Tasks that failed or timed out, and were not run again."""
        return sum(state in ("failed", "timed_out") for state in self._failed.values())

    @property
    def cached(self) -> int:
        """Tasks that had their value without running."""
        return len(self._cached)

    def values(self) -> tuple[Any, ...]:
        """State, opened, seconds, tasks, ended, failed, cached and the words that a search looks at."""
        words = "\n".join(self._words)
        return self.state, self.opened, self.seconds, self.tasks, self.ended, self.failed, self.cached, words

    def feed(self, rows: list[tuple[Any, ...]]) -> dict[tuple[str, str], tuple[Any, ...]]:
        """Count more rows. Nearly all are of tasks that succeed: these are only counted, with the lock of the
        interpreter held as shortly as can be.

        Returns:
            One of the rows that submit a task, for each module and name.
        """
        kinds = bytes(map(_kind, rows))
        named: dict[tuple[str, str], tuple[Any, ...]] = {}
        if submitted := kinds.count(r.SUBMITTED):
            named = {(row[5], row[4]): row for row in rows if row[0] == r.SUBMITTED}
            self.tasks += submitted
            self.state = "running"
            for _, name in named:
                self._word(name)
        self.ended += kinds.count(r.FINISHED)
        special = [row for row in rows if row[0] == r.FINISHED and row[3] != "succeeded"]
        if special or self._planned or not _RARE.isdisjoint(kinds):
            self._feed_slowly(rows)
        if rows:
            self.seconds = max(self.seconds, rows[-1][1] - self._began)
        return named

    def _feed_slowly(self, rows: list[tuple[Any, ...]]) -> None:
        for row in rows:
            kind = row[0]
            if kind == r.FINISHED:
                if row[2] in self._planned:
                    self._planned[row[2]] = True
                if row[3] == "cached":
                    self._cached.add(row[2])
                elif row[3] != "succeeded":
                    self._failed[row[2]] = row[3]
                    self._word(f"{row[4]}: {row[5]}")
            elif kind == r.SUBMITTED:
                self.state = "running"
                self.tasks -= row[2] in self._planned  # it was counted
            elif kind == r.PLANNED:
                self._word(row[4])
                self._plan(row[2])
            elif kind == _RESET:
                self._begins_anew(row[2])
            elif kind == _OPENED:
                self._began, self.opened = row[1], row[5]
            elif kind == _CLOSED:
                self.state = row[2]

    def _plan(self, task: int) -> None:
        has_ended = self._planned.get(task)
        if has_ended is None:
            self.tasks += 1
        elif has_ended:
            self._begins_anew(task)
        self._planned[task] = False

    def _begins_anew(self, task: int) -> None:
        if task in self._planned:
            self._planned[task] = False
        self.ended -= 1
        self.state = "running"
        self._failed.pop(task, None)
        self._cached.discard(task)

    def _word(self, word: str) -> None:
        word = plain(word[:500])
        if word not in self._words and self._length < WORDS:
            self._words[word] = None
            self._length += len(word)
