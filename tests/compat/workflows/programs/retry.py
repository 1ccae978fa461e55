"""A step that fails is tried again, by each form of policy."""

from workflows import Context, Workflow, step
from workflows.events import StartEvent, StopEvent
from workflows.retry_policy import (
    ConstantDelayRetryPolicy,
    ExponentialBackoffRetryPolicy,
    retry_if_exception_type,
    retry_policy,
    stop_after_attempt,
    wait_fixed,
    wait_none,
)


class Own:
    def next(self, elapsed_time, attempts, error):
        self.seen = [elapsed_time >= 0, attempts, str(error)]
        return 0.001 if attempts < 3 else None


own = Own()


class Base(Workflow):
    def __init__(self, good=3, error=OSError, **options):
        super().__init__(**options)
        self.good, self.error, self.tries = good, error, 0

    def try_it(self):
        self.tries += 1
        if self.tries < self.good:
            raise self.error(f"try {self.tries}")
        return StopEvent(result=self.tries)


class Constant(Base):
    @step(retry_policy=ConstantDelayRetryPolicy(maximum_attempts=4, delay=0.001))
    async def go(self, ev: StartEvent) -> StopEvent:
        return self.try_it()


class Exponential(Base):
    @step(retry_policy=ExponentialBackoffRetryPolicy(initial_delay=0.001, max_delay=0.002, maximum_attempts=3))
    async def go(self, ev: StartEvent) -> StopEvent:
        return self.try_it()


class Composed(Base):
    @step(
        retry_policy=retry_policy(
            retry=retry_if_exception_type((OSError, KeyError)), wait=wait_fixed(0.001), stop=stop_after_attempt(5)
        )
    )
    def go(self, ev: StartEvent) -> StopEvent:
        return self.try_it()


class OwnPolicy(Base):
    @step(retry_policy=own)
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return self.try_it()


class Default(Base):
    @step(retry_policy=retry_policy(wait=wait_none()))
    async def go(self, ev: StartEvent) -> StopEvent:
        return self.try_it()


class Without(Base):
    @step
    async def go(self, ev: StartEvent) -> StopEvent:
        return self.try_it()


async def main():
    out = []
    for kind in (Constant, Exponential, Composed, OwnPolicy, Default, Without):
        for given in ({}, {"good": 9}, {"good": 3, "error": ValueError}):
            workflow = kind(**given)
            try:
                out.append([kind.__name__, await workflow.run()])
            except Exception as error:
                out.append([kind.__name__, type(error).__name__, str(error), workflow.tries])
    return {"out": out, "own": own.seen}
