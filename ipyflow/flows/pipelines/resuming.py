"""How a chain goes on after a retry: from the entry that failed, with all before it as it was.

Whenever an entry fails, or the chain is stopped, it keeps a copy of itself from before: a few references. If nothing
heals the failure, that is where a retry goes on, of the entry or of all that failed because of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipyflow.flows.pipelines.entries import FINALISER, Entry
from ipyflow.flows.pipelines.plan import Ids

if TYPE_CHECKING:
    from ipyflow.flows.pipelines.chain import Chain


def copied(chain: Chain) -> Chain:
    """The chain as it stands; nobody runs the copy."""
    copy = chain.__class__.__new__(chain.__class__)
    for name in chain.__slots__:
        setattr(copy, name, getattr(chain, name))
    copy.saved = None
    return copy


def restore(chain: Chain, before: Chain, entered: bool, afresh: bool) -> None:
    """Make ``chain`` what it was when it failed, with what it has passed over since planned again.

    Args:
        chain: the chain.
        before: its copy.
        entered: the entry that it stands at has been submitted, and has failed.
        afresh: that entry is submitted anew, in place of being retried.
    """
    for name in chain.__slots__:
        setattr(chain, name, getattr(before, name))
    chain.over = chain.halted = chain.way_out = chain.has_slot = False
    chain.below = tuple([f._replace(ids=_planned_again(chain, f.entries, f.place + 1, f.ids)) for f in chain.below])
    chain.entries = tuple([entry.renewed() for entry in chain.entries])  # a cell may have defined them anew
    chain.ids = _planned_again(chain, chain.entries, chain.place + entered, chain.ids)
    if chain.ids is not None and entered and afresh:
        chain.ids[chain.place] = None  # that number is taken


def _planned_again(chain: Chain, entries: tuple[Entry, ...], place: int, ids: Ids | None) -> Ids | None:
    if ids is None:
        return None
    # A finaliser has run: it gets a new number.
    known = [None if entry.role == FINALISER else id for entry, id in zip(entries, ids, strict=True)]
    plan, parent = chain.planner(), chain.node.future.id
    return [*ids[:place], *plan.write(entries[place:], parent, chain.refs, chain.branch, chain.group, known[place:])]
