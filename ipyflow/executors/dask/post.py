"""What the engine has to say to bodies on a cluster: answers, outcomes, that they are to stop.

Owns: the threads that send, and what was not sent yet. Called by: any thread (``send``). Guarantees: the messages to
one worker arrive in their order; sending never waits; a worker that has gone takes the messages to it with it, and
holds up those to no other: to find out that nobody is there any more takes Dask half a minute.
"""

from __future__ import annotations

import logging
import pickle
import threading
from collections.abc import Callable

from ipyflow.executors.dask.hands import Box, Hands
from ipyflow.model.wire import Message

WIDTH = 8
"""Workers that are written to at once."""


class Letterbox(Box):
    """What one worker has still to be told."""

    __slots__ = ("address", "is_gone")

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.is_gone = address, False


class Post:
    """See the module.

    Args:
        deliver: brings a letter (a pickled list of keys and messages) to the worker at an address.
    """

    def __init__(self, deliver: Callable[[str, bytes], object]) -> None:
        self._deliver = deliver
        self._boxes: dict[str, Letterbox] = {}
        self._lock = threading.Lock()
        self._hands: Hands[Letterbox] = Hands(self._send, WIDTH)

    def send(self, address: str, key: str, message: Message) -> None:
        """Send a message to the body ``key`` at the worker ``address``."""
        with self._lock:
            box = self._boxes.get(address)
            if box is None:
                box = self._boxes[address] = Letterbox(address)
        self._hands.post([(box, (key, message))])

    def gone(self, address: str) -> None:
        """Nobody is at ``address`` any more; one that is seen there later is another."""
        with self._lock:
            box = self._boxes.pop(address, None)
        if box is not None:
            box.is_gone = True

    def _send(self, box: Letterbox, item: tuple[str, Message]) -> None:
        bag = [item]
        while box.items:
            bag.append(box.items.popleft())
        if box.is_gone:
            return
        try:
            self._deliver(box.address, pickle.dumps(bag, 5))
        except Exception:
            # Whoever waits for it hears of the end of its worker, or of the connection, from elsewhere.
            logging.getLogger(__name__).debug("messages to a Dask worker were lost", exc_info=True)

    def close(self) -> None:
        """The threads go when they have sent what there is."""
        self._hands.shutdown()
