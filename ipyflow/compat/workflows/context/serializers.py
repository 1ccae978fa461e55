"""How a context is written down."""

from __future__ import annotations

from typing import Any, Protocol

from ipyflow.workflows import JsonSerializer, PickleSerializer

__all__ = ["BaseSerializer", "JsonPickleSerializer", "JsonSerializer", "PickleSerializer"]

JsonPickleSerializer = PickleSerializer


class BaseSerializer(Protocol):
    """What a serializer of one's own must have."""

    def serialize(self, value: Any) -> str:
        """The value as text."""
        ...

    def deserialize(self, value: str) -> Any:
        """What :meth:`serialize` was given."""
        ...
