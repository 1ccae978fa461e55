"""The documented ways to use the public names, for the type checker: this file is checked, not run."""

from pathlib import Path
from typing import assert_type

import ipyflow as fl


@fl.task
def double(x: int) -> int:
    return 2 * x


@fl.task(retries=2)
def half(x: int) -> float:
    return x / 2


@fl.task
async def fetch(url: str) -> str:
    return url


@fl.flow(on_leak="wait")
async def both(x: int) -> float:
    return await double.submit(x) + await half.submit(x)


assert_type(double(1), int)
assert_type(double.submit(1), fl.Future[int])
assert_type(half.submit(1).result(), float)
assert_type(fetch.submit("a").result(), str)
assert_type(fetch("a"), str)
assert_type(both.submit(1), fl.Future[float])
assert_type(double.map([1, 2]).results(), list[int])
assert_type(double.map([1, 2], batch="auto").results(), list[int])
assert_type(double.map([1, 2], batch=2)[0].result(), int)

with fl.Executor("processes", max_workers=2, retries=1) as executor:
    assert_type(executor.submit(len, "abc"), fl.Future[int])
    assert_type(list(executor.map(len, ["abc"], chunksize=2)), list[int])

assert_type(fl.runs()[0].export("svg"), str)
assert_type(fl.runs()[0].export("png"), bytes)
assert_type(fl.runs()[0].export(Path("run.png")), str)
