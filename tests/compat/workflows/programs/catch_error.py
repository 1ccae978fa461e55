"""A failed step's error goes to a handler, which ends the run or leads back into it."""

from workflows import Context, Workflow, catch_error, step
from workflows.events import Event, StartEvent, StepFailedEvent, StopEvent
from workflows.retry_policy import retry_policy, stop_after_attempt, wait_none


class Fetch(Event):
    url: str


class Parse(Event):
    text: str


class Crawler(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Fetch | Parse:
        return Parse(text="?") if ev.url == "parse" else Fetch(url=ev.url)

    @step(retry_policy=retry_policy(wait=wait_none(), stop=stop_after_attempt(2)))
    async def fetch(self, ctx: Context, ev: Fetch) -> Parse:
        if ev.url.startswith("http:"):
            raise ConnectionError(f"no answer from {ev.url}")
        return Parse(text=ev.url)

    @step
    async def parse(self, ev: Parse) -> StopEvent:
        if ev.text == "?":
            raise ValueError("cannot parse")
        return StopEvent(result=ev.text)

    @catch_error(for_steps=["fetch"])
    async def other_way(self, ctx: Context, ev: StepFailedEvent) -> Fetch:
        await ctx.store.set("first", [ev.step_name, ev.attempts, type(ev.exception).__name__, ev.input_event.url])
        return Fetch(url=ev.input_event.url.replace("http:", "https:"))

    @catch_error
    async def give_up(self, ctx: Context, ev: StepFailedEvent) -> StopEvent:
        elapsed = ev.elapsed_seconds >= 0
        return StopEvent(result=["gave up", ev.step_name, str(ev.exception), elapsed, type(ev.input_event).__name__])


class Stubborn(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> Fetch:
        return Fetch(url="a")

    @step
    async def fetch(self, ev: Fetch) -> StopEvent:
        raise ConnectionError(f"no {ev.url}")

    @catch_error(max_recoveries=2)
    async def again(self, ev: StepFailedEvent) -> Fetch:
        return Fetch(url=ev.input_event.url + "a")


class BadHandler(Workflow):
    @step
    async def begin(self, ev: StartEvent) -> StopEvent:
        raise OSError("first")

    @catch_error
    async def handle(self, ev: StepFailedEvent) -> StopEvent:
        raise KeyError("second")


async def main():
    crawler = Crawler()
    out = []
    for url in ("https://a", "http://b", "parse"):
        handler = crawler.run(url=url)
        out.append([await handler, await handler.ctx.store.get("first", default=None)])
    for kind in (Stubborn, BadHandler):
        try:
            await kind().run()
        except Exception as error:
            out.append([type(error).__name__, str(error)])
    return out
