"""A step that looks at how often it has been tried."""

from workflows import Context, Workflow, step
from workflows.events import StartEvent, StopEvent
from workflows.retry_policy import retry_policy, stop_after_attempt, wait_none


class Patient(Workflow):
    @step(retry_policy=retry_policy(wait=wait_none(), stop=stop_after_attempt(4)))
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        info = ctx.retry_info()
        seen = [info.retry_number, str(info.last_exception), info.last_failed_at is None, info.elapsed_seconds >= 0]
        async with ctx.store.edit_state() as state:
            state["seen"] = [*state.get("seen", []), seen]
        if info.retry_number < 2:
            raise OSError(f"failed {info.retry_number}")
        return StopEvent(result=await ctx.store.get("seen"))


async def main():
    return await Patient().run()
