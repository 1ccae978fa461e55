"""A pipeline as a value: put together first, submitted as often as one likes.

``__tracebackhide__`` keeps frames out of IPython's tracebacks: what is wrong with a pipeline is in the reader's line.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Generator
from typing import Any

from ipyflow.engine import default
from ipyflow.engine.call import Call
from ipyflow.engine.describe import short
from ipyflow.engine.future import Future
from ipyflow.engine.plan import Plan
from ipyflow.errors import PipelineInvalid
from ipyflow.flows.pipelines import plan
from ipyflow.flows.pipelines.entries import FINALISER, HANDLER, SHOWN, Entry, Group, Initial, Step
from ipyflow.flows.pipelines.start import start, start_below
from ipyflow.model import records as r


class Sendable:
    """What can be an entry of a pipeline: a task."""

    __slots__ = ()

    def step_task(self) -> Any:
        """The task to run, for a method bound to its instance."""
        return self

    def send(self, *args: Any, **kwargs: Any) -> Pipeline:
        """A pipeline of this task alone, with these arguments; nothing runs before it is submitted.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def double(x):
            ...     return 2 * x
            >>> double.send(4).continue_with(double)()
            16
        """
        return _EMPTY._and(Step.of(self.step_task(), args, kwargs))


class Pipeline(Plan):
    """Tasks that follow each other, as a value: each method returns a new pipeline, none changes one.

    It is begun by ``task.send(...)`` or :func:`ipyflow.in_parallel` and runs when it is submitted:
    ``pipeline.submit()`` gives its future, ``pipeline()`` waits for its value, ``await pipeline`` too. A task that
    returns a pipeline ends as the pipeline does.

    The value of an entry is handed to the next in front of its own arguments: a tuple as several arguments, anything
    else as one.

    Example:
        >>> import ipyflow as fl
        >>> @fl.task
        ... def multiply(x, y):
        ...     return x * y
        >>> @fl.task
        ... def divide(x, y):
        ...     return x / y
        >>> multiply.send(3, 2).continue_with(divide, 2)()
        3.0
    """

    __slots__ = ("__weakref__", "_before", "_entries", "initial", "is_inline", "last", "size")

    _before: Pipeline | None
    _entries: tuple[Entry, ...] | None
    initial: Initial | None
    """What :meth:`with_initial` has set."""
    is_inline: bool
    """True when it shares state and arguments with the task that returns it."""
    last: Entry | None
    """Its last entry."""
    size: int
    """How many entries it has, those of its groups included."""

    def __init__(self) -> None:
        self._before = self.last = self.initial = None
        self._entries = ()
        self.is_inline = False
        self.size = 0

    # Putting together.

    def continue_with(self, target: Any, *args: Any, **kwargs: Any) -> Pipeline:
        """Then run this task, with the value so far in front of ``args``; or all of this pipeline.

        Args:
            target: a task, or a pipeline (whose steps have their arguments already).
            args: positional arguments for the task, behind the value.
            kwargs: keyword arguments for the task.

        Raises:
            PipelineInvalid: ``target`` is neither; it has initial parameters; ``finally_do`` came before.
        """
        __tracebackhide__ = True
        if isinstance(target, Pipeline):
            if args or kwargs:
                raise PipelineInvalid("continue_with(pipeline) takes no arguments: give them to its tasks with send()")
            return self._and_all(target)
        return self._and(_step("continue_with", target, args, kwargs, None))

    def continue_if(self, condition: Any, target: Any, *args: Any, **kwargs: Any) -> Pipeline:
        """As :meth:`continue_with` if ``condition`` is true now, while the pipeline is put together; else unchanged.

        Raises:
            PipelineInvalid: the condition is a task, a pipeline or a future, which is always true.
        """
        __tracebackhide__ = True
        if isinstance(condition, (Pipeline, Sendable, Future)) or callable(condition):
            raise PipelineInvalid(
                f"continue_if({_said(condition)}, ...) would always be true: it is decided while the pipeline is "
                "built. For a decision in the run, write a task that returns one pipeline or another"
            )
        more = self.continue_with(target, *args, **kwargs)
        return more if condition else self

    def exceptionally(self, target: Any, *args: Any, **kwargs: Any) -> Pipeline:
        """If an entry before it fails, run this task with the exception in front of ``args``; else skip it.

        Its value heals: the pipeline goes on with it. What it raises replaces the exception.

        Raises:
            PipelineInvalid: nothing before it could fail; ``target`` is no task; ``finally_do`` came before.
        """
        __tracebackhide__ = True
        step = _step("exceptionally", target, args, kwargs, HANDLER)
        if not self.size:
            raise PipelineInvalid(
                f"a pipeline cannot begin with exceptionally({step.name}): nothing before it could fail. "
                "Begin with task.send(...)"
            )
        return self._and(step)

    def finally_do(self, target: Any, *args: Any, **kwargs: Any) -> Pipeline:
        """In the end run this task, whatever happened; it is not handed the value, and its own value is dropped.

        What it raises replaces the outcome. It runs on cancel too. Nothing may follow.

        Raises:
            PipelineInvalid: nothing comes before it; there is one already; ``target`` is no task.
        """
        __tracebackhide__ = True
        step = _step("finally_do", target, args, kwargs, FINALISER)
        if not self.size:
            raise PipelineInvalid(f"a pipeline cannot begin with finally_do({step.name}): begin with task.send(...)")
        return self._and(step)

    def with_initial(self, args: Any = None, kwargs: dict[str, Any] | None = None, state: Any = None) -> Pipeline:
        """Set what the first entry is handed; if that is a group, each of its branches.

        Args:
            args: one positional argument, or a tuple of them, in front of the entry's own.
            kwargs: keyword arguments; the entry's own win.
            state: what the first task with ``with_state=True`` takes.

        Raises:
            PipelineInvalid: they were set before.
        """
        __tracebackhide__ = True
        if self.initial is not None:
            raise PipelineInvalid(
                "Ambiguous initial parameters: with_initial() was called before; give all of them in one call"
            )
        if kwargs is not None and not (isinstance(kwargs, dict) and all(isinstance(key, str) for key in kwargs)):
            raise PipelineInvalid(f"with_initial(kwargs={_said(kwargs)}): give a dict of names and values")
        given = None if args is None else args if type(args) is tuple else (args,)
        new = self._copy()
        new.initial = Initial(given, None if kwargs is None else dict(kwargs), state)
        return new

    def inline(self, inline: bool = True) -> Pipeline:
        """For a pipeline that a task returns: share that task's arguments and state, and give the state back."""
        new = self._copy()
        new.is_inline = bool(inline)
        return new

    def set(self, **options: Any) -> Pipeline:
        """Change options of the last task, as ``task.with_options`` does: ``set(retries=3, name="again")``.

        Raises:
            PipelineInvalid: the last entry is a group, or there is none.
        """
        __tracebackhide__ = True
        if not isinstance(self.last, Step):
            what = "a group" if self.last is not None else "an empty pipeline"
            raise PipelineInvalid(f"set({', '.join(options)}=...) changes a task, and this is {what}: set it on a step")
        step = self.last
        task = step.task.with_options(**options)
        return self._instead(Step.of(task, step.args, step.kwargs, step.role, step.pauses))

    def pause_here(self) -> Pipeline:
        """When the last entry has ended, pause the whole pipeline; ``future.resume()`` lets it go on.

        Raises:
            PipelineInvalid: the pipeline is empty.
        """
        __tracebackhide__ = True
        if self.last is None:
            raise PipelineInvalid("pause_here() comes behind an entry: begin with task.send(...)")
        return self._instead(self.last._replace(pauses=True))

    # Running.

    def submit(self) -> Future[Any]:
        """Start it in the background; returns its future at once. It may be submitted many times.

        Raises:
            PipelineInvalid: it is empty, or ``inline()`` where there is nothing to be inline with.
        """
        __tracebackhide__ = True
        return self.submit_as("")

    def submit_as(self, name: str) -> Future[Any]:
        """For a builder: submit it, in a run that goes by this name."""
        __tracebackhide__ = True
        self.check()
        if self.is_inline:
            raise PipelineInvalid(
                "an inline() pipeline shares the state of the task that returns it, and this one was submitted: "
                "leave inline() out, or return it from a task"
            )
        engine = default.instance or default.make()
        return engine.submit_plan(self) if engine.is_guest else start(engine, self, name)

    def submit_below(self, call: Call) -> Future[Any]:
        """For the engine: submit it in the place of ``call``, which has returned it."""
        self.check()
        return start_below(call, self)

    def __call__(self) -> Any:
        """Submit and wait: exactly ``submit().result()``."""
        __tracebackhide__ = True
        return self.submit().result()

    def __await__(self) -> Generator[Any, None, Any]:
        return self.submit().__await__()

    def check(self) -> None:
        """Raise if it cannot be run.

        Raises:
            PipelineInvalid: it is empty.
        """
        __tracebackhide__ = True
        if not self.size:
            raise PipelineInvalid("this pipeline is empty: begin with task.send(...) or in_parallel([...])")

    # Looking.

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Its steps and groups, in order."""
        if self._entries is None:
            found: list[Entry] = []
            at: Pipeline | None = self
            while at is not None and at._entries is None:
                assert at.last is not None
                found.append(at.last)
                at = at._before
            first = () if at is None else at._entries or ()
            made = (*first, *reversed(found))
            if len(made) == 1:
                return made  # nearly every branch is one step: not worth keeping
            self._entries = made
        return self._entries

    @property
    def outline(self) -> str:
        """Its entries in a few words: ``multiply → divide``."""
        names = [entry.outline for entry in self.entries[:SHOWN]]
        more = f" → … ({len(self.entries):,})" if len(self.entries) > SHOWN else ""
        return " → ".join(names) + more

    def describe(self) -> str:
        """The plan as a tree of text.

        Example:
            >>> import ipyflow as fl
            >>> @fl.task
            ... def add(x, y):
            ...     return x + y
            >>> print(add.send(1, 2).continue_with(add, 3).describe())
            ├─ add(1, 2)
            └─ add(…, 3)
        """
        return plan.tree(self.entries, self.size)

    def to_dot(self) -> str:
        """The plan in the language of graphviz."""
        return str(self._picture("dot"))

    def to_mermaid(self) -> str:
        """The plan as a Mermaid flowchart."""
        return str(self._picture("mermaid"))

    def _picture(self, form: str) -> Any:
        return default.presenter().plan(self.plan(), form)

    def plan(self) -> list[r.Record]:
        """The plan as records: what views are made of."""
        rows: list[tuple[Any, ...]] = [r.pack(r.Opened(0.0, 0, self.outline, "pipeline", 0.0))]
        ids = itertools.count(1)
        plan.Planner(rows.append, lambda: next(ids), 0.0).write(self.entries, r.NO_TASK)
        return [r.unpack(row) for row in rows]

    def __getattr__(self, name: str) -> Any:
        hint = f"; nothing runs before submit(): write pipeline.submit().{name}" if hasattr(Future, name) else ""
        raise AttributeError(f"a pipeline has no attribute {name!r}{hint}")

    def __repr__(self) -> str:
        return f"<pipeline {self.outline or '(empty)'}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self._picture("mimebundle")

    # Making new ones.

    def _copy(self) -> Pipeline:
        new = type(self).__new__(type(self))
        for name in ("_before", "last", "_entries", "initial", "is_inline", "size"):
            setattr(new, name, getattr(self, name))
        return new

    def _and(self, entry: Entry) -> Pipeline:
        """This pipeline and one entry more: it shares all before it, so that long ones are built in no time."""
        __tracebackhide__ = True
        self._check_open()
        new = type(self).__new__(type(self))
        new._before, new.last, new._entries = self, entry, None
        new.initial, new.is_inline = self.initial, self.is_inline
        new.size = self.size + 1
        if type(entry) is Group:
            new.size += sum([branch.size for branch in entry.branches])
        return new

    def _and_all(self, other: Pipeline) -> Pipeline:
        __tracebackhide__ = True
        self._check_open()
        if other.initial is not None:
            raise PipelineInvalid(
                "Ambiguous initial parameters: the pipeline given to continue_with() has some of its own, "
                "and is handed the value so far; leave one of them out"
            )
        other.check()
        if other.last is not None and other.size == 1:
            return self._and(other.last)
        new = self._copy()
        new._before, new.last = None, other.last
        new._entries = self.entries + other.entries
        new.size = self.size + other.size
        return new

    def _instead(self, entry: Entry) -> Pipeline:
        new = self._copy()
        new.last = entry
        new._entries = (*self.entries[:-1], entry)
        return new

    def _check_open(self) -> None:
        __tracebackhide__ = True
        last = self.last
        if last is not None and last.role == FINALISER:
            raise PipelineInvalid(
                f'Invalid pipeline: "finally_do" must be called at the end of the pipeline; nothing follows '
                f"finally_do({last.outline}), and there is one at most"
            )


_EMPTY = Pipeline()


def _step(method: str, target: Any, args: tuple[Any, ...], kwargs: dict[str, Any], role: str | None) -> Step:
    __tracebackhide__ = True
    if not isinstance(target, Sendable):
        raise PipelineInvalid(f"{method}({_said(target)}): {not_a_task(target)}")
    return Step.of(target.step_task(), args, kwargs, role)


def not_a_task(value: Any) -> str:
    """What to do about ``value``, which is neither a task nor, where one is wanted, a pipeline."""
    if isinstance(value, Pipeline):
        return "a task is wanted here, and this is a pipeline; write a task that returns it"
    if isinstance(value, Future):
        return "this is a future, which runs already; write task.send(...) in place of task.submit(...)"
    if isinstance(value, Callable):  # type: ignore[arg-type]
        name = getattr(value, "__name__", "function")
        return f"{name} is not a task; put @ipyflow.task on it, or write ipyflow.task({name})"
    return f"a task is wanted here, and this is of type {type(value).__name__}"


def _said(value: Any) -> str:
    return getattr(value, "__name__", None) or short(value)
