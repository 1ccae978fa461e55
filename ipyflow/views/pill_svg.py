"""An event in the picture of a workflow: a pill; and the marks and tags that steps have too."""

from __future__ import annotations

from ipyflow.model.status import State
from ipyflow.views.palette import EVENT, EVENTS, LOOKS, WARNING
from ipyflow.views.svg import esc, num, text
from ipyflow.views.ways import ICON, LETTER, Place
from ipyflow.views.words import clip, shown

WARNED = "M6 1.2 11.2 10.4H.8ZM6 4.4v3M6 8.4v.8"
"""The mark of what nobody takes, in a box of 12 by 12."""


def pill(place: Place, sent: int | None, lost: int, wanted: bool = False) -> str:
    """Draw a type of event.

    Args:
        place: where it stands.
        sent: how many were sent; ``None`` draws what it is alone.
        lost: how many of them no step takes.
        wanted: whether the workflow waits for one.
    """
    x, y, w, h = place.x, place.y, place.w, place.h
    quiet = sent == 0 and not wanted
    out = [f"<title>{esc(_said(place, sent, lost))}</title>"]
    color = WARNING if lost else LOOKS[State.BLOCKED].color if wanted else EVENT
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
        out.append(tag(x, y, w, h, {"": lost}))
    return f"<g>{''.join(out)}</g>"


def tag(x: float, y: float, w: float, h: float, lost: dict[str, int]) -> str:
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


def _said(place: Place, sent: int | None, lost: int) -> str:
    word = f", {EVENTS[place.form].word}" if place.form in EVENTS else ""
    out = f"{clip(place.name, 200)} (event{word})"
    out += "" if sent is None else f" · {sent:,} sent"
    return out + (f" · {lost:,} that no step takes" if lost else "")
