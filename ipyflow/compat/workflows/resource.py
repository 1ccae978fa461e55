"""What steps need is made for them."""

from __future__ import annotations

from ipyflow.workflows import Resource, ResourceConfig, ResourceManager

__all__ = ["Resource", "ResourceConfig", "ResourceManager"]
