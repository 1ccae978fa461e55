"""What the engine has to say to bodies on a cluster: answers, outcomes, that they are to stop.

Owns: one thread, and what was not sent yet. Called by: any thread (``send``). Guarantees: the messages to one body
arrive in their order; sending never waits; a worker that has gone takes the messages to it with it.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
from collections.abc import Callable

from ipyflow.model.wire import Message

LETTER = 100_000
"""Bytes up to which the letters to several workers go together: each then gets those of the others, too."""


class Post:
    """See the module.

    Args:
        deliver: brings letters (pickled lists of keys and messages) to the workers by whose addresses they are known.
    """

    def __init__(self, deliver: Callable[[dict[str, bytes]], object]) -> None:
        self._deliver = deliver
        self._items: queue.SimpleQueue[tuple[str, str, Message] | None] = queue.SimpleQueue()
        threading.Thread(target=self._serve, name="ipyflow-dask-post", daemon=True).start()

    def send(self, address: str, key: str, message: Message) -> None:
        """Send a message to the body ``key`` at the worker ``address``."""
        self._items.put((address, key, message))

    def _serve(self) -> None:
        while (item := self._items.get()) is not None:
            bags: dict[str, list[tuple[str, Message]]] = {}
            while item is not None:
                bags.setdefault(item[0], []).append(item[1:])
                try:
                    item = self._items.get_nowait()
                except queue.Empty:
                    break
            self._send({address: pickle.dumps(bag, 5) for address, bag in bags.items()})
            if item is None:
                return

    def _send(self, letters: dict[str, bytes]) -> None:
        small = {address: letter for address, letter in letters.items() if len(letter) <= LETTER}
        for parcel in [small, *[{address: letters[address]} for address in letters.keys() - small.keys()]]:
            try:
                if parcel:
                    self._deliver(parcel)
            except Exception:
                # Whoever waits for it hears of the end of its worker, or of the connection, from elsewhere.
                logging.getLogger(__name__).debug("messages to Dask workers were lost", exc_info=True)

    def close(self) -> None:
        """The thread goes when it has sent what there is."""
        self._items.put(None)
