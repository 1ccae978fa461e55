"""Whether an event that something waits for can still come, and from where.

It follows from the routes: from the steps that run or have events to be run for, along the lines. A step may send what
its annotation does not name; of that nobody knows before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ipyflow.model.events import WorkflowState
from ipyflow.views.step_words import named, parts_of
from ipyflow.views.tallies import StepTally
from ipyflow.views.words import counted, shown


def able(flow: WorkflowState, type_: str, steps: Mapping[str, StepTally]) -> str:
    """Say which step may give an event of this type, by itself or by what follows on it; nothing where none can.

    Args:
        flow: the workflow.
        type_: the type's name.
        steps: what its steps are at.

    Example:
        >>> flow = WorkflowState(1, edges=(("step:load", "event:Page", ""),))
        >>> able(flow, "Page", {"load": StepTally(4, running=1)}), able(flow, "Page", {"load": StepTally(4)})
        ('load, which runs, may give it', '')
    """
    wanted = f"event:{type_}"
    direct = {source.removeprefix("step:") for source, target, _ in flow.edges if target == wanted}
    run = [name for name, step in steps.items() if name in direct and (step.running or step.retrying)]
    if run:
        return f"{named(run)}, which {runs(run)}, may give it"
    queued = [name for name, step in steps.items() if name in direct and step.waiting]
    if queued:
        number = steps[queued[0]].waiting
        return f"{queued[0]}, for which {counted(number, 'event')} {'waits' if number == 1 else 'wait'}, may give it"
    held = [name for name, step in steps.items() if name in direct and step.blocked]
    if held:
        return f"{named(held)}, which {'stand' if len(held) > 1 else 'stands'} blocked, may give it"
    reached = upstream(flow, {wanted})
    far = [name for name in busy(steps) if f"step:{name}" in reached]
    return f"it may come of {named(far)}, which {runs(far)}" if far else ""


def upstream(flow: WorkflowState, wanted: Iterable[str]) -> set[str]:
    """All steps and events from which there is a way to these."""
    before: dict[str, list[str]] = {}
    for source, target, _ in flow.edges:
        before.setdefault(target, []).append(source)
    reached = set(wanted)
    ways = list(reached)
    while ways:
        for source in before.get(ways.pop(), ()):
            if source not in reached:
                reached.add(source)
                ways.append(source)
    return reached


def busy(steps: Mapping[str, StepTally]) -> list[str]:
    """The steps from which something may still come."""
    return [name for name, step in steps.items() if step.busy or step.retrying or step.waiting]


def outside(flow: WorkflowState, name: str) -> str:
    """A hint for what comes from outside."""
    kinds = dict(flow.kinds)
    for one in name.split(" | "):
        if kinds.get(one) == "answer":
            return f": send it with future.send_event({shown(one, 60)}(...))"
    return ""


def from_which(flow: WorkflowState, types: Iterable[str], steps: Mapping[str, StepTally]) -> list[str]:
    """Say which steps give events of these types, how often they were run, and how many of them they gave.

    Args:
        flow: the workflow.
        types: the names of the types.
        steps: what its steps came to.

    Example:
        >>> flow = WorkflowState(1, edges=(("step:load", "event:Page", ""), ("step:load", "event:Rate", "")))
        >>> from_which(flow, ["Page", "Rate", "Date"], {"load": StepTally(4, succeeded=2)})
        ['Page and Rate come from load, which ran twice and gave none.', 'No step gives Date.']
    """
    said: dict[str, list[str]] = {}
    for type_ in dict.fromkeys(types):
        told = []
        for source in dict.fromkeys(source for source, target, _ in flow.edges if target == f"event:{type_}"):
            name = source.removeprefix("step:")
            step = steps.get(name, StepTally())
            ran = parts_of(step.workers, step, over=True)[0]
            gave = flow.given[source, f"event:{type_}"]
            went = "was not run" if ran == "not run" else f"{ran} and gave {f'{gave:,}' if gave else 'none'}"
            told.append(f"{shown(name, 60)}, which {went}")
        said.setdefault(named(told), []).append(shown(type_, 60))
    return [
        f"{named(names)} {'come' if len(names) > 1 else 'comes'} from {told}."
        if told
        else f"No step gives {named(names)}."
        for told, names in said.items()
    ]


def runs(names: Sequence[str]) -> str:
    """The verb behind some names."""
    return "run" if len(names) > 1 else "runs"
