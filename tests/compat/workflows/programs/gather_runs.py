"""Many runs of one workflow at once do not disturb each other."""

import asyncio

from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step


class Part(Event):
    number: int


class Ready(Event):
    number: int


class Sum(Workflow):
    @step
    async def begin(self, ctx: Context, ev: StartEvent) -> Part | None:
        await ctx.store.set("base", ev.base)
        for number in range(5):
            ctx.send_event(Part(number=number))

    @step
    async def work(self, ctx: Context, ev: Part) -> Ready:
        await asyncio.sleep(0)
        return Ready(number=ev.number + await ctx.store.get("base"))

    @step
    async def end(self, ctx: Context, ev: Ready) -> StopEvent | None:
        ready = ctx.collect_events(ev, [Ready] * 5)
        return StopEvent(result=sum(event.number for event in ready)) if ready else None


async def main():
    workflow = Sum()
    return await asyncio.gather(*(workflow.run(base=base) for base in range(20)))
