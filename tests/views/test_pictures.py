from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.axis_svg import ticks
from ipyflow.views.graph_svg import graph_svg
from ipyflow.views.html import SIZE, static_html
from ipyflow.views.palette import LOOKS, ORDER
from ipyflow.views.svg import as_image
from ipyflow.views.timeline_svg import timeline_svg
from tests.views.build import Log
from tests.views.golden import GOLDEN, fan_out, load

VOID = {"img", "br"}
SVG = "{http://www.w3.org/2000/svg}"
TAGS = {"svg", "g", "rect", "path", "text", "title", "defs", "pattern", "marker", "circle", "style"}


class Reader(HTMLParser):
    """Reads HTML as a browser does and keeps what stands in it."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert self.open == [], "a tag is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID and self.get_starttag_text()[-2:] != "/>":  # type: ignore[index]
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(svg: str) -> ElementTree.Element:
    root = ElementTree.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix(SVG) in TAGS
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "href" not in name
            for number in re.findall(r"(?:nan|inf)", value) if name in ("x", "y", "d", "width", "height") else ():
                raise AssertionError(f"{name}={value}: {number}")
    return root


def words(svg: str) -> list[str]:
    return [element.text or "" for element in parsed(svg).iter(f"{SVG}text")]


def pictures(state: RunState) -> list[str]:
    return [draw(state, inline=inline) for draw in (timeline_svg, graph_svg) for inline in (True, False)]


@pytest.mark.parametrize("name", GOLDEN)
def test_pictures_are_well_formed_and_hold_nothing_active(name: str) -> None:
    for svg in pictures(load(name)):
        parsed(svg)
        assert "<script" not in svg
        assert "http" not in svg.replace("http://www.w3.org/2000/svg", "").replace("http://x", "")


@pytest.mark.parametrize("name", GOLDEN)
def test_pictures_in_a_page_need_no_style_and_patterns_are_defined(name: str) -> None:
    for draw in (timeline_svg, graph_svg):
        svg = draw(load(name), inline=True)
        assert "<style" not in svg
        assert "class=" not in svg
        used, defined = set(re.findall(r"url\(#([^)]+)\)", svg)), set(re.findall(r' id="([^"]+)"', svg))
        assert used <= defined


def test_the_timeline_tells_waiting_from_blocked_from_running() -> None:
    blocked, waiting = timeline_svg(load("parallel")), timeline_svg(load("waiting"))
    assert "waiting" not in words(blocked)
    assert {"waiting", "blocked", "succeeded"} <= set(words(waiting))
    assert "+156 ms" in words(waiting)
    assert "create_order" in words(waiting)


def test_the_timeline_marks_failures_and_says_the_exception() -> None:
    said = words(timeline_svg(load("failure")))
    assert "✗" in said
    assert "KeyError" in said
    assert {"timed out", "cancelled", "⊘", "◷"} <= set(words(timeline_svg(load("cancelled"))))


def test_a_failed_attempt_has_the_colour_of_failure_and_the_last_that_of_success() -> None:
    svg = timeline_svg(load("retries"))
    rects = [r.get("fill") for r in parsed(svg).iter(f"{SVG}rect")]
    assert rects.count(LOOKS[State.FAILED].color) == 3  # two attempts and the legend


def test_hover_texts_say_what_a_bar_does_not() -> None:
    titles = [t.text or "" for t in parsed(timeline_svg(load("failure"), inline=True)).iter(f"{SVG}title")]
    assert "parse#4(<fetch#2>) · failed · waited 59 ms, took 24 ms on thread-2 · KeyError: 'total'" in titles


@pytest.mark.parametrize("width", [50, 300, 3000, 20_000])
def test_many_tasks_are_a_band_and_the_picture_stays_small(width: int) -> None:
    svg = timeline_svg(fan_out(width, 16).state())
    said = words(svg)
    assert f"score ×{width:,}" in said
    assert any(word.startswith("16 at once") for word in said)
    assert len(svg) < 25_000


def test_a_tree_that_does_not_fold_is_cut() -> None:
    log = Log()
    parent = 0
    for i in range(500):
        parent = log.task(i, f"level_{i}", parent)
    said = words(timeline_svg(log.state()))
    assert "… and 470 more tasks" in said


def test_round_times_on_the_axis() -> None:
    assert ticks(0.183) == [0.05, 0.1, 0.15000000000000002]
    assert ticks(0) == []
    assert all(2 <= len(ticks(10**e * m)) <= 5 for e in range(-5, 6) for m in (1, 2.5, 7))


def test_a_collapsed_box_says_its_number_and_draws_the_share_of_each_state() -> None:
    svg = graph_svg(load("fan_out"))
    assert "score ×50" in words(svg)
    titles = [t.text or "" for t in parsed(svg).iter(f"{SVG}title")]
    assert "score ×50 · 3 failed, 47 succeeded" in titles


def test_every_state_has_a_look_of_its_own() -> None:
    assert set(LOOKS) == set(ORDER) == set(State)
    assert len({look.mark for look in LOOKS.values()}) == len(LOOKS)
    assert len({(look.color, look.texture) for look in LOOKS.values()}) >= len(LOOKS) - 1


# -- the HTML of the saved notebook --


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("name", GOLDEN)
def test_the_html_is_well_formed_and_has_no_script(name: str, inline: bool) -> None:
    reader = Reader(static_html(load(name), inline=inline))
    assert not {"script", "iframe", "object", "link", "form", "input", "a"} & set(reader.tags)
    assert not [key for key, _ in reader.attributes if key.startswith("on") or key in ("href", "srcset")]
    for key, value in reader.attributes:
        if key == "src":
            assert (value or "").startswith("data:image/svg+xml;base64,")
    assert reader.tags[0] == "div"
    assert ("img" in reader.tags) != inline


def test_the_html_shows_hostile_text_as_text() -> None:
    made = static_html(load("hostile"))
    reader = Reader(made)
    assert set(reader.tags) == {
        "div", "style", "b", "span", "img", "details", "summary", "small", "code", "pre", "table", "tr", "th", "td",
        "ul", "li",
    }  # fmt: skip
    assert "<img src=x onerror=alert(1)>" in reader.text
    assert "</title><script>alert('run')</script>" in reader.text
    assert "\\x1b[2J\\x1b]0;owned\\x07clear" in reader.text
    assert "\x1b" not in made
    assert "\u202e" not in made
    made.encode()


def test_the_html_shows_failures_with_the_first_traceback_open() -> None:
    made = static_html(load("failure"))
    reader = Reader(made)
    assert "total = line['total']" in reader.text
    details = re.findall(r"<details( open)?><summary>(.*?)</summary>", made)
    assert [opened for opened, words_ in details if "Error" in words_] == [" open", "", ""]
    assert "parse#4" in next(words_ for _, words_ in details if "Error" in words_), "what began it comes first"
    assert "leaked: notify#6 was never read" in reader.text


def test_the_graph_is_open_when_small() -> None:
    assert "<details open><summary>Graph" in static_html(load("parallel"))
    log = Log()
    for i in range(40):
        log.task(i, f"name_{i}")
    assert "<details><summary>Graph" in static_html(log.state())


@pytest.mark.parametrize("width", [48, 198, 2000, 20_000])
def test_the_html_stays_small(width: int) -> None:
    made = static_html(fan_out(width, 32).state())
    assert len(made.encode()) < SIZE
    assert f"{width + 2:,} tasks" in made


def test_the_html_stays_small_with_long_texts() -> None:
    log = Log("long" * 100)
    for i in range(200):
        task = log.task(i, f"name_{i}" * 50, args="ä" * 5000, group=f"g{i}" * 40, module="m" * 300)
        log.start(i + 0.1, task).fail(i + 0.5, task, "E" * 500, "<" * 5000, "line <&>\n" * 5000)
    assert len(static_html(log.close(201).state())) < SIZE


def test_an_image_carries_the_picture() -> None:
    svg = timeline_svg(load("parallel"))
    made = as_image(svg, 'a "label"')
    data = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', made)
    assert data
    parsed(base64.b64decode(data[1]).decode())
    assert 'alt="a &quot;label&quot;"' in made
