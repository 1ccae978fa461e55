"""A step that is a plain function sends and writes events itself."""

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Block(Event):
    number: int


class Sending(Workflow):
    @step
    def begin(self, ctx: Context, ev: StartEvent) -> Block | None:
        ctx.write_event_to_stream(Event(text="begun"))
        for number in range(3):
            ctx.send_event(Block(number=number))

    @step(num_workers=1)
    def end(self, ctx: Context, ev: Block) -> StopEvent | None:
        blocks = ctx.collect_events(ev, [Block] * 3)
        return StopEvent(result=sorted(block.number for block in blocks)) if blocks else None


async def main():
    try:
        return await Sending(timeout=5).run()
    except RuntimeError:
        return "RuntimeError"
