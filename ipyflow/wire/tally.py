"""A number that one process counts up and another reads, also once the first is dead: eight bytes of shared memory."""

from __future__ import annotations

import mmap
import os
import struct

from ipyflow.wire.segments import new_file

_NUMBER = struct.Struct("=Q")


class Tally:
    """The number; made by one process, opened by the other from the descriptor."""

    def __init__(self, fd: int | None = None) -> None:
        if fd is None:
            fd = new_file()
            os.ftruncate(fd, _NUMBER.size)
        self.fd = fd
        self._memory = mmap.mmap(fd, _NUMBER.size)

    @property
    def count(self) -> int:
        """How often it was counted up."""
        return int(_NUMBER.unpack_from(self._memory)[0])

    def up(self) -> None:
        """Count one more."""
        _NUMBER.pack_into(self._memory, 0, self.count + 1)

    def close(self) -> None:
        """Let go of it; what it has counted stays readable no longer."""
        self._memory.close()
        os.close(self.fd)
