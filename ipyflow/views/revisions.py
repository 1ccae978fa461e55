"""Code that took the place of other code: what a retry changed, line by line."""

from __future__ import annotations

import difflib
from typing import Any

from ipyflow.model.run import RunState, TaskState
from ipyflow.views.words import clean

LINES = 400
"""Lines of one change that are sent."""
UNKNOWN = "Nobody knows any more what it was before."
UNKNOWN_NOW = "Nobody knows what it is now: the cell or the file is not there."


def revisions(state: RunState, task: TaskState) -> list[list[Any]]:
    r"""Give the changes of a task's code, oldest first.

    Returns:
        For each ``[seconds, attempt, remark, lines]``: the first attempt of the new code; what is not known, in words;
        and ``[mark, text]`` for each line, where the mark is ``"+"``, ``"-"``, ``" "`` or, for what is left out,
        ``"@"``.

    Example:
        >>> changed_lines("a\nb\n", "a\nc\n")
        [[' ', 'a'], ['-', 'b'], ['+', 'c']]
    """
    return [
        [
            round(one.time - state.opened, 6),
            one.attempt,
            UNKNOWN if not one.before else UNKNOWN_NOW if not one.after else "",
            [[mark, clean(text)] for mark, text in changed_lines(one.before, one.after)],
        ]
        for one in task.revisions or ()
    ]


def changed_lines(before: str, after: str) -> list[list[str]]:
    """Compare two sources; of long ones only what is near to a change.

    Where one of them is not known the other stands alone, unmarked.
    """
    if not before or not after:
        return [[" ", line] for line in (before or after).splitlines()[:LINES]]
    found: list[list[str]] = []
    diff = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=5)
    for line in list(diff)[2:]:  # behind the names of two files
        if line.startswith("@@"):
            found += [["@", "…"]] if found else []
        else:
            found.append([line[0], line[1:]])
    return found if len(found) <= LINES else [*found[:LINES], ["@", f"… {len(found) - LINES} more lines"]]


def code_words(task: TaskState) -> list[str]:
    """Say from which attempt on a task ran changed code.

    Example:
        >>> code_words(TaskState(1, 0, "load", "", "threads", "", (), None, 0.0, "running"))
        []
    """
    numbers = sorted({one.attempt for one in task.revisions or ()})
    if not numbers:
        return []
    named = ", ".join(map(str, numbers[:-1])) + (" and " if numbers[1:] else "") + str(numbers[-1])
    return [f"Its code was changed before attempt{'s' if numbers[1:] else ''} {named}."]
