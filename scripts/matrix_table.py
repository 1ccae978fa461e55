"""The table that the matrix ends with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

COLUMNS = ("live", "prints", "cancel", "saved")
HEADINGS = ("live while a cell blocks", "prints stay with their task", "Cancel while a cell blocks", "saved file")
BEGIN, END = "<!-- the table of make matrix -->", "<!-- end of the table -->"


@dataclass(frozen=True)
class Outcome:
    """How one test ended."""

    test: str
    kernel: str
    """The ipykernel that was found to run; empty where the test came not so far."""
    extension: bool
    what: str
    """Its column."""
    result: str


def table(rows: Sequence[tuple[dict[str, str], Sequence[Outcome]]]) -> str:
    """Draw the outcomes as Markdown.

    Args:
        rows: for each environment its versions, and how its tests ended.
    """
    heads = ("Python", "JupyterLab", "ipykernel", "extension", *HEADINGS)
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for versions, outcomes in rows:
        keys = {(one.extension, one.kernel) for one in outcomes if one.kernel}
        for extension, kernel in sorted(keys, key=lambda key: (not key[0], key[1])):
            results = {one.what: one.result for one in outcomes if (one.extension, one.kernel) == (extension, kernel)}
            cells = [versions["python"], versions["jupyterlab"], kernel, "with" if extension else "without"]
            lines.append("| " + " | ".join([*cells, *(results.get(what, "") for what in COLUMNS)]) + " |")
    found = sorted({f"{name} {version}" for versions, _ in rows for name, version in versions.items()} - _columns(rows))
    return "\n".join([*lines, "", f"Run on {date.today().isoformat()}; besides: {', '.join(found)}."])


def _columns(rows: Sequence[tuple[dict[str, str], Sequence[Outcome]]]) -> set[str]:
    return {f"{name} {versions[name]}" for versions, _ in rows for name in ("python", "jupyterlab")}


def write(page: Path, text: str) -> None:
    """Put the table into a page, in the place of the one before."""
    before = page.read_text(encoding="utf-8")
    made = re.sub(f"(?s){re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{text}\n{END}", before)
    page.write_text(made, encoding="utf-8")
