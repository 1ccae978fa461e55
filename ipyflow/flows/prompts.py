"""``Prompt``: a question to a person, in the middle of a run."""

from __future__ import annotations

import importlib
import inspect
import json
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ipyflow.engine import default as engines
from ipyflow.engine.asking import PLACE
from ipyflow.engine.describe import short
from ipyflow.engine.future import Future
from ipyflow.engine.options import Options
from ipyflow.errors import PromptDismissed
from ipyflow.flows.lists import FutureList
from ipyflow.flows.options import seconds
from ipyflow.flows.tasks import Task

ACTIONS = ("Approve", "Dismiss")
SEND = ("Send", "Dismiss")
LONGEST = 300
_NONE: Any = object()


@dataclass(frozen=True, eq=False)
class Inquiry:
    """What a prompt asks: the function of its task."""

    template: str
    model: Any
    title: str
    actions: tuple[str, str]
    default: Any
    has_default: bool
    form: str
    """The fields to fill in, as JSON text."""

    def __call__(self, *args: Any, **values: Any) -> str:
        """The text, with these values in it."""
        try:
            return self.template.format(*args, **values)
        except (KeyError, IndexError, AttributeError) as error:
            given = ", ".join([*map(repr, args), *values]) or "none"
            raise TypeError(
                f"the prompt's text {self.template!r} has no value for {error}; given: {given}. "
                "Write prompt.submit(name=...) for each {name} in it"
            ) from None

    def read(self, values: Mapping[str, Any]) -> Any:
        """The answer that was typed into the fields."""
        return True if self.model is None else _forms("reading").read(self.model, values)["answer"]

    def taken(self, value: Any) -> Any:
        """The answer that code gave."""
        model = self.model
        if model is None:
            if not value:
                raise PromptDismissed(f"{self.title or self.template}: the answer is {value!r}")
            return True
        if isinstance(model, type) and _forms("models").is_model(model):
            if isinstance(value, model):
                return value
            if isinstance(value, Mapping):
                return self.read(value)
        return self.read({"answer": value})

    def said(self, value: Any) -> str:
        """An answer as rows write values, without its secrets; of a text more, for it is what somebody typed."""
        if self.model is None:
            return ""
        text = repr(value) if type(value) is str else short(value)
        return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _forms(module: str) -> Any:
    return importlib.import_module(f"ipyflow.forms.{module}")  # by name: it brings pydantic, which takes long


