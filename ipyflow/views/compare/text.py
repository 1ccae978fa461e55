"""A comparison for a terminal."""

from __future__ import annotations

from ipyflow.views.compare.changes import KINDS, Change, Row
from ipyflow.views.compare.facts import Facts
from ipyflow.views.compare.words import (
    MARKS,
    differing_arguments,
    gain,
    named,
    row_words,
    said,
    sentences,
    title,
)
from ipyflow.views.words import clip, duration, shown

ROWS = 30
"""Rows at most."""
TASKS = 3
"""Tasks of a row that are told one by one."""
LINES = 40
"""Lines of a change of code."""
BAR = 14
"""Letters of the longest bar."""


def compared_text(facts: Facts) -> str:
    """Write it."""
    out = [title(facts), *(f"  {words}." for words in sentences(facts))]
    found = list(facts.changed())
    if found:
        out += ["", *_table(found[:ROWS])]
        out += [f"  … and {len(found) - ROWS:,} more rows"] if len(found) > ROWS else []
    for code in facts.code:
        out += ["", f"  {shown(code.name, 60)}: the code changed"]
        out += [f"    {mark} {shown(line, 160)}" for mark, line in code.lines[:LINES]]
        out += [f"    … {len(code.lines) - LINES} more lines"] if len(code.lines) > LINES else []
    return "\n".join(out)


def _table(found: list[Row]) -> list[str]:
    longest = max((max(row.before or 0.0, row.after or 0.0) for row in found), default=0.0) or 1.0
    cells = [("", "task", "before", "after", "", "", "")]
    tales: list[list[str]] = [[]]
    for row in found:
        one = row.changes[0]
        many = len(row.changes) > 1
        args = "" if many else shown(one.args, 24)
        name = named(row) + (f"({args})" if args else "")
        cells.append(
            (
                MARKS[row.kind],
                name,
                _seconds(row.before),
                _seconds(row.after),
                gain(row),
                KINDS[row.kind],
                _bar(row, longest),
            )
        )
        tales.append([row_words(row), *(_tale(each, many) for each in row.changes[: TASKS if many else 1])])
        left = len(row.changes) - TASKS
        tales[-1] = [line for line in tales[-1] if line] + ([f"… and {left:,} more"] if many and left > 0 else [])
    wide = [max(len(line[i]) for line in cells) for i in range(6)]
    out = []
    for line, tale in zip(cells, tales, strict=True):
        mark, name, was, now, more, word, bar = line
        out.append(
            f"  {mark:<1} {name:<{wide[1]}}  {was:>{wide[2]}}  {now:>{wide[3]}}  {more:<{wide[4]}}  "
            f"{word:<{wide[5]}}  {bar}".rstrip()
        )
        out += [f"      {words}" for words in tale]
    return out


def _tale(change: Change, named_too: bool) -> str:
    was = differing_arguments(change)
    words = "; ".join(part for part in (f"was called with ({clip(was, 40)})" if was else "", said(change)) if part)
    if not named_too:
        return shown(words, 160)
    times_ = " → ".join(_seconds(s) for s in (change.before, change.after) if s is not None)
    head = f"({shown(change.args, 32)})"
    return f"{head} {times_}" + (f"  {shown(words, 120)}" if words else "")


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _bar(row: Row, longest: float) -> str:
    """Before and after as one bar: full as far as both reach, then what came, or what went."""
    was, now = (round(BAR * (seconds or 0.0) / longest) for seconds in (row.before, row.after))
    return "█" * min(was, now) + ("▓" * (now - was) if now > was else "░" * (was - now))
