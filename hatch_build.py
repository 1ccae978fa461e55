"""Hatch build hook: make sure that the built front end is there before a wheel or an sdist is packed.

Where both bundles exist (always in an sdist) nothing is built and Node is not needed. Where one is missing (a git
checkout) they are built, with the machine's Node or else with the one on PyPI. The JupyterLab extension goes where
JupyterLab looks for it, below the environment's `share/jupyter`. Set `IPYFLOW_FRONTEND=skip` to leave all this out of
an editable install and do it yourself with `scripts/frontend.py build` and `link` (`make` does).
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

    def _skipped(self) -> bool:
        return os.environ.get("IPYFLOW_FRONTEND") == "skip"

    def _wanted(self) -> bool:
        return not frontend.is_built() and not self._skipped()

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
        if self.target_name == "wheel" and not self._skipped():
            build_data["shared_data"][str(frontend.EXTENSION)] = frontend.PLACE
