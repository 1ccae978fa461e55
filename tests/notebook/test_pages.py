"""The link of pages with the JupyterLab extension, spoken by hand to real kernels: control channel in, iopub out."""

import time
import uuid
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

from ipyflow.notebook.pages import Pages

RUN_MIME = "application/vnd.ipyflow-parallel.run+json"
WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
LOAD = "%load_ext ipyflow\nimport asyncio, time\nfrom ipyflow import task"
FLOW = """%%flow order
@task
def load(n):
    print("loading", n)
    return n

sum(f.result() for f in load.map([1, 2]))"""
FOREVER = """%%flow listen
@task
async def forever(n):
    await asyncio.sleep(600)

await asyncio.gather(*[forever.submit(n) for n in range(3)], return_exceptions=True)"""

pytestmark = pytest.mark.kernel
VERSIONS = [None, "7.2.0", "6.31.0"]


class Page:
    """What the extension does in a browser, without the browser."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client, self.id = client, uuid.uuid4().hex
        self.bodies: list[tuple[int | None, dict[str, Any]]] = []
        self.outputs: list[dict[str, Any]] = []
        self.idle: set[str] = set()

    def say(self, body: dict[str, Any], sub: int | None = None) -> None:
        content = {"page": self.id, "sub": sub, "body": body}
        self.client.control_channel.send(self.client.session.msg("ipyflow_request", content))

    def run(self, code: str) -> str:
        return self.client.execute(code, allow_stdin=False)

    def done(self, code: str) -> None:
        said = self.run(code)
        self.until(lambda: said in self.idle)

    def until(self, holds: Callable[[], Any], seconds: float = 20) -> Any:
        """Hear what comes until something holds; its value."""
        end = time.monotonic() + seconds
        while True:
            found = holds()
            if found:
                return found
            message = self.client.get_iopub_msg(timeout=max(0.01, end - time.monotonic()))
            content = message["content"]
            if message["msg_type"] == "comm_msg" and content["comm_id"] in (self.id, "ipyflow-parallel"):
                assert content["data"]["ipyflow"] == 1
                self.bodies.append((content["data"]["sub"], content["data"]["body"]))
            elif message["msg_type"] == "display_data":
                self.outputs.append(content["data"])
            elif message["msg_type"] == "status" and content["execution_state"] == "idle":
                self.idle.add(message["parent_header"].get("msg_id", ""))

    def heard(self, kind: str, sub: int | None = None, **having: Any) -> dict[str, Any]:
        """The last body of a kind; waits for one."""

        def found() -> dict[str, Any] | None:
            for of, body in reversed(self.bodies):
                if of == sub and body["type"] == kind and all(body.get(k) == v for k, v in having.items()):
                    return body
            return None

        body: dict[str, Any] = self.until(found)
        return body

    def runs(self, holds: Callable[[list[dict[str, Any]]], Any]) -> list[dict[str, Any]]:
        """The list of runs, once it is as it should be."""

        def found() -> Any:
            lists = (body["runs"] for _, body in reversed(self.bodies) if body["type"] == "runs")
            return next((runs for runs in lists if holds(runs)), None)

        runs: list[dict[str, Any]] = self.until(found)
        return runs

    def state(self, sub: int) -> str | None:
        """The state of the run that a subscription shows, as far as it was told."""
        for of, body in reversed(self.bodies):
            if of == sub and body["type"] in ("snapshot", "delta"):
                header: dict[str, Any] = body["payload"]["run"] if body["type"] == "snapshot" else body["run"]
                return str(header["state"])
        return None

    def watch(self, run: dict[str, Any], sub: int = 1) -> dict[str, Any]:
        self.say({"type": "watch", "sub": sub, "run": run["id"], "wall": run["wall"]})
        return self.heard("snapshot", sub)["payload"]


@pytest.fixture
def page(request: pytest.FixtureRequest, kernelspec: Callable[[str], str]) -> Iterator[Page]:
    version = getattr(request, "param", None)
    manager, client = start_new_kernel(kernel_name=kernelspec(version) if version else "python3")
    try:
        yield Page(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def announce(page: Page) -> None:
    page.done(LOAD)
    page.heard("hello")
    page.say({"type": "hello"})
    page.heard("hello", subs=[])
    page.say({"type": "runs", "on": True})


@pytest.mark.parametrize("page", VERSIONS, indirect=True)
def test_a_page_with_the_extension_gets_one_output_and_is_told_of_the_run(page: Page) -> None:
    announce(page)
    page.done(FLOW)
    [output] = page.outputs
    assert RUN_MIME in output
    assert output["text/html"]
    assert output["text/plain"]
    assert WIDGET_MIME not in output
    [run] = page.runs(lambda runs: runs and runs[0]["closed"])
    assert (run["name"], run["state"], run["total"], run["counts"]) == ("order", "succeeded", 3, {"succeeded": 3})
    assert run["again"] is True
    assert run["paused"] is False
    payload = page.watch(run)
    assert {task["name"] for task in payload["tasks"]} == {"order", "load"}
    assert payload["run"]["again"] is True


def test_another_engine_does_not_give_its_runs_numbers_that_pages_know(page: Page) -> None:
    announce(page)
    page.done(FLOW)
    page.done("import ipyflow\nipyflow.configure(threads=2, database=None);")
    page.done(FLOW.replace("order", "second"))
    [run] = page.runs(lambda runs: runs and runs[0]["name"] == "second" and runs[0]["closed"])
    assert run["id"] == 2, "as the first one it would be shown with that one's view"
    assert page.watch(run)["run"]["name"] == "second"


@pytest.mark.parametrize("page", VERSIONS, indirect=True)
def test_a_page_steers_and_hears_while_a_cell_blocks(page: Page) -> None:
    announce(page)
    page.done(FOREVER)
    blocked = page.run("time.sleep(60)")
    [run] = page.runs(lambda runs: runs and runs[0]["counts"].get("running") == 3)
    page.watch(run)
    page.say({"type": "cancel", "task": None}, sub=1)
    page.heard("said", 1)
    page.until(lambda: page.state(1) == "cancelled")
    page.say({"type": "rerun"}, sub=1)
    page.until(lambda: page.state(1) == "running")
    assert blocked not in page.idle, "the cell ended before the page was heard"


def test_without_a_page_that_has_the_extension_there_are_two_outputs(page: Page) -> None:
    page.done(LOAD)
    page.done(FLOW)
    view, picture = page.outputs
    assert WIDGET_MIME in view
    assert RUN_MIME in picture


def test_a_kernel_says_in_its_table_of_comms_that_ipyflow_is_there(page: Page) -> None:
    def known() -> Any:
        asked = page.client.comm_info("ipyflow-parallel")
        while True:
            reply = page.client.get_shell_msg(timeout=20)
            if reply["parent_header"]["msg_id"] == asked:
                return reply["content"]["comms"]

    page.done("1")
    assert known() == {}
    page.done(LOAD)
    assert list(known()) == ["ipyflow-parallel"]
    page.done("%unload_ext ipyflow")
    assert known() == {}


def test_a_run_that_goes_on_keeps_saying_that_ipyflow_is_there(page: Page) -> None:
    announce(page)
    page.done(FOREVER)
    page.run("time.sleep(60)")
    page.bodies.clear()
    page.heard("hello")  # for a page that is loaded now


def test_a_run_of_another_kernel_is_unknown_and_so_is_what_was_left(page: Page) -> None:
    announce(page)
    page.done(FLOW)
    [run] = page.runs(lambda runs: runs and runs[0]["closed"])
    page.say({"type": "watch", "sub": 1, "run": run["id"], "wall": run["wall"] - 60})
    page.heard("unknown", 1)
    page.watch(run, sub=2)
    page.say({"type": "hello"})
    page.heard("hello", subs=[2])
    page.say({"type": "leave", "sub": 2})
    page.say({"type": "ready"}, sub=2)
    page.heard("unknown", 2)


def test_all_places_of_a_run_go_over_when_it_is_run_anew(page: Page) -> None:
    announce(page)
    page.done(FLOW)
    [run] = page.runs(lambda runs: runs and runs[0]["closed"])
    page.watch(run, sub=1)
    page.watch(run, sub=2)
    page.say({"type": "rerun"}, sub=1)
    said = page.heard("said", 1)
    assert "as run 2" in said["text"]
    for sub in (1, 2):
        page.until(
            lambda sub=sub: any(
                of == sub and body["type"] == "snapshot" and body["payload"]["run"]["id"] == 2
                for of, body in page.bodies
            )
        )
    runs = page.runs(lambda runs: len(runs) == 2 and runs[0]["closed"])
    assert [run["id"] for run in runs] == [2, 1]


def test_questions_are_answered_and_wrong_ones_get_words(page: Page) -> None:
    announce(page)
    page.done(FLOW)
    [run] = page.runs(lambda runs: runs and runs[0]["closed"])
    page.watch(run)
    asked = [
        ("log", {"offset": 0, "limit": 10}),
        ("window", {"from": 0.0, "to": 1.0, "bins": 10}),
        ("replay", {"at": 0.0}),
        ("export", {"format": "svg"}),
        ("bundle", {}),
    ]
    for number, (what, query) in enumerate(asked):
        page.say({"type": "ask", "request": number, "what": what, "query": query}, sub=1)
        answer = page.heard("answer", 1, request=number)
        assert answer["error"] is None, what
        if what == "log":
            assert [line[4] for line in answer["answer"]["lines"]] == ["loading 1", "loading 2"]
        if what == "export":
            assert answer["answer"]["text"].startswith("<svg")
    page.say({"type": "ask", "request": 99, "what": "nonsense", "query": {}}, sub=1)
    assert "no question 'nonsense'" in page.heard("answer", 1, request=99)["error"]
    page.say({"type": "rubbish"}, sub=1)
    page.say({"type": "ready"}, sub=1)
    page.heard("snapshot", 1)


def test_a_second_picture_of_a_large_run_is_not_made_again(page: Page) -> None:
    announce(page)
    page.done(
        "import ipyflow.views.presenter as views\n"
        "made, real = [], views.StaticPresenter.mimebundle\n"
        "views.StaticPresenter.mimebundle = lambda self, handle: made.append(1) or real(self, handle)\n"
        "leaf = task(abs)"
    )
    page.done("%%flow many\nlen([future.result() for future in leaf.map(range(30_000))])")
    page.done("%flow wait")
    page.runs(lambda runs: runs and runs[0]["closed"])
    page.done("%flow show\nbefore = len(made)")
    page.done("%flow show")
    page.done("display({'text/plain': f'{before} {len(made)}'}, raw=True)")
    before, after = page.outputs[-1]["text/plain"].split()
    assert int(before) > 0
    assert before == after
    first, second = [output for output in page.outputs if RUN_MIME in output][-2:]
    assert first[RUN_MIME]["run"]["total"] == second[RUN_MIME]["run"]["total"] == 30_001


def test_a_page_that_asks_again_for_the_list_of_runs_does_not_make_it_come_more_often() -> None:
    later: list[Callable[[], None]] = []
    publisher: Any = SimpleNamespace(later=lambda delay, call: later.append(call))
    kernel = SimpleNamespace(session=SimpleNamespace(send=lambda *_, **__: None), iopub_socket=None)
    pages = Pages(kernel, SimpleNamespace(publisher=publisher), {})  # type: ignore[arg-type]
    pages._received({"page": "one", "body": {"type": "hello"}})
    for _ in range(3):
        pages._received({"page": "one", "body": {"type": "runs", "on": True}})
    assert len(later) == 2, "one look for pages that have gone, one list"
    for _ in range(3):
        later.pop()()
        assert len(later) == 2
