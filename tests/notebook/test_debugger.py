"""The debugger in a real kernel: the stdin channel answers it, as a person in a notebook does."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

pytestmark = pytest.mark.kernel

CELL = """%load_ext ipyflow
import asyncio, ipyflow as fl

@fl.task
def load(page):
    size = 10 * page
    return size / (page - 2)

@fl.task
async def fetch(page):
    await asyncio.sleep(0)
    wanted = {"page": page}
    return wanted["size"]

@fl.task(executor="processes")
def count(page):
    words = page / 0
    return words

@fl.task
def after(number):
    return number
"""


class Kernel:
    """Runs cells, and types into what asks for input."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, code: str, *lines: str, allow_stdin: bool = True) -> str:
        """All that the cell shows; ``lines`` are typed, one whenever something is asked for."""
        shown: list[str] = []
        typed = iter(lines)

        def hear(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                shown.append(content["text"])
            elif message["msg_type"] == "error":
                shown.append("\n".join(content["traceback"]))

        def asked(message: dict[str, Any]) -> None:
            shown.append(message["content"]["prompt"])
            self._client.input(next(typed))

        self._client.execute_interactive(
            code, allow_stdin=allow_stdin, output_hook=hear, stdin_hook=asked if allow_stdin else None, timeout=30
        )
        assert list(typed) == [], f"the debugger ended early: {''.join(shown)}"
        return "".join(shown)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    manager, client = start_new_kernel()
    try:
        made = Kernel(client)
        assert made.run("%colors nocolor") == ""
        assert made.run(CELL) == ""
        yield made
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_magic_opens_the_frames_of_the_task_and_none_of_ours(kernel: Kernel) -> None:
    kernel.run("%%flow order --wait\npages = load.map([1, 2, 3])\nfl.wait(pages)\n[p.result() for p in pages]")
    shown = kernel.run("%flow debug load", "p page, size", "up", "p size + 1", "q")
    assert "return size / (page - 2)" in shown
    assert "(2, 20)" in shown
    assert "*** Oldest frame" in shown, "the task's own frame is the outermost"
    # Of the run: what failed first; of the flow, its own line is one further out.
    assert "(2, 20)" in kernel.run("%flow debug order", "p page, size", "q")
    flow = kernel.run("_flow.post_mortem()", "p page, size", "up", "up", "p len(pages)", "up", "q")
    assert "(2, 20)" in flow
    assert "[p.result() for p in pages]" in flow
    assert "3\n" in flow
    assert "*** Oldest frame" in flow
    assert "ipyflow/engine" not in flow


def test_explain_says_what_leads_on(kernel: Kernel) -> None:
    kernel.run("%%flow careless --wait\nload.submit(1)\npages = load.map([3, 2])\nfl.wait(pages)\nlen(pages)")
    said = kernel.run("%flow explain careless")
    assert re.search(r"load#\d+ failed .*: ZeroDivisionError", said)
    assert re.search(r"To look into it: %flow debug load#\d+\n", said)
    assert re.search(r"Once the code is mended: %flow retry \d+\n", said)
    hints = re.search(r"1 hint on what could be better: (%flow lint \d+)", said)
    assert hints is not None
    assert "nobody needs it" in kernel.run("print(_flow.run.lint())")
    assert kernel.run(hints[1]) == "", "a list, no text"


def test_of_a_coroutine_its_own_frame_is_opened(kernel: Kernel) -> None:
    kernel.run("missing = fetch.submit(7)\nfl.wait([missing])")
    shown = kernel.run("missing.post_mortem()", "p wanted", "up", "q")
    assert "{'page': 7}" in shown
    assert "*** Oldest frame" in shown


def test_where_there_are_no_frames_it_is_said_what_there_is(kernel: Kernel) -> None:
    kernel.run("remote = count.submit(3)\nfl.wait([remote])")
    shown = kernel.run("%flow debug remote")
    assert "its frames have gone with it" in shown
    assert "words = page / 0" in shown, "the remote traceback, with the cell's line"
    assert 'count.with_options(executor="inline")' in shown
    kernel.run('here = count.with_options(executor="inline").submit(3)')
    assert "3\n" in kernel.run("%flow debug here", "p page", "q")
    kernel.run("late = after.with_options(resolve=True).submit(remote)\nfl.wait([late])")
    shown = kernel.run("late.post_mortem()")
    assert "RuntimeError" in shown
    assert "look into what it depends on instead" in shown
    assert "nothing of" in kernel.run("fine = after.submit(1)\nfine.result()\n%flow debug")


def test_without_a_person_it_ends_and_does_not_hang(kernel: Kernel) -> None:
    shown = kernel.run("%flow debug load", allow_stdin=False)
    assert "nobody can type any here" in shown
