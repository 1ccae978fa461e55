"""``%load_ext ipyflow`` and ``%unload_ext ipyflow``: everything added on loading is taken away on unloading."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.magic import no_var_expand

from ipyflow import session
from ipyflow.engine import debugging
from ipyflow.notebook import debugger, help
from ipyflow.notebook.asker import Asker
from ipyflow.notebook.builders import Builders
from ipyflow.notebook.cells import Cells
from ipyflow.notebook.commands import Commands
from ipyflow.notebook.completion import Completion
from ipyflow.notebook.display import Display, Formatters
from ipyflow.notebook.feed import Publisher
from ipyflow.notebook.flow_cell import LAST, again, start
from ipyflow.notebook.task_cell import define
from ipyflow.notebook.terminal import Terminal
from ipyflow.notebook.warned import Warned
from ipyflow.past import resuming
from ipyflow.views.words import counted, shown

OWN_NAMES = {"flow": "ipyflow", "task": "ipyflow_task"}
"""What our magics go by where somebody else has a ``%flow`` or a ``%%task``."""


class Extension:
    """The extension in one shell."""

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.publisher = Publisher()
        self.display = Display(shell, self.publisher)
        self.cells = Cells(shell, self.display, self.publisher)
        self.commands = Commands(shell, self.display, self.cells)
        self._completion = Completion(shell)
        self._formatters = Formatters(shell, self.cells.show_once)
        self._asker = Asker(shell, self.display)
        self._builders = Builders(shell, self.display)
        self._warned = Warned()
        self._terminal = None if self.display.in_kernel else Terminal(shell)
        self._hooks: tuple[tuple[str, Callable[[Any], None]], ...] = (
            ("pre_run_cell", self.cells.before),
            ("pre_run_cell", self._warned.cell_begins),
            ("post_run_cell", self.cells.after),
            ("post_run_cell", self._builders.refresh),
        )
        if self._terminal is not None:
            # First of all before a cell and last behind it: what the others print stands above the tree.
            around = (("pre_run_cell", self._terminal.before), ("post_run_cell", self._terminal.after))
            self._hooks = (around[0], *self._hooks, around[1])
        self._magics: list[tuple[str, str]] = []
        self._forget_engines: Callable[[], None] = lambda: None

    def load(self) -> None:
        """Add everything."""
        self._add_magic("line", "flow", self.line)
        self._add_magic("cell", "flow", self.cell)
        self._add_magic("cell", "task", self.task)
        for event, hook in self._hooks:
            self.shell.events.register(event, hook)
        self._completion.install()
        self._warned.install()
        self._builders.install()
        debugging.set_opener(debugger.opener(self.shell))
        resuming.set_cells(lambda source: again(self.shell, source))
        self.display.pages.load()
        if self.display.in_kernel:
            self._formatters.install()
        self._forget_engines = session.on_engine(self.cells.attach)
        self._asker.load()
        if self._terminal is not None:
            self._terminal.load()
        self.cells.loading = True

    def unload(self) -> None:
        """Take everything away; what runs goes on."""
        registry = self.shell.magics_manager.magics
        for kind, name in self._magics:
            registry[kind].pop(name, None)
        for event, hook in self._hooks:
            if hook in self.shell.events.callbacks[event]:
                self.shell.events.unregister(event, hook)
        self._completion.remove()
        self._warned.remove()
        debugging.set_opener(None)
        resuming.set_cells(None)
        self._formatters.remove()
        self._builders.remove()
        self._forget_engines()
        if self._terminal is not None:
            self._terminal.unload()
        self._asker.unload()
        self.cells.detach()
        self.display.pages.unload()
        self.publisher.stop()
        self.display.close()
        self.shell.user_ns.pop(LAST, None)
        self.shell.user_ns_hidden.pop(LAST, None)
        going = [run for run in session.runs() if not run.closed]
        if going:
            names = ", ".join(shown(run.name, 40) for run in going[:3])
            verb = "goes" if len(going) == 1 else "go"
            print(f"ipyflow: unloaded; {counted(len(going), 'run')} ({names}) {verb} on, ipyflow.shutdown() stops it")

    def _add_magic(self, kind: str, name: str, magic: Any) -> None:
        registry = self.shell.magics_manager.magics[kind]
        if name in registry:
            theirs, name, mark = name, OWN_NAMES[name], "%" if kind == "line" else "%%"
            print(f"ipyflow: {mark}{theirs} belongs to somebody else here and is left alone; ours is {mark}{name}")
        # Not by `register_magic_function`: that keeps what it was given in a second place, after unloading too.
        registry[name] = magic
        self._magics.append((kind, name))

    @no_var_expand
    def line(self, line: str) -> None:
        """``%flow``: look at and steer runs."""
        self.commands(line)

    # The first line of a cell holds Python, braces and all: IPython must not fill in variables.
    @no_var_expand
    def cell(self, line: str, cell: str) -> Any:
        """``%%flow``: run the body in the background, as a flow."""
        __tracebackhide__ = True  # of what a body raised under --wait, its own lines are shown
        header, future = start(self.shell, line, cell, self.cells.raw, self.cells.number)
        self.cells.show_once(future.run, header.view)
        if not header.wait:
            return None
        value = future.result()
        future.run.wait()
        self.display.republish(every=True)
        return value

    @no_var_expand
    def task(self, line: str, cell: str) -> None:
        """``%%task``: make a task of the body."""
        define(self.shell, line, cell, self.cells.raw, self.cells.number)

    # What `%flow?`, `%%flow?` and `%%task?` show to whoever asks for more.
    line.__doc__ = help.of_commands()
    cell.__doc__ = help.of_flow_cell()
    task.__doc__ = help.of_task_cell()


_loaded: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """``%load_ext ipyflow``; a second time changes nothing.

    Raises:
        ImportError: the other ipyflow, a reactive kernel, is installed or runs here.
    """
    if id(shell) in _loaded:
        return
    _refuse_the_other(shell)
    extension = Extension(shell)
    extension.load()
    _loaded[id(shell)] = extension


def unload(shell: Any) -> None:
    """``%unload_ext ipyflow``."""
    extension = _loaded.pop(id(shell), None)
    if extension is not None:
        extension.unload()


def _refuse_the_other(shell: Any) -> None:
    found = ""
    if any(cls.__name__ == "GeneratedIPyflowShell" for cls in type(shell).__mro__):
        found = "this kernel is the reactive kernel ipyflow"
    else:
        try:
            importlib.metadata.version("ipyflow-core")
            found = "the reactive kernel ipyflow (distribution ipyflow-core) is installed in this environment"
        except importlib.metadata.PackageNotFoundError:
            return
    raise ImportError(
        f"{found}, and it shares its name with ipyflow-parallel: both cannot work together. "
        f"Use an environment of its own for one of them, or: {sys.executable} -m pip uninstall ipyflow ipyflow-core"
    )
