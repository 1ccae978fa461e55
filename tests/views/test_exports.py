"""Exports as those who get them see them: files that their own readers accept, whatever a run holds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.model.records import Output, Record
from ipyflow.model.run import RunState, check_invariants, fold
from ipyflow.testing import engine
from ipyflow.views import standalone
from ipyflow.views.exports import FORMATS, Source, as_download, export, make
from ipyflow.views.graph_svg import pictures_svg
from ipyflow.views.log_json import log_json, read_log
from ipyflow.views.presenter import StaticPresenter
from ipyflow.views.text import text_tree
from tests.model.test_records import records
from tests.views.build import Log
from tests.views.golden import GOLDEN, HOSTILE, fan_out, load

VALUES: dict[str, type] = {name: bytes if form.gives == "bytes" else str for name, form in FORMATS.items()}


def logged(name: str) -> list[Record]:
    log = GOLDEN[name]()
    log.state()
    return log.records


def source(name: str) -> Source:
    return Source(load(name), log=lambda: (0, logged(name)))


def odd_runs() -> Iterator[tuple[str, list[Record]]]:
    """Runs at the edges: nothing in it, names that say nothing, texts without end."""
    yield "empty", Log().records
    yield "empty name", Log("").records
    nameless = Log("\ud800\x00")
    nameless.run(0, 1, 2, "")
    nameless.state()
    yield "nameless", nameless.records
    long = Log("n" * 5000)
    task = long.task(0, "f" * 5000, args="a" * 100_000, module="m" * 5000, group="g" * 5000)
    long.start(1, task, "w" * 5000).fail(2, task, "E" * 5000, "x" * 100_000, "t" * 1_000_000)
    long.close(3, "failed")
    yield "long", long.records


@pytest.mark.parametrize("name", GOLDEN)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_takes_every_run(name: str, form: str) -> None:
    made = make(source(name), form)
    assert type(made) is VALUES[form]
    if isinstance(made, str):
        made.encode()
        assert "\x1b" not in made
        assert "\x00" not in made


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_takes_runs_at_the_edges(form: str) -> None:
    for name, of_run in odd_runs():
        made = make(Source(fold(of_run), log=lambda of_run=of_run: (0, of_run)), form)
        assert made, name
        assert isinstance(made, bytes) or made.encode()


def test_a_path_is_written_as_its_ending_says(tmp_path: Path) -> None:
    for form in FORMATS.values():
        for ending in (*form.endings, form.endings[0].upper()):
            path = tmp_path / f"run{ending}"
            assert export(source("parallel"), path) == str(path)
            made = make(source("parallel"), form.name)
            if form.name != "otel":  # which says of each process that it is another one
                assert path.read_bytes() == (made.encode() if isinstance(made, str) else made), ending
    for name in ("run.pdf", "json.", str(tmp_path), "trace.jsn"):
        with pytest.raises(ValueError, match=r"no format '.*': give one of html, svg, .*or a path that ends in \.html"):
            export(source("parallel"), name)
    with pytest.raises(FileNotFoundError):
        export(source("parallel"), tmp_path / "nowhere" / "run.svg")


def test_a_page_is_answered_with_a_file() -> None:
    svg = as_download(source("hostile"), "svg")
    assert re.fullmatch(r"[\w.-]+-11\.svg", svg["name"])
    assert (svg["mime"], svg["base64"]) == ("image/svg+xml", None)
    assert svg["text"] == make(source("hostile"), "svg")
    png = as_download(source("parallel"), "graph.png")
    assert (png["name"], png["mime"], png["text"]) == ("process_order-3.graph.png", "image/png", None)
    assert base64.b64decode(png["base64"]) == make(source("parallel"), "graph.png")
    with pytest.raises(ValueError, match="no format 'pdf'"):
        as_download(source("parallel"), "pdf")
    json.dumps([as_download(source("hostile"), form) for form in FORMATS])


# The log.


@pytest.mark.parametrize("name", GOLDEN)
def test_a_log_comes_back_from_its_file(name: str) -> None:
    before = logged(name)
    after = read_log(str(make(source(name), "json")))
    assert after == before
    assert fold(after) == fold(before)
    check_invariants(fold(after))


@given(st.lists(records(), max_size=5))
def test_any_record_comes_back_from_a_file(found: list[Record]) -> None:
    text = log_json(found)
    assert json.loads(text)["schema"] == 5
    assert [(type(record), record) for record in read_log(text)] == [(type(record), record) for record in found]


def test_the_log_of_an_engine_comes_back_with_half_of_a_character_in_it() -> None:
    @fl.task
    def odd(text: str) -> str:
        print(text)
        raise ValueError(text)

    @fl.flow
    def both() -> None:
        odd.submit("\ud800 secret").exception()

    with engine(inline=True) as lab:
        run = both.submit().run
        assert run.wait(5)
        assert fold(read_log(run.export("json"))) == run.snapshot() == lab.runs[0].snapshot()


def test_what_is_no_log_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"not JSON \(.*run.export\('run.json'\)"):
        read_log("<html>")
    for text in ("[]", "{}", '{"format": "ipyflow run"}', "3"):
        with pytest.raises(ValueError, match="no log of a run"):
            read_log(text)
    with pytest.raises(ValueError, match="schema 2, this version reads 5"):
        read_log(log_json([]).replace('"schema": 5', '"schema": 2'))
    with pytest.raises(ValueError, match=r"first 4,096 records are missing.*log_limit"):
        read_log(log_json([], first=4096))
    with pytest.raises(ValueError, match=r"run.export\('json'\)"):
        make(Source(RunState()), "json")


# Pictures.


@pytest.mark.parametrize("name", ["png", "graph.png"])
def test_an_image_has_twice_the_size_of_its_drawing(name: str) -> None:
    image = make(source("fan_out"), name)
    drawing = ElementTree.fromstring(str(make(source("fan_out"), name.replace("png", "svg"))))
    assert isinstance(image, bytes)
    assert image[:8] == b"\x89PNG\r\n\x1a\n"
    size = struct.unpack(">II", image[16:24])
    assert size == (2 * round(float(drawing.attrib["width"])), 2 * round(float(drawing.attrib["height"])))


def test_a_large_drawing_gets_fewer_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    def size() -> tuple[int, int]:
        image = make(source("fan_out"), "png")
        assert isinstance(image, bytes)
        width, height = struct.unpack(">II", image[16:24])
        return width, height

    whole = size()
    monkeypatch.setattr("ipyflow.views.png.LONGEST", 300)
    assert max(size()) == 300
    monkeypatch.setattr("ipyflow.views.png.AREA", 10_000)
    small = size()
    assert small[0] * small[1] == pytest.approx(10_000, rel=0.05)
    assert small[0] / small[1] == pytest.approx(whole[0] / whole[1], rel=0.05)


def test_without_its_package_an_image_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(ImportError, match=r"pip install 'ipyflow-parallel\[png\]'"):
        make(source("parallel"), "png")


@pytest.mark.parametrize("name", GOLDEN)
def test_drawings_are_xml(name: str) -> None:
    for form in ("svg", "graph.svg"):
        assert ElementTree.fromstring(str(make(source(name), form))).tag == "{http://www.w3.org/2000/svg}svg"
    assert make(source(name), "graph.svg") == pictures_svg(load(name))


def test_a_run_that_goes_on_is_drawn_until_now() -> None:
    state = load("running")
    later = state.last + 100
    for form in ("svg", "text", "html", "trace", "otel"):
        assert make(Source(state, later), form) != make(Source(state), form), form
    assert make(Source(state, later), "text") == text_tree(state, now=later) + "\n"


# A page of its own.


class Page(HTMLParser):
    """The elements of a page, and what stands in its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style", "title"):
            tag, attributes = self.tags[-1]
            self.inside.setdefault(attributes.get("id") or tag, data)


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A front end that is there, of which nothing is said but what might break a page."""
    (tmp_path / "standalone.js").write_text('x = "</script><!--"; // \u2028\n', "utf-8")
    (tmp_path / "widget.css").write_text(".ipf { content: '</style>' }\n")
    monkeypatch.setattr(standalone, "BUILT", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", GOLDEN)
def test_a_page_holds_the_run_and_nothing_of_it_is_markup(built: Path, name: str) -> None:
    text = str(make(source(name), "html"))
    page = Page(text)
    tags = [tag for tag, _ in page.tags]
    assert tags.count("script") == 2
    assert tags[:2] == ["html", "head"]
    assert not {"iframe", "object", "embed", "link", "base", "form", "a"} & set(tags)
    for _, attributes in page.tags:
        assert not [key for key in attributes if key.startswith("on")]
        assert not [value for key, value in attributes.items() if key in ("src", "href") and value[:1] != "#"]  # type: ignore[index]
    data = json.loads(page.inside["ipyflow-run"])
    assert {row["id"] for row in data["payload"]["tasks"]} == set(load(name).tasks)
    assert set(data["details"]) == {str(id_) for id_ in load(name).tasks}
    assert len(data["payload"]["kept"]["log"]) == len(load(name).output)
    assert not set("<\u2028\u2029") & set(page.inside["ipyflow-run"])


def test_a_page_lets_only_its_own_script_run_and_fetches_nothing(built: Path) -> None:
    page = Page(str(make(source("hostile"), "html")))
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["base-uri"], rules["form-action"]) == ("'none'", "'none'", "'none'")
    assert "connect-src" not in rules
    digest = base64.b64encode(hashlib.sha256(page.inside["script"].encode()).digest()).decode()
    assert rules["script-src"] == f"'sha256-{digest}'"
    assert page.inside["script"].startswith('x = "<\\/script><\\!--"')
    assert page.inside["title"] == load("hostile").name.replace("\x1b", "\\x1b")


def test_a_page_is_a_still_one_where_the_front_end_is_not_built(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(standalone, "BUILT", tmp_path)
    text = str(make(source("failure"), "html"))
    assert "<script" not in text
    assert "script-src 'none'" in text
    assert "Traceback (most recent call last)" in text


def test_a_page_of_a_large_run_says_what_it_leaves_out(built: Path) -> None:
    state = fan_out(2500, 50).state()
    page = Page(text := str(make(Source(state), "html")))
    data = json.loads(page.inside["ipyflow-run"])
    assert data["payload"]["run"]["aggregated"]
    assert len(data["rows"]) == 2000
    assert "this page holds 2,000 of 2,502 tasks, first those worth a look" in text
    assert {row["state"] for row in data["rows"]} == {"failed", "succeeded"}
    failed = {str(task.id) for task in state.tasks.values() if task.state == "failed"}
    assert failed <= set(data["details"])


def test_a_page_stays_small_whatever_tasks_print_and_raise(built: Path) -> None:
    log = Log("loud")
    for i in range(300):
        task = log.task(i, "shout")
        log.start(i, task).add(Output, i, task, "stdout", f"{HOSTILE} {i} " * 2000)
        log.fail(i + 0.5, task, tb=f"Traceback {'x' * 60_000}")
    log.close(301, "failed")
    text = str(make(Source(log.state()), "html"))
    assert len(text) < 5_500_000
    assert re.search(r"details of \d+ of them, the last \d+ of 300 lines printed", text)


# The handle.


class OfRun:
    def __init__(self, found: list[Record]) -> None:
        self.state, self.found = fold(found), found
        self.records = self
        self.forgotten = 0

    def now(self) -> float:
        return 1002.0

    def about(self) -> dict[str, str]:
        return {"key": "a3f9c1-1"}

    def read(self, since: int = 0) -> tuple[int, list[Record]]:
        return len(self.found), self.found[since:]

    @contextmanager
    def reading(self) -> Iterator[RunState]:
        yield self.state


def test_a_presenter_gives_files_answers_and_spans() -> None:
    run, shows = OfRun(logged("running")), StaticPresenter()
    assert read_log(str(shows.export(run, "json"))) == run.found
    assert shows.export(run, "svg") == make(Source(run.state, 1002.0), "svg")
    assert shows.exported(run, "dot")["name"].endswith(".dot")
    assert len(shows.spans(run)) == 1 + len(run.state.tasks)


# Mermaid: what its own parser (11.17) made of these was looked at once.


def test_words_that_mermaid_would_draw_as_an_icon_are_words() -> None:
    log = Log()
    log.run(0, 1, 2, "fa:fa-car or fab:fa-x")
    assert "fa:#8203;fa-car or fab:#8203;fa-x" in str(make(Source(log.state()), "mermaid"))
