"""What follows from the figures, in sentences: for a person who has to decide, and for one who learns."""

from __future__ import annotations

from ipyflow.views.whatif.forecast import Facts, Forecast
from ipyflow.views.words import counted, duration, shown

NAMED = 6
"""Links of the longest chain that are named; of more the longest."""
SMALL = 0.001
"""Seconds: tasks that take less are better put together."""
CLUSTER = 0.0013
"""Seconds that a task costs on a Dask cluster, and in a worker process; see ``docs/executors.md``."""
PROCESS = 0.00015
_WORKERS = {"threads": "thread", "processes": "process", "dask": "Dask worker"}


def workers(facts: Facts, number: int) -> str:
    """So many workers, by their kind.

    Args:
        facts: what was found.
        number: how many.
    """
    noun = _WORKERS.get(facts.kind, "worker")
    return f"{number:,} {noun}" + ("" if number == 1 else "es" if noun == "process" else "s")


def times(facts: Facts, seconds: float) -> str:
    """How many times as fast as one after another.

    Args:
        facts: what was found.
        seconds: how long it takes.
    """
    gain = facts.sequential / seconds if seconds else 1.0
    if gain < 0.095:  # it waited, and hardly worked
        return "–"
    return f"{gain:.1f}x" if gain < 99.95 else f"{gain:,.0f}x"


def sentences(facts: Facts, chain: bool = True) -> list[str]:
    """All that there is to say, the most important first.

    Args:
        facts: what was found.
        chain: whether the links of the longest chain are named; else it is shown beside.
    """
    links = f": {chain_words(facts)}" if chain else ""
    if not facts.own:
        said = [f"Its tasks need no workers: any number runs on the loop at once. It took {_s(facts.measured)}."]
        return [*said, f"The longest chain takes {_s(facts.best)}{links}.", *_person(facts)]
    enough = f"More than {workers(facts, facts.enough)} {'changes' if facts.enough == 1 else 'change'} nothing"
    if is_held(facts):
        held = " and ".join(f"'{shown(name, 40)}'" for name in facts.limits[:2])
        one = len(facts.limits) == 1
        holds = f"the limit {held} holds" if one else f"limits ({held}{', …' if len(facts.limits) > 2 else ''}) hold"
        said = [f"{enough}: {holds} it at {_s(facts.best)}, without {'it' if one else 'them'} {_s(facts.free)}."]
        said += [f"The longest chain{links}."] if chain else []
    else:
        said = [f"{enough}: the longest chain takes {_s(facts.best)}{links}."]
    return [*said, *_advice(facts), *_person(facts), *_rough(facts)]


def chain_words(facts: Facts) -> str:
    """The longest chain: ``load (1.2 s) → 3 × parse (0.6 s)``.

    Args:
        facts: what was found.
    """
    longest = sorted(facts.chain, key=lambda link: -link.seconds)[:NAMED]
    parts: list[str] = []
    for link in facts.chain:
        if link in longest:
            many = f"{link.tasks:,} × " if link.tasks > 1 else ""
            parts.append(f"{many}{shown(link.name, 40)} ({_s(link.seconds)})")
        elif not parts or parts[-1] != "…":
            parts.append("…")
    return " → ".join(parts)


def row(facts: Facts, one: Forecast) -> str:
    """One number of workers: ``8 threads: 3.40 s (2.9x)``.

    Args:
        facts: what was found.
        one: the forecast.
    """
    return f"{workers(facts, one.workers)}: {duration(one.seconds)} ({times(facts, one.seconds)})"


def is_held(facts: Facts) -> bool:
    """Whether limits or rates, and not the tasks themselves, decide what the best is.

    Args:
        facts: what was found.
    """
    return bool(facts.limits) and facts.free < 0.95 * facts.best


def _advice(facts: Facts) -> list[str]:
    took = facts.again if facts.person else facts.measured
    gain = took / facts.best if facts.best else 1.0
    said: list[str] = []
    if facts.typical < SMALL:
        said.append(
            f"Half of its tasks take less than {_s(facts.typical)}, and a task costs {_s(PROCESS)} in a process and "
            f'{_s(CLUSTER)} on a cluster: neither is worth it before one does more, as with map(..., batch="auto").'
        )
    if gain < 1.15:
        only = "a higher limit" if is_held(facts) else "a shorter chain"
        return [*said, f"More workers, processes or a cluster would not help: only {only} would."]
    if facts.typical < SMALL:
        return said
    need = f"{facts.enough:,}"
    if facts.kind == "threads":
        said.append(
            f"Where its tasks wait (for pages, files, programs), configure(threads={need}) gets this. Where they "
            'compute in Python, threads take turns: executor="processes" gets it up to the number of cores, beyond '
            'them executor="dask".'
        )
    elif facts.kind == "processes":
        said.append(
            f"configure(processes={need}) gets this as far as there are cores. Beyond them a Dask cluster would: a "
            f"task costs {_s(CLUSTER)} there, and half of these take {_s(facts.typical)} and more."
        )
    else:
        said.append(f"It takes {counted(facts.enough, 'worker')} to get there.")
    return said


def _person(facts: Facts) -> list[str]:
    if facts.person < SMALL:
        return []
    return [f"The {_s(facts.person)} until somebody retried what had failed are a person's time: they are left out."]


def _rough(facts: Facts) -> list[str]:
    off = abs(facts.again - facts.measured)
    if facts.person >= SMALL:
        return []  # others may have worked meanwhile: what is left of the measured time cannot be told
    if off <= 0.1 * facts.measured or off < SMALL:
        return []
    played = f"Played again with its own {workers(facts, facts.own)} it takes {_s(facts.again)}"
    return [f"{played}, where it took {_s(facts.measured)}: the figures are as rough as that."]


_s = duration
