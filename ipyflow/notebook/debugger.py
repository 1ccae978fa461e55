"""IPython's debugger, opened in the frames of a task that failed: what is typed and shown is as in ``%debug``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from IPython.core.display_trap import DisplayTrap


def opener(shell: Any) -> Callable[[TracebackType], None]:
    """What opens the debugger of this shell.

    Args:
        shell: the interactive shell, which knows the kind of debugger that it can talk with.
    """

    def opened(frames: TracebackType) -> None:
        debugger = shell.debugger_cls()
        # Values typed in the debugger are shown by it, and are no Out[n] of the cell.
        with DisplayTrap(hook=sys.__displayhook__):
            debugger.reset()
            debugger.botframe = frames.tb_frame
            try:
                debugger.interaction(None, frames)
            except NotImplementedError:  # what the kernel raises where nobody can be asked
                raise RuntimeError(
                    "the debugger asks for commands, and nobody can type any here: "
                    ".explain() and .traceback say what is known, in a notebook %flow debug opens the debugger"
                ) from None

    return opened
