"""The ``%flow`` line magic: what each of its subcommands does. What they take stands in the table."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.display import display

from ipyflow import session
from ipyflow.engine import debugging
from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.errors import HistoryUnavailable
from ipyflow.notebook import help, settings
from ipyflow.notebook.cells import Cells
from ipyflow.notebook.display import Display
from ipyflow.notebook.flow_cell import remember
from ipyflow.notebook.grammar import Given, unquoted, words
from ipyflow.notebook.headless import failures, is_headless
from ipyflow.notebook.past import history
from ipyflow.notebook.table import COMMANDS
from ipyflow.notebook.targets import label, run_of, target
from ipyflow.notebook.values import assigned
from ipyflow.past.comparing import compare
from ipyflow.past.resuming import resume
from ipyflow.past.run import PastRun
from ipyflow.views.exports import FORMATS
from ipyflow.views.words import counted, counts_in_words, duration, instant, shown

LISTED = 20


class Commands:
    """What ``%flow`` knows to do.

    Args:
        shell: the interactive shell.
        display: shows runs.
        cells: knows whether cells show their runs by themselves.
    """

    def __init__(self, shell: Any, display: Display, cells: Cells) -> None:
        self._shell, self._display, self._cells = shell, display, cells
        self._does: dict[str, Callable[[Given], None]] = {
            "list": self.list_runs, "show": self.show, "wait": self.wait, "cancel": self.cancel,
            "pause": self.pause, "resume": self.resume, "retry": self.retry, "rerun": self.rerun,
            "explain": self.explain, "export": self.export, "debug": self.debug, "lint": self.lint, "history": history,
            "whatif": self.what_if, "compare": self.compare, "form": self.form, "config": self.config,
            "auto": self.auto, "help": self.help,
        }  # fmt: skip

    def __call__(self, text: str) -> None:
        """Do what the line says.

        Raises:
            UsageError: it says nothing that can be done; the message says what can. Nothing was begun.
        """
        command, *rest = words(text, "%flow") or ["list"]
        if command in ("-h", "--help"):
            command = "help"
        line = COMMANDS.get(command)
        if line is None:
            near = difflib.get_close_matches(command, COMMANDS, 1)
            hint = f"did you mean %flow {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
            raise UsageError(f"%flow {command} is not known: {hint}")
        if rest in (["-h"], ["--help"]):
            command, rest = "help", [command]
        self._does[command](COMMANDS[command].read(rest))

    def _target(self, given: Given, failed: bool = False) -> Run | Future[Any]:
        return target(given.operands[0] if given.operands else None, self._shell.user_ns, failed)

    def _shown(self, given: Given, failed: bool = False) -> Run | PastRun | Future[Any]:
        """The same for what only looks: it may be of the past."""
        found = target(given.operands[0] if given.operands else None, self._shell.user_ns, failed, past=True)
        if isinstance(found, PastRun):
            try:
                found.snapshot()
            except (HistoryUnavailable, LookupError, ValueError) as error:
                raise UsageError(str(error)) from None
        return found

    # Looking.

    def list_runs(self, given: Given) -> None:
        """``%flow``: the runs, newest first."""
        found = session.runs()
        if not found:
            print("no runs yet: write a %%flow cell, or submit a task; %flow history has those of other kernels")
        listed = found if "--all" in given.options else found[:LISTED]
        for run in listed:
            with run.reading() as state:
                took = duration(instant(state, run.now()) - state.opened)
                counts = counts_in_words(state.counts)
            word = "paused" if not run.closed and run.is_paused() else run.state.value
            print(f"{run.id:>4}  {shown(run.name, 40):<40}  {word:<10} {took:>10}  {counts}")
        if len(found) > len(listed):
            print(f"… and {counted(len(found) - LISTED, 'older run')}: %flow list --all")

    def show(self, given: Given) -> None:
        """``%flow show``."""
        self._cells.show_once(run_of(self._shown(given)), given.options.get("--view", "timeline"))

    def wait(self, given: Given) -> None:
        """``%flow wait``: until it, or all, has ended; the saved pictures are up to date then.

        Raises:
            Exception: what a flow failed with, where nobody looks: a runner of notebooks should not go on.
        """
        __tracebackhide__ = True
        runs = [run_of(self._target(given))] if given.operands else [run for run in session.runs() if not run.closed]
        for run in runs:
            run.wait()
            print(f"{shown(run.name, 60)}: {run.state.value}")
        self._display.republish(every=True)
        failed = failures(runs if given.operands else session.runs(), every=bool(given.operands))
        if failed and is_headless(self._shell):
            failed[0].result()

    def explain(self, given: Given) -> None:
        """``%flow explain``: and which of the other subcommands leads on."""
        found = self._shown(given, failed=True)
        if isinstance(found, PastRun) and found.lost:
            print(f"{label(found)} ({found.key}) is lost: its kernel ended before it did.")
        print(found.explain())
        if isinstance(found, PastRun):
            if found.lost:
                print(f"To go on with what it had done: %flow resume {found.key}")
            return
        failed = [found] if isinstance(found, Future) else list(found.failed.values())
        into = next((future.label for future in failed if debugging.has_frames(future)), None)
        if into is not None:
            print(f"To look into it: %flow debug {into}")
        if isinstance(found, Future):
            return
        if failed and found.closed:
            print(f"Once the code is mended: %flow retry {found.id}")
        if found.closed and (hints := len(found.lint())):
            print(f"{counted(hints, 'hint')} on what could be better: %flow lint {found.id}")

    def export(self, given: Given) -> None:
        """``%flow export``: the run as a file, of the kind that the path ends in."""
        *named, path = given.operands
        if path in FORMATS:
            raise UsageError(f"%flow export needs a path, such as run{FORMATS[path].endings[0]}")
        run = run_of(self._shown(Given(named)))
        try:
            print(f"{shown(run.name, 60)}: written to {run.export(unquoted(path))}")
        except (ValueError, ImportError, OSError) as error:
            raise UsageError(str(error)) from None

    def debug(self, given: Given) -> None:
        """``%flow debug``: the debugger in the frames of a failed task; of a run, the one that failed first."""
        found = self._target(given, failed=True)
        if isinstance(found, Run):
            failed = list(found.failed.values())
            if not failed:
                raise UsageError(f"nothing of {label(found)} has failed: its state is {found.state.value}")
            found = failed[0]
        try:
            found.post_mortem()
        except RuntimeError as error:
            raise UsageError(str(error)) from None

    def lint(self, given: Given) -> None:
        """``%flow lint``."""
        display(_asked(run_of(self._shown(given)), "lint"))

    def what_if(self, given: Given) -> None:
        """``%flow whatif``."""
        numbers = given.options.get("--workers")
        try:
            workers = [int(number) for number in numbers.split(",")] if numbers else None
            if workers and min(workers) < 1:
                raise ValueError
        except ValueError:
            raise UsageError(f"--workers {numbers}: give numbers from 1 on, as in --workers 2,8,1000") from None
        run = run_of(self._shown(given))
        display(_asked(run, "what_if") if workers is None else _asked(run, "what_if", workers=workers))

    def compare(self, given: Given) -> None:
        """``%flow compare``: two runs, or one with the run of its name that came before."""
        words: list[str | None] = [*given.operands] or [None]
        runs = [run_of(target(word, self._shell.user_ns, past=True)) for word in words]
        try:
            display(compare(*runs))
        except (LookupError, ValueError) as error:
            raise UsageError(str(error)) from None

    # Steering.

    def cancel(self, given: Given) -> None:
        """``%flow cancel``."""
        going = [run for run in session.runs() if not run.closed]
        if not given.operands and len(going) > 1:
            names = ", ".join(f"{shown(run.name, 40)} ({run.id})" for run in going)
            raise UsageError(f"{len(going)} runs go on: {names}. Name one, or write %flow cancel all")
        named = given.operands and given.operands != ["all"]
        targets: list[Run | Future[Any]] = [self._target(given)] if named else [*going]
        for found in targets:
            print(f"{label(found)}: {'told to stop' if found.cancel() else 'has ended'}")
        if not targets:
            print("nothing runs")

    def pause(self, given: Given) -> None:
        """``%flow pause``."""
        found = self._target(given)
        if run_of(found).closed or (isinstance(found, Future) and found.done()):
            raise UsageError(f"{label(found)} has ended: there is nothing to pause")
        found.pause()
        print(f"{label(found)}: paused, what runs goes on; %flow resume lets the rest go on")

    def resume(self, given: Given) -> None:
        """``%flow resume``: of a run, all in it that is paused; of the past, a run of its own that goes on with it."""
        names, changes = assigned(self._shell, "%flow resume", given.operands)
        found: Run | PastRun | Future[Any] | None
        if names:
            found = self._shown(Given(names))
        else:
            found = next((run for run in session.runs() if not run.closed and run.is_paused()), None)
        if found is None or isinstance(found, PastRun):
            try:
                future = resume(found, **changes)
            except (LookupError, TypeError, RuntimeError) as error:
                raise UsageError(str(error)) from None
            notes = future.run.snapshot().tasks[future.id].notes
            print(f"{shown(future.run.name, 60)}: {next(text for kind, text in notes if kind == 'resumed')}")
            remember(self._shell, future)
            return
        run = run_of(found)
        paused = list(run.paused) if isinstance(found, Run) else [id for id in (found.id,) if id in run.paused]
        if run.closed or not paused:
            hint = f"; %flow retry {run.id} runs again what failed in it" if run.failed else ""
            raise UsageError(f"{label(found)} is not paused{hint}")
        if changes:
            raise UsageError(f"{label(found)} goes on as it was begun: its arguments cannot be changed any more")
        for id in paused:
            run.engine.resume(run, id)
        print(f"{label(found)}: goes on")

    def retry(self, given: Given) -> None:
        """``%flow retry``: what failed or was cancelled, with the code of now."""
        found = self._target(given, failed=True)
        if isinstance(found, Run) and not found.failed:
            raise UsageError(f"nothing of {label(found)} has failed")
        try:
            found.retry()
        except RuntimeError as error:
            raise UsageError(str(error)) from None

    def rerun(self, given: Given) -> None:
        """``%flow rerun``: a run of its own, shown as any that a cell starts."""
        names, changes = assigned(self._shell, "%flow rerun", given.operands)
        run = run_of(self._target(Given(names)))
        try:
            remember(self._shell, run.rerun(**changes))
        except (TypeError, RuntimeError) as error:
            raise UsageError(str(error)) from None

    def form(self, given: Given) -> None:
        """``%flow form``: of a flow or a task that the notebook has a name for."""
        names, preset = assigned(self._shell, "%flow form", given.operands)
        name = names[0] if names else ""
        task = self._shell.user_ns.get(name)
        if not callable(getattr(task, "submit", None)) or not hasattr(task, "fn"):
            what = f"is {type(task).__name__}" if name in self._shell.user_ns else "is not defined"
            raise UsageError(f"%flow form {name}: {name} {what}; name a flow or a task, as %%flow NAME makes one")
        display(_asked(task, "form", **preset))

    # The settings.

    def config(self, given: Given) -> None:
        """``%flow config``: print the settings, or one of them, or set some."""
        if len(given.operands) == 1 and given.operands[0] in settings.names():
            print(settings.described(given.operands))
            return
        if given.operands:
            settings.change(given.operands, self._shell.user_ns)
        print(settings.described())

    def auto(self, given: Given) -> None:
        """``%flow auto``: whether cells show the runs they start."""
        if given.operands:
            self._cells.auto = given.operands == ["on"]
        else:
            print(f"cells show the runs they start: {'on' if self._cells.auto else 'off'}")

    def help(self, given: Given) -> None:
        """``%flow help``."""
        if not given.operands:
            print(help.of_commands())
            return
        line = COMMANDS.get(given.operands[0])
        if line is None:
            raise UsageError(f"%flow {given.operands[0]} is not known: there are {', '.join(COMMANDS)}")
        print(help.of_line(line))


def _asked(of: Any, what: str, **given: Any) -> Any:
    """What a method answers that other parts of the package bring."""
    method = getattr(of, what, None)
    if method is None:
        raise UsageError(f"{what.replace('_', '-')} is not there yet")
    try:
        return method(**given)
    except (RuntimeError, TypeError, ValueError, ImportError) as error:
        raise UsageError(str(error)) from None
