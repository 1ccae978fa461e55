"""A comparison as HTML for a saved notebook: no script, words and tables first, pictures as images."""

from __future__ import annotations

from ipyflow.views.compare.changes import KINDS, Change, Row
from ipyflow.views.compare.code import Changed
from ipyflow.views.compare.facts import Facts, Side
from ipyflow.views.compare.lanes_svg import lanes_svg
from ipyflow.views.compare.words import (
    LOOKED_LIKE,
    MARKS,
    differing_arguments,
    gain,
    named,
    row_words,
    said,
    sentences,
    title,
    when,
)
from ipyflow.views.failures_html import esc_lines
from ipyflow.views.html import STYLE
from ipyflow.views.palette import LOOKS
from ipyflow.views.svg import as_image, esc
from ipyflow.views.words import block, clip, counted, duration

ROWS = 60
"""Rows at most."""
TASKS = 12
"""Tasks of a row that are told one by one."""
SIZE = 60_000
"""Characters that it stays under, by telling fewer rows."""
BAR = 150
"""Pixels of the longest bar."""


def compared_html(facts: Facts) -> str:
    """Write it."""
    svg = lanes_svg(facts) if facts.lanes.rows else ""
    picture = as_image(svg, f"Timelines of {title(facts)}") if svg else ""
    rows = ROWS
    while True:
        made = _around(facts, picture, rows)
        if len(made) < SIZE or rows < 4:
            return made
        rows = rows // 2


def _around(facts: Facts, picture: str, most: int) -> str:
    found = list(facts.changed())
    said_ = "".join(f"<li>{esc(words)}.</li>" for words in sentences(facts))
    code = "".join(_code(one, len(facts.code) == 1) for one in facts.code[:most])
    table = _table(found[:most]) if found else ""
    left = f"<div><small>… and {counted(len(found) - most, 'row')} more</small></div>" if len(found) > most else ""
    return (
        f'<div class="ipyflow-run ipyflow-compare">{STYLE}<div><b>{esc(title(facts))}</b></div>'
        f"{_sides(facts)}<ul>{said_}</ul>{picture}{table}{left}{code}</div>"
    )


def _sides(facts: Facts) -> str:
    longest = max(facts.before.seconds, facts.after.seconds) or 1.0
    rows = "".join(_side(side, word, longest) for word, side in (("before", facts.before), ("after", facts.after)))
    head = "".join(f"<th>{word}</th>" for word in ("", "run", "began", "state", "tasks", "took"))
    return f"<table><tr>{head}</tr>{rows}</table>"


def _side(side: Side, word: str, longest: float) -> str:
    look = LOOKS[side.state]
    bar = _bar(side.seconds, longest, look.color, pale=word == "before")
    cells = (
        f"<b>{word}</b>",
        f'<code style="white-space:nowrap">{esc(side.called)}</code>',
        _unbroken(esc(when(side))),
        f'<span style="color:{look.color}">{look.mark}</span> {side.word}',
        f"{side.tasks:,}",
        f"{_unbroken(duration(side.seconds))} {bar}",
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _table(found: list[Row]) -> str:
    longest = max((max(row.before or 0.0, row.after or 0.0) for row in found), default=0.0) or 1.0
    head = "".join(f"<th>{word}</th>" for word in ("", "task", "before", "after", "change", ""))
    return f"<table><tr>{head}</tr>{''.join(_row(row, longest) for row in found)}</table>"


def _row(row: Row, longest: float) -> str:
    many = len(row.changes) > 1
    one = row.changes[0]
    look = LOOKS[LOOKED_LIKE[row.kind]]
    args = "" if many or not one.args else f"({esc(clip(one.args, 40))})"
    bars = _bar(row.before, longest, LOOKS["succeeded"].color, pale=True) + _bar(  # type: ignore[index]
        row.after, longest, look.color, pale=False
    )
    words = "; ".join(part for part in (esc(row_words(row)), "" if many else _tale(one)) if part)
    told = (f"<div><small>{words}</small></div>" if words else "") + (_each(row) if many else "")
    cells = (
        f'<span style="color:{look.color}"><b>{MARKS[row.kind]}</b></span>\u00a0{_unbroken(KINDS[row.kind])}',
        f"<code>{esc(named(row))}{args}</code>{told}",
        _unbroken(_seconds(row.before)),
        _unbroken(_seconds(row.after)),
        _unbroken(gain(row)),
        f'<div style="line-height:0">{bars}</div>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _each(row: Row) -> str:
    """The tasks of a row one by one, folded."""
    items = []
    for one in row.changes[:TASKS]:
        seconds = " → ".join(_seconds(s) for s in (one.before, one.after) if s is not None)
        tale = _tale(one)
        items.append(f"<li><code>({esc(clip(one.args, 40))})</code> {seconds}{'; ' + tale if tale else ''}</li>")
    left = len(row.changes) - TASKS
    items += [f"<li>… and {left:,} more</li>"] if left > 0 else []
    return f"<details><summary>{counted(len(row.changes), 'task')}</summary><ul>{''.join(items)}</ul></details>"


def _tale(change: Change) -> str:
    was = differing_arguments(change)
    called = f"was called with <code>({esc(clip(was, 60))})</code>" if was else ""
    return "; ".join(part for part in (called, esc(clip(said(change), 300))) if part)


def _code(code: Changed, is_open: bool) -> str:
    came, went = (sum(mark == sign for mark, _ in code.lines) for sign in "+-")
    lines = "\n".join(f"{mark} {line}" for mark, line in code.lines)
    return (
        f"<details{' open' if is_open else ''}><summary>Code of <code>{esc(clip(code.name, 60))}</code> changed "
        f"<small>(+{came} −{went} lines)</small></summary><pre>{esc_lines(block(lines, 6000))}</pre></details>"
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _bar(seconds: float | None, longest: float, color: str, *, pale: bool) -> str:
    if seconds is None:
        return ""
    width = max(round(BAR * seconds / longest), 2)
    faint = "opacity:.4;" if pale else ""
    size = f"width:{width}px;height:{6 if pale else 8}px;margin:1px 0"
    return f'<span style="display:block;{faint}{size};background:{color}"></span>'


def _unbroken(words: str) -> str:
    return words.replace(" ", "\u00a0").replace("-", "\u2011")
