"""The errors by the names they have there."""

from __future__ import annotations

from ipyflow.workflows import (
    ContextStateError,
    WorkflowConfigurationError,
    WorkflowRuntimeError,
    WorkflowTimeoutError,
    WorkflowValidationError,
)
from ipyflow.workflows import WorkflowCancelled as WorkflowCancelledByUser
from ipyflow.workflows import WorkflowRuntimeError as WorkflowStepDoesNotExistError

ContextSerdeError = ValueError
"""What a serializer raises for what it cannot write or read."""

__all__ = [
    "ContextSerdeError",
    "ContextStateError",
    "WorkflowCancelledByUser",
    "WorkflowConfigurationError",
    "WorkflowRuntimeError",
    "WorkflowStepDoesNotExistError",
    "WorkflowTimeoutError",
    "WorkflowValidationError",
]
