"""IPython in a pseudo-terminal, and the screen that a person has in front of them."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import pexpect

PROMPT = r"In \[\d+\]: "
_PART = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\][^\x07]*\x07|\x1b\[[\d;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")


def screen(text: str) -> str:
    """What stands there after all this was written: lines that were taken back are gone."""
    lines, row, column = [""], 0, 0
    for part in _PART.finditer(text):
        number, letter = int(part[1] or 1), part[2]
        if part[0] == "\r":
            column = 0
        elif part[0] == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif letter == "A":
            row = max(0, row - number)
        elif letter == "J":
            lines[row] = lines[row][:column]
            del lines[row + 1 :]
        elif not part[0].startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part[0] + lines[row][column + len(part[0]) :]
            column += len(part[0])
    return "\n".join(line.rstrip() for line in lines)


class Terminal:
    """IPython that a person types into. ``folder`` is where it runs."""

    def __init__(self, folder: Path) -> None:
        flags = ["--simple-prompt", "--no-banner", "--colors=NoColor", "--HistoryManager.enabled=False"]
        env = {
            **os.environ,
            "TERM": "xterm-256color",
            "IPYTHONDIR": str(folder),
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        self.child: Any = pexpect.spawn(
            sys.executable, ["-m", "IPython", *flags, "--no-confirm-exit"],
            encoding="utf-8", dimensions=(40, 110), timeout=15, env=env, cwd=str(folder),
        )  # fmt: skip
        self.child.expect(PROMPT)

    def begin(self, *lines: str) -> None:
        """Type a cell; one of more lines ends with an empty one, and under a magic with two."""
        for line in lines:
            self.child.sendline(line)
        if len(lines) > 1:
            self.child.sendline("\n" if lines[0].startswith("%%") else "")

    def sees(self, pattern: str) -> str:
        """Wait until this was written; all that came before it since the last time."""
        self.child.expect(pattern)
        return str(self.child.before) + str(self.child.after)

    def end(self, before: str = "") -> str:
        """Wait for the next prompt; the screen since the cell was typed, without what was taken back."""
        self.child.expect(PROMPT)
        return screen(before + str(self.child.before))

    def run(self, *lines: str) -> str:
        """Type a cell and wait for its end; what stands there then."""
        self.begin(*lines)
        return self.end()
