"""``ipyflow.Builder``: one plan on the desk, with its edits, what is wrong with it, and its code."""

from __future__ import annotations

import copy
import itertools
import linecache
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from ipyflow.builder import cells, code, edits, saved, shown
from ipyflow.builder import plan as p
from ipyflow.builder.checks import Problem, check
from ipyflow.builder.history import History
from ipyflow.builder.landing import Landing, handed, landing
from ipyflow.builder.names import Names
from ipyflow.builder.reading import read
from ipyflow.engine.future import Future
from ipyflow.errors import PipelineInvalid
from ipyflow.flows.pipelines.value import Pipeline

_numbers = itertools.count(1)


class Builder:
    """Puts a pipeline together by mouse and keyboard, and shows the code that it stands for.

    As the last line of a cell it shows itself: the tasks of the notebook, the pipeline, what is wrong with it and its
    code. All of it can be done from code as well.

    Args:
        pipeline: begin with this one.
        name: what the code calls it; by default the name that ``pipeline`` has in the notebook, or ``pipeline``.
        namespace: where names are looked up; by default the globals of the caller, in a notebook the notebook's.

    Raises:
        TypeError: ``pipeline`` is none.
        PipelineInvalid: it is too large to be worked on by hand.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def multiply(x, y):
        ...     return x * y
        >>> builder = fl.Builder(namespace={"multiply": multiply})
        >>> builder.edit({"do": "add", "to": 0, "at": 0, "task": "multiply", "arguments": "3, 2"})
        1
        >>> print(builder.code())
        pipeline = multiply.send(3, 2)
        >>> builder.pipeline()()
        6
    """

    def __init__(
        self, pipeline: Pipeline | None = None, name: str | None = None, *, namespace: Mapping[str, Any] | None = None
    ) -> None:
        if pipeline is not None and not isinstance(pipeline, Pipeline):
            raise TypeError(
                f"Builder({type(pipeline).__name__}): give a pipeline, as task.send(...) makes one, or nothing"
            )
        self.names = Names(sys._getframe(1).f_globals if namespace is None else namespace)
        self._lock = threading.RLock()
        self.on_change: list[Callable[[], None]] = []
        """Called after each edit."""
        plan = p.empty(name or "pipeline")
        if pipeline is not None:
            known = next((key for key, value in self.names.namespace.items() if value is pipeline), "pipeline")
            plan = read(pipeline, name or ("pipeline" if known.startswith("_") else known), self.names)
        self._history = History(plan)

    # Looking.

    @property
    def plan(self) -> p.Plan:
        """The plan, as plain JSON; changing it changes nothing here."""
        return copy.deepcopy(self._history.plan)

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with it now: the notebook's names may have changed since it was put together."""
        with self._lock:
            return check(self._history.plan, self.names, self.landings())

    @property
    def undoes(self) -> str | None:
        """What :meth:`undo` would take back, in words."""
        return self._history.undoes

    @property
    def redoes(self) -> str | None:
        """What :meth:`redo` would do again, in words."""
        return self._history.redoes

    def landings(self) -> dict[int, Landing]:
        """Where the arguments of each step land, by its number."""
        plan = self._history.plan
        given = handed(plan, self.names)
        return {step["id"]: landing(step, given[step["id"]], self.names) for step in p.steps(plan)}

    def lines(self) -> list[code.Line]:
        """The code line by line, each with the number of what it is of."""
        return code.lines(self._history.plan, self.names.in_parallel())

    def code(self) -> str:
        """The Python that it stands for."""
        return "\n".join(line.text for line in self.lines())

    def to_json(self) -> dict[str, Any]:
        """All that a page shows of it."""
        with self._lock:
            return shown.to_json(self)

    # Changing.

    def edit(self, edit: edits.Edit, merge: str = "") -> int:
        """Do one edit; see ``docs/builder.md`` for all of them.

        Args:
            edit: ``{"do": "add", "to": 0, "at": 0, "task": "load"}`` and the like.
            merge: edits in a row with the same text here are undone as one.

        Returns:
            The number of what was made or changed.

        Raises:
            EditRefused: it cannot be done; nothing has changed.
        """
        with self._lock:
            plan = self._history.plan
            if edit.get("do") == "argument" and edit.get("id") in (landings := self.landings()):
                edit = {**edit, "names": landings[edit["id"]].names}
            new, id = edits.apply(plan, edit)
            self._history.done(new, edits.label(plan, edit), merge)
        self._changed()
        return id

    def undo(self) -> str | None:
        """Take the last edit back; gives what it was, or ``None`` when there is none."""
        with self._lock:
            what = self._history.undo()
        self._changed()
        return what

    def redo(self) -> str | None:
        """Do again what was taken back."""
        with self._lock:
            what = self._history.redo()
        self._changed()
        return what

    def _changed(self) -> None:
        for listener in list(self.on_change):
            listener()

    # Using.

    def pipeline(self) -> Pipeline:
        """The pipeline: what the code gives, run with the notebook's names of now.

        Raises:
            PipelineInvalid: something is wrong with the plan; the message lists what.
        """
        with self._lock:
            wrong = [problem for problem in self.problems if not problem.doubt]
            if wrong:
                listed = "; ".join(_said(problem, self._history.plan) for problem in wrong[:4])
                more = f"; and {len(wrong) - 4} more" if len(wrong) > 4 else ""
                raise PipelineInvalid(f"{self._history.plan['name'] or 'this'} cannot be run yet: {listed}{more}")
            text, name = self.code(), self._history.plan["name"]
        file = f"<builder {next(_numbers)}: {name}>"
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        space = self.names.namespace
        local = {key: value for key, value in self.names.own.items() if key not in space}
        exec(compile(text, file, "exec"), space if isinstance(space, dict) else dict(space), local)
        made = local[name]
        if not isinstance(made, Pipeline):  # something called in_parallel or a task of another kind
            raise PipelineInvalid(f"the code of {name} gives no pipeline but a {type(made).__name__}")
        return made

    def run(self) -> Future[Any]:
        """Submit the pipeline; returns its future. Its run has the name of the builder.

        Raises:
            PipelineInvalid: something is wrong with the plan.
        """
        return self.pipeline().submit_as(self._history.plan["name"])

    def write(self) -> None:
        """Put the code into a new cell below; where there are no cells, print it."""
        cells.write(self.code())

    def __repr__(self) -> str:
        plan = self._history.plan
        count = sum(1 for _ in p.walk(plan["entries"]))
        wrong = len(self.problems)
        said = f", {wrong} problem{'' if wrong == 1 else 's'}" if wrong else ""
        return f"<builder of {plan['name']}: {count} {'entry' if count == 1 else 'entries'}{said}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return saved.bundle(self)


def _said(problem: Problem, plan: p.Plan) -> str:
    name = next((one["task"] for one in p.steps(plan) if one["id"] == problem.id), "")
    return f"{name}: {problem.text}" if name and name not in problem.text else problem.text
