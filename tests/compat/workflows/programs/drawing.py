"""All possible ways through a workflow, drawn into a file."""

import tempfile
from pathlib import Path

from llama_index.core.workflow import Context, Event, StartEvent, StopEvent, Workflow, step
from llama_index.utils.workflow import (
    draw_all_possible_flows,
    draw_all_possible_flows_mermaid,
    draw_most_recent_execution_mermaid,
)


class Even(Event):
    number: int


class Odd(Event):
    number: int


class Parity(Workflow):
    @step
    async def look(self, ctx: Context, ev: StartEvent) -> Even | Odd:
        return Odd(number=ev.number) if ev.number % 2 else Even(number=ev.number)

    @step
    async def even(self, ev: Even) -> StopEvent:
        return StopEvent(result="even")

    @step
    async def odd(self, ev: Odd) -> StopEvent:
        return StopEvent(result="odd")


async def main():
    with tempfile.TemporaryDirectory() as folder:
        page, chart, ran = (str(Path(folder) / name) for name in ("flow.html", "flow.mermaid", "ran.mermaid"))
        draw_all_possible_flows(Parity, filename=page)
        draw_all_possible_flows(Parity(), page)
        text = draw_all_possible_flows_mermaid(Parity(), filename=chart)
        handler = Parity().run(number=3)
        result = await handler
        recent = draw_most_recent_execution_mermaid(handler, filename=ran)
        words = ("look", "even", "odd", "StartEvent", "Even", "Odd", "StopEvent")
        html = Path(page).read_text()
        return {
            "result": result,
            "html": [word for word in words if word in html],
            "mermaid": [word for word in words if word in text],
            "written": Path(chart).read_text() == text,
            "flowchart": text.strip().split()[0] in ("flowchart", "graph"),
            "recent": ["odd" in recent, "look" in recent],
        }
