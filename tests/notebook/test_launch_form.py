"""The form that starts a flow: its fields as widgets, what it says of wrong values, and what it has started."""

import ast
import datetime
import doctest
import enum
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal

import pytest
from nbclient import NotebookClient
from nbformat import v4
from pydantic import BaseModel, Field, SecretStr

import ipyflow as fl
from ipyflow.errors import FormError
from ipyflow.notebook import display, form_text, launch_form
from ipyflow.notebook.form_text import ask
from ipyflow.notebook.launch_form import LaunchForm
from tests.notebook.conftest import Shell


class Size(enum.Enum):
    S = 1
    L = 2


class Point(BaseModel):
    x: int
    label: str = "here"


HERE, KEY = Point(x=1), SecretStr("s3cret")


@fl.flow
def every(
    n: int,
    rate: float = 0.5,
    mode: Literal["a", "b"] = "a",
    size: Size | None = None,
    day: datetime.date | None = None,
    where: Path = Path("data"),
    sizes: tuple[int, ...] = (1, 2),
    fast: bool = False,
    at: Point = HERE,
    spot: Point | None = None,
    many: tuple[Point, ...] = (),
    modes: tuple[Literal["a", "b"], ...] = ("b",),
    level: Annotated[int, Field(ge=0, le=9)] = 3,
    key: SecretStr = KEY,
    extra=(),
    note: str = "two\nlines",
):
    """Take <all> of it.

    More.

    Args:
        n: how <many>.
    """
    return {**locals(), "key": key.get_secret_value()}


@pytest.fixture(autouse=True)
def afterwards() -> Iterator[None]:
    yield
    fl.shutdown(cancel=True)


def widgets(form: LaunchForm) -> dict[str, Any]:
    """The control of each field."""
    assert form.widget is not None
    assert form._panel is not None
    return form._panel.controls.each


def told(form: LaunchForm) -> str:
    """All that the form's pieces of HTML say."""

    def below(one: Any) -> Iterator[str]:
        yield getattr(one, "value", "") if type(one).__name__ == "HTML" else getattr(one, "description", "")
        for child in getattr(one, "children", ()):
            yield from below(child)

    return "\n".join(list(below(form.widget))[2:])  # without the style


def press(form: LaunchForm) -> None:
    widgets(form)
    assert form._panel is not None
    form._panel._button.click()


def test_what_stands_in_the_widgets_is_what_the_flow_gets() -> None:
    form = every.form(n=4)
    defaults = form.start().result()
    assert defaults == {
        "n": 4, "rate": 0.5, "mode": "a", "size": None, "day": None, "where": Path("data"), "sizes": (1, 2),
        "fast": False, "at": Point(x=1), "spot": None, "many": (), "modes": ("b",), "level": 3, "key": "s3cret",
        "extra": (), "note": "two\nlines",
    }  # fmt: skip
    each = widgets(form)
    assert form.start().result() == defaults, "drawing the form has changed a value"
    each["n"].input.value = " 7 "
    each["rate"].input.value = "1e-3"
    each["mode"].input.value = 1
    each["size"].input.value = 2  # none, S, L
    each["day"].input.value = datetime.date(2026, 1, 31)
    each["where"].input.value = "a/b"
    each["sizes"].input.value = "4, 5"
    each["fast"].input.value = True
    each["at"].inner.each["x"].input.value = "9"
    each["spot"]._given.value = True
    each["spot"].inner.each["x"].input.value = "8"
    each["many"]._add.click()
    each["many"]._rows[0].inner.each["x"].input.value = "6"
    each["modes"].input.value = (0, 1)
    each["level"].input.value = 9
    each["key"].input.value = "new"
    each["extra"].input.value = "{'k': (1, 2)}"
    each["note"].input.value = "x\ny"
    press(form)
    assert form.launches[-1].future.result() == {
        "n": 7, "rate": 0.001, "mode": "b", "size": Size.L, "day": datetime.date(2026, 1, 31), "where": Path("a/b"),
        "sizes": (4, 5), "fast": True, "at": Point(x=9), "spot": Point(x=8), "many": (Point(x=6),),
        "modes": ("a", "b"), "level": 9, "key": "new", "extra": {"k": (1, 2)}, "note": "x\ny",
    }  # fmt: skip
    assert "s3cret" not in told(form) + repr(form) + form._saved()["text/html"]


def test_a_wrong_value_is_said_at_its_field_and_nothing_starts() -> None:
    form = every.form()
    each = widgets(form)
    assert "needs a value" not in told(form), "nobody has touched it"
    each["rate"].input.value = "fast"
    assert "a number, please, not &#x27;fast&#x27;" in each["rate"].said.value
    assert "needs a value" not in each["n"].said.value
    press(form)
    assert "needs a value" in each["n"].said.value
    assert "2 fields above" in form._panel._status.value
    assert form.launches == []
    each["at"].inner.each["x"].input.value = "x"
    assert "a whole number" in each["at"].inner.each["x"].said.value
    each["at"].inner.each["x"].input.value = "1"
    each["rate"].input.value, each["n"].input.value = "0.1", "3"
    assert "please" not in told(form)
    assert "every.submit(n=3, rate=0.1)" in form._panel._call.value
    each["n"].input._handle_custom_msg({"event": "submit"}, [])  # Enter
    assert [launch.values["n"] for launch in form.launches] == [3]


