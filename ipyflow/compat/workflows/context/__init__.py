"""The context of a run, as its steps and its handler use it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel

import ipyflow
from ipyflow.compat.workflows.context.serializers import BaseSerializer, JsonSerializer, PickleSerializer

__all__ = ["BaseSerializer", "Context", "JsonSerializer", "PickleSerializer"]

S = TypeVar("S", bound=BaseModel)


class Context(ipyflow.Context[S]):
    """The context of a run; only what is awaited there and a plain call here differs."""

    async def running_steps(self) -> list[str]:  # type: ignore[override]
        """The names of the steps that run now."""
        return super().running_steps()
