"""The executors that the tests go through, and what each of them can do. A new one joins by a line in EXECUTORS."""

from __future__ import annotations

import concurrent.futures
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

import ipyflow as fl
from tests.executors.gates import stand, stand_async


@dataclass(frozen=True)
class Place:
    """An executor, as the tests need to know it.

    Attributes:
        name: in the names of tests, and the task's ``executor=`` unless ``make`` gives another.
        make: makes the ``concurrent.futures.Executor`` that is adopted.
        background: a body runs while its submitter goes on.
        coroutines: bodies are ``async def``.
        elsewhere: bodies run in other processes, so what they use travels.
        kills: cancel and timeout end a body wherever it is; one that crashes its process fails alone.
        talks: what a body says is heard while it runs, and it may submit others.
        catches: what is written to the descriptors of the process is caught too.
        executor: for ``executor=``.
    """

    name: str
    make: Callable[[], concurrent.futures.Executor] | None = None
    background: bool = True
    coroutines: bool = False
    elsewhere: bool = False
    kills: bool = False
    talks: bool = True
    catches: bool = False
    executor: Any = None

    def task(self, fn: Callable[..., Any] | None = None, /, **options: Any) -> Any:
        """``@place.task``: a plain function becomes ``async def`` for the loop."""
        if fn is None:
            return lambda fn: self.task(fn, **options)
        if not self.coroutines:
            return fl.task(executor=self.executor or self.name, **options)(fn)

        @functools.wraps(fn)
        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            value = fn(*args, **kwargs)
            return await value if inspect.isawaitable(value) else value

        return fl.task(**options)(coroutine)

    def standing(self, **options: Any) -> fl.Task:
        """A task that stands at the gate it is given and returns the process it stood in."""
        return (
            fl.task(executor=self.executor or self.name, **options)(stand)
            if not self.coroutines
            else fl.task(**options)(stand_async)
        )


EXECUTORS = [
    Place("inline", background=False),
    Place("threads"),
    Place("loop", coroutines=True),
    Place("processes", elsewhere=True, kills=True, catches=True),
    Place("adopted threads", lambda: concurrent.futures.ThreadPoolExecutor(2)),
    Place("adopted processes", lambda: concurrent.futures.ProcessPoolExecutor(2), elsewhere=True, talks=False),
    Place("dask", elsewhere=True),
]


def places(which: Callable[[Place], bool]) -> pytest.MarkDecorator:
    """A test that runs at each such place."""
    return pytest.mark.parametrize("place", [place for place in EXECUTORS if which(place)], indirect=True, ids=str_name)


def str_name(place: Place) -> str:
    return place.name


everywhere = places(lambda place: True)
in_background = places(lambda place: place.background)
elsewhere = places(lambda place: place.elsewhere)
with_workers = places(lambda place: place.kills)
talking = places(lambda place: place.elsewhere and place.talks)
"""Those elsewhere whose bodies have a way back to the engine while they run."""
catching = places(lambda place: place.catches)
