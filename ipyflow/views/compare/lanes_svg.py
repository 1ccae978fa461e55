"""Two runs on one axis of time: below each name when it was at work before (pale, above) and after (full, below)."""

from __future__ import annotations

from collections.abc import Callable

from ipyflow.model.status import State
from ipyflow.views.axis_svg import ticks
from ipyflow.views.compare.facts import Facts
from ipyflow.views.compare.lanes import Lane, Stretch
from ipyflow.views.compare.words import LOOKED_LIKE, MARKS
from ipyflow.views.palette import LOOKS, ROLES
from ipyflow.views.svg import MONO_LETTER, SANS_LETTER, document, esc, num, role_mark, text
from ipyflow.views.words import clip, counted, duration, shown

WIDTH = 760
ROW = 28
TOP = 30
NARROW, WIDE = 110, 230
RIGHT = 22
ROUNDED = 16
"""Stretches that are drawn one by one, with rounded corners; more are one path."""
_WAITS = ("waiting", "queued", "around")


def lanes_svg(facts: Facts, *, inline: bool = False) -> str:
    """Draw it.

    Args:
        facts: what was compared.
        inline: to stand in an HTML page, in the page's colours.
    """
    rows = facts.lanes.rows
    column = min(max((_wide(lane) for lane in rows), default=0), WIDE)
    left, right = float(max(column, NARROW) + 28), float(WIDTH - RIGHT)
    longest = max(facts.before.seconds, facts.after.seconds) or 1.0
    bottom = TOP + ROW * len(rows) + 4

    def x(seconds: float) -> float:
        return left + (right - left) * min(max(seconds / longest, 0.0), 1.0)

    body = _axis(longest, x(0), right, bottom, facts)
    for i, lane in enumerate(rows):
        body += _row(lane, TOP + ROW * i, left, x)
    body += _ends(facts, x, bottom)
    if facts.lanes.left_out:
        body += text(10, bottom + 14, f"… and {counted(facts.lanes.left_out, 'name')} more", 11, faint=0.6)
    height = bottom + (24 if facts.lanes.left_out else 8)
    body += _legend(height)
    took = f"{duration(facts.before.seconds)} before, {duration(facts.after.seconds)} after"
    words = f"{shown(facts.after.name, 60)}: {took}"
    return document(WIDTH, height + 26, body, words, inline=inline)


def _wide(lane: Lane) -> int:
    letters = len(_called(lane)) + (0.85 * (min(len(lane.args), 16) + 2) if lane.args else 0)
    return round(12 * MONO_LETTER * letters + (15 if lane.role in ROLES else 0))


def _called(lane: Lane) -> str:
    return clip(shown(lane.name), 28) + (f" ×{lane.tasks:,}" if lane.tasks > 1 else "")


def _axis(longest: float, left: float, right: float, bottom: float, facts: Facts) -> str:
    out = [f'<path d="M{num(left)} 24.5H{num(right)}" stroke="currentColor" stroke-opacity=".35"/>']
    grid = ""
    for tick in ticks(longest):
        x = left + (right - left) * tick / longest
        grid += f"M{num(x)} 24.5V{num(bottom)}"
        words = f"+{duration(tick)}"
        if x + len(words) * 5 * SANS_LETTER < right:
            out.append(text(x, 17, words, 10, faint=0.6, anchor="middle"))
    out.append(text(left, 17, "0", 10, faint=0.6, anchor="middle"))
    return "".join(out) + f'<path d="{grid}" stroke="currentColor" stroke-opacity=".12"/>'


def _row(lane: Lane, y: float, left: float, x: Callable[[float], float]) -> str:
    color = LOOKS[LOOKED_LIKE[lane.kind]].color
    mark = "" if lane.kind in ("same", "unfinished") else text(4, y + 18, MARKS[lane.kind], 11, color=color, bold=True)
    at = 18.0
    out = mark
    if lane.role in ROLES:
        out += role_mark(lane.role, at, y + 18)
        at += 15
    name = _called(lane)
    out += text(at, y + 18, name, mono=True)
    at += 12 * MONO_LETTER * len(name) + 1
    room = int((left - 12 - at) / (10 * MONO_LETTER)) - 2
    if lane.args and room >= min(3, len(lane.args)):
        out += text(at, y + 18, f"({clip(shown(lane.args), room)})", 10, faint=0.6, mono=True)
    tip = f"{lane.name}: {_took(lane.before)} before, {_took(lane.after)} after"
    bars = _bars(lane.before, y + 5, 6, x, pale=True) + _bars(lane.after, y + 13, 9, x, pale=False)
    return f"{out}<g><title>{esc(tip)}</title>{bars}</g>"


