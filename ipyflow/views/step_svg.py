"""The nodes of the picture of a workflow: a step as a box, an event as a pill."""

from __future__ import annotations

from ipyflow.model.events import JoinState
from ipyflow.model.status import State
from ipyflow.views.palette import EVENT, EVENTS, LOOKS, ROLES, WARNING
from ipyflow.views.svg import bar, esc, num, text
from ipyflow.views.tallies import StepTally, at_work, missing, standing
from ipyflow.views.ways import ICON, LETTER, SMALL_LETTER, Place
from ipyflow.views.words import clip, shown

CORNER = 7
DOTS = 10
"""Events of a join that are drawn as dots; of more only the numbers are said."""
WARNED = "M6 1.2 11.2 10.4H.8ZM6 4.4v3M6 8.4v.8"
"""The mark of what nobody takes, in a box of 12 by 12."""


def step(
    place: Place,
    tally: StepTally | None,
    waits: str,
    joins: list[JoinState],
    lost: dict[str, int],
    key: str,
    *,
    stuck: bool = False,
) -> str:
    """Draw a step: its name, its workers and what waits for one, what its join lacks, what became of its runs.

    Args:
        place: where it stands.
        tally: what it is at; ``None`` draws what it is alone.
        waits: the event that its body waits for; empty for none.
        joins: its joins that hold events.
        lost: events that it gave and nobody takes, where they have no node, by type.
        key: the picture's key, for its patterns.
        stuck: whether its workflow failed: then what its joins lack is a warning.
    """
    x, y, w, h = place.x, place.y, place.w, place.h
    look = _look(tally, joins)
    loud = look in (State.RUNNING, State.BLOCKED, State.FAILED)
    color = LOOKS[look].color if look else "currentColor"
    out = [f"<title>{esc(_title(place, tally, waits, joins, lost))}</title>"]
    quiet = tally is not None and look is None
    stroke = f'stroke="{color if loud else "currentColor"}" stroke-opacity="{0.9 if loud else 0.3 if quiet else 0.5}"'
    out.append(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{CORNER}" fill="{color}"'
        f' fill-opacity="{0.1 if look else 0.04}" {stroke} stroke-width="{1.6 if loud else 1}"/>'
    )
    lines = [at_work(place.workers or 1, tally)]
    third = "" if tally is None else _third(x, y, w, waits, joins, WARNING if stuck else "")
    first = y + (18 if third else 25)
    faint = 0.7 if quiet else 1.0
    left = x + 12
    if place.form:
        out.append(mark(ROLES["exceptionally"].path, left, first - 9.5, "currentColor", 0.7))
        left += ICON
    name = clip(shown(place.name, 60), int((x + w - 26 - left) / LETTER))
    out.append(text(left, first, name, mono=True, faint=faint))
    if look is not None:
        out.append(text(x + w - 11, first, LOOKS[look].mark, 13, anchor="end", color=LOOKS[look].color))
    out.append(text(x + 12, first + 14, clip(lines[0], int((w - 22) / SMALL_LETTER)), 10, faint=0.7 * faint))
    out.append(third)
    if tally is not None:
        out.append(_share(tally, x, y, w, h, key))
    out.append(_warnings(x, y, w, h, lost))
    return f"<g>{''.join(out)}</g>"


def _look(tally: StepTally | None, joins: list[JoinState]) -> State | None:
    """What there is to see first; nothing of a step that has not been run."""
    if tally is None:
        return None
    held = any(join.events for join in joins)
    order = (
        (State.RUNNING, tally.running),
        (State.BLOCKED, tally.blocked),
        (State.WAITING, tally.waiting or tally.retrying or held),
        (State.FAILED, tally.failed),
        (State.SUCCEEDED, tally.succeeded),
        (State.CANCELLED, tally.cancelled),
    )
    return next((state for state, there in order if there), None)


def _third(x: int, y: int, w: int, waits: str, joins: list[JoinState], color: str) -> str:
    """The third line: what it stands still for. Where there is room a join has a dot for each event."""
    at = y + 46
    room = int((w - 24) / SMALL_LETTER)
    held = next((join for join in joins if join.events), None)
    if waits:
        return text(x + 12, at, clip(f"waits for {shown(waits, 60)}", room), 10, color=LOOKS[State.BLOCKED].color)
    if held is None:
        return ""
    have, lacks = len(held.events), missing(held)
    words = standing(held)
    number = have + lacks if lacks else 1
    out, left = "", x + 12.0
    if number <= DOTS and len(words) + 2 * number <= room:
        for i in range(number):
            out += _dot(left + 3.5, at - 3.5, i < have)
            left += 9
        left += 4
    return out + text(
        left, at, clip(words, int((x + w - 10 - left) / SMALL_LETTER)), 10, faint=1 if color else 0.8, color=color
    )


