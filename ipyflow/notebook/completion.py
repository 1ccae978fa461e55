"""Completion of the magics' lines: subcommands, options, their values, runs and tasks, settings.

IPython asks with each Tab, in a terminal and for every page; it is answered from what is in memory, newest first, then
from the list of the past, and without folding a log: so a thousand runs cost some milliseconds. What can stand in a
line is read from the table.
"""

from __future__ import annotations

import concurrent.futures
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, SimpleMatcherResult, completion_matcher
from IPython.core.error import UsageError

from ipyflow import session
from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.flows.options import EXECUTORS
from ipyflow.flows.tasks import Task
from ipyflow.notebook import settings
from ipyflow.notebook.grammar import Line, Option, parted
from ipyflow.notebook.table import COMMANDS, FLOW, TASK
from ipyflow.notebook.targets import futures, run_of, target
from ipyflow.past.finding import offered
from ipyflow.past.run import PastRun
from ipyflow.views.words import shown

_FILES = {"IPCompleter.file_matcher"}
MOST = 300
"""Offers for one Tab."""
LOOKED_AT = 5_000
"""Futures that are looked through for tasks of a name."""

_MAGIC = re.compile(r"\s*(?P<magic>%%?(?:ipyflow_task|ipyflow|flow|task))\s+(?P<rest>.*)$", re.DOTALL)

# Which runs, and which tasks, a subcommand is for.
_RUNS: dict[str, Callable[[Run], Any]] = {
    "wait": lambda run: not run.closed,
    "cancel": lambda run: not run.closed,
    "pause": lambda run: not run.closed,
    "resume": lambda run: not run.closed and run.is_paused(),
    "retry": lambda run: run.failed,
    "rerun": lambda run: run.beginning is not None,
    "debug": lambda run: run.failed,
}
_TASKS: dict[str, Callable[[Future[Any]], Any]] = {
    "cancel": lambda future: not future.done(),
    "pause": lambda future: not future.done(),
    "resume": lambda future: future.id in future.run.paused,
    "retry": lambda future: future.id in future.run.failed,
    "debug": lambda future: future.id in future.run.failed,
}

_PAST = {"show", "explain", "export", "lint", "whatif", "compare", "resume", "history"}
"""What takes runs of the past."""
REMEMBERED = 100
"""Of how many of them the names and keys are offered."""

Offer = tuple[str, str]
"""What to write, and of which kind it is."""


