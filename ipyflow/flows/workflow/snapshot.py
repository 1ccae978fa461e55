"""A run as plain data, and back: ``ctx.to_dict()``, ``Context.from_dict()``, ``workflow.run(ctx=...)``.

What is kept: the store, what waits in joins, and what the steps are run for that have not ended. A step that was in the
middle is run again from its top, so each is run at least once. Events are written outside the run's lock: writing them
is somebody else's code.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ipyflow.errors import ContextStateError, WorkflowError
from ipyflow.flows.workflow.encoding import name_of
from ipyflow.flows.workflow.routing import Delivery, Fan, Join, Sent, is_list
from ipyflow.flows.workflow.serializers import JsonSerializer
from ipyflow.flows.workflow.store import Store
from ipyflow.flows.workflow.waiting import Kept
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.flows.workflow.context import Context
    from ipyflow.flows.workflow.run import WorkflowRun
    from ipyflow.flows.workflow.workflow import Workflow

VERSION = 1


def taken(context: Context[Any], serializer: Any) -> dict[str, Any]:
    """The context, and the run that it belongs to, as data."""
    data: dict[str, Any] = {
        "version": VERSION,
        "workflow": type(context._workflow).__qualname__,
        "is_running": context.is_running,
        "state": context.store.to_dict(serializer),
    }
    if context._run is not None:
        data.update(_Writer(serializer).run(context._run))
    elif context._left is not None:
        data.update({name: value for name, value in context._left[0].items() if name != "state"})
    return data


def restored(kind: type[Context[Any]], workflow: Workflow, data: Any, serializer: Any) -> Context[Any]:
    """A context made of what :func:`taken` gave."""
    name = type(workflow).__qualname__
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ContextStateError(
            f"Context.from_dict({name}, ...): give what ctx.to_dict() has returned, version {VERSION}"
        )
    if data.get("workflow") != name:
        raise ContextStateError(f"Context.from_dict({name}, ...): this is the state of a run of {data.get('workflow')}")
    context = kind(workflow)
    context._store = Store.from_dict(data["state"], serializer, context.store.state_type)
    if data.get("is_running") or data.get("deliveries"):
        table = type(workflow)._all_steps
        known = table.steps
        for entry in (*data["deliveries"], *data["held"], *data["buffers"]):
            if entry["step"] not in known:
                raise ContextStateError(
                    f"Context.from_dict({name}, ...): the state speaks of a step {entry['step']}, "
                    f"and {name} has only {', '.join(known)}"
                )
        if isinstance(serializer, JsonSerializer):
            serializer = serializer.with_types(*table.kinds)
        context.start_event = serializer.deserialize(data["start_event"])
        context._left = (data, serializer)
    return context


class _Writer:
    """Writes what a run holds."""

    def __init__(self, serializer: Any) -> None:
        self._serializer = serializer
        self._fans: dict[Fan, int] = {}

    def run(self, run: WorkflowRun) -> dict[str, Any]:
        with run.lock:
            deliveries = run.closing.undone() if run.over else _under_way(run)
            held = [] if run.over and not deliveries else _joins(run, deliveries)
            held_sents = [(join, [list(slot) for slot in join.slots]) for join in held]
            collected = [dict(delivery.collected or {}) for delivery in deliveries]
            buffers = [(step, key, buffer, buffer.waiting()) for step, key, buffer in run.buffers.all()]
            places = {buffer: place for place, (_, _, buffer, _) in enumerate(buffers)}
            start, unanswered, asked = run.context.start_event, run.unanswered, sorted(run.waits.asked)
            waits = [(one.invocation.step.name, name_of(one.kind), one.requirements) for one in run.waits.all]
            waits += [(one.step, one.kind, one.requirements) for one in run.waits.kept]
        if run.over and not deliveries:
            return {"deliveries": []}
        fan = self._fan
        fan(run.routing.root)
        out = {
            "deliveries": [
                self._delivery(delivery, memo, places) for delivery, memo in zip(deliveries, collected, strict=True)
            ],
            "held": [
                {"step": join.step.name, "fan": fan(join.fan), "slots": [self._sents(slot) for slot in slots]}
                for join, slots in held_sents
            ],
            "buffers": [
                {
                    "step": step, "id": key if isinstance(key, str) else None, "held": self._sents(sents),
                    "expected": [run.table.label(kind) for kind in buffer.expected],
                }
                for step, key, buffer, sents in buffers
            ],
            "start_event": self._serializer.serialize(start),
            "unanswered": unanswered,
            "asked": asked,
            "waits": [[step, kind, self._serializer.serialize(required)] for step, kind, required in waits],
        }  # fmt: skip
        out["fans"] = [
            {"above": None if one.above is None else fan(one.above), "joins": list(one.joins), "done": _done(one)}
            for one in list(self._fans)
        ]
        return out

    def _fan(self, fan: Fan) -> int:
        if fan.above is not None:
            self._fan(fan.above)
        return self._fans.setdefault(fan, len(self._fans))

    def _sents(self, sents: Iterable[Sent]) -> list[Any]:
        return [[self._serializer.serialize(s.event), self._fan(s.fan), s.recoveries] for s in sents]

    def _delivery(self, delivery: Delivery, memo: dict[Any, Any], places: dict[Any, int]) -> dict[str, Any]:
        numbers = [sent.number for sent in delivery.sents]
        collected = [
            [places[buffer], numbers.index(number), None if got is None else self._serializer.serialize(got)]
            for (buffer, number), got in memo.items()
        ]
        return {
            "step": delivery.step.name, "sents": self._sents(delivery.sents), "fan": self._fan(delivery.fan),
            "recoveries": delivery.recoveries, "collected": collected,
        }  # fmt: skip


def _under_way(run: WorkflowRun) -> list[Delivery]:
    queued = [delivery for line in run.lines.values() for delivery in line.queue]
    return [*[invocation.delivery for invocation in run.active], *queued]


def _joins(run: WorkflowRun, deliveries: Iterable[Delivery]) -> list[Join]:
    """The joins in which something waits, of the root and of the lists that something is on its way in."""
    fans: dict[Fan, None] = {run.routing.root: None}
    for delivery in deliveries:
        fan: Fan | None = delivery.fan
        while fan is not None:
            fans[fan] = None
            fan = fan.above
    return [join for fan in fans for join in fan.held.values() if any(join.slots)]


def _done(fan: Fan) -> list[str]:
    return [name for name, join in fan.held.items() if join.done]


def go_on(run: WorkflowRun, left: tuple[dict[str, Any], Any]) -> None:
    """Have ``run`` go on with what was left."""
    data, serializer = left
    routing, table = run.routing, run.table
    kinds = {table.label(kind): kind for kind in table.kinds}
    fans: list[Fan] = []
    for entry in data["fans"]:
        fan = routing.root if entry["above"] is None else Fan(fans[entry["above"]], tuple(entry["joins"]))
        fans.append(fan)
        for name in entry["done"]:
            if name in table.steps:
                fan.held[name] = Join(table.steps[name], fan)
                fan.held[name].done = True
    run.waits.asked.update(data["asked"])
    run.unanswered = data["unanswered"]
    run.waits.kept = [Kept(step, kind, serializer.deserialize(text)) for step, kind, text in data["waits"]]

    def sents_of(rows: list[Any], step: str) -> list[Sent]:
        out = []
        for text, fan, recoveries in rows:
            routing.last += 1
            out.append(Sent(serializer.deserialize(text), routing.last, fans[fan], r.NO_TASK, recoveries))
            run.tell.sent(out[-1], (step,))
        return out

    with run.lock:
        buffers = []
        for entry in data["buffers"]:
            missing = [name for name in entry["expected"] if name not in kinds]
            if missing:
                raise WorkflowError(f"{run.setup.name} has no event {missing[0]} any more: define it again to go on")
            expected = [kinds[name] for name in entry["expected"]]
            buffer = run.buffers.find(entry["step"], expected, entry["id"])
            buffers.append(buffer)
            for sent in sents_of(entry["held"], entry["step"]):
                buffer.add(sent)
                needs = tuple([(table.label(kind), count) for kind, count in buffer.missing()])
                run.tell.held(sent, entry["step"], buffer.name, buffer.have, needs)
        for entry in data["held"]:
            step, fan = table.steps[entry["step"]], fans[entry["fan"]]
            join = fan.held.setdefault(step.name, Join(step, fan))
            for slot, rows in zip(join.slots, entry["slots"], strict=True):
                slot.extend(sents_of(rows, step.name))
                for sent in slot:
                    name = "" if is_list(step) else routing.name_of(step)
                    run.tell.held(sent, step.name, name, len(slot), ())
        deliveries = []
        for entry in data["deliveries"]:
            step, fan = table.steps[entry["step"]], fans[entry["fan"]]
            sents = sents_of(entry["sents"], step.name)
            delivery = Delivery(step, tuple(sents), fan, entry["recoveries"])
            delivery.under_way = True
            fan.live += 1
            for place, index, got in entry["collected"]:
                if delivery.collected is None:
                    delivery.collected = {}
                value = None if got is None else serializer.deserialize(got)
                delivery.collected[buffers[place], sents[index].number] = value
            deliveries.append(delivery)
        for fan in reversed(fans):  # those inside stand behind those around them
            if fan.above is not None and fan.live:
                fan.above.live += 1
    run.go_on_with(deliveries)
