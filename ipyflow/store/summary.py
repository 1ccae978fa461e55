"""What a listing says about a run: counted from its rows as they are written, so that nobody has to fold the log."""

from __future__ import annotations

from typing import Any

from ipyflow.model import records as r

_OPENED, _CLOSED, _RESET = (r.KINDS.index(kind) for kind in (r.Opened, r.Closed, r.Reset))
WORDS = 4_000
"""Characters kept for searching: names of tasks and messages of failures."""


class Summary:
    """The counts of one run; feed it the rows of the log in order.

    Attributes:
        state: of the run.
        opened: in seconds since the epoch.
        seconds: from the beginning to the newest record.
        tasks: submitted.
        ended: in a final state.
        failed: failed or timed out.
        cached: had their value without running.
    """

    def __init__(self) -> None:
        self.state, self.opened, self.seconds = "running", 0.0, 0.0
        self.tasks = self.ended = self.cached = 0
        self._began = 0.0
        self._failed: dict[int, str] = {}
        self._words: dict[str, None] = {}
        self._length = 0

    @property
    def failed(self) -> int:
        """Tasks that failed or timed out, and were not run again."""
        return sum(state in ("failed", "timed_out") for state in self._failed.values())

    @property
    def words(self) -> str:
        """What a search by text looks at."""
        return "\n".join(self._words)

    def feed(self, rows: list[tuple[Any, ...]]) -> None:
        """Count more rows."""
        for row in rows:
            kind = row[0]
            if kind == r.SUBMITTED:
                self.tasks += 1
                self.state = "running"
                self._word(row[4])
            elif kind == r.FINISHED:
                self.ended += 1
                if row[3] == "cached":
                    self.cached += 1
                elif row[3] != "succeeded":
                    self._failed[row[2]] = row[3]
                    self._word(f"{row[4]}: {row[5]}")
            elif kind == _RESET:
                self.ended -= 1
                self.state = "running"
                if self._failed.pop(row[2], None) is None:
                    self.cached -= 1
            elif kind == _OPENED:
                self._began, self.opened = row[1], row[5]
            elif kind == _CLOSED:
                self.state = row[2]
        if rows:
            self.seconds = max(self.seconds, rows[-1][1] - self._began)

    def _word(self, word: str) -> None:
        if word not in self._words and self._length < WORDS:
            self._words[word[:500]] = None
            self._length += len(word)
