"""One look for each state and each role, in the saved picture and on the page."""

import re
from pathlib import Path

from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS, ORDER, ROLES

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


def test_page_and_saved_picture_list_states_in_the_same_order() -> None:
    listed = (SOURCES / "core/status.ts").read_text("utf-8").split("STATES: readonly State[] = [")[1].split("]")[0]
    assert re.findall(r'"(\w+)"', listed) == [state.value for state in ORDER]
