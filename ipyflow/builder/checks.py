"""What is wrong with a plan: a message for each place. Nothing is evaluated; literals and names are looked at."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass
from typing import Any

from ipyflow.builder import plan as p
from ipyflow.builder.landing import Handed, Landing, flag
from ipyflow.builder.names import Names, called
from ipyflow.builder.texts import MISSING, free_names, is_name, literal, wrong
from ipyflow.errors import FormError
from ipyflow.flows.tasks import Task
from ipyflow.forms.reading import read_fields
from ipyflow.forms.signature import of_callable

GROUP_OPTIONS = (
    "max_parallelism", "num_stages", "return_exceptions", "fail_fast", "ordered", "name", "merge_state",
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """Something that is wrong.

    Attributes:
        id: of what: an entry, a branch, or 0 for the pipeline.
        field: where in it: ``task``, ``args.0``, ``kwargs.name``, ``option.name``, ``initial.args``; or all of it.
        text: what, and what to do.
        doubt: it may be right: the pipeline can be run all the same.
        fix: Python to put into the field, where one guess is likely.
    """

    id: int
    field: str
    text: str
    doubt: bool = False
    fix: str = ""

    def to_json(self) -> dict[str, Any]:
        """As a page gets it."""
        return asdict(self)


def check(plan: p.Plan, names: Names, landings: dict[int, Landing]) -> list[Problem]:
    """All that is wrong, in the order in which it is read."""
    checker = _Checker(plan, names, landings)
    checker.pipeline()
    return checker.found


class _Checker:
    def __init__(self, plan: p.Plan, names: Names, landings: dict[int, Landing]) -> None:
        self.plan, self.names, self.landings = plan, names, landings
        self.found: list[Problem] = []

    def _say(self, id: int, field: str, text: str, doubt: bool = False, fix: str = "") -> None:
        self.found.append(Problem(id, field, text, doubt, fix))

    def pipeline(self) -> None:
        name, entries = self.plan["name"], self.plan["entries"]
        if not is_name(name):
            self._say(p.ROOT, "name", f"{name or 'nothing'!r} is no name: letters, digits and _, as in report")
        elif self.names.task(name) is not None:
            self._say(p.ROOT, "name", f"{name} is a task in this notebook: its name would be gone", doubt=True)
        if not entries:
            self._say(p.ROOT, "", "there is nothing in it yet: add a task")
        for field, text in self.plan["initial"].items():
            value = self._python(p.ROOT, f"initial.{field}", str(text)) if text else MISSING
            if field == "kwargs" and value is not MISSING and not _names_and_values(value):
                self._say(p.ROOT, "initial.kwargs", "give names and values, as in {'size': 3}")
        self._entries(entries, None)

    def _entries(self, entries: list[p.Entry], branch: int | None) -> None:
        for place, entry in enumerate(entries):
            if entry["kind"] == "group":
                self._group(entry)
                continue
            role = entry["role"]
            if role == p.HANDLER and place == 0:
                self._say(entry["id"], "role", "nothing before it could fail: put it behind what it is to catch")
            elif role == p.FINALISER and branch is not None:
                self._say(entry["id"], "role", "a branch cannot have its own: put it behind the parallel block")
            elif role == p.FINALISER and place == 0:
                self._say(entry["id"], "role", "nothing comes before it: put it behind the last step")
            elif role == p.FINALISER and place != len(entries) - 1:
                self._say(entry["id"], "role", "nothing may follow it: move it to the end")
            self._step(entry)

    def _group(self, group: p.Group) -> None:
        id, options = group["id"], group["options"]
        for branch in group["branches"]:
            if not branch["entries"]:
                self._say(branch["id"], "", "this branch is empty: add a task, or remove it")
            self._entries(branch["entries"], branch["id"])
        for name, text in options.items():
            field = f"option.{name}"
            if name not in GROUP_OPTIONS:
                self._say(id, field, f"a parallel block has no option {name}")
                continue
            value = self._python(id, field, text)
            if value is MISSING or value is None:
                continue
            least = {"max_parallelism": 0, "num_stages": 1}.get(name)
            if least is not None and (isinstance(value, bool) or not isinstance(value, int) or value < least):
                self._say(id, field, "a whole number, 1 or more; or nothing")
            elif name in ("return_exceptions", "fail_fast", "ordered") and not isinstance(value, bool):
                self._say(id, field, "True or False")
            elif name == "name" and not (isinstance(value, str) and value.strip()):
                self._say(id, field, "a name, as text")
            elif name == "merge_state":
                self._say(id, field, "a function of the state before and the list of the branches' states")
        if literal(options.get("fail_fast", "")) is True and literal(options.get("return_exceptions", "")) is True:
            text = "it stops at the first failure, and return_exceptions at none: choose one"
            self._say(id, "option.fail_fast", text)

    def _step(self, step: p.Step) -> None:
        id, given, landing = step["id"], step["task"], self.landings[step["id"]]
        task = self.names.task(given)
        if not given:
            wanted = {p.HANDLER: "which task handles the error", p.FINALISER: "which task runs in the end"}
            self._say(id, "task", f"choose {wanted.get(step['role'], 'a task')}")
            return
        if task is None:
            self._no_task(id, given)
        self._only_here(id, "task", given.partition(".")[0])
        for at, text in enumerate(step["args"]):
            self._python(id, f"args.{at}", text)
        for name, text in step["kwargs"].items():
            self._python(id, f"kwargs.{name}", text)
            if name == "self" or (name == "target" and step["role"] != p.NEXT):
                self._say(id, f"kwargs.{name}", f"{name} cannot be given by name here: give it by its place")
        if task is not None:
            self._arguments(step, task, landing)
            self._options(step, task)

    def _no_task(self, id: int, given: str) -> None:
        known = list(self.names.tasks())
        try:
            found = self.names.value(given)
        except LookupError:
            near = difflib.get_close_matches(given, known, 1)
            hint = f"did you mean {near[0]}?" if near else "define it in a cell, with @task on it"
            self._say(id, "task", f"there is no task {given} in this notebook: {hint}", fix=near[0] if near else "")
            return
        what = "a function: put @task on it" if callable(found) else f"of type {type(found).__name__}"
        self._say(id, "task", f"{given} is no task, it is {what}")

    def _only_here(self, id: int, field: str, name: str) -> None:
        if name in self.names.own and name not in self.names.namespace:
            text = f"{name} has no name in this notebook: it can be run here, but its code only where {name} is bound"
            self._say(id, field, text, doubt=True)

    def _python(self, id: int, field: str, text: str) -> Any:
        """Say what is wrong with a text; gives its value if it is a literal."""
        error = wrong(text)
        if error is not None:
            # Words and paths are most likely meant as text.
            quoted = repr(text) if not any(sign in text for sign in "()[]{}'\"=,") else ""
            hint = f"; as text it is {quoted}" if quoted else ""
            self._say(id, field, f"{text} is no Python: {error}{hint}", fix=quoted)
            return MISSING
        value = literal(text)
        if value is not MISSING:
            return value
        for name in free_names(text):
            self._only_here(id, field, name)
            if not self.names.has(name):
                quoted = repr(text) if text.replace(".", "").replace("-", "").isidentifier() else ""
                hint = f"; as text it is {quoted}" if quoted else ", or define it in a cell"
                self._say(id, field, f"nothing is called {name} in this notebook{hint}", fix=quoted)
        return MISSING

    def _arguments(self, step: p.Step, task: Task[Any, Any], landing: Landing) -> None:
        id, given = step["id"], landing.handed
        for key, text in landing.extra.items():
            self._say(id, key, text, doubt=not given.certain and given.count > 0)
        if any(key.startswith("args.") or not key for key in landing.extra):
            return
        for slot in landing.slots:
            if slot.needed and not slot.text and not slot.source:
                unless = self._unless(given)
                self._say(id, slot.key, f"{slot.name} needs a value{unless}", doubt=bool(unless))
        self._hints(step, task, landing)

    def _unless(self, given: Handed) -> str:
        return f", unless {given.source} is a tuple" if given.count and not given.certain else ""

    def _hints(self, step: p.Step, task: Task[Any, Any], landing: Landing) -> None:
        """Literals that do not fit the hints of their parameters: Python runs them all the same."""
        try:
            fields = {field.name: field for field in of_callable(called(task))}
        except Exception:  # hints of names that are not there, signatures that do not tell
            return
        for slot in landing.slots:
            field, value = fields.get(slot.name), literal(slot.text) if slot.text else MISSING
            if field is None or value is MISSING or (value is None and field.optional):
                continue
            # A date in quotes would be turned into one by a form; a task gets the text.
            if isinstance(value, str) and field.kind == "value":
                continue  # a form would read it as Python
            if isinstance(value, str) and field.kind not in ("str", "text", "secret", "path", "choice"):
                self._say(step["id"], slot.key, f"{slot.text} is a text, and {slot.name} a {field.kind}", doubt=True)
                continue
            try:
                read_fields([field], {slot.name: value})
            except FormError as error:
                self._say(step["id"], slot.key, f"{slot.name}: {next(iter(error.errors.values()))}", doubt=True)
            except Exception:  # validators of other people's types
                continue

    def _options(self, step: p.Step, task: Task[Any, Any]) -> None:
        for name, text in step["options"].items():
            value = self._python(step["id"], f"option.{name}", text)
            try:
                task.with_options(**{name: None if value is MISSING else value})
            except Exception as error:
                if value is not MISSING or "unexpected" in str(error):
                    self._say(step["id"], f"option.{name}", str(error))
        landing = self.landings[step["id"]]
        if flag(step, "with_state", task) and not landing.open and not landing.slots:
            self._say(step["id"], "option.with_state", f"{step['task']} takes no argument, and the state is the first")


def _names_and_values(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(name, str) for name in value)
