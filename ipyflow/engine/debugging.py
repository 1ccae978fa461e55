"""Looking into a failure with a debugger: which frames are the task's own, and what opens the debugger in them.

The frames of a task that failed here are kept as long as its future is. Those of a body that ran in another process, or
on another machine, have gone with it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeAlias

from ipyflow.engine.describe import is_ours, message
from ipyflow.errors import DependencyError, RemoteTraceback

if TYPE_CHECKING:
    from ipyflow.engine.future import Future

Opener: TypeAlias = Callable[[TracebackType], object]

_opener: Opener | None = None


def set_opener(opener: Opener | None) -> None:
    """Let ``opener`` open the debugger in the frames it is given; ``None``: Python's own does."""
    global _opener
    _opener = opener


def own_frames(tb: TracebackType | None) -> TracebackType | None:
    """The frames of a traceback without those of this package, wherever they stand between the others."""
    kept: list[TracebackType] = []
    while tb is not None:
        if not is_ours(tb):
            kept.append(tb)
        tb = tb.tb_next
    linked: TracebackType | None = None
    for one in reversed(kept):
        linked = TracebackType(linked, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return linked


def has_frames(future: Future[Any]) -> bool:
    """Whether there is something that the debugger can be opened in."""
    return future.done() and own_frames(future._tb) is not None


def post_mortem(future: Future[Any]) -> None:
    """Open the debugger in the frames of a failure.

    Raises:
        RuntimeError: there are none; the message says why, and what to do instead.
    """
    error = future.peek() if future.done() else None
    if error is None:
        raise RuntimeError(f"{future.label} has no failure to look into: its state is {future.state}")
    there = str(error.__cause__.args[0]) if isinstance(error.__cause__, RemoteTraceback) else None
    frames = own_frames(future._tb)
    if frames is None:
        raise RuntimeError(_why_none(future, error, there))
    if there is not None:
        print(f"What went wrong happened elsewhere, and the frames there are gone:\n{there}")
    opener: Opener = _opener or importlib.import_module("pdb").post_mortem  # by name: not there in every Python
    opener(frames)


def _why_none(future: Future[Any], error: BaseException, there: str | None) -> str:
    if there is not None:
        name = future.task.name
        return (
            f"{future.label} failed at a worker of {future.task.executor_name!r}, and its frames have gone with it. "
            f"What it said there:\n\n{there.rstrip()}\n\n"
            f'To look into it, run it in this process: {name}.with_options(executor="inline").submit(...) with the '
            "same arguments, then %flow debug again"
        )
    said = f"{type(error).__name__}: {message(error)}"
    hint = (
        "look into what it depends on instead"
        if isinstance(error, DependencyError)
        else "no line of yours had a part in it; .explain() says how it came to it"
    )
    return f"{future.label} has no frames to look into ({said}): {hint}"
