"""Everything from the import place of the larger library, submodules too."""

from llama_index.core.workflow import (
    Context,
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    JsonPickleSerializer,
    JsonSerializer,
    StartEvent,
    StopEvent,
    Workflow,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
    step,
)
from llama_index.core.workflow.errors import WorkflowConfigurationError
from llama_index.core.workflow.handler import WorkflowHandler
from llama_index.core.workflow.resource import Resource
from llama_index.core.workflow.retry_policy import ConstantDelayRetryPolicy, RetryPolicy
from workflows.context import PickleSerializer
from workflows.context.state_store import DictState, InMemoryStateStore
from workflows.events import StepState
from workflows.workflow import Workflow as SameWorkflow


class Small(Workflow):
    @step(retry_policy=ConstantDelayRetryPolicy(delay=0))
    async def go(self, ctx: Context, ev: StartEvent) -> StopEvent:
        state = await ctx.store.get_state()
        return StopEvent(result=[isinstance(state, DictState), isinstance(ctx.store, InMemoryStateStore)])


async def main():
    errors = [WorkflowRuntimeError, WorkflowTimeoutError, WorkflowValidationError, WorkflowConfigurationError]
    handler = Small().run()
    return {
        "errors": [issubclass(error, Exception) for error in errors],
        "events": [issubclass(kind, Event) for kind in (InputRequiredEvent, HumanResponseEvent, StartEvent, StopEvent)],
        "same": SameWorkflow is Workflow,
        "handler": isinstance(handler, WorkflowHandler),
        "states": [state.value for state in StepState],
        "policy": hasattr(ConstantDelayRetryPolicy(), "next") and RetryPolicy is not None and Resource is not None,
        "serializers": [
            kind().deserialize(kind().serialize({"a": [1, None]}))
            for kind in (JsonSerializer, JsonPickleSerializer, PickleSerializer)
        ],
        "result": await handler,
    }
