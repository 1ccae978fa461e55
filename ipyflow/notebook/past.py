"""``%flow history``: the runs of all days and kernels; what takes their keys is in :mod:`ipyflow.notebook.commands`."""

from __future__ import annotations

from IPython.core.error import UsageError
from IPython.display import display

from ipyflow.errors import HistoryUnavailable
from ipyflow.notebook.grammar import Given, unquoted
from ipyflow.past.finding import kept, keyed
from ipyflow.past.history import History
from ipyflow.past.history import history as listed
from ipyflow.views.history import disk_text
from ipyflow.views.words import counted, shown

LISTED = 30
"""Runs that are listed unless a line says how many."""


def history(given: Given) -> None:
    """``%flow history``: list runs, delete them, bring one in, say how much room they take.

    Raises:
        UsageError: a word that stands for nothing, or no history is kept; nothing was done.
    """
    options = {name.removeprefix("--"): unquoted(value) for name, value in given.options.items()}
    try:
        if "disk" in options:
            _alone("--disk", given)
            store = kept()
            print(f"The history takes {disk_text(store.disk())}. It is {store.database.place}")
        elif "read" in options:
            _alone("--read", given)
            run = listed(limit=1).read(options["read"])
            print(f"{shown(run.name, 60)} is in the history: %flow show {run.key}")
        elif options.pop("delete", None) is None:
            chosen = _chosen(given, options)
            display(chosen)
            if chosen:
                print("%flow show KEY opens one; the beginning of its key will do")
        else:
            _delete(given, options)
    except (HistoryUnavailable, ValueError, LookupError, RuntimeError, OSError) as error:
        raise UsageError(str(error)) from None


def _alone(option: str, given: Given) -> None:
    others = [*given.operands, *(name for name in given.options if name != option)]
    if others:
        raise UsageError(f"%flow history {option} stands alone, got {' '.join(others)}")


def _chosen(given: Given, options: dict[str, str]) -> History:
    """The runs that a line names, or those that meet its conditions."""
    word = unquoted(given.operands[0]) if given.operands else None
    one = None if word is None else keyed(word, kept())
    if one is not None:
        if options:
            raise ValueError(f"{word} is the key of one run: leave out {', '.join(given.options)}")
        return History(kept(), [one], {})
    number = options.pop("limit", str(LISTED))
    if not number.isdigit():
        raise ValueError(f"--limit {number}: give a whole number; 0 is all")
    return listed(word, **options, limit=int(number) or None)


def _delete(given: Given, options: dict[str, str]) -> None:
    if not given.operands and not options.keys() - {"limit"}:
        raise ValueError(
            "that would delete all there is: say which, as in %flow history --until 30d --delete; "
            "%flow history --until 0s --delete is all"
        )
    if "limit" in options:
        raise ValueError("--delete takes all that meet the conditions: leave out --limit")
    chosen = _chosen(given, options)
    runs = [] if chosen.conditions else list(chosen)  # a key is no condition: the one run is meant
    print(f"{counted(chosen.delete(*runs), 'run')} deleted")
