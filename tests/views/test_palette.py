"""One look for each state, in the saved picture and on the page."""

import re
from pathlib import Path

from ipyflow.model.status import State
from ipyflow.views.palette import LOOKS

THEME = Path(__file__).parents[2] / "labextension/src/style/theme.css"
OWN_GREYS = {State.PLANNED, State.WAITING, State.QUEUED, State.SKIPPED, State.CANCELLED, State.CANCELLING}
"""Greys of the page follow its theme; the saved picture must stand on any ground."""


def test_page_and_saved_picture_have_the_same_colours() -> None:
    light = THEME.read_text().split("color-scheme: light")[0]
    on_page = dict(re.findall(r"--ipf-([a-z-]+): (#[0-9a-f]{6})", light))
    for state in set(State) - OWN_GREYS:
        assert on_page[state.value.replace("_", "-")] == LOOKS[state].color.lower(), state