def test_what_the_engine_refuses_is_said_in_the_form() -> None:
    lock = threading.Lock()

    @fl.flow(executor="processes")
    def stuck() -> bool:
        return lock.locked()

    form = stuck.form()
    press(form)
    assert "not started: NotPicklable: " in form._panel._status.value
    assert form.launches == []


def test_names_and_values_are_checked_when_the_form_is_made_and_started() -> None:
    with pytest.raises(TypeError, match=r"every has no parameter raet: did you mean rate=\?"):
        every.form(raet=1)
    with pytest.raises(FormError, match="rate: a number, please"):
        every.form(rate="fast")
    with pytest.raises(FormError, match="n: needs a value"):
        every.form().start()
    with pytest.raises(TypeError, match="no parameter x"):
        every.form().start(x=1)


def test_a_value_that_no_text_gives_again_is_handed_on_as_it_is() -> None:
    @fl.task
    def keep(frame, n: int = 1):
        return frame

    frame = object()
    form = keep.form(frame=frame)
    assert "object object" in widgets(form)["frame"].input.value
    assert form.start(n=2).result() is frame


def test_a_launch_fills_the_form_again_and_a_task_has_a_run_of_its_own() -> None:
    @fl.task
    def double(x: int, name: str = "a"):
        return 2 * x

    form = double.form(x=1)
    widgets(form)
    first, second = form.start(), form.start(x=2, name="b")
    assert (first.result(), second.result()) == (2, 4)
    assert first.run is not second.run
    widgets(form)["x"].input.value = "5"
    first.run.wait()
    second.run.wait()
    form._tell_launches()
    newest, oldest = form._panel._launches.children
    assert (newest.description[:11], newest.description[-12:]) == ("✓ succeeded", "x=2, name='b'"[-12:])
    oldest.click()
    assert (widgets(form)["x"].input.value, widgets(form)["name"].input.value) == ("1", "a")


def test_an_edited_cell_gives_the_form_new_code_and_new_fields(ready: Shell) -> None:
    ready.run("@fl.flow\ndef scale(x: int = 2):\n    return x\nform = scale.form()\nform.widget;")
    form = ready["form"]
    ready.run("@fl.flow\ndef scale(x: int = 2):\n    return 10 * x")
    press(form)
    assert form.launches[-1].future.result() == 20
    widgets(form)["x"].input.value = "4"
    ready.run("@fl.flow\ndef scale(x: int = 2, *, by: int):\n    return by * x")
    press(form)
    assert "scale has other parameters now" in form._panel._status.value
    assert len(form.launches) == 1
    assert widgets(form)["x"].input.value == "4"
    widgets(form)["by"].input.value = "5"
    press(form)
    assert form.launches[-1].future.result() == 20


def test_the_name_of_a_variable_stands_for_it_where_any_value_may(ready: Shell) -> None:
    ready.run(
        "table = {'a': 1}\n@fl.task\ndef keep(frame, name: str = 'table'):\n    return frame, name\nform = keep.form()"
    )
    widgets(ready["form"])["frame"].input.value = "table"
    assert ready["form"].start().result() == (ready["table"], "table")


def test_names_from_code_are_no_markup() -> None:
    form = every.with_options(name="<img src=x>").form()
    assert "<img" not in told(form) + form._saved()["text/html"]
    assert "Take &lt;all&gt; of it." in told(form)
    assert "how &lt;many&gt;." in told(form)


def test_in_a_terminal_it_is_text(ready: Shell) -> None:
    ready.run("@fl.flow\ndef train(rate: float, epochs: int = 10):\n    'Train it.'\n    return rate * epochs")
    ready.run("train.form()")
    assert ready.out.splitlines() == [
        "Out[3]: ",
        "train: Train it.",
        "  rate    a number",
        "  epochs  10",
        "  .start() starts it, .start(name=value) with other values, .ask() asks",
    ]
    assert ready.value("train.form(rate=2).start(epochs=3).result()") == 6


def test_the_table_of_a_saved_file_tells_what_stands_in_the_form_and_what_is_missing() -> None:
    @fl.task
    def f(name: str, note: str = "", day: datetime.date | None = None, sizes: tuple[int, ...] = (1, 2)): ...

    cells = re.findall(r"<td[^>]*>(.*?)</td>", f.form()._saved()["text/html"])[::2]
    assert cells == [
        "<i>text</i>", "<code>&quot;&quot;</code>", "<code>none</code>", "<code>1, 2</code>",
    ]  # fmt: skip


