"""What steps need is made for them: once or each time, by coroutines too, and of other resources."""

from typing import Annotated

from workflows import Context, Workflow, step
from workflows.events import Event, StartEvent, StopEvent
from workflows.resource import Resource

made = []


class Database:
    def __init__(self, url):
        self.url = url
        self.rows = []


def get_url() -> str:
    made.append("url")
    return "memory://"


async def get_database(url: Annotated[str, Resource(get_url)]) -> Database:
    made.append("database")
    return Database(url)


def get_ticket() -> object:
    made.append("ticket")
    return object()


class Saved(Event):
    ticket: object


class Store(Workflow):
    @step
    async def save(
        self,
        ev: StartEvent,
        ctx: Context,
        database: Annotated[Database, Resource(get_database)],
        ticket: Annotated[object, Resource(get_ticket, cache=False)],
    ) -> Saved:
        database.rows.append(ev.row)
        return Saved(ticket=ticket)

    @step
    async def load(
        self,
        ev: Saved,
        database: Annotated[Database, Resource(get_database)],
        ticket: Annotated[object, Resource(get_ticket, cache=False)],
    ) -> StopEvent:
        return StopEvent(result=[database.url, list(database.rows), ticket is ev.ticket])


async def main():
    store = Store()
    first = await store.run(row=1)
    made_first = sorted(made)
    made.clear()
    second = await store.run(row=2)
    return {"first": first, "made": made_first, "second": second, "made_again": sorted(made)}
