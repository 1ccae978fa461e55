"""Segments of one array that several threads pack and let go of."""

import sys
import threading
import time

import numpy as np

from ipyflow.wire.segments import Segment, Shelf


def test_no_thread_is_given_a_segment_that_another_is_closing() -> None:
    shelf, raw = Shelf(), memoryview(np.zeros(140_000)).cast("B")
    closed: list[Segment] = []
    end = time.monotonic() + 0.5

    def pack() -> None:
        while time.monotonic() < end and not closed:
            segment = shelf.put(raw)
            if segment is not None and segment.fd < 0:
                closed.append(segment)
            del segment

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=pack) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert closed == []