def test_a_terminal_asks_until_the_answer_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    def answers(*lines: str) -> Callable[[str], str]:
        rest = iter(lines)

        def answer(question: str) -> str:
            print(question)
            return next(rest)

        return answer

    form = every.form(rate=2.0)
    shown = [field for field in form.fields if field.name in ("n", "rate", "mode", "sizes", "at", "fast")]
    typed = ask(shown, form.typed(), answers("", "x", "3", "", "c", "b", "1, 2, 3", "", "5", "", ""))
    assert typed == {"n": 3, "rate": 2.0, "mode": "b", "sizes": (1, 2, 3), "at": {"x": 5, "label": "here"}}
    said = capsys.readouterr().out.splitlines()
    assert said[:4] == [
        "n (a whole number): ",
        "  needs a value",
        "n (a whole number): ",
        "  a whole number, please, not 'x'",
    ]
    assert said[5] == "rate (a number) [2.0]: "


@pytest.mark.parametrize("module", [launch_form, form_text], ids=lambda module: module.__name__)
def test_the_examples_run(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


def test_a_secret_is_not_said_anywhere() -> None:
    form = every.form(n=1, key="hush")
    form.start()
    form._tell_launches()
    assert "hush" not in told(form) + repr(form) + form._saved()["text/html"]


def test_a_form_of_a_method_has_no_field_for_its_instance() -> None:
    class Shop:
        @fl.task
        def price(self, item: str) -> str:
            return f"{item}!"

    assert [field.name for field in Shop().price.form().fields] == ["item"]
    assert Shop().price.form(item="tea").start().result() == "tea!"


def test_the_call_on_show_is_python() -> None:
    form = every.form(n=1, size=Size.L, where="x")
    widgets(form)
    assert ast.parse(form._as_code(form._values(form.typed())))
    assert form._as_code(form._values(form.typed())) == "every.submit(n=1, size=Size.L, where=Path('x'))"


class Place:
    """What a form asks of the display of a notebook; keeps what is to be called later, and what was rewritten."""

    in_kernel = True

    def __init__(self) -> None:
        self.on_gone_over: list[Any] = []
        self.on_reopened: list[Any] = []
        self.due: list[Callable[[], object]] = []
        self.rewritten: list[str] = []

    def later(self, _: float, do: Callable[[], object]) -> None:
        self.due.append(do)

    def rewrite(self, _: str, data: dict[str, Any]) -> None:
        self.rewritten.append(data["text/html"])


def test_many_launches_cost_one_look_and_only_what_changed_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    place, gate = Place(), threading.Event()
    monkeypatch.setitem(display._displays, id(None), place)  # type: ignore[misc]

    @fl.flow
    def held(n: int) -> bool:
        return gate.wait(60)

    form = held.form()
    form._texts = ["here"]
    launched = [form.start(n=n) for n in range(5)]
    assert len(place.due) == 1
    written = len(place.rewritten)
    for _ in range(10):
        place.due.pop()()
    assert (len(place.due), len(place.rewritten)) == (1, written)
    gate.set()
    for future in launched:
        assert future.run.wait(60)
    place.due.pop()()
    assert (place.due, len(place.rewritten)) == ([], written + 1)
    assert place.rewritten[-1].count("succeeded") == 5


def test_while_the_body_of_an_inline_flow_runs_the_form_goes_on_telling() -> None:
    """Its lines are written by the thread that writes all views."""
    told = threading.Event()

    @fl.flow(executor="inline")
    def here(n: int = 1) -> bool:
        threading.Thread(target=lambda: (form._tell_launches(), told.set())).start()
        return told.wait(10)

    form = here.form()
    assert form.start().result() is True


@pytest.mark.kernel
def test_a_notebook_without_a_front_end_ends_with_the_form_and_the_final_picture() -> None:
    define = (
        "%load_ext ipyflow\nfrom ipyflow import flow\n@flow\ndef collect(name: str, n: int = 2):\n    return name * n"
    )
    dropped = (
        "from ipyflow.notebook.display import display_of\nshown = display_of(get_ipython())\nreal = shown.rewrite\n"
        "shown.rewrite = lambda *_: None  # as what comes between two cells is lost\nform.start(n=4).run.wait()\n"
        "while repr(form).count('succeeded') < 2 or form._told_last != form._saved():\n    form._tell_launches()\n"
        "shown.rewrite = real"
    )
    cells = [define, "form = collect.form(name='<b>')\nform", "form.start(n=3).result()", "%flow wait", dropped]
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=30).execute()
    widget, saved, picture = notebook.cells[1].outputs
    assert (widget.data["text/html"], widget.data["text/plain"]) == ("", "")
    assert saved.data["text/html"].count("✓ succeeded") == 2
    assert "&lt;b&gt;" in saved.data["text/html"]
    assert "✓ succeeded" in saved.data["text/plain"]
    assert 'alt="Timeline of collect"' in picture.data["text/html"]
    assert "succeeded" in picture.data["text/plain"]
    assert [output.data["text/plain"] for output in notebook.cells[2].outputs] == ["'<b><b><b>'"], "shown again there"
