"""An instant as a person says it: three hours ago, yesterday, that Friday."""

from __future__ import annotations

import datetime
import re
from typing import TypeAlias

When: TypeAlias = datetime.datetime | datetime.date | datetime.timedelta | str
"""What stands for an instant: a date, a date and time, or how long ago it was."""

_AGO = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|min|m|h|d|w)")
_SECONDS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_WANTED = "as in '2h', '3d', 'yesterday', '2026-11-20' or '2026-11-20 14:00'; a datetime or a timedelta will do, too"


def instant(when: When, end: bool = False, now: datetime.datetime | None = None) -> float:
    """The instant in seconds since the epoch.

    Args:
        when: a date or a datetime (local where it says no zone), a timedelta (so long ago), or a text: ``"2h"``,
            ``"3d"``, ``"today"``, ``"yesterday"``, ``"2026-11-20"``, ``"2026-11-20 14:00"``.
        end: of a whole day, its end is meant.
        now: from when ``ago`` counts; by default from now.

    Raises:
        TypeError: it is nothing of these.
        ValueError: a text that says no instant.

    Example:
        >>> now = datetime.datetime(2026, 11, 20, 12)
        >>> datetime.datetime.fromtimestamp(instant("90min", now=now)).isoformat()
        '2026-11-20T10:30:00'
    """
    now = datetime.datetime.now() if now is None else now
    if isinstance(when, str):
        when = _read(when.strip(), now)
    if isinstance(when, datetime.timedelta):
        try:
            return (now - when).timestamp()
        except (OverflowError, OSError):
            return 0.0  # longer ago than there is any time
    if isinstance(when, datetime.datetime):
        return when.timestamp()
    if isinstance(when, datetime.date):
        day = datetime.datetime.combine(when, datetime.time())
        return (day + datetime.timedelta(days=1) if end else day).timestamp()
    raise TypeError(f"{when!r} is no instant: give one {_WANTED}")


def _read(text: str, now: datetime.datetime) -> When:
    ago = _AGO.fullmatch(text.removesuffix("ago").strip())
    if ago is not None:
        return datetime.timedelta(seconds=min(float(ago[1]) * _SECONDS[ago[2]], 1e11))
    if text in ("today", "yesterday"):
        return now.date() - datetime.timedelta(days=text == "yesterday")
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        pass
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no instant: give one {_WANTED}") from None
