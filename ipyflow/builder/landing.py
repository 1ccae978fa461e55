"""Where arguments land: what each step is handed, and which of its parameters get what.

What a task hands on is only known when it has run: a tuple is several arguments. The hint of what it returns may tell;
without one, one argument is expected, and what follows from that is a doubt and no error.
"""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field
from typing import Any, Union, get_args, get_origin, get_type_hints

from ipyflow.builder import plan as p
from ipyflow.builder.names import Names, signature
from ipyflow.builder.texts import MISSING, joined, literal
from ipyflow.flows.pipelines.value import Pipeline
from ipyflow.flows.tasks import Task

POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Handed:
    """What a step is handed, in front of its own arguments.

    Attributes:
        count: how many arguments.
        certain: whether it may be other than ``count``.
        source: where it comes from, in words.
        keywords: the names of what is handed by keyword.
    """

    count: int = 0
    certain: bool = True
    source: str = ""
    keywords: tuple[str, ...] = ()


@dataclass
class Slot:
    """One parameter of a step's task, and what it gets.

    Attributes:
        name: the parameter.
        key: under which an argument for it stands in the plan: ``args.0`` or ``kwargs.name``.
        text: the argument, as Python; empty for none.
        source: where it comes from, when it is handed.
        needed: without an argument there is no call.
        default: what it is otherwise, as Python.
    """

    name: str
    key: str = ""
    text: str = ""
    source: str = ""
    needed: bool = False
    default: str = ""


@dataclass
class Landing:
    """The slots of a step, and the arguments that land nowhere.

    Attributes:
        slots: one for each parameter.
        extra: own arguments without a parameter: their keys and what is wrong with them.
        names: the parameters on which the positional arguments of its own land.
        open: the task takes any further arguments, or does not tell.
        handed: what it is handed.
    """

    slots: list[Slot] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    open: bool = False
    handed: Handed = field(default_factory=Handed)


def handed(plan: p.Plan, names: Names) -> dict[int, Handed]:
    """What each step and each group is handed, by its number."""
    found: dict[int, Handed] = {}
    _along(plan["entries"], _at_first(plan["initial"]), names, found)
    return found


def _at_first(initial: p.Initial) -> Handed:
    keywords: tuple[str, ...] = ()
    value = literal(initial["kwargs"]) if initial["kwargs"] else {}
    certain = isinstance(value, dict)
    if isinstance(value, dict):
        keywords = tuple(str(name) for name in value)
    source = "what the pipeline begins with"
    if not initial["args"]:
        return Handed(0, certain, source, keywords)
    args = literal(initial["args"])
    if args is MISSING:
        return Handed(1, False, source, keywords)
    return Handed(len(args) if isinstance(args, tuple) else 1, certain, source, keywords)


def _along(entries: list[p.Entry], first: Handed, names: Names, found: dict[int, Handed]) -> Handed:
    """Through a list of entries; gives what comes out of its end."""
    now = first
    for entry in entries:
        if entry["kind"] == "group":
            found[entry["id"]] = now
            for branch in entry["branches"]:
                _along(branch["entries"], now, names, found)
            now = Handed(1, True, "the list of the branches' values")
        elif entry["role"] == p.FINALISER:
            found[entry["id"]] = Handed()
        elif entry["role"] == p.HANDLER:
            found[entry["id"]] = Handed(1, True, "the error")
            after = _after(entry, names)
            now = Handed(after.count, after.certain and now.certain and after.count == now.count, _or(now, after))
        else:
            found[entry["id"]] = now
            now = _after(entry, names)
    return now


def _or(one: Handed, other: Handed) -> str:
    return other.source if one.source == other.source else f"{one.source}, or {other.source}"


def _after(step: p.Step, names: Names) -> Handed:
    task = names.task(step["task"])
    source = f"the value of {step['task'] or 'the step before'}"
    if task is None:
        return Handed(1, False, source)
    if not flag(step, "fruitful", task):
        return Handed(0, True, "")
    hint = _returns(task)
    if flag(step, "with_state", task):
        args = get_args(hint)
        hint = args[1] if get_origin(hint) is tuple and len(args) == 2 and args[1] is not ... else None
    if hint is None:
        return Handed(1, False, source)
    if hint is tuple or get_origin(hint) is tuple:
        args = get_args(hint)
        if hint is tuple or (args and args[-1] is ...):
            return Handed(1, False, source)
        return Handed(len(args), True, source)
    vague = hint is Any or hint is object or get_origin(hint) in (Union, types.UnionType)
    return Handed(1, not vague and hint is not Pipeline, source)


def _returns(task: Task[Any, Any]) -> Any:
    """What the function says it returns; ``None`` where it does not."""
    try:
        return get_type_hints(inspect.unwrap(task.fn)).get("return")
    except Exception:  # a hint of a name that is not there
        return None


