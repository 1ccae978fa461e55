"""An assistant that calls tools in a loop, several at once, with its memory in the store."""

import json

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Input(Event):
    history: list[dict]


class ToolCall(Event):
    name: str
    arguments: dict
    call: int


class ToolResult(Event):
    call: int
    output: str


class Model:
    """Stands for a chat model: first asks for two tools, then for one, then answers."""

    answers = (
        {"tools": [("add", {"a": 1, "b": 2}), ("weather", {"town": "Bern"})]},
        {"tools": [("fail", {})]},
        {"text": "3 and sunny"},
    )

    async def chat(self, history):
        turn = sum(message["role"] == "assistant" for message in history)
        return self.answers[turn]


TOOLS = {
    "add": lambda a, b: str(a + b),
    "weather": lambda town: f"sunny in {town}",
}


class Agent(Workflow):
    def __init__(self, model, tools, **options):
        super().__init__(**options)
        self.model, self.tools = model, tools

    @step
    async def prepare(self, ctx: Context, ev: StartEvent) -> Input:
        history = await ctx.store.get("history", default=[])
        history.append({"role": "user", "content": ev.input})
        await ctx.store.set("history", history)
        return Input(history=history)

    @step
    async def chat(self, ctx: Context, ev: Input) -> ToolCall | StopEvent | None:
        answer = await self.model.chat(ev.history)
        history = await ctx.store.get("history")
        history.append({"role": "assistant", "content": json.dumps(answer)})
        await ctx.store.set("history", history)
        if "text" in answer:
            return StopEvent(result={"text": answer["text"], "turns": len(history)})
        await ctx.store.set("calls", len(answer["tools"]))
        for call, (name, arguments) in enumerate(answer["tools"]):
            ctx.send_event(ToolCall(name=name, arguments=arguments, call=call))
        return None

    @step(num_workers=4)
    async def use(self, ctx: Context, ev: ToolCall) -> ToolResult:
        tool = self.tools.get(ev.name)
        output = tool(**ev.arguments) if tool else f"no tool {ev.name}"
        return ToolResult(call=ev.call, output=output)

    @step
    async def gather(self, ctx: Context, ev: ToolResult) -> Input | None:
        results = ctx.collect_events(ev, [ToolResult] * await ctx.store.get("calls"))
        if results is None:
            return None
        history = await ctx.store.get("history")
        for result in sorted(results, key=lambda result: result.call):
            history.append({"role": "tool", "content": result.output})
        await ctx.store.set("history", history)
        return Input(history=history)


async def main():
    agent = Agent(Model(), TOOLS, timeout=10)
    handler = agent.run(input="add and look out of the window")
    result = await handler
    history = await handler.ctx.store.get("history")
    return {"result": result, "tools": [m["content"] for m in history if m["role"] == "tool"]}
