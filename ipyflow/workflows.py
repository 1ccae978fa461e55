"""Event-driven workflows: all names, the rarer ones included. The common ones are in :mod:`ipyflow` itself.

Example:
    >>> from ipyflow.workflows import StartEvent, StopEvent, Workflow, step
    >>> class Double(Workflow):
    ...     @step
    ...     async def double(self, ev: StartEvent) -> StopEvent:
    ...         return StopEvent(result=2 * ev.n)
    >>> Double().run(n=21).result()
    42
"""

from __future__ import annotations

from ipyflow.errors import (
    ContextStateError,
    UnhandledEventWarning,
    WorkflowCancelled,
    WorkflowConfigurationError,
    WorkflowError,
    WorkflowRuntimeError,
    WorkflowStalled,
    WorkflowTimeoutError,
    WorkflowValidationError,
)
from ipyflow.flows.workflow.collect import All, Collect, Take
from ipyflow.flows.workflow.context import Context, RetryInfo
from ipyflow.flows.workflow.events import (
    Event,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StepFailedEvent,
    StepState,
    StepStateChanged,
    StopEvent,
    UnhandledEvent,
    WorkflowCancelledEvent,
    WorkflowFailedEvent,
    WorkflowIdleEvent,
    WorkflowTimedOutEvent,
)
from ipyflow.flows.workflow.future import WorkflowFuture
from ipyflow.flows.workflow.graph import WorkflowGraph
from ipyflow.flows.workflow.resources import Resource, ResourceConfig, ResourceManager
from ipyflow.flows.workflow.serializers import JsonSerializer, PickleSerializer
from ipyflow.flows.workflow.state import DictState
from ipyflow.flows.workflow.steps import Step, catch_error, step
from ipyflow.flows.workflow.store import Store
from ipyflow.flows.workflow.stream import EventStream
from ipyflow.flows.workflow.workflow import Workflow

__all__ = [
    "All",
    "Collect",
    "Context",
    "ContextStateError",
    "DictState",
    "Event",
    "EventStream",
    "HumanResponseEvent",
    "InputRequiredEvent",
    "JsonSerializer",
    "PickleSerializer",
    "Resource",
    "ResourceConfig",
    "ResourceManager",
    "RetryInfo",
    "StartEvent",
    "Step",
    "StepFailedEvent",
    "StepState",
    "StepStateChanged",
    "StopEvent",
    "Store",
    "Take",
    "UnhandledEvent",
    "UnhandledEventWarning",
    "Workflow",
    "WorkflowCancelled",
    "WorkflowCancelledEvent",
    "WorkflowConfigurationError",
    "WorkflowError",
    "WorkflowFailedEvent",
    "WorkflowFuture",
    "WorkflowGraph",
    "WorkflowIdleEvent",
    "WorkflowRuntimeError",
    "WorkflowStalled",
    "WorkflowTimedOutEvent",
    "WorkflowTimeoutError",
    "WorkflowValidationError",
    "catch_error",
    "step",
]
