"""The executors of an engine, by what a task's ``executor=`` says; the less common are made when first asked for.

Owns: the executors. Called by: any thread. Guarantees: each is made once; importing and starting what a place
needs waits until a task is submitted to it.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ipyflow.errors import ExecutorUnavailable
from ipyflow.model.ports import Executor

Later = Callable[[float, Callable[[], object]], object]


class Executors(dict[Any, Executor]):
    """A mapping that makes what is missing.

    Args:
        here: those of this process, made already.
        settings: sizes and addresses, as in ``ipyflow.configure``.
        call_later: plans a call, in seconds.
    """

    def __init__(self, here: Mapping[str, Executor], settings: Any, call_later: Later) -> None:
        super().__init__(here)
        self._settings, self._call_later = settings, call_later
        self._lock = threading.RLock()
        self._over = False

    def shutdown(self, wait: bool) -> None:
        """Let all of them go, and make no more."""
        with self._lock:
            self._over = True
            made = list(self.values())
        for executor in made:
            executor.shutdown(wait)

    def __missing__(self, key: Any) -> Executor:
        with self._lock:
            made = self.get(key)
            if self._over and made is None:  # a body that is still on its way out has asked
                raise RuntimeError("this engine was shut down: submit through the task again, which starts afresh")
            if made is None:
                made = self[key] = self._make(key)
            return made

    def _make(self, key: Any) -> Executor:
        if key == "processes":
            module = importlib.import_module("ipyflow.executors.processes")
            return module.make(self._settings.processes, self._call_later)  # type: ignore[no-any-return]
        if key == "dask":
            module = importlib.import_module("ipyflow.executors.dask")
            return module.make(self._settings.dask)  # type: ignore[no-any-return]
        if isinstance(key, concurrent.futures.Executor):
            module = importlib.import_module("ipyflow.executors.adopted")
            return module.make(key)  # type: ignore[no-any-return]
        return self._offered(key)

    def _offered(self, name: str) -> Executor:
        """One of another package: what its entry point gives, called with the settings."""
        metadata = importlib.import_module("importlib.metadata")
        found = list(metadata.entry_points(group="ipyflow.executors", name=name))
        if not found:
            raise ExecutorUnavailable(f"executor={name!r} is not there any more: install the package that offers it")
        made = found[0].load()(self._settings)
        if isinstance(made, concurrent.futures.Executor):
            return self[made]
        return made  # type: ignore[no-any-return]