class Prompt(Task[Any, Any]):
    """A question to a person: a form in the view of the run, whose answer is the value of a future.

    ``prompt(name=value)`` asks and waits; ``prompt.submit(name=value)`` asks and gives the future, which holds no
    thread while it waits, and can be passed on, waited for, selected, cancelled. It can be an entry of a pipeline,
    too: the text's ``{}`` is then the value that it is handed.

    Args:
        template: the text, with ``{name}`` for values; as for ``str.format``.
        model: what to ask for: a pydantic model, a dataclass or a simple type as ``int``, ``Literal["a", "b"]``,
            ``list[str]``. Without, there is nothing to fill in: approved is ``True``.
        title: a few words above the text.
        actions: the words on the buttons: the first sends the form, the second says no.
        name: its label in views; the title by default.
        timeout: seconds to wait for an answer. Then it takes ``default``, if there is one, or raises ``TaskTimeout``.
        default: the answer where nobody can give one, and when the time is over.

    Where no page is open (a script, a notebook run by nbclient or papermill) it takes the answer of
    ``configure(answers={title or name: value, or function of the text})``, else its default, else it raises
    ``NoAnswer``.

    Raises:
        PromptDismissed: where the future is read: somebody said no.
        NoAnswer: where the future is read: nobody can answer here.

    Example:
        >>> import ipyflow as fl
        >>> approve = fl.Prompt("Send {count} mails?", title="Mails")
        >>> with fl.configure(answers={"Mails": True}):
        ...     approve(count=3)
        True
        >>> size = fl.Prompt("How many rows?", int, name="rows", default=100)
        >>> size()
        100
    """

    role: str | None = PLACE

    def __init__(
        self, template: str, model: Any = None, *, title: str = "", actions: tuple[str, str] | None = None,
        name: str | None = None, timeout: Any = None, default: Any = _NONE,
    ) -> None:  # fmt: skip
        if not isinstance(template, str) or not template.strip():
            raise TypeError(f"Prompt({template!r}): give the question as text, as in Prompt('Send {{count}} mails?')")
        for what, text in (("title", title), ("name", name)):
            if not (text is None and what == "name") and not isinstance(text, str):
                raise TypeError(f"Prompt({what}={text!r}): give it as text")
        words = (ACTIONS if model is None else SEND) if actions is None else actions
        if isinstance(words, str) or len(tuple(words)) != 2 or not all(isinstance(w, str) and w for w in words):
            raise ValueError(f"Prompt(actions={actions!r}): give two words, one that sends it and one that says no")
        form = "[]"
        if model is not None:
            form = json.dumps([field.to_json() for field in _forms("models").of_type(model)])
        has_default = default is not _NONE
        inquiry = Inquiry(
            template, model, title, (words[0], words[1]), default if has_default else None, has_default, form
        )
        if has_default:
            _check_default(inquiry)
        self._fill(inquiry, {"name": name or title or "prompt", "timeout": timeout})

    def _fill(self, inquiry: Inquiry, given: dict[str, Any]) -> None:
        self.fn: Any = inquiry
        self._given = given
        timeout = seconds("timeout", given.get("timeout"), positive=True)
        self.options = Options(resolve=True, executor=PLACE, timeout=timeout)
        self.is_flow = self.is_async = self.simple = False
        self.name, self.module, self.executor_name = given["name"], "", PLACE
        self._parameters = None
        self.__doc__ = inquiry.template
        names = [name for _, name, _, _ in string.Formatter().parse(inquiry.template) if name is not None]
        places = dict.fromkeys(name.split(".")[0].split("[")[0] for name in names)
        self._names = set(places)
        self.__signature__ = _signature(places, inquiry.model)

    @property
    def title(self) -> str:
        """A few words above the text."""
        return str(self.fn.title)

    @property
    def fields(self) -> tuple[Any, ...]:
        """The fields to fill in: of :class:`ipyflow.forms.fields.Field`."""
        return () if self.fn.model is None else tuple(_forms("models").of_type(self.fn.model))

    def submit(self, *args: Any, **values: Any) -> Future[Any]:
        """Ask, in the background; returns the future of the answer at once. Futures among the values are waited for.

        Raises:
            TypeError: a value that the text has no place for, or a place without a value.
        """
        __tracebackhide__ = True
        self._check(args, values)
        return (engines.instance or engines.make()).submit(self, args, values)

    def __call__(self, *args: Any, **values: Any) -> Any:
        """Ask and wait for the answer: exactly ``submit(...).result()``."""
        __tracebackhide__ = True
        return self.submit(*args, **values).result()

    def map(self, *iterables: Any, ordered: bool = True, batch: Any = None) -> FutureList[Any]:
        """Ask once for each set of items."""
        if batch is not None:
            raise TypeError(
                f"{self.name}.map(batch={batch!r}): a person answers one question after the other; leave it out"
            )
        return super().map(*iterables, ordered=ordered)

    def form(self, **preset: Any) -> Any:
        """There is none: a prompt is a form itself, where it is asked."""
        raise TypeError(f"{self.name} is a prompt and shows its form where it is asked: submit it")

    def with_options(self, **changes: Any) -> Prompt:
        """A copy with another ``title``, ``actions``, ``name``, ``timeout`` or ``default``."""
        asked, given = self.fn, self._given
        kept = {"title": asked.title, "actions": asked.actions, **given}
        if asked.has_default:
            kept["default"] = asked.default
        unknown = set(changes) - {*kept, "default"}
        if unknown:
            raise TypeError(f"unknown option {min(unknown)}= for a prompt: there are {', '.join(kept)}")
        return Prompt(asked.template, asked.model, **{**kept, **changes})

    def latest(self) -> Prompt:
        """There is no newer one: its question is a value, not the code of a cell."""
        return self

    def _check(self, args: tuple[Any, ...], values: dict[str, Any]) -> None:
        places = {name for name in self._names if name and not name.isdigit()}
        missing, unknown = places - set(values), set(values) - places
        if missing:
            said = ", ".join(f"{name}=..." for name in sorted(missing))
            raise TypeError(f"the text of {self.name} needs {', '.join(sorted(missing))}: write submit({said})")
        if unknown or (args and places == self._names):
            what = ", ".join([*(f"{name}=" for name in sorted(unknown)), *map(repr, args[:1] if not unknown else ())])
            said = f"it has {', '.join(sorted(places))}" if places else "it has none"
            raise TypeError(f"the text of {self.name} has no place for {what}: {said}")

    def __repr__(self) -> str:
        return f"<prompt {self.name}: {short(self.fn.template)}>"

    def _by_value(self) -> Any:
        return (_remake, (self.fn, self._given, False))


def _signature(places: Iterable[str], model: Any) -> inspect.Signature:
    """What the text has places for; what it gives is the answer."""
    named = [name for name in places if name.isidentifier()]
    kinds = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in named]
    if len(named) < len(list(places)):
        kinds.insert(0, inspect.Parameter("values", inspect.Parameter.VAR_POSITIONAL))
    return inspect.Signature(kinds, return_annotation=bool if model is None else model)


def _check_default(inquiry: Inquiry) -> None:
    try:
        inquiry.taken(inquiry.default)
    except PromptDismissed:
        pass
    except ValueError as error:
        raise ValueError(f"Prompt(default={inquiry.default!r}) is no answer to it: {error}") from None


def _remake(inquiry: Inquiry, given: dict[str, Any], is_flow: bool) -> Prompt:
    prompt = Prompt.__new__(Prompt)
    prompt._fill(inquiry, given)
    return prompt