def _dot(x: float, y: float, full: bool) -> str:
    fill = f'fill="{EVENT}"' if full else f'fill="none" stroke="{EVENT}" stroke-width="1.2"'
    return f'<circle cx="{num(x)}" cy="{num(y)}" r="3" {fill}/>'


def _share(tally: StepTally, x: int, y: int, w: int, h: int, key: str) -> str:
    """A thin bar at the foot: what became of its runs."""
    parts = (
        (State.FAILED, tally.failed), (State.BLOCKED, tally.blocked), (State.RUNNING, tally.running),
        (State.WAITING, tally.waiting + tally.retrying), (State.SUCCEEDED, tally.succeeded),
        (State.CANCELLED, tally.cancelled),
    )  # fmt: skip
    whole = sum(number for _, number in parts)
    at, out = x + 12.0, ""
    for state, number in parts:
        if number:
            wide = (w - 24) * number / whole
            out += bar(at, y + h - 8, wide, 3, state, key, 1)
            at += wide
    return out


def pill(place: Place, sent: int | None, lost: int) -> str:
    """Draw a type of event.

    Args:
        place: where it stands.
        sent: how many were sent; ``None`` draws what it is alone.
        lost: how many of them no step takes.
    """
    x, y, w, h = place.x, place.y, place.w, place.h
    quiet = sent == 0
    out = [f"<title>{esc(_said(place, sent, lost))}</title>"]
    color = WARNING if lost else EVENT
    solid = place.form in ("start", "stop")
    fill = 0.25 if solid and quiet else 1 if solid else 0.03 if quiet else 0.13
    dashes = ' stroke-dasharray="4 3"' if quiet and not solid else ""
    out.append(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{h / 2:g}" fill="{color}" fill-opacity="{fill:g}"'
        f' stroke="{color}" stroke-opacity="{0.55 if quiet else 1}"{dashes}/>'
    )
    ink = "#fff" if solid and not quiet else "currentColor"
    words = clip(shown(place.name, 60), int((w - 24 - (ICON if place.form else 0)) / LETTER))
    left = x + (w - len(words) * LETTER - (ICON if place.form else 0)) / 2
    if place.form in EVENTS:
        filled = place.form in ("start", "stop")
        out.append(mark(EVENTS[place.form].path, left, y + h / 2 - 6, ink, 0.9, filled=filled))
    if place.form:
        left += ICON
    out.append(
        text(
            left,
            y + h / 2 + 4,
            words,
            mono=True,
            color="" if ink == "currentColor" else ink,
            faint=0.65 if quiet else 1,
        )
    )
    if lost:
        out.append(_warnings(x, y, w, h, {"": lost}))
    return f"<g>{''.join(out)}</g>"


def _warnings(x: float, y: float, w: float, h: float, lost: dict[str, int]) -> str:
    """A tag at the lower right corner: how many events nobody takes. It leaves the middle to the lines."""
    if not lost:
        return ""
    names = shown(next(iter(lost)), 40) if len(lost) == 1 else "events"
    room = max(int((w / 2 - 20) / 5.2), 6)
    words = f"{sum(lost.values()):,} {names}".rstrip()
    words = f"{words} unhandled" if len(words) + 10 <= room else clip(words, room)
    wide = 5.2 * len(words) + 27
    left, top = x + w - wide + 8, y + h - 8
    return (
        f'<rect x="{num(left)}" y="{num(top)}" width="{num(wide)}" height="16" rx="8" fill="{WARNING}"/>'
        + mark(WARNED, left + 6, top + 2, "#fff", 1)
        + text(left + 21, top + 11.5, words, 9.5, color="#fff")
    )


def mark(path: str, x: float, y: float, color: str, faint: float, *, filled: bool = False) -> str:
    """Draw a mark of 12 by 12."""
    look = f'fill="{color}"' if filled else f'fill="none" stroke="{color}" stroke-width="1.3"'
    return f'<path d="{path}" transform="translate({num(x)} {num(y)})" {look} opacity="{faint:g}"/>'


# What nodes say when a reader points at them.


def _title(
    place: Place, tally: StepTally | None, waits: str, joins: list[JoinState], lost: dict[str, int]
) -> str:  # fmt: skip
    parts = [f"{clip(place.name, 200)} ({'handler' if place.form else 'step'})", f"{place.workers or 1:,} at once"]
    if tally is not None:
        parts.append(at_work(place.workers or 1, tally))
    parts += [f"waits for {clip(waits, 200)}"] if waits else []
    parts += [standing(join) for join in joins if join.events]
    parts += [f"gave {number:,} {clip(name, 100)} that no step takes" for name, number in lost.items()]
    return " · ".join(parts)


def _said(place: Place, sent: int | None, lost: int) -> str:
    word = f", {EVENTS[place.form].word}" if place.form in EVENTS else ""
    out = f"{clip(place.name, 200)} (event{word})"
    out += "" if sent is None else f" · {sent:,} sent"
    return out + (f" · {lost:,} that no step takes" if lost else "")
