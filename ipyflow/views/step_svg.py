"""A step in the picture of a workflow: a box with two lines, and a bar for what became of its runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ipyflow.model.events import JoinState
from ipyflow.model.status import State
from ipyflow.views.palette import EVENT, LOOKS, ROLES, WARNING
from ipyflow.views.pill_svg import WARNED, mark, tag
from ipyflow.views.step_words import at_work, far, missing, often, parts_of, standing
from ipyflow.views.svg import bar, esc, num, text
from ipyflow.views.tallies import StepTally
from ipyflow.views.ways import ICON, LETTER, SMALL_LETTER, Place
from ipyflow.views.words import clip, shown

CORNER = 7
DOTS = 10
"""Events of a join that are drawn as dots; of more only the numbers are said."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a step stands.

    Attributes:
        tally: what it is at; ``None`` draws what it is alone.
        waits: the event from outside that it waits for; empty for none.
        joins: its joins.
        over: whether its workflow has ended.
        failed: whether it ended badly: else what failed was handled.
        stuck: whether that was because something did not come: then what its joins lack is a warning.
    """

    tally: StepTally | None
    waits: str = ""
    joins: Sequence[JoinState] = ()
    over: bool = False
    failed: bool = False
    stuck: bool = False

    @property
    def join(self) -> JoinState | None:
        """The join that holds events."""
        return next((join for join in self.joins if join.events), None)


def step(place: Place, at: Standing, lost: dict[str, int], key: str) -> str:
    """Draw a step: its name, its workers and what waits for one, or what its join lacks; what became of its runs.

    Args:
        place: where it stands.
        at: how it stands.
        lost: events that it gave and nobody takes, where they have no node, by type.
        key: the picture's key, for its patterns.
    """
    x, y, w, h = place.x, place.y, place.w, place.h
    look = _look(at)
    loud = look in (State.RUNNING, State.BLOCKED, State.FAILED)
    short = at.stuck and at.join is not None
    color = WARNING if short else LOOKS[look].color if look else "currentColor"
    out = [f"<title>{esc(_title(place, at, lost))}</title>"]
    quiet = at.tally is not None and look is None and not short
    seen = loud or short
    out.append(
        f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{CORNER}" fill="{color}"'
        f' fill-opacity="{0.1 if look or short else 0.04}" stroke="{color if seen else "currentColor"}"'
        f' stroke-opacity="{0.9 if seen else 0.3 if quiet else 0.5}" stroke-width="{1.6 if seen else 1}"/>'
    )
    below = _below(x, y + 34, place, at, 0.7 if quiet else 0.8)
    first = y + (20 if below else h // 2 + 4)
    faint = 0.7 if quiet else 1.0
    left = x + 12
    if place.form:
        out.append(mark(ROLES["exceptionally"].path, left, first - 9.5, "currentColor", 0.7))
        left += ICON
    name = clip(shown(place.name, 60), int((x + w - 26 - left) / LETTER))
    out.append(text(left, first, name, mono=True, faint=faint))
    if short:
        out.append(mark(WARNED, x + w - 23, first - 10.5, WARNING, 1))
    elif look is not None:
        out.append(text(x + w - 11, first, LOOKS[look].mark, 13, anchor="end", color=LOOKS[look].color))
    out.append(below)
    if at.tally is not None:
        out.append(_share(at.tally, x, y, w, h, key))
    out.append(tag(x, y, w, h, lost))
    return f"<g>{''.join(out)}</g>"


def _look(at: Standing) -> State | None:
    """What there is to see first; nothing of a step that has not been run."""
    tally = at.tally
    if tally is None:
        return None
    order = (
        (State.RUNNING, tally.running),
        (State.BLOCKED, tally.blocked or at.waits),
        (State.WAITING, tally.waiting or tally.retrying or at.join),
        (State.FAILED, tally.failed if at.failed or not tally.succeeded else 0),
        (State.SUCCEEDED, tally.succeeded),
        (State.CANCELLED, tally.cancelled),
    )
    return next((state for state, there in order[3 if at.over else 0 :] if there), None)


def _below(x: int, y: int, place: Place, at: Standing, faint: float) -> str:
    """The line below the name: what the step waits for, what its join has and lacks, or what it is at."""
    room = int((place.w - 18) / SMALL_LETTER)
    workers = place.workers or 1
    if at.waits:
        words = f"waits for {shown(at.waits, 60)}"
        return text(x + 12, y, clip(words, room), 10)
    if at.tally is None:
        return text(x + 12, y, often(workers), 10, faint=faint) if often(workers) else ""
    live = not at.over and (at.tally.busy or at.tally.waiting or at.tally.retrying)
    if at.join is not None and not live:
        return _joined(x + 12, y, room, at.join, at)
    parts = parts_of(workers, at.tally, over=at.over)
    if at.join is not None:
        parts.append(far(at.join, over=at.over))
    if len(" · ".join(parts)) > room:
        parts = parts_of(workers, at.tally, over=at.over, short=True)
    while len(parts) > 1 and len(" · ".join(parts)) > room:
        parts.pop()
    return text(x + 12, y, clip(" · ".join(parts), room), 10, faint=faint)


def _joined(x: float, y: float, room: int, join: JoinState, at: Standing) -> str:
    """A dot for each event of a join, full or still missing, and words, as much as there is room for."""
    lacks = missing(join)
    number = len(join.events) + lacks if lacks else 1
    dots = 2 * number + 1 if number <= DOTS else 0
    long, brief = standing(join, over=at.over), far(join, over=at.over)
    words = long if at.stuck or dots + len(long) <= room or not lacks else brief
    color = WARNING if at.stuck else "#8A8A8A" if at.over else EVENT
    out = ""
    if dots and dots + len(words) <= room:
        for i in range(number):
            out += _dot(x + 3.5, y - 3.5, i < len(join.events), color)
            x += 9
        x += 4
        room -= dots
    return out + text(x, y, clip(words, room), 10, faint=1 if at.stuck else 0.8)


def _dot(x: float, y: float, full: bool, color: str) -> str:
    fill = f'fill="{color}"' if full else f'fill="none" stroke="{color}" stroke-width="1.2"'
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
            out += bar(at, y + h - 6, wide, 2.5, state, key, 1)
            at += wide
    return out


def _title(place: Place, at: Standing, lost: dict[str, int]) -> str:
    parts = [f"{clip(place.name, 200)} ({'handler' if place.form else 'step'})", f"{place.workers or 1:,} at once"]
    if at.tally is not None:
        parts.append(at_work(place.workers or 1, at.tally, over=at.over))
    parts += [f"waits for {clip(at.waits, 200)}"] if at.waits else []
    parts += [standing(join, over=at.over) for join in at.joins if join.events]
    parts += [f"gave {number:,} {clip(name, 100)} that no step takes" for name, number in lost.items()]
    return " · ".join(parts)
