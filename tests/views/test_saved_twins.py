"""A saved payload is made whole the same way here and in the page: both read the same examples.

`python -m tests.views.test_saved_twins` writes the examples anew, after a change of the saved form.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from ipyflow.views.saved import expand, saved_payload
from tests.views.golden import load

FOLDER = Path(__file__).parent.parent / "fixtures" / "saved"
NAMES = ["blocked", "events", "failure", "pipeline_running", "retries", "waiting"]


def example(name: str) -> dict[str, Any]:
    saved = json.loads(json.dumps(saved_payload(load(name))))
    return {"saved": saved["tasks"], "whole": expand(saved)["tasks"]}


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_what_a_file_keeps_now(name: str) -> None:
    assert json.loads((FOLDER / f"{name}.json").read_text()) == example(name)


if __name__ == "__main__":
    for each in NAMES:
        (FOLDER / f"{each}.json").write_text(json.dumps(example(each), indent=1, ensure_ascii=False) + "\n")
