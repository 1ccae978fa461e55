"""One look for each state and each role, in the saved picture and on the page."""

import re
from pathlib import Path

import pytest

from ipyflow.model.status import State
from ipyflow.views.palette import EDITED, LOOKS, ORDER, ROLES

SOURCES = Path(__file__).parents[2] / "labextension/src"
THEME = SOURCES / "style/theme.css"
OWN_GREYS = {State.PLANNED, State.WAITING, State.QUEUED, State.SKIPPED, State.CANCELLED, State.CANCELLING}
"""Greys of the page follow its theme; the saved picture must stand on any ground."""


def test_page_and_saved_picture_have_the_same_colours() -> None:
    light = THEME.read_text().split("color-scheme: light")[0]
    on_page = dict(re.findall(r"--ipf-([a-z-]+): (#[0-9a-f]{6})", light))
    for state in set(State) - OWN_GREYS:
        assert on_page[state.value.replace("_", "-")] == LOOKS[state].color.lower(), state


def test_page_and_saved_picture_draw_the_same_mark_for_a_role() -> None:
    drawn = (SOURCES / "core/icons.ts").read_text("utf-8").split("const ROLES")[1].split("};")[0]
    assert dict(re.findall(r'(\w+): "([^"]+)"', drawn)) == {role: look.path for role, look in ROLES.items()}


def test_page_and_saved_picture_draw_the_same_mark_for_changed_code() -> None:
    assert f'const EDITED = "{EDITED}";' in (SOURCES / "core/icons.ts").read_text("utf-8")


def test_page_and_saved_picture_list_states_in_the_same_order() -> None:
    listed = (SOURCES / "core/status.ts").read_text("utf-8").split("STATES: readonly State[] = [")[1].split("]")[0]
    assert re.findall(r'"(\w+)"', listed) == [state.value for state in ORDER]


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


STATES = {state.value.replace("_", "-") for state in State}
GROUNDS = {"light": ("#ffffff", "#e8f0f9"), "dark": ("#111417", "#203040")}
"""The page's ground in each theme, and about that of a row that is chosen."""


def theme(which: str) -> dict[str, str]:
    """The colours of the page's light or dark theme."""
    light, dark = THEME.read_text().split("color-scheme: light")[:2]
    return dict(re.findall(r"--ipf-([a-z-]+): (#[0-9a-f]{6})", light if which == "light" else dark.split("@media")[0]))


@pytest.mark.parametrize("which", GROUNDS)
def test_marks_and_words_stand_out(which: str) -> None:
    ground, chosen = GROUNDS[which]
    colours = theme(which)
    for state in STATES:
        assert contrast(colours[state], ground) >= 3, state
    for name in ("quiet", "accent", "error"):
        assert contrast(colours[name], ground) >= 4.5, name
        assert contrast(colours[name], chosen) >= 4.5, name


def test_saved_pictures_stand_out_from_white_and_black() -> None:
    for state, look in LOOKS.items():
        assert contrast(look.color, "#ffffff") >= 3, state
        assert contrast(look.color, "#0d1117") >= 3, state


@pytest.mark.parametrize("which", GROUNDS)
def test_forced_colours_leave_the_states_theirs(which: str) -> None:
    forced = (SOURCES / "style/contrast.css").read_text()
    block = forced.split(f"(forced-colors: active) and (prefers-color-scheme: {which})")[1].split("}")[0]
    kept = dict(re.findall(r"--ipf-([a-z-]+): (#[0-9a-f]{6})", block))
    assert {name: kept[name] for name in STATES} == {name: theme(which)[name] for name in STATES}


def test_a_system_in_the_dark_has_the_colours_of_a_dark_theme() -> None:
    by_system = THEME.read_text().split("(prefers-color-scheme: dark)")[1]
    assert dict(re.findall(r"--ipf-([a-z-]+): (#[0-9a-f]{6})", by_system)) == theme("dark")
