"""One box of the graph as a static picture: a task, many equal ones, or what stands for a pipeline or a group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ipyflow.model.run import RunState
from ipyflow.model.status import State
from ipyflow.views.containers import CONTAINERS, PAUSED, branches, entries
from ipyflow.views.graph import LETTER, MARK, SMALL_LETTER, caption
from ipyflow.views.palette import LOOKS, ORDER, ROLES
from ipyflow.views.svg import bar, esc, num, role_mark, text
from ipyflow.views.words import clip, counts_in_words, duration, run_time, shown

CORNER = 7
LEAST = 3.0
"""Pixels of the bar at the foot of a box for a state that hardly any of its tasks are in."""
_LOUD = frozenset({State.FAILED, State.TIMED_OUT, State.BLOCKED, State.RUNNING})
_QUIET = frozenset({State.PLANNED, State.SKIPPED})
"""States of tasks that have no story: they need no bar, and stand back behind those that have one."""


def box(state: RunState, node: dict[str, Any], until: float, key: str) -> str:
    """Draw a box.

    A pipeline and a group have a frame around them and the states of what is below them along their foot; what is
    only planned has a dashed outline, what was passed over is faint.

    Args:
        state: the run.
        node: a node of :func:`ipyflow.views.graph.graph`.
        until: the end of the time axis, on the engine's clock.
        key: the picture's key, for its patterns.
    """
    x, y, w, h = node["x"], node["y"], node["w"], node["h"]
    counts = _counts(state, node)
    look = next(s for s in ORDER if counts[s])
    under = _named(node["below"]) if node["role"] in CONTAINERS else counts
    out = [f"<title>{esc(_words(state, node, counts, until))}</title>"]
    if node["count"] > 1:
        out += [_sheet(x, y, w, h, lift) for lift in (6, 3)]
    out.append(_outline(x, y, w, h, look))
    if node["role"] in CONTAINERS:
        out.append(
            f'<rect x="{x - 3}" y="{y - 3}" width="{w + 6}" height="{h + 6}" rx="{CORNER + 3}" fill="none"'
            ' stroke="currentColor" stroke-opacity=".3"/>'
        )
    paused = node["count"] == 1 and state.tasks[node["task"]].reason == PAUSED
    out.append(_caption(node, look, under, paused))
    if set(under) - _QUIET or len(under) > 1:
        out.append(_states(under, x, y, w, h, key))
    faint = ' opacity=".55"' if look is State.SKIPPED else ""
    return f"<g{faint}>{''.join(out)}</g>"


def _counts(state: RunState, node: dict[str, Any]) -> Counter[State]:
    return _named(node["counts"]) if node["count"] > 1 else Counter({state.tasks[node["task"]].state: 1})


def _named(counts: dict[str, int]) -> Counter[State]:
    return Counter({State(name): number for name, number in counts.items() if number})


def _words(state: RunState, node: dict[str, Any], counts: Counter[State], until: float) -> str:
    """What a box says when a reader points at it."""
    role = f" ({ROLES[node['role']].word})" if node["role"] in ROLES else ""
    if node["count"] > 1:
        words = f"{node['name']} ×{node['count']:,}{role} · {counts_in_words(counts)}"
    else:
        task = state.tasks[node["task"]]
        ran = run_time(task, until)
        words = f"{task.name}#{task.id}{role} · {LOOKS[task.state].word}"
        words += f" · {duration(ran)}" if ran is not None else ""
        words += f" · {task.type}: {clip(task.text, 200)}" if task.type else ""
        words += f" · {clip(task.text, 200)}" if task.text and not task.type else ""
    if node["role"] in CONTAINERS:
        below = _named(node["below"])
        words += f" · {branches(*node['branches'])}" if node["branches"] else ""
        words += f" · below it: {counts_in_words(below)}" if below else ""
    return words


def _outline(x: float, y: float, w: float, h: float, look: State) -> str:
    place = f'<rect x="{x}" y="{y}" width="{w}" height="{h}" rx="{CORNER}"'
    if look is State.PLANNED:
        fill = 'fill="currentColor" fill-opacity=".02"'
        return f'{place} {fill} stroke="currentColor" stroke-opacity=".55" stroke-dasharray="5 3"/>'
    loud = look in _LOUD
    edge = LOOKS[look].color if loud else "currentColor"
    return (
        f'{place} fill="{LOOKS[look].color}" fill-opacity=".09" stroke="{edge}"'
        f' stroke-opacity="{0.9 if loud else 0.45}" stroke-width="{1.6 if loud else 1}"/>'
    )


def _sheet(x: float, y: float, w: float, h: float, lift: float) -> str:
    """The edge of a box behind the box."""
    path = f"M{num(x + lift + 4)} {num(y - lift)}H{num(x + w + lift - 6)}q6 0 6 6V{num(y + h - lift - 4)}"
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-opacity=".45"/>'


def _caption(node: dict[str, Any], look: State, under: Counter[State], paused: bool) -> str:
    x, y, w = node["x"], node["y"], node["w"]
    times = f" ×{node['count']:,}" if node["count"] > 1 else ""
    name = clip(shown(node["name"]), max(int((w - 40) / LETTER) - len(times), 3))
    above = _above(node, under, paused)
    mark = MARK if node["role"] in ROLES else 0
    return (
        (role_mark(node["role"], x + 10, y + 14, size=10) if mark else "")
        + text(x + 10 + mark, y + 14, clip(above, int((w - 34 - mark) / SMALL_LETTER)), 9.5, faint=0.65)
        + text(x + 10, y + (30 if above else 24), name + times, mono=True, faint=0.8 if look is State.PLANNED else 1)
        + (
            text(x + w - 10, y + 18, LOOKS[look].mark, 13, anchor="end", color=LOOKS[look].color)
            if look is not State.PLANNED
            else ""
        )
    )


def _above(node: dict[str, Any], under: Counter[State], paused: bool) -> str:
    """The small line above the name: of a group its branches, of a pipeline its entries, else what and where it is."""
    if node["role"] == "group":
        return branches(*node["branches"])
    if node["role"] == "pipeline":
        return f"{'paused, ' if paused else ''}{entries(under)}"
    return caption(node["module"], node["group"], node["role"])


def _states(counts: Counter[State], x: float, y: float, w: float, h: float, key: str) -> str:
    """A thin bar at the foot of the box: the share of each state."""
    there = [state for state in ORDER if counts[state]]
    at, out = x + 10.0, ""
    for state, wide in zip(there, shares([counts[state] for state in there], w - 20), strict=True):
        out += bar(at, y + h - 8, wide, 4, state, key, 1)
        at += wide
    return out


def shares(counts: Sequence[int], room: float, least: float = LEAST) -> list[float]:
    """Divide the room in proportion, but leave each at least so much: two failures of ten thousand are to be seen.

    Example:
        >>> shares([1, 999], 100)
        [3.0, 97.0]
    """
    least = min(least, room / len(counts))
    total = sum(counts)
    small = [count * room < least * total for count in counts]
    rest = sum(count for count, is_small in zip(counts, small, strict=True) if not is_small) or 1
    left = room - least * sum(small)
    return [float(least if is_small else left * count / rest) for count, is_small in zip(counts, small, strict=True)]
