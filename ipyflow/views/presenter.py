"""How runs and futures show themselves where nothing is live: text and static HTML."""

from __future__ import annotations

from typing import Any


class StaticPresenter:
    """Shows a handle as it stands now."""

    def mimebundle(self, handle: Any) -> dict[str, Any]:
        """Text for a terminal, HTML for a notebook."""
        return {"text/plain": repr(handle)}

    def explain(self, handle: Any) -> str:
        return ""

    def export(self, run: Any, target: str) -> str:
        return ""

    def picture(self, run: Any, kind: str) -> Any:
        return None
