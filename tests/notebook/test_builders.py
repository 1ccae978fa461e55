"""Builders in a shell: as text where there are no widgets, their code as the next cell, nothing left afterwards."""

from typing import Any

from tests.notebook.conftest import Shell

DEFINE = """
@fl.task
def double(x):
    return 2 * x

builder = fl.Builder(double.send(4), name="eight")
"""


def test_a_terminal_shows_a_builder_as_text(ready: Shell) -> None:
    ready.value(DEFINE)
    ready.value("builder")
    assert "eight = double.send(4)" in ready.out


def test_its_code_becomes_the_next_cell(ready: Shell) -> None:
    ready.value(DEFINE)
    ready.value("builder.write()")
    assert ready.ip.rl_next_input == "eight = double.send(4)"
    ready.value("%unload_ext ipyflow")
    ready.value("builder.write()")
    assert ready.out == "eight = double.send(4)\n"


def test_names_are_those_of_the_notebook(ready: Shell) -> None:
    ready.value(DEFINE)
    ready.value("builder.edit({'do': 'argument', 'id': 1, 'key': 'args.0', 'text': 'later'})")
    assert ready.value("[problem.field for problem in builder.problems]") == ["args.0"]
    ready.value("later = 21")
    assert ready.value("builder.run().result()") == 42


def test_builders_are_imported_when_one_is_made(ready: Shell) -> None:
    loaded: Any = ready.value("import sys; 'ipyflow.notebook.builder_view' in sys.modules")
    assert loaded is False
