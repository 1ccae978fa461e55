"""What another process has done of a pipeline that is submitted below a task, in a run that goes on after its kernel.

A pipeline is found by its words, and among those of the same words by its mark: all its entries with their arguments.
Where that is not known, or it is long, by the arguments of its first entry. One whose value is known is not begun; of
another, entries are found done one by one: see :mod:`ipyflow.engine.resuming`.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from ipyflow.engine import marks
from ipyflow.engine.call import Call
from ipyflow.engine.describe import arguments
from ipyflow.engine.inner_code import digest_of
from ipyflow.engine.nodes import Node, end_known
from ipyflow.engine.references import find
from ipyflow.engine.resuming import Resumed
from ipyflow.flows.pipelines.entries import Entry, Group
from ipyflow.flows.pipelines.plan import PLANNED

if TYPE_CHECKING:
    from ipyflow.flows.pipelines.value import Pipeline


def known_below(
    node: Node, pipeline: Pipeline, parent: Call, label: str | None, args: tuple[Any, ...], kwargs: dict[str, Any],
    state: Any,
) -> Resumed | None:  # fmt: skip
    """What is known of a pipeline whose node was just opened below ``parent``; the node has ended if that is all.

    Args:
        node: its node.
        pipeline: what is to run.
        parent: what has submitted it.
        label: the label of the group around it.
        args: what its head is handed.
        kwargs: the same by keyword.
        state: the state it starts with.
    """
    engine, run = node.engine, node.future.run
    mark = None
    if engine.memory is not None and run.kind in marks.RESUMED:
        mark = mark_of(pipeline, args, kwargs, state, engine.memory.keeps_results)
        if mark is not None:
            engine.memory.keep_mark(run.id, node.future.id, mark)
    if parent.earlier is None:
        return None
    head: Any
    first = pipeline.entries[0]
    if isinstance(first, Group):
        head = first.text
    else:
        own = (state, *args) if first.task.options.with_state else args
        head = ((*own, *first.args), {**kwargs, **first.kwargs})
    places = parent.earlier.find_node(node.task.name, pipeline.outline, label, "pipeline", None, mark, head)
    if not places:
        return None
    resumed = Resumed(places)
    outcome = resumed.outcome(mark)
    if outcome is None:
        resumed.begins(node)
    else:
        past, was, value = outcome
        resumed.stands_for(node.future.id)
        end_known(node, value, past, was)
    return resumed


def mark_of(
    pipeline: Pipeline, args: tuple[Any, ...], kwargs: dict[str, Any], state: Any, hashes: bool
) -> bytes | None:
    """The same for pipelines of the same tasks with the same arguments, in any process; ``None``: nobody knows.

    Args:
        pipeline: what is to run.
        args: what its head is handed.
        kwargs: the same by keyword.
        state: the state it starts with.
        hashes: whether arguments that are not plain are to be hashed, which takes its time.
    """
    if pipeline.size > PLANNED:
        return None
    written: list[str] = []
    if args or kwargs or state is not None:
        given = ((*args, state), kwargs)
        if find(given):
            return None
        handed = marks.fingerprint(*given)
        if handed is None and hashes:
            handed = digest_of(given)
        if handed is None:
            return None
        written.append(handed.hex())
    if not _write(pipeline.entries, hashes, written):
        return None
    return blake2b("\n".join(written).encode(), digest_size=16).digest()


def _write(entries: tuple[Entry, ...], hashes: bool, out: list[str]) -> bool:
    """Add the words of ``entries``; False where nobody can tell them from others."""
    for entry in entries:
        if isinstance(entry, Group):
            told = (entry.name, entry.text, entry.return_exceptions, entry.fail_fast, entry.ordered, entry.pauses)
            out.append(repr(told))
            if entry.merge is not None and not _write_call(entry.merge, (), {}, hashes, out):
                return False
            for branch in entry.branches:
                out.append(repr((branch.size, len(branch.entries))))
                if not _write(branch.entries, hashes, out):
                    return False
        else:
            out.append(f"{entry.role} {entry.pauses}")
            if not _write_call(entry.task, entry.args, entry.kwargs, hashes, out):
                return False
    return True


def _write_call(task: Any, args: tuple[Any, ...], kwargs: dict[str, Any], hashes: bool, out: list[str]) -> bool:
    text, mark = "", b""
    if args or kwargs or task.is_local or task.role is not None:
        if find((args, kwargs)):
            return False
        text = arguments(args, kwargs)
        known = marks.mark_for_ever(task, marks.mark_of(task, text, args, kwargs), args, kwargs, hashes)
        if known is None:
            return False
        mark = known
    options = task.options
    out.append(f"{task.module} {task.name!r} {options.with_state} {options.fruitful} {mark.hex()} {text!r}")
    return True
