"""What a workflow keeps: by name, by path, all of it."""

from workflows import Context, Workflow, step
from workflows.events import StartEvent, StopEvent


class Keeper(Workflow):
    @step
    async def keep(self, ctx: Context, ev: StartEvent) -> StopEvent:
        store = ctx.store
        await store.set("name", "ann")
        await store.set("address.city", "Bern")
        await store.set("numbers", [10, 20, 30])
        got = {
            "name": await store.get("name"),
            "city": await store.get("address.city"),
            "address": await store.get("address"),
            "second": await store.get("numbers.1"),
            "default": await store.get("nothing", default="none"),
            "deep_default": await store.get("address.street.number", default=None),
        }
        try:
            await store.get("nothing")
        except ValueError:
            got["missing"] = "ValueError"
        async with store.edit_state() as state:
            state["name"] = "bob"
            state["count"] = state.get("count", 0) + 1
        state = await store.get_state()
        got["state"] = [state["name"], state["count"], state.name]
        try:
            async with store.edit_state() as state:
                state["name"] = "carl"
                raise RuntimeError
        except RuntimeError:
            got["undone"] = await store.get("name")
        await store.clear()
        got["cleared"] = await store.get("name", default="gone")
        return StopEvent(result=got)


async def main():
    return await Keeper().run()
