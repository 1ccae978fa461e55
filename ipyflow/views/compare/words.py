"""A comparison in words: a few sentences on the whole, a few words on each task."""

from __future__ import annotations

from datetime import datetime

from ipyflow.model.run import TaskState
from ipyflow.model.status import FAILURE_STATES, State
from ipyflow.views.compare.changes import KINDS, SECONDS, SHARE, Change, Row, differ, failed, failed_tries
from ipyflow.views.compare.facts import Facts, Side
from ipyflow.views.compare.matching import bare
from ipyflow.views.palette import LOOKS
from ipyflow.views.words import clip, counted, duration, shown

MARKS: dict[str, str] = {
    "failing": "✗", "otherwise": "≠", "mended": "✓", "slower": "▲", "faster": "▼", "cached": "≈", "computed": "○",
    "new": "+", "gone": "−", "retried": "↻", "result": "≠", "unfinished": "…", "same": "=",
}  # fmt: skip
"""The shape of each kind of change: never colour alone."""
LOOKED_LIKE: dict[str, State] = {
    "failing": State.FAILED, "otherwise": State.TIMED_OUT, "mended": State.SUCCEEDED, "slower": State.BLOCKED,
    "faster": State.SUCCEEDED, "cached": State.CACHED, "computed": State.RUNNING, "new": State.RUNNING,
    "gone": State.CANCELLED, "retried": State.BLOCKED,
    "result": State.CANCELLED, "unfinished": State.QUEUED, "same": State.QUEUED,
}  # fmt: skip
"""The state whose colour a kind of change has."""
PART = 0.5
"""A name that has at least this part of the difference is told of."""


def title(facts: Facts) -> str:
    """The two runs in a line: ``nightly: a3f9c1-2 before, a3f9c1-3 after``."""
    one, other = facts.before, facts.after
    if one.name == other.name:
        return f"{shown(one.name, 60)}: {one.called} before, {other.called} after"
    return f"{shown(one.name, 60)} ({one.called}) before, {shown(other.name, 60)} ({other.called}) after"


def when(side: Side) -> str:
    """The date and the time at which a run began, here; nothing where that is not known."""
    return f"{datetime.fromtimestamp(side.wall):%Y-%m-%d %H:%M:%S}" if side.wall else ""


def seconds_words(seconds: float) -> str:
    """A difference: ``+1.20 s``, ``−300 ms``.

    Example:
        >>> seconds_words(1.2), seconds_words(-0.3)
        ('+1.20 s', '−300 ms')
    """
    return f"{'−' if seconds < 0 else '+'}{duration(abs(seconds))}"


def times(before: float, after: float) -> str:
    """By how much: ``+20 %``, ``3.1×`` where it is more than double; nothing of nothing.

    Example:
        >>> times(1.0, 1.2), times(1.0, 0.25), times(1.0, 0.001), times(1.0, 3.1), times(0.0, 1.0)
        ('+20 %', '−75 %', '−99 %', '3.1×', '')
    """
    if before <= 0:
        return ""
    if after > 2 * before:
        return f"{after / before:,.1f}×" if after < 100 * before else f"{after / before:,.0f}×"
    part = max(round(100 * (after / before - 1)), -99 if after > 0 else -100)
    return f"{'−' if part < 0 else '+'}{abs(part)} %" if part else ""


def gain(row: Row) -> str:
    """By how much longer a row took, where that is enough to speak of: ``+380 ms 2.4×``."""
    if row.before is None or row.after is None or not differ(row.before, row.after):
        return ""
    return f"{seconds_words(row.seconds)} {times(row.before, row.after)}".strip()


def sentences(facts: Facts) -> list[str]:
    """The whole in a few sentences."""
    one, other = facts.before, facts.after
    out = [_took(one, other)]
    if one.ended and other.ended:
        out += _where(facts)
    out.append(_changed(facts))
    if one.wall > other.wall > 0:
        out.append("What stands here as before began later than the other")
    if not facts.known:
        out.append("Of their code nothing is said: the source of at least one of them is not known")
    return out


