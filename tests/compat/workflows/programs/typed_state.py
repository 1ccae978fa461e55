"""State that is a model of one's own, changed by many steps at once."""

import asyncio

from pydantic import BaseModel, Field, ValidationError
from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Account(BaseModel):
    owner: str = "nobody"
    balance: int = 0
    history: list[int] = Field(default_factory=list)


class Pay(Event):
    amount: int


class Paid(Event):
    pass


class Bank(Workflow):
    @step
    async def open(self, ctx: Context[Account], ev: StartEvent) -> Pay | None:
        async with ctx.store.edit_state() as state:
            state.owner = ev.owner
        for amount in range(10):
            ctx.send_event(Pay(amount=amount))

    @step(num_workers=5)
    async def pay(self, ctx: Context[Account], ev: Pay) -> Paid:
        async with ctx.store.edit_state() as state:
            before = state.balance
            await asyncio.sleep(0.001)
            state.balance = before + ev.amount
            state.history.append(ev.amount)
        return Paid()

    @step
    async def close(self, ctx: Context[Account], ev: Paid) -> StopEvent | None:
        if ctx.collect_events(ev, [Paid] * 10) is None:
            return None
        state = await ctx.store.get_state()
        try:
            await ctx.store.set("balance", await ctx.store.get("balance") + 1)
            added = await ctx.store.get("balance")
        except ValidationError:
            added = "refused"
        return StopEvent(result=[type(state).__name__, state.owner, state.balance, sorted(state.history), added])


async def main():
    bank = Bank()
    handler = bank.run(owner="ann")
    result = await handler
    after = await handler.ctx.store.get_state()
    return {"result": result, "after": [after.owner, after.balance]}
