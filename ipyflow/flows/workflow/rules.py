"""What can be wrong with the ways of a workflow's events: a function for each, that gives lines of a message."""

from __future__ import annotations

from ipyflow.flows.workflow import reach
from ipyflow.flows.workflow.events import HumanResponseEvent, StepFailedEvent, StopEvent
from ipyflow.flows.workflow.reach import does, givers, gives, goes_to, listed, takers_of, waiting
from ipyflow.flows.workflow.table import Table


def taken_and_never_given(table: Table) -> list[str]:
    """Events that steps wait for and nobody sends."""
    lines = []
    for kind in table.taken:
        names = waiting(table, kind)
        if not names:
            continue
        twin = reach.twin(kind, table.given)
        below = [other for other in table.given if issubclass(other, kind) and other is not kind]
        if twin is not None:
            fix = (
                f"{gives(table, twin)}, which is another class of this name, defined at another time: run the "
                "definition of the event and then that of the workflow again"
            )
        elif below:
            fix = f"{gives(table, below[0])}, a subclass of it: take that, or write @step(accept_event_subclasses=True)"
        else:
            fix = (
                f"add it to the return annotation of the step that sends it (-> ... | {table.label(kind)}), or send it "
                "from outside and make it a HumanResponseEvent"
            )
        lines.append(f"{does(names, 'take')} {table.label(kind)}, which no step gives: {fix}")
    return lines


def given_and_never_taken(table: Table) -> list[str]:
    """Events that steps give and nobody waits for."""
    lines = []
    for kind in table.given:
        above = [other for other in table.taken if issubclass(kind, other)]
        if not reach.is_lost(table, kind) or any(waiting(table, k) for k in (*above, reach.twin(kind, table.taken))):
            continue  # it is named with the one that is taken
        if above:
            fix = (
                f"{does(takers_of(table, above[0]), 'take')} {table.label(above[0])}, of which it is a subclass: write "
                "@step(accept_event_subclasses=True) there"
            )
        else:
            fix = (
                f"write a step that takes it (ev: {table.label(kind)}), or take it out of the return annotation and, "
                "if it is only for who listens, write ctx.write_event_to_stream(...)"
            )
        lines.append(f"{gives(table, kind)}, which no step takes: {fix}")
    return lines


def stop_events_taken(table: Table) -> list[str]:
    """Steps that wait for the end."""
    return [
        f"{does(takers_of(table, kind), 'take')} {table.label(kind)}, which ends the run and goes to no step: take an "
        "event of your own, and give the StopEvent behind it"
        for kind in table.taken
        if issubclass(kind, StopEvent)
    ]


def unreachable(table: Table) -> list[str]:
    """Steps that nothing leads to."""
    led_to = reach.reached(table)
    lines = []
    for step in table.steps.values():
        kinds = list(dict.fromkeys(kind for one in step.takes for kind in one.types))
        said = any(issubclass(k, (StopEvent, StepFailedEvent)) or step.name in waiting(table, k) for k in kinds)
        if step.name in led_to or said:
            continue
        never = [kind for kind in kinds if not givers(table, step, kind) & led_to]
        names = listed([table.label(kind) for kind in never], "or" if len(step.takes) == 1 else "and")
        others = sorted({name for kind in never for name in givers(table, step, kind)} - {step.name})
        who = f"{listed(others)}, never run either" if others else "itself"
        lines.append(
            f"{step.name} is never run: what it takes, {names}, is given only by {who}: give it in a step that "
            f"{table.label(table.start)} leads to"
        )
    return lines


def dead_ends(table: Table) -> list[str]:
    """Steps behind which the run cannot end."""
    ending = reach.ending(table)
    lines = []
    for step in table.steps.values():
        given = (*step.gives, *step.gives_lists)
        if not given or step.name in ending or "dead_end" in step.skip_graph_checks:
            continue
        names = " | ".join(table.label(kind) for kind in given)
        lines.append(
            f"{step.name} gives {names}, and nothing behind it gives a StopEvent: add one to its return annotation, or "
            "to that of a step behind it (-> ... | StopEvent)"
        )
    return lines


def lists_never_given(table: Table) -> list[str]:
    """Steps that take lists of events that come of no list."""
    led_to = reach.reached(table)
    levels = [table.level_of_list(name) for name, step in table.steps.items() if step.gives_lists]
    lines = []
    for step in table.steps.values():
        for one in step.takes:
            if one.collect is None or step.name not in led_to:
                continue
            for kind in one.types:
                if step.name in waiting(table, kind):
                    continue
                if not any(goes_to(other, step, kind) for level in levels for other in level):
                    name = table.label(kind)
                    lines.append(
                        f"{step.name} takes list[{name}], and no {name} comes of a returned list: return the events as "
                        f"a list in the step that begins (-> list[...]), or take single ones (ev: {name}) and write "
                        f"ctx.collect_events(ev, [{name}] * n)"
                    )
    return lines


def joins_that_never_meet(table: Table) -> list[str]:
    """Steps that put events together of which some come of a list and others do not."""
    led_to = reach.reached(table)
    answers = [kind for kind in table.taken if issubclass(kind, HumanResponseEvent)]
    levels = [table.level_of((table.start, *answers))]
    levels += [table.level_of_list(name) for name, step in table.steps.items() if step.gives_lists]
    lines = []
    for step in table.steps.values():
        kinds = [one.types[0] for one in step.takes]
        if len(kinds) < 2 or step.name not in led_to:
            continue
        if not any(all(any(goes_to(k, step, kind) for k in level) for kind in kinds) for level in levels):
            names = listed([table.label(kind) for kind in dict.fromkeys(kinds)])
            lines.append(
                f"{step.name} puts {names} together, and they never meet: only events that come of the same returned "
                "list, or all of none, do. Take the list in a step of its own first (events: list[...])"
            )
    return lines


def several_states(table: Table) -> list[str]:
    """Contexts of states that are no subclass of each other."""
    if table.state_type is not None or not table.state_types:
        return []
    found = listed([f"Context[{kind.__name__}] ({listed(names)})" for kind, names in table.state_types.items()])
    return [f"steps have contexts of several states, {found}, and a run has one: use one type, or subclasses of it"]
