"""Events as pydantic models and as dictionaries."""

from pydantic import ConfigDict, Field, PrivateAttr, ValidationError, field_validator
from workflows import Workflow, step
from workflows.events import Event, StartEvent, StopEvent


class Picture:
    size = 3


class Order(Event):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str
    count: int = 1
    tags: list[str] = Field(default_factory=list)
    picture: Picture | None = None
    _note: str = PrivateAttr(default="none")

    @field_validator("name")
    @classmethod
    def strip(cls, value):
        return value.strip()


class Shop(Workflow):
    @step()
    async def take(self, ev: StartEvent) -> Order:
        order = Order(name=ev["name"], count="2", colour="red", picture=Picture())
        order["size"] = "L"
        order.gift = True
        order._note = "by hand"
        order.count += 1
        return order

    @step()
    async def pack(self, ev: Order) -> StopEvent:
        return StopEvent(
            result={
                "fields": [ev.name, ev.count, ev.tags, ev.picture.size],
                "extra": [ev["colour"], ev.size, ev.gift, ev.get("weight"), ev.get("weight", 7)],
                "in": ["size" in ev, "weight" in ev],
                "private": ev._note,
            }
        )


async def main():
    try:
        Order(count=1)
        wrong = "made"
    except ValidationError as error:
        wrong = error.errors()[0]["loc"][0]
    try:
        Order(name="x").missing
        missing = "there"
    except AttributeError:
        missing = "AttributeError"
    start = StartEvent(a=1, b="two")
    return {
        "result": await Shop().run(name=" shirt "),
        "wrong": wrong,
        "missing": missing,
        "keys": list(start.keys()),
        "values": list(start.values()),
        "items": [list(item) for item in start.items()],
        "length": len(start),
        "iterated": list(start),
        "as_dict": start.to_dict(),
        "true": bool(Event()),
    }
