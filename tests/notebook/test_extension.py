import ast
import importlib.metadata
import sys
import threading
import warnings
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import ipyflow as fl
from ipyflow.engine import resting
from ipyflow.notebook import extension
from tests.notebook.conftest import Shell


def added(shell: Shell) -> object:
    ip = shell.ip
    hooks = {name: list(callbacks) for name, callbacks in ip.events.callbacks.items()}
    types = dict(ip.display_formatter.ipython_display_formatter.type_printers)
    magics = {kind: set(names) for kind, names in ip.magics_manager.magics.items()}
    namespace = set(vars(ip.magics_manager.user_magics))
    return hooks, types, magics, namespace, list(ip.Completer.custom_matchers), resting.meanwhile


def test_unloading_takes_away_all_that_loading_added(shell: Shell) -> None:
    before = added(shell)
    shell.value("%load_ext ipyflow")
    assert added(shell) != before
    shell.value("%%flow f -o future\n1")
    shell.value("future.result()")
    shell.value("%unload_ext ipyflow")
    assert added(shell) == before
    assert "_flow" not in shell.ip.user_ns
    assert shell["f"]() == 1, "the names that the user bound stay"
    assert "ipyflow-publisher" not in {thread.name for thread in threading.enumerate()}


def test_loading_twice_changes_nothing_and_reloading_works(ready: Shell) -> None:
    once = added(ready)
    ready.value("%load_ext ipyflow")
    extension.load(ready.ip)
    assert added(ready) == once
    ready.value("%reload_ext ipyflow")
    assert ready.value("%%flow --wait\n5") == 5


def test_unloading_during_a_run_lets_it_go_on_and_says_so(ready: Shell) -> None:
    ready.value("gate = threading.Event()")
    ready.value("%%flow long -o future\ngate.wait()\n7")
    ready.value("%unload_ext ipyflow")
    assert "1 run (long) goes on, ipyflow.shutdown() stops it" in ready.out
    ready.value("gate.set()")
    assert ready["future"].result() == 7


def test_a_foreign_magic_is_left_alone(shell: Shell) -> None:
    shell.ip.register_magic_function(lambda line: "theirs", "line", "flow")
    shell.value("%load_ext ipyflow")
    assert "%flow belongs to somebody else here and is left alone; ours is %ipyflow" in shell.out
    assert shell.value("%flow") == "theirs"
    shell.value("%ipyflow")
    assert "no runs yet" in shell.out
    assert shell.value("%%flow --wait\n1") == 1
    shell.value("%unload_ext ipyflow")
    assert shell.value("%flow") == "theirs"


def test_the_other_ipyflow_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        return "0.0.231" if name == "ipyflow-core" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    said = shell.fails("%load_ext ipyflow")
    assert "ImportError: the reactive kernel ipyflow (distribution ipyflow-core) is installed" in said
    assert f"{sys.executable} -m pip uninstall" in said
    assert "flow" not in shell.ip.magics_manager.magics["cell"]


def test_the_other_ipyflows_shell_is_refused() -> None:
    class GeneratedIPyflowShell(InteractiveShell):
        pass

    with pytest.raises(ImportError, match="this kernel is the reactive kernel ipyflow"):
        extension.load(GeneratedIPyflowShell.__new__(GeneratedIPyflowShell))


def test_a_new_engine_is_listened_to(ready: Shell) -> None:
    ready.value("%%flow --wait\n1")
    fl.shutdown()
    ready.value("@fl.task\ndef f():\n    return 1\nf()")
    assert fl.runs()[0].name == "Cell In[3]"


def test_what_a_cell_submits_shares_a_run_named_after_it(ready: Shell) -> None:
    ready.value("@fl.task\ndef f(x):\n    return x\n[f.submit(i).result() for i in range(3)]")
    ready.value("f(7)")
    ready.value("1 + 1")
    assert [(run.name, run.kind, run.closed) for run in fl.runs()] == [
        ("Cell In[3]", "cell", True),
        ("Cell In[2]", "cell", True),
    ]


def test_the_cell_that_loads_the_extension_has_its_run_too(shell: Shell) -> None:
    shell.value("%load_ext ipyflow\nimport ipyflow as fl\n@fl.task\ndef f():\n    return 1\nf()")
    shell.value("f()")
    assert [run.name for run in fl.runs()] == ["Cell In[2]", "Cell In[1]"]


def test_loaded_outside_a_cell_work_between_cells_is_a_scripts(shell: Shell) -> None:
    extension.load(shell.ip)
    shell.value("import ipyflow as fl\n@fl.task\ndef f():\n    return 1\nf()")
    shell["f"]()
    shell.value("f()")
    assert [run.kind for run in fl.runs()] == ["cell", "script", "cell"]


def test_an_interrupted_wait_says_what_goes_on(ready: Shell) -> None:
    ready.value("gate = threading.Event()")
    ready.value("%%flow long\ngate.wait()")
    ready.fails("raise KeyboardInterrupt")
    assert "the wait was interrupted, the work goes on: 1 task of long. `%flow cancel` stops it" in ready.err
    ready.value("gate.set()\n%flow wait")
    ready.fails("raise KeyboardInterrupt")
    assert "goes on" not in ready.err


def test_so_does_an_interrupt_between_two_statements(ready: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """IPython compiles a statement when the one before it is done."""
    ready.value("gate = threading.Event()")
    ready.value("%%flow long\ngate.wait()")
    compiler = type(ready.ip.compile)
    compiles = compiler.__call__

    def interrupted(self: Any, tree: Any, *args: Any) -> Any:
        if "result" in ast.dump(tree):
            raise KeyboardInterrupt
        return compiles(self, tree, *args)

    with monkeypatch.context() as patch:
        patch.setattr(compiler, "__call__", interrupted)
        ready.fails("print('submitted')\nfuture.result()")
    assert "submitted" in ready.out
    assert "the wait was interrupted, the work goes on: 1 task of long. `%flow cancel` stops it" in ready.err
    ready.value("gate.set()\n%flow wait")


def test_a_terminal_shows_a_run_as_text(ready: Shell) -> None:
    ready.value("%%flow f --wait\n1")
    ready.value("%flow show")
    assert "✓ f  succeeded" in ready.out
    assert ready.ip.display_formatter.format(fl.runs()[0])[0]["text/plain"].startswith("✓ f  succeeded")


def test_a_warning_of_ours_names_no_line_and_others_are_left_alone(
    ready: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    ready.value("%unload_ext ipyflow")
    monkeypatch.setattr(warnings, "showwarning", lambda message, *_: seen.append(str(message)))
    ready.value("%load_ext ipyflow")
    warnings.showwarning(fl.errors.LeakedFutureWarning("leaked"), fl.errors.LeakedFutureWarning, "<ipyflow>", 0)
    warnings.showwarning(UserWarning("theirs"), UserWarning, "x.py", 1)
    assert ready.run("1").success
    assert "LeakedFutureWarning: leaked\n" in ready.err
    assert "<ipyflow>" not in ready.err
    assert seen == ["theirs"]
    before = warnings.showwarning
    ready.value("%unload_ext ipyflow")
    assert warnings.showwarning is not before