def _took(one: Side, other: Side) -> str:
    was, now = duration(one.seconds), duration(other.seconds)
    for side, word in ((other, "after"), (one, "before")):
        if not side.ended:
            return f"The run {word} goes on: what has not ended in both is left out"
    ended = "" if other.state is State.SUCCEEDED else f", and {_fate(other)}"
    ended += "" if one.state in (State.SUCCEEDED, other.state) else f"; the one before {_fate(one)}"
    if not differ(one.seconds, other.seconds):
        if abs(other.seconds - one.seconds) <= SHARE * one.seconds:
            return f"It took {now}, as long as before ({was}){ended}"
        return f"It took {now} instead of {was}, which is too little to tell them apart{ended}"
    word = "longer" if other.seconds > one.seconds else "less"
    more = times(one.seconds, other.seconds)
    by = f" ({more})" if more else ""
    return f"It took {now} instead of {was}, {duration(abs(other.seconds - one.seconds))} {word}{by}{ended}"


def _fate(side: Side) -> str:
    return f"was {side.word}" if side.lost or side.state is State.CANCELLED else side.word


def _where(facts: Facts) -> list[str]:
    """Where the time went: into bodies, or into the wait for a worker."""
    one, other = facts.before, facts.after
    out = []
    if differ(one.ran, other.ran):
        said = f"Its tasks ran {duration(other.ran)} in all instead of {duration(one.ran)}"
        gained = other.ran - one.ran
        first = max(facts.changed(), key=lambda row: row.seconds * (1 if gained > 0 else -1), default=None)
        if first is not None and first.seconds * gained > 0 and abs(first.seconds) >= PART * abs(gained):
            said += f", most of the difference in {named(first)}"
        out.append(said)
    if abs(other.queued - one.queued) > max(SHARE * max(one.seconds, other.seconds), SECONDS):
        out.append(
            f"They waited {duration(other.queued)} for a worker, all together, instead of {duration(one.queued)}"
        )
    return out


def _changed(facts: Facts) -> str:
    counts = facts.counts
    said = [
        f"{counts[kind]:,} {word}" + _failed(facts, kind)
        for kind, word in KINDS.items()
        if kind != "same" and counts[kind]
    ]
    if facts.code:
        said.append(f"the code of {clip(', '.join(shown(one.name, 40) for one in facts.code), 120)} changed")
    same = counts["same"]
    if not said:
        return f"All {counted(same, 'task')} as before" if same != 1 else "Its one task is as before"
    return ", ".join(said) + (f"; {same:,} as before" if same else "")


def _failed(facts: Facts, kind: str) -> str:
    """How many of the tasks that are new have failed: no task was there to compare them with."""
    number = sum(failed(row) for row in facts.rows if row.kind == kind) if kind == "new" else 0
    return f" ({number:,} of them failed)" if number else ""


def row_words(row: Row) -> str:
    """What is to be known of all tasks of a row."""
    out = ["its code changed"] if row.code else []
    out += [f"{failed(row):,} failed"] if row.kind == "new" and len(row.changes) > 1 and failed(row) else []
    return "; ".join(out)


def named(row: Row) -> str:
    """``load`` where one task is meant, ``load ×12`` where several are."""
    many = len(row.changes)
    return shown(row.name, 40) + (f" ×{many:,}" if many > 1 else "")


def said(change: Change) -> str:
    """What is to be known of one task besides its seconds; often nothing."""
    one, other = change.pair.before, change.pair.after
    if one is None or other is None:
        alone = one or other
        assert alone is not None
        return "" if alone.state is State.SUCCEEDED else _ended(alone)
    out = []
    if change.kind in ("failing", "otherwise", "mended"):
        out.append(f"{_ended(one)} → {_ended(other)}")
    elif change.kind == "result":
        out.append(f"{clip(one.text, 60)} → {clip(other.text, 60)}")
    elif change.kind == "cached":
        out.append(_from(other))
    was, now = failed_tries(one), failed_tries(other)
    if was != now and change.kind not in ("failing", "otherwise", "mended"):
        out.append(f"{counted(now, 'failed try')} instead of {was}")
    return "; ".join(part for part in out if part)


def _ended(task: TaskState) -> str:
    if task.state in FAILURE_STATES and task.type:
        return f"{task.type}: {clip(task.text, 120)}" if task.text else task.type
    return LOOKS[task.state].word


def _from(task: TaskState) -> str:
    reused = task.reused
    if reused is None:
        return ""
    if reused.how == "flight":
        return "from an equal call at work"
    if not reused.run:
        return ""
    return f"done in run {reused.run}" if reused.how == "resumed" else f"from run {reused.run}"


def differing_arguments(change: Change) -> str:
    """The arguments before, where they were others."""
    pair = change.pair
    return pair.was if pair.by == "order" and bare(pair.was) != bare(pair.args) else ""
