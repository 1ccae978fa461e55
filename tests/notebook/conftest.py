"""A shell of its own for each test, in this process; and an engine of its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import ExecutionResult, InteractiveShell
from traitlets.config import Config

import ipyflow as fl
from ipyflow.notebook import extension


class Shell:
    """Runs cells as a person would, and hands out what they left."""

    def __init__(self, capture: Callable[[], Any]) -> None:
        # The instance: IPython's tracebacks name cells through get_ipython().
        self.ip = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
        self.ip.colors = "nocolor"
        self._capture = capture
        self.out = self.err = ""

    def run(self, cell: str) -> ExecutionResult:
        """Run a cell; what it wrote is in ``out`` and ``err``."""
        result = self.ip.run_cell(cell, store_history=True)
        self.out, self.err = self._capture()
        return result

    def value(self, cell: str) -> Any:
        """Run a cell that must succeed; its value."""
        result = self.run(cell)
        assert result.success, self.out + self.err
        return result.result

    def fails(self, cell: str) -> str:
        """Run a cell that must fail; what the person reads."""
        assert not self.run(cell).success
        return self.out + self.err

    def __getitem__(self, name: str) -> Any:
        return self.ip.user_ns[name]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell without the extension, and a history that ends with the engine."""
    monkeypatch.setenv("IPYFLOW_DATABASE", ":memory:")
    fl.shutdown(cancel=True)  # whatever ran before this test is no part of it
    made = Shell(capsys.readouterr)
    yield made
    extension.unload(made.ip)
    fl.shutdown(cancel=True)
    InteractiveShell.clear_instance()


@pytest.fixture
def ready(shell: Shell) -> Shell:
    """A shell with the extension loaded."""
    shell.value("%load_ext ipyflow\nimport ipyflow as fl, threading")
    return shell