class Completion:
    """Our matcher in the completer of a shell.

    Args:
        shell: the interactive shell.
    """

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def install(self) -> None:
        """Let the shell's completer ask us."""
        self._shell.Completer.custom_matchers.append(self.match)

    def remove(self) -> None:
        """Be asked no more."""
        matchers = self._shell.Completer.custom_matchers
        if self.match in matchers:
            matchers.remove(self.match)

    @completion_matcher(identifier="ipyflow", api_version=2)
    def match(self, context: CompletionContext) -> SimpleMatcherResult:
        """What may stand where the cursor is; nothing outside the lines of our magics."""
        found = _MAGIC.match(context.text_until_cursor)
        above = "".join(context.full_text.split("\n")[: context.cursor_line])
        if found is None or (found["magic"].startswith("%%") and above.strip()):
            return {"completions": []}
        fragment, offers, alone = self._offers(found["magic"], found["rest"])
        fitting = dict(offer for offer in offers if offer[0].startswith(fragment))
        return {
            "completions": [SimpleCompletion(text=text, type=kind) for text, kind in islice(fitting.items(), MOST)],
            "matched_fragment": fragment,
            "suppress": True,
            "do_not_suppress": set() if alone else _FILES,
            "ordered": True,
        }

    def _offers(self, magic: str, rest: str) -> tuple[str, Iterable[Offer], bool]:
        """The part of the last word that is completed, what there is, and whether it cannot be a file."""
        given, last, _, depth = parted(rest)
        if depth:
            return last, (), False  # Python's: parameters and expressions
        if magic.startswith("%%"):
            line = TASK if magic.endswith("task") else FLOW
        elif not given:
            return last, _commands(), True
        elif (known := COMMANDS.get(given.pop(0))) is None:
            return last, (), False
        else:
            line = known
        option = line.option(given[-1]) if given else None
        if option is not None and option.value and not option.bare:
            return last, self._values(option), True
        name, equals, value = last.partition("=")
        if equals and (option := line.option(name)) is not None:
            return value, self._values(option), True
        if last.startswith("-"):
            return last, _options(line, given), True
        return self._operands(line, given, last)

    def _values(self, option: Option) -> Iterator[Offer]:
        if option.offers == "executor":
            yield from ((name, "executor") for name in EXECUTORS)
            yield from self._variables(concurrent.futures.Executor)
        else:
            yield from ((value, "value") for value in option.choices or option.offers)

    def _operands(self, line: Line, given: list[str], last: str) -> tuple[str, Iterable[Offer], bool]:
        standing = [word for word in given if not word.startswith("-")]
        place = min(len(standing), len(line.operands) - 1)
        operand = line.operands[place] if line.operands and (place == len(standing) or line.operands[-1].many) else None
        if operand is None or line in (FLOW, TASK):
            return last, _options(line, given) if not last else (), True
        if operand.kind == "setting":
            return _setting(standing, last)
        if operand.kind == "target":
            # The first word may be the second's: a path, where the run is left out.
            return last, self._targets(line.name, last), len(line.operands) == 1
        if operand.kind == "past":
            return last, _past(last), True
        if operand.kind == "flow":
            flows = dict.fromkeys(self._variables(Task))
            return last, sorted(flows, key=lambda offer: not self._shell.user_ns[offer[0]].is_flow), True
        if operand.kind == "parameter":
            return last, self._parameters(line.name, standing), True
        if operand.kind == "command":
            return last, _commands(), True
        return last, ((word, "value") for word in operand.choices), operand.kind != "path"

    def _parameters(self, command: str, standing: list[str]) -> Iterator[Offer]:
        """Those of the flow that a form is for, or that a run began with, which are not there yet."""
        try:
            task = self._shell.user_ns[standing[0]] if command == "form" else _began(standing[0], self._shell.user_ns)
            names = inspect.signature(task.fn).parameters
        except (KeyError, AttributeError, TypeError, ValueError, UsageError):
            return
        there = {word.partition("=")[0] for word in standing}
        yield from ((f"{name}=", "param") for name in names if name not in there)

    def _targets(self, command: str, last: str) -> Iterator[Offer]:
        runs = session.runs()
        wanted = [run for run in runs if _RUNS[command](run)] if command in _RUNS else runs
        if not wanted and command != "cancel":  # better all of them than the names of files
            wanted = runs
        if "#" not in last:
            yield from ((word, "run") for run in wanted if (word := _quoted(run.name, last)))
        if command == "cancel":
            yield "all", "value"
        if last or command in ("debug", "retry"):
            labels = (_quoted(future.label, last) for future in _tasks(wanted, command))
            yield from ((word, "task") for word in labels if word)
        if "#" not in last:
            yield from ((str(run.id), "run") for run in wanted)
            yield from (offer for offer in self._variables((Run, Future)) if self._fits(command, offer[0]))
        if command in _PAST and "#" not in last:
            yield from self._variables(PastRun)
            yield from _past(last)

    def _fits(self, command: str, name: str) -> bool:
        handle = self._shell.user_ns[name]
        fits = (_TASKS if issubclass(type(handle), Future) else _RUNS).get(command)
        return fits is None or bool(fits(handle))

    def _variables(self, kind: Any) -> Iterator[Offer]:
        # By the type: `isinstance` asks the value for its class, and proxies answer that with code of their own.
        names = [name for name, value in list(self._shell.user_ns.items()) if issubclass(type(value), kind)]
        return ((name, "instance") for name in names if not name.startswith("_"))


def _began(word: str, variables: dict[str, Any]) -> Any:
    beginning = run_of(target(word, variables)).beginning
    return beginning and beginning.task


def _commands() -> Iterator[Offer]:
    return ((name, "command") for name in COMMANDS)


def _options(line: Line, given: list[str]) -> Iterator[Offer]:
    """The options that are not there yet."""
    there = {word.partition("=")[0] for word in given}
    return ((o.name, "option") for o in line.options if o.name not in there)


def _setting(standing: list[str], last: str) -> tuple[str, Iterable[Offer], bool]:
    name, equals, value = last.partition("=")
    if equals:
        return value, ((word, "value") for word in settings.values(name)), True
    # `nested_loops on`: every second word is a value where no equals sign is.
    if standing and "=" not in standing[-1] and standing[-1] in settings.names():
        return last, ((word, "value") for word in settings.values(standing[-1])), True
    there = {word.partition("=")[0] for word in standing}
    return last, ((f"{name}=", "setting") for name in settings.names() if name not in there), True


def _past(last: str) -> Iterator[Offer]:
    """Runs of the past: by their names, and by their keys once somebody types one."""
    lines = offered(REMEMBERED)
    yield from ((word, "run") for line in lines if (word := _quoted(line.name, last)))
    yield from ((line.key, "run") for line in lines if last)


def _tasks(runs: list[Run], command: str) -> Iterator[Future[Any]]:
    wanted = _TASKS.get(command)
    every = (future for run in runs for future in futures(run))
    return (future for future in islice(every, LOOKED_AT) if wanted is None or wanted(future))


def _quoted(name: str, last: str) -> str:
    """A name as a word of the line: with quotes where it needs some, the kind that was begun; empty if none will do."""
    if shown(name) != name:
        return ""
    if last[:1] not in ("'", '"') and not re.search(r"[\s'\"()\[\]{}]", name) and not name.startswith("-"):
        return name
    mark = last[0] if last[:1] in ("'", '"') else '"' if "'" in name else "'"
    return f"{mark}{name}{mark}" if mark not in name else ""
