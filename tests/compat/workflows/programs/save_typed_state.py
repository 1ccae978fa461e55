"""Typed state and objects that are not JSON are kept and come back."""

import json

from pydantic import BaseModel
from workflows import Context, Workflow, step
from workflows.context import JsonSerializer, PickleSerializer
from workflows.errors import ContextSerdeError
from workflows.events import StartEvent, StopEvent


class Item(BaseModel):
    name: str


class Basket(BaseModel):
    items: list[Item] = []
    total: float = 0


class Buy(Workflow):
    @step
    async def buy(self, ctx: Context[Basket], ev: StartEvent) -> StopEvent:
        async with ctx.store.edit_state() as state:
            state.items.append(Item(name=ev.item))
            state.total += 2.5
        return StopEvent(result=len((await ctx.store.get_state()).items))


class Odd(Workflow):
    @step
    async def keep(self, ctx: Context, ev: StartEvent) -> StopEvent:
        await ctx.store.set("odd", {1, 2} if ev.get("set") else print)
        return StopEvent()


async def main():
    buy = Buy()
    handler = buy.run(item="soap")
    first = await handler
    kept = json.dumps(handler.ctx.to_dict(serializer=JsonSerializer()))
    context = Context.from_dict(buy, json.loads(kept), serializer=JsonSerializer())
    second = await buy.run(ctx=context, item="bread")
    state = await context.store.get_state()
    odd = Odd()
    handler = odd.run(set=True)
    await handler
    pickled = json.loads(json.dumps(handler.ctx.to_dict(serializer=PickleSerializer())))
    back = Context.from_dict(odd, pickled, serializer=PickleSerializer())
    handler = odd.run()
    await handler
    try:
        handler.ctx.to_dict()
        refused = None
    except (ContextSerdeError, ValueError, TypeError):
        refused = "refused"
    return {
        "counts": [first, second],
        "state": [type(state).__name__, [type(item).__name__ + item.name for item in state.items], state.total],
        "set": sorted(await back.store.get("odd")),
        "refused": refused,
    }