def flag(step: p.Step, option: str, task: Task[Any, Any] | None) -> bool:
    """Whether a step has ``with_state`` or ``fruitful``, by its own options or its task's."""
    own = literal(step["options"].get(option, ""))
    if isinstance(own, bool):
        return own
    return bool(getattr(task.options, option)) if task is not None else option == "fruitful"


def landing(step: p.Step, given: Handed, names: Names) -> Landing:
    """Where the arguments of a step land.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def divide(x, y): ...
        >>> from ipyflow.builder.edits import apply
        >>> plan, _ = apply(p.empty(), {"do": "add", "to": 0, "at": 0, "task": "divide", "arguments": "2"})
        >>> found = landing(plan["entries"][0], Handed(1, True, "the value of load"), Names({"divide": divide}))
        >>> [(slot.name, slot.text or slot.source) for slot in found.slots]
        [('x', 'the value of load'), ('y', '2')]
    """
    task = names.task(step["task"])
    told = None if task is None else signature(task)
    if task is None or told is None:
        return _untold(step, given)
    parameters = list(told.parameters.values())
    made = Landing(handed=given)
    places = [one for one in parameters if one.kind in POSITIONAL]
    if flag(step, "with_state", task) and places:
        made.slots.append(Slot(places[0].name, source="the state"))
        places = places[1:]
    takes_more = any(one.kind is one.VAR_POSITIONAL for one in parameters)
    takes_names = any(one.kind is one.VAR_KEYWORD for one in parameters)
    made.open = takes_more or takes_names
    own, by_name = step["args"], dict(step["kwargs"])
    for place, one in enumerate(places):
        at = place - given.count
        slot = Slot(one.name, needed=one.default is one.empty, default=_default(one, names))
        if place < given.count:
            slot.source = given.source
            if one.name in by_name and one.kind is not one.POSITIONAL_ONLY:
                made.extra[f"kwargs.{one.name}"] = f"{one.name} gets {given.source} already: leave one of them out"
                slot.key, slot.text = f"kwargs.{one.name}", by_name.pop(one.name)
        elif at < len(own):
            slot.key, slot.text = f"args.{at}", own[at]
            made.names.append(one.name)
            if one.name in by_name and one.kind is not one.POSITIONAL_ONLY:
                made.extra[f"kwargs.{one.name}"] = f"{one.name} is given twice: leave one of them out"
                by_name.pop(one.name)
        elif one.name in by_name and one.kind is not one.POSITIONAL_ONLY:
            slot.key, slot.text = f"kwargs.{one.name}", by_name.pop(one.name)
        elif one.name in given.keywords:
            slot.key, slot.source = f"kwargs.{one.name}", given.source
        else:
            slot.key = f"args.{at}" if at == len(own) or one.kind is one.POSITIONAL_ONLY else f"kwargs.{one.name}"
        made.slots.append(slot)
    spare = len(own) - max(0, len(places) - given.count)
    if spare > 0 and not takes_more:
        for at in range(len(own) - spare, len(own)):
            made.extra[f"args.{at}"] = _too_many(step, len(places), given)
    elif spare <= 0 and given.count > len(places) and not takes_more:
        made.extra[""] = _too_many(step, len(places), given)
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY:
            slot = Slot(one.name, f"kwargs.{one.name}", by_name.pop(one.name, ""), "", one.default is one.empty)
            slot.default = _default(one, names)
            if not slot.text and one.name in given.keywords:
                slot.source = given.source
            made.slots.append(slot)
    if not takes_names:
        for name in by_name:
            made.extra[f"kwargs.{name}"] = f"{step['task']} has no parameter {name}"
    return made


def look(step: p.Step, landing: Landing) -> str:
    """The arguments of a step in a picture: what it is handed is left open."""
    first = "error" if step["role"] == p.HANDLER else "…" if landing.handed.count else ""
    own = joined(step["args"], step["kwargs"])
    return ", ".join(part for part in (first, own) if part)


def _too_many(step: p.Step, count: int, given: Handed) -> str:
    takes = "no argument" if count == 0 else "one argument" if count == 1 else f"{count} arguments"
    from_where = f", {given.source} among them" if given.count else ""
    return f"{step['task']} takes {takes} and is given {given.count + len(step['args'])}{from_where}"


def _untold(step: p.Step, given: Handed) -> Landing:
    """Of a task that is not there, or does not tell what it takes."""
    made = Landing(open=True, handed=given)
    made.slots = [Slot(f"argument {at + 1}", f"args.{at}", text) for at, text in enumerate(step["args"])]
    made.slots += [Slot(name, f"kwargs.{name}", text) for name, text in step["kwargs"].items()]
    made.names = [slot.name for slot in made.slots[: len(step["args"])]]
    return made


def _default(parameter: inspect.Parameter, names: Names) -> str:
    if parameter.default is parameter.empty:
        return ""
    text = repr(parameter.default) if type(parameter.default) in _SAID else ""
    return text if 0 < len(text) <= 60 else "…"


_SAID = (int, float, str, bool, bytes, complex, type(None), tuple, list, dict)
