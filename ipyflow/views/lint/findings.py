"""What a look through a run finds, and what it needs to know besides the log."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.views.lint.source import Source, is_task, seen_by, source_of

KINDS = {
    "leak": "read by nobody",
    "unseen": "a failure nobody saw",
    "sequential": "one after the other",
    "loop": "a loop that waits",
    "blocking": "the loop is blocked",
    "shared": "state that several write",
    "lost": "written elsewhere, lost here",
    "pool": "too few workers",
    "computing": "threads that compute",
    "small": "tasks too small",
    "straggler": "one takes longest",
}
"""The kinds of findings, in the order in which they are told, and what a person reads of each at first."""

LEAST_SECONDS, LEAST_PART = 0.05, 0.05
"""What is not worth so many seconds, or such a part of the run, is not told."""


COMPUTING, WAITING = 0.45, 0.3
"""Parts of a run: whoever computes for more does little else, whoever computes for less could have done more."""
COMPUTING_IN_A_CROWD = 0.25
"""The same where the machine has more to do than it has cores: who only computes gets a part of the time."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that could be better.

    Attributes:
        kind: one of :data:`KINDS`.
        text: what was found, with the names of the tasks.
        advice: what to write instead.
        tasks: the ids of the tasks it is about.
        saves: seconds that the run would have been shorter, where that can be told.
        lines: of the body, where it is about some.
    """

    kind: str
    text: str
    advice: str
    tasks: tuple[int, ...] = ()
    saves: float | None = None
    lines: tuple[int, ...] = ()


@dataclass(slots=True)
class Facts:
    """What the log does not say: the tasks' functions, the pools and the machine.

    Args:
        functions: by module and name of a task, its function, as far as somebody still has it.
        sizes: by executor, how many bodies it runs at once.
        cores: of the machine, as far as this process may use them.
        cpu: seconds that this process computed while the run was open; ``None`` where nobody measured.
        crowded: the machine has more to do than it has cores.
    """

    functions: Mapping[tuple[str, str], Callable[..., Any]] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)
    cores: int = 1
    cpu: float | None = None
    crowded: bool = False
    _sources: dict[tuple[str, str], Source | None] = field(default_factory=dict)
    _trees: dict[str, ast.Module | None] = field(default_factory=dict)

    def source(self, task: TaskState) -> Source | None:
        """The source of a task's function; ``None`` where it is not known."""
        key = (task.module, task.name)
        if key not in self._sources:
            fn = self.functions.get(key)
            self._sources[key] = None if fn is None else source_of(fn, self._trees)
        return self._sources[key]

    def computes(self, state: RunState) -> bool:
        """Whether this process is known to have computed for most of the run."""
        part = COMPUTING_IN_A_CROWD if self.crowded else COMPUTING
        return self.cpu is not None and self.cpu > part * length(state)

    def waits(self, state: RunState) -> bool:
        """Whether this process is known to have done next to nothing for most of the run."""
        return self.cpu is not None and not self.crowded and self.cpu < WAITING * length(state)


def reached(functions: Mapping[tuple[str, str], Callable[..., Any]]) -> dict[tuple[str, str], Callable[..., Any]]:
    """These functions, and those of the tasks that they name, and so on.

    Args:
        functions: by module and name.
    """
    out = dict(functions)
    queue = list(functions.values())
    while queue:
        for value in seen_by(queue.pop()):
            key = (value.module, value.name) if is_task(value) else None
            if key is not None and key not in out:
                out[key] = value.fn
                queue.append(value.fn)
    return out


def length(state: RunState) -> float:
    """Seconds that an ended run took."""
    return (state.last if state.closed is None else state.closed) - state.opened


def worth(state: RunState, seconds: float) -> bool:
    """Whether it is worth to tell how so many seconds are saved."""
    return seconds >= max(LEAST_SECONDS, LEAST_PART * length(state))