def _took(stretches: list[Stretch]) -> str:
    if not stretches:
        return "not there"
    return f"from +{duration(min(s[0] for s in stretches))} to +{duration(max(s[1] for s in stretches))}"


def _bars(stretches: list[Stretch], y: float, tall: float, x: Callable[[float], float], *, pale: bool) -> str:
    drawn: dict[str, list[tuple[float, float]]] = {}
    for begin, end, look in stretches:
        left, right = x(begin), max(x(end), x(begin) + 1.5)
        places = drawn.setdefault(look, [])
        if places and left - places[-1][1] < 1:  # nobody sees what is between
            places[-1] = (places[-1][0], max(right, places[-1][1]))
        else:
            places.append((left, right))
    # What waits is drawn first: what ran stands over it.
    looks = sorted(drawn.items(), key=lambda each: each[0] not in (*_WAITS, "blocked"))
    return "".join(_looks(places, look, y, tall, pale) for look, places in looks)


def _looks(places: list[tuple[float, float]], look: str, y: float, tall: float, pale: bool) -> str:
    """All stretches of one look."""
    color = LOOKS[State("waiting" if look == "around" else look)].color
    if look in _WAITS or look == "blocked":
        dash = "" if look == "blocked" else ' stroke-dasharray="2 2"'
        path = "".join(f"M{num(left)} {num(y + tall / 2)}H{num(right)}" for left, right in places)
        return f'<path d="{path}" stroke="{color}" stroke-width="{1.5 if pale else 2}"{dash}/>'
    paint = f'fill="{color}" fill-opacity=".3" stroke="{color}" stroke-width=".8"' if pale else f'fill="{color}"'
    if len(places) > ROUNDED:
        path = "".join(f"M{num(left)} {num(y)}H{num(right)}v{num(tall)}H{num(left)}z" for left, right in places)
        return f'<path d="{path}" {paint}/>'
    size = f'height="{num(tall)}" rx="2" {paint}/>'
    out = "".join(f'<rect x="{num(a)}" y="{num(y)}" width="{num(b - a)}" {size}' for a, b in places)
    if look in ("failed", "timed_out"):
        mark, ink = LOOKS[State(look)].mark, color if pale else "#fff"
        out += "".join(text(b - 9, y + tall - 1, mark, tall, color=ink) for a, b in places if b - a > 12)
    return out


def _ends(facts: Facts, x: Callable[[float], float], bottom: float) -> str:
    """Where each of the two ended: dashed before, solid after."""
    one, other = x(facts.before.seconds), x(facts.after.seconds)
    return (
        f'<path d="M{num(one)} 24.5V{num(bottom)}" stroke="currentColor" stroke-opacity=".6" stroke-dasharray="3 3"/>'
        f'<path d="M{num(other)} 24.5V{num(bottom)}" stroke="currentColor" stroke-opacity=".6"/>'
    )


def _legend(y: float) -> str:
    worked, middle = LOOKS[State.SUCCEEDED].color, num(y + 10)
    pale = f'fill="{worked}" fill-opacity=".3" stroke="{worked}" stroke-width=".8"'
    blocked = f'stroke="{LOOKS[State.BLOCKED].color}" stroke-width="2"'
    waiting = f'stroke="{LOOKS[State.WAITING].color}" stroke-width="2" stroke-dasharray="2 2"'
    end = f'<path d="M{{}} {num(y + 3)}v14" stroke="currentColor" stroke-opacity=".6"{{}}/>'
    parts = (
        (10, f'<rect x="10" y="{num(y + 7)}" width="16" height="6" rx="2" {pale}/>', "before"),
        (84, f'<rect x="84" y="{num(y + 5.5)}" width="16" height="9" rx="2" fill="{worked}"/>', "after"),
        (148, f'<path d="M148 {middle}h16" {blocked}/>', "blocked"),
        (226, f'<path d="M226 {middle}h16" {waiting}/>', "waiting"),
        (302, end.format(310, ' stroke-dasharray="3 3"'), "end before"),
        (394, end.format(402, ""), "end after"),
    )
    return "".join(drawn + text(x + 22, y + 14, words, 11, faint=0.75) for x, drawn, words in parts)
