"""Random workflows as plain data, and real ones made of such data as source text, with counters in every body."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import ipyflow as fl
from ipyflow import workflows
from ipyflow.workflows import Event, HumanResponseEvent, StopEvent, Workflow
from tests.flows.workflow.interpreter import Interpreter, Plan, Program, kind_name

SKIPPED = ("reachability", "terminal_event", "dead_end")
MOST_EVENTS = 250
ENDINGS = ("stall", "finish", "list")


class Boom(Exception):
    pass


class Finish(HumanResponseEvent):
    pass


class Generator:
    """Makes a random :class:`Program` of a seed.

    Args:
        seed: says which.
        endings: how it may end.
        sending: with events sent in bodies, which are sent again when a body is run again.
        handled: with handlers for steps that fail for good; else they end the run.
    """

    def __init__(
        self, seed: int, endings: tuple[str, ...] = ENDINGS, sending: bool = True, handled: bool = True
    ) -> None:
        self.rng = random.Random(seed)
        self.endings, self.sending, self.handled = endings, sending, handled

    def program(self) -> Program:
        while True:
            made = self.draw()
            counts = Interpreter(made if self.handled else made.healed).run()
            if sum(counts.sent.values()) + sum(counts.runs.values()) <= MOST_EVENTS:
                return made

    def draw(self) -> Program:
        self.regions: list[int] = []
        self.plans: dict[str, Plan] = {}
        ending = self.rng.choice(self.endings)
        base = self.block()
        first = self.add(Plan("begin", "plain", is_async=self.rng.random() < 0.5))
        if ending == "list":
            self.open(first, [], depth=2, is_base=True)
        else:
            kinds = tuple(self.rng.choices(base[:3], k=self.rng.randint(1, 4)))
            if self.sending:
                first = self.add(replace(first, sends=kinds))
                self.gives(first, base, depth=2)
            else:
                self.add(replace(first, gives=kinds[0]))
            self.fill(base, depth=2, is_base=True)
        return sound(Program(tuple(self.regions), tuple(self.plans.values()), ending))

    def add(self, plan: Plan) -> Plan:
        self.plans[plan.name] = plan
        return plan

    def block(self) -> list[int]:
        """The types of a new region."""
        first, region = len(self.regions), self.regions[-1] + 1 if self.regions else 0
        self.regions += [region] * self.rng.randint(2, 5)
        return list(range(first, len(self.regions)))

    def fill(self, block: list[int], depth: int, is_base: bool) -> None:
        """Steps that take the types of a region."""
        rng = self.rng
        for kind in block:
            for _ in range(rng.choice([0, 1, 1, 1, 2])):
                earlier, later = [k for k in block if k <= kind], [k for k in block if k > kind]
                form = rng.choice(["plain", "plain", "plain", "parts", "collect" if is_base else "parts"])
                takes: tuple[int, ...] = (kind,)
                if form == "parts":
                    takes = (kind, *rng.choices(earlier, k=rng.choice([1, 1, 2])))
                elif rng.random() < 0.3 or form == "collect":
                    takes = tuple(dict.fromkeys([kind, *rng.choices(earlier, k=2)]))
                plan = Plan(f"s{len(self.plans)}", form, takes, self.sets(takes) if form == "collect" else ())
                plan = self.add(
                    replace(
                        plan, workers=rng.choice([1, 2, 3, 4]), is_async=rng.random() < 0.6,
                        naps=rng.choice([0, 0, 1, 3]), waits=rng.random() < 0.1,
                    )
                )  # fmt: skip
                self.sends(plan, later)
                self.fails(plan, later)
                if len(plan.sets) < 2:
                    self.gives(plan, later, depth)

    def sets(self, takes: tuple[int, ...]) -> tuple[tuple[tuple[int, ...], str | None], ...]:
        """What a step asks for with ``collect_events``."""
        found: list[tuple[tuple[int, ...], str | None]] = []
        for id in self.rng.choice([(None,), (None,), (None, None), ("one", "two"), (None, "other")]):
            types = tuple(self.rng.choices(takes, k=self.rng.choice([1, 2, 2, 3, 5])))
            if id is not None or all(Counter(types) != Counter(other) for other, _ in found):
                found.append((types, id))
        return tuple(found)

    def sends(self, plan: Plan, later: list[int]) -> None:
        if later and self.sending:
            self.add(
                replace(self.plans[plan.name], sends=tuple(self.rng.choices(later, k=self.rng.choice([0, 0, 1, 2]))))
            )

    def fails(self, plan: Plan, later: list[int]) -> None:
        rng = self.rng
        if rng.random() > 0.25:
            return
        fails, retries = rng.choice([(1, 1), (1, 2), (2, 2), (1, 0), (3, 2)])
        plan = replace(self.plans[plan.name], fails=fails, retries=retries, early=rng.random() < 0.3)
        if plan.fails_for_good and self.handled:
            handler = self.add(Plan(f"h{len(self.plans)}", "handler", workers=1, is_async=rng.random() < 0.5))
            self.sends(handler, later)
            self.gives(handler, later, 0)
            plan = replace(plan, handler=handler.name)
        self.add(plan)

    def gives(self, plan: Plan, later: list[int], depth: int) -> None:
        """One type out of ``later``, or a list."""
        if depth and self.rng.random() < 0.35:
            self.open(plan, later, depth - 1, is_base=False)
        elif later and self.rng.random() < 0.85:
            self.add(replace(self.plans[plan.name], gives=self.rng.choice(later)))

    def open(self, plan: Plan, above: list[int], depth: int, is_base: bool) -> None:
        """Have a step return a list, and fill the region that it opens; its joins give types out of ``above``."""
        rng, block = self.rng, self.block()
        heads = tuple(rng.choices(block[:2], k=rng.choice([0, 1, 2, 3, 4])))
        bare = tuple(rng.choices(block[:2], k=1))
        plan = self.add(replace(self.plans[plan.name], list_of=heads, bare=bare))
        self.fill(block, depth, is_base)
        reached = sorted(sound(Program(tuple(self.regions), tuple(self.plans.values()))).reached(plan))
        for _ in range(1 if is_base else rng.choice([0, 1, 1, 2])):
            takes = tuple(dict.fromkeys(rng.choices(reached, k=rng.choice([1, 1, 2]))))
            most = None if is_base or rng.random() < 0.7 else rng.choice([1, 2, 3])
            name = "last" if is_base else f"j{len(self.plans)}"
            join = self.add(
                Plan(name, "list", takes, most=most, workers=rng.choice([1, 4]), is_async=rng.random() < 0.5)
            )
            if not is_base:
                self.sends(join, above)
                self.gives(join, above, depth)


def sound(program: Program) -> Program:
    """The program without the steps that cannot be run: what they take is given by nobody."""
    steps = list(program.steps)
    while True:
        now = replace(program, steps=tuple(steps))
        given: set[int] = set()
        for step in steps:
            given |= now.kinds_given(step) | {*(step.list_of or ()), *step.bare}
        used = {step.handler for step in steps}
        kept = []
        for step in steps:
            if step.form == "handler" and step.name not in used:
                continue
            takes = tuple(kind for kind in step.takes if kind in given)
            if takes != step.takes:
                if not takes or step.form in ("parts", "collect"):
                    continue
                step = replace(step, takes=takes)
            kept.append(step)
        if kept == steps:
            return now
        steps = kept


# Real workflows.


def source(program: Program) -> str:
    """The program as a module."""
    lines = [f"class {kind_name(kind)}(Event):\n    pass\n" for kind in range(len(program.regions))]
    lines.append("class Made(Acting):")
    for step in program.steps:
        parameters = _parameters(step)
        takes = ", ".join(f"{name}: {hint}" for name, hint in parameters)
        given = ", ".join(name for name, _ in parameters)
        define, call = ("async def", "await self.ago") if step.is_async else ("def", "self.go")
        lines.append(_decorator(program, step))
        lines.append(f"    {define} {step.name}(self, ctx: Context, {takes}) -> {_gives(program, step)}:")
        lines.append(f"        return {call}({step.name!r}, ctx, {given})\n")
    if program.ending == "finish":
        lines.append(
            "    @step\n    def finish(self, ev: Finish) -> StopEvent:\n        return StopEvent(result='end')\n"
        )
    return "\n".join(lines)


@contextmanager
def telling(program: Program) -> Iterator[None]:
    """What goes wrong inside tells the program too."""
    try:
        yield
    except BaseException as error:
        error.add_note(source(program))
        raise


def _decorator(program: Program, step: Plan) -> str:
    if step.form == "handler":
        handled = [one.name for one in program.steps if one.handler == step.name]
        return f"    @catch_error(for_steps={handled}, max_recoveries=1000)"
    return f"    @step(num_workers={step.workers}, retry_policy={step.retries})"


def _parameters(step: Plan) -> list[tuple[str, str]]:
    union = " | ".join(map(kind_name, step.takes))
    if step.form == "handler":
        return [("ev", "StepFailedEvent")]
    if not step.takes:
        return [("ev", "StartEvent")]
    if step.form == "parts":
        return [(f"ev{i}", kind_name(kind)) for i, kind in enumerate(step.takes)]
    if step.form == "list":
        return [
            ("evs", f"list[{union}]" if step.most is None else f"Annotated[list[{union}], Collect(Take({step.most}))]")
        ]
    return [("ev", union)]


def _gives(program: Program, step: Plan) -> str:
    given = [kind_name(kind) for kind in sorted(program.kinds_given(step))]
    if step.list_of is not None:
        given.append(f"list[{' | '.join(kind_name(k) for k in sorted({*step.list_of, *step.bare}))}]")
    if (not step.takes and step.form == "plain") or step.name == "last":
        given.append("StopEvent")
    return " | ".join([*given, "None"])


class Body:
    """A body that runs and counts itself."""

    def __init__(self, counting: Counting, name: str) -> None:
        self.counting, self.name, self.counts = counting, name, True

    @contextmanager
    def outside(self) -> Iterator[None]:
        """For the time of a wait. A body whose wait is cut short by a cancel is on its way out: it counts no more."""
        self.counting.move(self.name, -1)
        self.counts = False
        yield
        self.counts = True
        self.counting.move(self.name, 1)


class Counting:
    """How many bodies of each step run at once, and how many did at most."""

    def __init__(self) -> None:
        self.now: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.lock = threading.Lock()

    def move(self, name: str, by: int) -> None:
        with self.lock:
            self.now[name] += by
            self.most[name] = max(self.most[name], self.now[name])

    @contextmanager
    def inside(self, name: str) -> Iterator[Body]:
        self.move(name, 1)
        body = Body(self, name)
        try:
            yield body
        finally:
            if body.counts:
                self.move(name, -1)


@fl.task
async def nothing() -> None:
    pass


class Acting(Workflow):
    """What the bodies of made workflows do."""

    program: Program
    kinds: list[type[Event]]
    may_block = True
    """On the spot a ``def`` may run on the loop, which must not stand still."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.counting = Counting()
        self.failed: dict[tuple[str, int], tuple[int, Any]] = {}

    async def ago(self, name: str, ctx: workflows.Context[Any], *given: Any) -> Any:
        plan = self.program.plan(name)
        with self.counting.inside(name) as body:
            for _ in range(plan.naps):
                await asyncio.sleep(0)
            if plan.waits:
                child = nothing.submit()
                with body.outside():
                    await child
            return self.act(plan, ctx, given)

    def go(self, name: str, ctx: workflows.Context[Any], *given: Any) -> Any:
        plan = self.program.plan(name)
        with self.counting.inside(name) as body:
            if plan.waits and self.may_block:
                child = nothing.submit()
                with body.outside():
                    child.result()
            return self.act(plan, ctx, given)

    def act(self, plan: Plan, ctx: workflows.Context[Any], given: tuple[Any, ...]) -> Any:
        rounds = [True]
        if plan.form == "collect":
            rounds = []
            for types, id in plan.sets:
                got = ctx.collect_events(given[0], [self.kinds[kind] for kind in types], id)
                assert got is None or [type(one) for one in got] == [self.kinds[kind] for kind in types]
                rounds.append(got is not None)
        fails = self.fails_now(plan, given)
        if not fails or plan.early:
            for _ in range(sum(rounds)):
                for kind in plan.sends:
                    ctx.send_event(self.kinds[kind]())
        if fails:
            raise Boom(plan.name)
        return self.gift(plan) if rounds[0] else None

    def fails_now(self, plan: Plan, given: tuple[Any, ...]) -> bool:
        """True so often for each event, however often the body is run for it."""
        if not plan.fails:
            return False
        with self.counting.lock:
            times, _ = self.failed.get((plan.name, id(given[0])), (0, None))
            self.failed[plan.name, id(given[0])] = (times + 1, given[0])
        return times < plan.fails

    def gift(self, plan: Plan) -> Any:
        if plan.name == "last":
            return StopEvent(result="end")
        if plan.list_of is not None:
            return [self.kinds[kind]() for kind in plan.list_of]
        return None if plan.gives is None else self.kinds[plan.gives]()


def built(program: Program) -> type[Acting]:
    """The workflow class of a program."""
    names: dict[str, Any] = {
        **{name: getattr(workflows, name) for name in workflows.__all__}, "Acting": Acting, "Finish": Finish,
        "Annotated": __import__("typing").Annotated, "__name__": __name__,
    }  # fmt: skip
    exec(compile(source(program), "<made>", "exec"), names)
    made: type[Acting] = names["Made"]
    made.program = program
    made.kinds = [names[kind_name(kind)] for kind in range(len(program.regions))]
    return made
