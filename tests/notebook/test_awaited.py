"""Events that a step waits for, typed into a form."""

import pytest

import ipyflow as fl
from ipyflow.errors import FormError
from ipyflow.notebook import awaited
from ipyflow.testing import engine
from tests.engine.gates import SOON, eventually


class City(fl.HumanResponseEvent):
    """Where to."""

    city: str
    nights: int = 2


class Asks(fl.Workflow):
    """Waits twice in one step."""

    @fl.step
    async def ask(self, ctx: fl.Context, ev: fl.StartEvent) -> fl.StopEvent:
        """Ask."""
        first = await ctx.wait_for_event(City, requirements={"user": "ada"})
        second = await ctx.wait_for_event(fl.HumanResponseEvent)
        return fl.StopEvent(result=(first.city, first.nights, first.user, second.response))


def test_what_a_wait_does_not_say_itself_is_asked_for_and_sent() -> None:
    with engine() as lab:
        future = Asks(timeout=None).run()
        run = future.run

        def names() -> list[str]:
            for flow in run.snapshot().workflows.values():
                for task in flow.awaited:
                    try:
                        return [field["name"] for field in awaited.form_of(run, task)["fields"]]
                    except RuntimeError:  # it has just got its event
                        return []
            return []

        eventually(lambda: names() == ["city", "nights"])
        [task] = next(iter(run.snapshot().workflows.values())).awaited
        with pytest.raises(FormError) as caught:
            awaited.send(run, task, {"nights": "many"})
        assert sorted(caught.value.errors) == ["city", "nights"]
        assert awaited.send(run, task, {"city": "Rome", "nights": "3"}) == "City"
        eventually(lambda: names() == ["response"])
        assert awaited.send(run, task, {"response": "yes"}) == "HumanResponseEvent"
        assert future.result(SOON) == ("Rome", 3, "ada", "yes")
        with pytest.raises(RuntimeError, match="waits for no event any more"):
            awaited.form_of(run, task)
        lab.settled()
