"""The builders on show in one shell: each shows itself where it ends a cell, and its code can become a cell."""

from __future__ import annotations

import contextlib
import importlib
from typing import TYPE_CHECKING, Any

from ipyflow.builder import cells
from ipyflow.notebook.display import Display

if TYPE_CHECKING:
    from ipyflow.builder.builder import Builder
    from ipyflow.notebook.builder_view import BuilderView

KEPT = 50
"""Builders that stay live; older ones leave their place to their saved form."""
_TYPE = ("ipyflow.builder.builder", "Builder")
"""By name: it takes long to import, and most notebooks have none."""


class Builders:
    """The builders on show.

    Args:
        shell: the interactive shell.
        display: shows runs in it.
    """

    def __init__(self, shell: Any, display: Display) -> None:
        self._shell, self._display = shell, display
        self._formatter = shell.display_formatter.ipython_display_formatter
        self._views: dict[int, BuilderView] = {}

    def install(self) -> None:
        """Have builders show themselves live, and their code become cells."""
        if self._display.in_kernel:
            self._formatter.for_type_by_name(*_TYPE, self.show)
        cells.set_writer(self._shell.set_next_input)

    def remove(self) -> None:
        """Take that back; the saved forms stay."""
        with contextlib.suppress(KeyError):
            self._formatter.pop(".".join(_TYPE))
        cells.set_writer(None)
        for view in list(self._views.values()):
            view.close()
        self._views.clear()

    def show(self, builder: Builder) -> None:
        """Show a builder here and now."""
        view = self._views.get(id(builder))
        if view is None:
            page = importlib.import_module("ipyflow.notebook.builder_view")
            try:
                view = page.BuilderView(builder, self._display)
            except (ImportError, FileNotFoundError) as error:
                print(f"ipyflow: no live builder: {error}")
                self._display.reserve(builder._repr_mimebundle_())
                return
            self._views[id(builder)] = view
            while len(self._views) > KEPT:
                self._views.pop(next(iter(self._views))).close()
        view.show()

    def refresh(self, *_: Any) -> None:
        """After a cell: it may have defined tasks."""
        for view in list(self._views.values()):
            view.cell_ended()
