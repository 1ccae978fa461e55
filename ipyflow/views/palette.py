"""The look of each state: one colour, one mark and one texture, the same in every view; and the mark of each role.

The colours are after Okabe and Ito's, which readers with any kind of colour blindness can tell apart; state is never
said by colour alone, a mark or a texture goes with it. They are mid-tones that stand on white and on black.
"""

from __future__ import annotations

from typing import NamedTuple

from ipyflow.model.status import State


class Look(NamedTuple):
    """How one state is drawn. ``texture`` is ``solid``, ``faint``, ``hatched``, ``dotted`` or ``outline``."""

    color: str
    mark: str
    texture: str
    word: str


LOOKS: dict[State, Look] = {
    State.PLANNED: Look("#8C8C8C", "◌", "outline", "planned"),
    State.WAITING: Look("#8C8C8C", "…", "dotted", "waiting"),
    State.QUEUED: Look("#8C8C8C", "○", "faint", "queued"),
    State.RUNNING: Look("#0072B2", "▸", "solid", "running"),
    State.BLOCKED: Look("#BD7D00", "‖", "hatched", "blocked"),
    State.CANCELLING: Look("#7F7F7F", "⊖", "hatched", "cancelling"),
    State.SUCCEEDED: Look("#009E73", "✓", "solid", "succeeded"),
    State.FAILED: Look("#CC3311", "✗", "solid", "failed"),
    State.TIMED_OUT: Look("#A8457F", "◷", "solid", "timed out"),
    State.CANCELLED: Look("#7F7F7F", "⊘", "solid", "cancelled"),
    State.SKIPPED: Look("#8C8C8C", "↷", "outline", "skipped"),
    State.CACHED: Look("#2A90C8", "≈", "solid", "cached"),
}
"""The look of every state; the order is that of legends and counts."""

ORDER: tuple[State, ...] = (
    State.FAILED,
    State.TIMED_OUT,
    State.BLOCKED,
    State.RUNNING,
    State.CANCELLING,
    State.WAITING,
    State.QUEUED,
    State.PLANNED,
    State.SUCCEEDED,
    State.CACHED,
    State.CANCELLED,
    State.SKIPPED,
)
"""The states in the order in which a reader should meet them: trouble first, then work, then the rest."""


EDITED = "M1.6 10.4 2.3 7.5 8.1 1.7l2.2 2.2-5.8 5.8ZM6.7 3.1l2.2 2.2"
"""A pencil, in a box of 12 by 12: the code was changed. Texts say so in words."""


class RoleLook(NamedTuple):
    """How views say what a task is in its pipeline, where it is more than an entry: a mark and a word, never colour.

    ``path`` is the mark as pictures draw it, in a box of 12 by 12: fonts do not agree on these letters, and a page and
    a picture must show the same shape.
    """

    mark: str
    word: str
    path: str


ROLES: dict[str, RoleLook] = {
    "pipeline": RoleLook("»", "pipeline", "M2.2 2.4 5.8 6 2.2 9.6M6.4 2.4 10 6 6.4 9.6"),
    "group": RoleLook("≡", "group", "M1.8 2.7h8.4M1.8 6h8.4M1.8 9.3h8.4"),
    "exceptionally": RoleLook("↯", "handler", "M7.9 1 3.5 6.3h5L4.1 11"),
    "finally": RoleLook("⇥", "finaliser", "M1.2 6h7.3M5.5 3 8.5 6 5.5 9M10.7 2.2v7.6"),
    "merge": RoleLook("⋈", "merge", "M1.7 2.6v6.8L10.3 2.6v6.8Z"),
    "workflow": RoleLook("⇄", "workflow", "M1.5 2.2h4v3h-4ZM6.5 6.8h4v3h-4ZM3.5 5.2v3.1h3"),
    "step": RoleLook("▫", "step", "M2 3.2h8v5.6H2Z"),
    "prompt": RoleLook("?", "prompt", "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4Q6 6.8 6 8M6 9.7v1"),
}
"""The mark and the word of each role of :data:`ipyflow.model.records.ROLES`."""


EVENT = "#7D5FC6"
"""The colour of events and of the ways they went; like those of the states it stands on white and on black."""
WARNING = LOOKS[State.FAILED].color


class EventLook(NamedTuple):
    """How views say what an event is to its workflow. ``path`` is the mark, in a box of 12 by 12."""

    mark: str
    word: str
    path: str


EVENTS: dict[str, EventLook] = {
    "start": EventLook("▶", "start", "M3 1.8 10 6 3 10.2Z"),
    "stop": EventLook("■", "stop", "M2.4 2.4h7.2v7.2H2.4Z"),
    "ask": EventLook("?", "asks a person", "M3.6 4.2A2.4 2.4 0 1 1 6.9 6.4Q6 6.8 6 8M6 9.7v1"),
    "answer": EventLook("↳", "from outside", "M2 1.8V7h7M6.4 4.2 9.2 7 6.4 9.8"),
    "failed": EventLook("↯", "a step failed", "M7.9 1 3.5 6.3h5L4.1 11"),
}
"""The mark and the word of each kind of event in :class:`ipyflow.model.records.Routes` that has one."""
