import mmap
import os

import numpy as np
import pytest

from ipyflow.wire import comparing

WAYS = [comparing.equal, comparing.in_pieces, comparing._by_memcmp()]


@pytest.mark.parametrize("equal", WAYS)
@pytest.mark.parametrize("size", [0, 1, 7, 8, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3_000_001])
def test_equal_bytes_and_one_that_differs(equal: object, size: int) -> None:
    one = bytes(os.urandom(size))
    assert equal(one, bytearray(one))
    for place in {0, size // 2, size - 1} if size else ():
        other = bytearray(one)
        other[place] ^= 1
        assert not equal(one, other)
    assert not equal(one, one + b"x")


@pytest.mark.parametrize("equal", WAYS)
def test_arrays_views_and_maps(equal: object) -> None:
    array = np.arange(100_000.0)
    array.flags.writeable = False
    fd = os.memfd_create("x")
    os.pwrite(fd, array.tobytes(), 0)
    mapped = mmap.mmap(fd, array.nbytes, access=mmap.ACCESS_READ)
    os.close(fd)
    assert equal(mapped, memoryview(array).cast("B"))
    assert equal(memoryview(array).cast("B")[8:16], np.array([1.0]).tobytes())
    mapped.close()  # nothing holds it


@pytest.mark.parametrize("equal", WAYS)
def test_what_is_no_buffer(equal: object) -> None:
    with pytest.raises((TypeError, BufferError)):
        equal(3, b"")
    with pytest.raises((TypeError, BufferError)):
        equal(b"", 3)


def test_memcmp_is_used_where_it_is() -> None:
    assert comparing._comparer().__name__ == "compare"
