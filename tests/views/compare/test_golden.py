"""What the page's tests draw is what Python makes of two runs; run as a module it writes that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.views.compare.runs import both, nightly

FILE = Path(__file__).parents[2] / "fixtures" / "compare" / "nightly.json"
WHEN = "2026-11-22 09:00:00"


def made() -> dict[str, Any]:
    """One task fails anew, one is slower, one faster, one new, one cached, one as before; the code is another one."""
    one = nightly({"a": 50, "b": 100, "c": 100, "<b>d</b>": 500, "e": 20}, run=2)
    other = nightly({"a": 50, "b": 320, "c": 20, "<b>d</b>": 500, "e": 20, "f": 400}, run=3, fails="a", cached="e")
    code = (
        {"__main__:load": "def load(x):\n    return read(x)"},
        {"__main__:load": "def load(x):\n    sleep(1)\n    return read(x)"},
    )
    found = both(one, other, code).to_json()
    for side in ("before", "after"):
        found[side]["when"] = WHEN  # it is said in the kernel's own time zone
    return found


def test_the_example_of_the_page_is_up_to_date() -> None:
    assert json.loads(FILE.read_text("utf-8")) == json.loads(json.dumps(made())), (
        "python -m tests.views.compare.test_golden"
    )


if __name__ == "__main__":
    FILE.write_text(json.dumps(made(), indent=1, ensure_ascii=False) + "\n", "utf-8")
