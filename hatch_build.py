"""Hatch build hook: make sure that the built front end is there before a wheel or an sdist is packed.

Where `ipyflow/notebook/static/widget.js` exists (always in an sdist) nothing is done and Node is not needed.
Where it is missing (a git checkout) it is built, with the machine's Node or else with the one on PyPI. Set
`IPYFLOW_FRONTEND=skip` to leave it out of an editable install and build it yourself (`make` does).
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))  # the build backend does not put the project there
from scripts import frontend


class FrontendHook(BuildHookInterface[Any]):
    """Builds the front end when it is missing."""

    def _wanted(self) -> bool:
        return not frontend.is_built() and os.environ.get("IPYFLOW_FRONTEND") != "skip"

    def dependencies(self) -> list[str]:
        """Ask for PyPI's Node only where there is something to build and no Node to build it with."""
        return [frontend.NODE_FROM_PYPI] if self._wanted() and frontend.node_on_path() is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files are collected."""
        if self._wanted():
            try:
                frontend.build()
            except frontend.FrontendError as error:
                self.app.abort(str(error))
