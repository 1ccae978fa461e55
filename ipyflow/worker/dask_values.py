"""Values that stay on a Dask cluster, and large arguments on their way there.

Called by: both sides. Guarantees: Dask moves the bytes without a copy and knows how many they are; whoever opens a
value gets one of its own.
"""

from __future__ import annotations

import pickle
from typing import Any

from ipyflow.model.wire import Parcel


class Chunk:
    """Bytes that Dask moves without a copy, and counts as what they are."""

    __slots__ = ("content", "size")

    def __init__(self, content: Any) -> None:
        self.content, self.size = content, memoryview(content).nbytes

    def view(self) -> bytearray:
        """Its bytes, to be written to: others may have the same chunk."""
        return bytearray(self.content)

    def close(self) -> None:
        """There is nothing to give back."""

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.size

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Chunk, (pickle.PickleBuffer(self.content) if protocol >= 5 else bytes(self.content),)


class Parked:
    """A value that stays on the cluster, pickled: whoever takes it gets one of its own."""

    __slots__ = ("chunks", "data")

    def __init__(self, data: Chunk, *chunks: Chunk) -> None:
        self.data, self.chunks = data, chunks

    @classmethod
    def of(cls, parcel: Parcel) -> Parked:
        """What is in a parcel."""
        return cls(Chunk(parcel.data), *[Chunk(bytes(buffer.view())) for buffer in parcel.buffers])

    def parcel(self) -> Parcel:
        """As it was."""
        return Parcel(self.data.content, self.chunks)

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + sum(chunk.size for chunk in (self.data, *self.chunks))

    def __reduce__(self) -> Any:
        return Parked, (self.data, *self.chunks)
