"""The engine: submit, hold back, start, end, cancel, retry. The one door for every change of a task.

Owns: the counters, the limits, which run is open at top level. Called by: any thread. Guarantees: each task
ends exactly once, whatever cancels, times out or fails meanwhile; dependants are started by the thread that
brings the last outcome they waited for; chains of any length need no stack. What a call's state is, and the record of
it, change together under the call's lock; everything else happens after, outside it.
"""

from __future__ import annotations

import itertools
import random
import threading
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextvars import copy_context
from typing import Any

from ipyflow.engine import admission, asking, caching, deferring, endings, leaks, recurring
from ipyflow.engine.beginning import Beginning
from ipyflow.engine.branches import failed_below, failed_in, retry_all
from ipyflow.engine.call import AsyncCall, Call, Returned
from ipyflow.engine.context import Group, current_call, scope
from ipyflow.engine.future import Future
from ipyflow.engine.kept import Kept
from ipyflow.engine.limits import Limit, Rate, gates_of
from ipyflow.engine.loop import LoopThread
from ipyflow.engine.marks import RESUMED, keep_mark
from ipyflow.engine.nodes import Kind
from ipyflow.engine.options import Definition
from ipyflow.engine.plan import Plan
from ipyflow.engine.references import find, written_arguments
from ipyflow.engine.remote import Host
from ipyflow.engine.resuming import Resumed
from ipyflow.engine.run import Run
from ipyflow.engine.turns import Turns
from ipyflow.model import records as r
from ipyflow.model.ports import Clock, Executor, Memory, Presenter
from ipyflow.model.status import RESTARTABLE_STATES, State
from ipyflow.model.texts import LONGEST

_ref = weakref.ref

STARTABLE = 10
"""So many of the newest flows, pipelines and workflows can be begun anew: their arguments live as long."""


class Engine:
    """Runs tasks.

    Args:
        clock: where times and timers come from.
        loop: the thread of the event loop.
        executors: by the name in a task's ``executor=`` option.
        presenter: shows runs and futures.
        log_limit: records kept for each run; ``None`` keeps all.
        seed: for the random pauses of retries.
    """

    def __init__(
        self, clock: Clock, loop: LoopThread, executors: Mapping[Any, Executor], presenter: Presenter,
        log_limit: int | None = None, seed: int | None = None,
    ) -> None:  # fmt: skip
        self.clock, self.now, self.wall = clock, clock.now, clock.wall
        self.loop = loop
        self.executors = executors
        self.presenter = presenter
        self.log_limit = log_limit
        self.memory: Memory | None = None
        """What outlives the process, if anything does."""
        self.rng = random.Random(seed)
        self._ids = itertools.count(1)
        self.run_numbers: Iterator[int] = itertools.count(1)
        self.runs: deque[Run] = deque(maxlen=200)
        self._startable: deque[Run] = deque()
        self.ambient: Run | None = None
        self.limits: dict[Any, Limit] = {}
        self.rates: dict[Any, Rate] = {}
        self.deferred: dict[Any, Call] = {}
        """The newest call of each key, of tasks with ``defer=``; see :mod:`ipyflow.engine.deferring`."""
        self.accepting = True
        self._lock = threading.Lock()
        self.changing = threading.Lock()
        """Held where a call changes other than from queued to running to succeeded; never while other code runs."""
        self.memo_lock = threading.RLock()
        self.flights = caching.Flights()
        self._settling: Turns[Future[Any]] = Turns()
        self.on_run: list[Callable[[Run], None]] = []
        """Called with each new run."""
        self.on_close: list[Callable[[Run], None]] = []
        """Called with each run that has ended."""
        self.on_reopen: list[Callable[[Run], None]] = []
        """Called with each run of which a task is run again after the run had ended."""
        self.can_ask: Callable[[], bool] = lambda: False
        """Whether there is somebody who can answer a prompt."""
        self.answers: Callable[[], Any] = lambda: None
        """The answers that were configured: by title or name, or ``"code"`` for code that answers."""
        self.prompts: dict[int, Future[Any]] = {}
        """The prompts that were asked and have not ended; see ``open_prompts``."""
        self.on_asked: list[Callable[[Future[Any]], None]] = []
        """Called with each prompt that begins to wait for its answer."""
        self.top_name: Callable[[], tuple[str, str]] = lambda: ("script", "script")
        """Names the run, and its kind, that plain tasks at top level go into; asked when the first one is submitted."""
        self.where: Callable[[str], str | None] = lambda _name: None
        """Says in words where a global name was assigned, as ``cell 3``; for messages."""

    is_guest = False
    """True for what stands for an engine in a worker."""

    def submit_plan(self, plan: Plan) -> Future[Any]:
        """In a worker: have the engine run a pipeline."""
        raise NotImplementedError

    # Submitting.

    def submit(
        self, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any], launch: bool = True,
        resumed: Resumed | None = None,
    ) -> Future[Any]:  # fmt: skip
        """Submit a call of ``task``; returns its future at once.

        Args:
            task: what to run.
            args: its positional arguments.
            kwargs: its keyword arguments.
            launch: without, the call of a task with options stays where it is until :meth:`launch`.
            resumed: what a run of another process has done of it.
        """
        __tracebackhide__ = True
        parent: Any = scope.get()
        group: str | None = None
        if type(parent) is Group:
            parent, group = parent.owner, parent.label
        if parent is not None and parent.earlier is not None:
            known: Future[Any] | Resumed | None = parent.earlier.take(parent, task, args, kwargs, group)
            if isinstance(known, Future):
                return known
            resumed = known
        if launch and not task.simple and task.options.memo:
            run = parent.future.run if parent is not None else self.top_run()
            return admission.memoised(self, run, task, args, kwargs)
        if not self.accepting:
            self.check_accepts(parent)
        executor = self.executors[task.options.executor]
        # What cannot be compared, or cannot travel, is refused before anything is begun.
        wish = None if task.simple or task.options.cache is None else caching.wish_of(task, args, kwargs)
        host = defer_key = None
        if not task.simple:
            if executor.remote:
                host = self.prepare(executor, task, args, kwargs)
            if task.options.defer is not False:
                defer_key = deferring.key_of(task, args, kwargs)
        id = next(self._ids)
        if parent is not None:
            run = parent.future.run
            parent_id = parent.future.id
            gates = parent.gates
        else:
            gates = ()
            run = self.new_run(task.name, "flow") if task.is_flow else self.ambient or self.top_run()
            parent_id = r.NO_TASK
        future: Future[Any] = Future(id, task, run, parent_id)
        kind = AsyncCall if task.is_async else Call
        call = future._call = kind(self, future, task, args, kwargs, executor, copy_context(), group)
        call.gates = gates if task.simple else gates_of(id, future.label, task.options.max_parallelism, gates)
        if defer_key is not None:
            call.defer_key = defer_key
        if wish is not None:
            call.wish = wish
        text, found = written_arguments(args, kwargs)
        if host is not None:
            call.handle, host.call = host, call
            if found:
                host.forget_body()
        if parent is not None:
            if parent.unread is None:
                parent.unread = {}
            future._unread = parent.unread
            parent.unread[id] = None
            if (type(text) is str or task.is_local or task.role is not None) and parent.is_body:
                keep_mark(parent, id, task, text, args, kwargs)
        elif task.is_flow:
            run.root = future
            start = lambda args, kwargs: self.submit(task.latest(), args, kwargs)  # noqa: E731
            self.can_begin_anew(run, Beginning(start, task, args, kwargs))
            if self.memory is not None and (args or kwargs):
                self.memory.keep_beginning(run.id, args, kwargs)
        try:
            refs = tuple([f.id for f in found]) if found else ()
            run.append_row(
                (
                    r.SUBMITTED, self.now(), id, parent_id, task.name, task.module, task.executor_name, text, refs,
                    group, None if task.simple else task.role, None,
                )
            )  # fmt: skip
            if resumed is not None:
                resumed.begins(call)
            # Behind the record: whoever finds it here may record its end.
            run.live[id] = future
            if run.closed:
                run.reopen()
            run.refs.append(_ref(future))
            if not id & 1023:
                run.tidy()
            if parent is not None and parent.stopped:
                endings.cancel_one(self, future, f"{parent.label} was told to stop before")
            elif task.simple and not gates and not run.paused:
                executor.dispatch(call)
            elif launch:
                ready = admission.admit(self, call, found)
                if ready is not None:
                    executor.dispatch(ready)
        except BaseException:
            endings.interrupted(self, call)
            raise
        return future

    def prepare(
        self, executor: Executor, task: Definition, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Host:  # fmt: skip
        """Pickle a call for where it will run.

        Raises:
            NotPicklable: names what cannot travel.
        """
        __tracebackhide__ = True
        host = Host(self, executor)  # type: ignore[arg-type]
        host.prepare(task, args, kwargs)
        return host

    def host(self, call: Call) -> Host:
        """The host of a call that runs elsewhere, made now if it has none yet."""
        with self.changing:
            host = call.handle
            if host is None:
                host = Host(self, call.executor)  # type: ignore[arg-type]
                call.handle, host.call = host, call
            return host  # type: ignore[no-any-return]

    def check_accepts(self, parent: Call | None) -> None:
        """Raise if the engine takes nothing more at top level; what runs may go on to its end."""
        if not self.accepting and parent is None:
            raise RuntimeError("this engine was shut down: submit through the task again, which starts afresh")

    def launch(self, call: Call) -> None:
        """Take a call that was submitted without launching it through its gates."""
        self.dispatch(admission.admit(self, call, find((call.args, call.kwargs))))

    def new_run(self, name: str, kind: str) -> Run:
        """Open a run."""
        run = Run(self, next(self.run_numbers), name, kind, self.log_limit)
        self.runs.append(run)
        for listener in self.on_run:
            listener(run)
        return run

    def can_begin_anew(self, run: Run, beginning: Beginning) -> None:
        """``run`` may be started again, which keeps its arguments alive: so only the newest runs may."""
        run.beginning = beginning
        self._startable.append(run)
        if len(self._startable) > STARTABLE:
            self._startable.popleft().beginning = None

    def top_run(self) -> Run:
        """The run that plain tasks at top level go into: the cell's, else the script's."""
        if self.ambient is None:
            with self._lock:
                if self.ambient is None:
                    self.ambient = self.new_run(*self.top_name())
        return self.ambient

    def open_cell(self, name: str) -> Run:
        """Begin a run for what a cell submits at top level; the one before gets no more tasks."""
        before, self.ambient = self.ambient, self.new_run(name, "cell")
        if before is not None:
            self.end_scope(before)
        return self.ambient

    def end_scope(self, run: Run) -> None:
        """The cell or the script has ended: its run is closed once its tasks have ended."""
        if self.ambient is run:
            self.ambient = None
        run.open = False
        run.close_if_done()

    def dispatch(self, call: Call | None) -> None:
        """Hand a call that became ready to its executor; nothing where none did."""
        if call is not None:
            call.executor.dispatch(call)

    # Holding back: see admission.

    def permit_granted(self, call: Call, permit: Limit | None) -> bool:
        """A limit, or a rate (``None``), lets ``call`` through; False when it was stopped meanwhile."""
        if permit is not None and not call.keep(permit):
            return False
        self.dispatch(admission.pass_limits(self, call))
        return True

    def pause(self, run: Run, task: int = r.NO_TASK) -> None:
        """Start nothing more of ``task`` and below it; of the whole run by default."""
        with self.changing:
            run.paused.add(task)
        self._tell_paused(run, task)

    def resume(self, run: Run, task: int = r.NO_TASK) -> None:
        """Start what a pause has held back."""
        with self.changing:
            known = task in run.paused
            run.paused.discard(task)
            held, run.held = run.held, []
        if known:
            self._tell_paused(run, task)
        for call in held:
            self.dispatch(admission.start(self, call))

    @staticmethod
    def _tell_paused(run: Run, task: int) -> None:
        future = run.root if task == r.NO_TASK else run.live.get(task)
        if future is not None and future._call is not None:
            future._call.tell_paused(not run.paused.isdisjoint((r.NO_TASK, future.id)))

    # Ending: see endings.

    def begin_timeout(self, call: Call) -> None:
        """An attempt has begun; plan its timeout."""
        options = call.task.options
        if options.retries is not None and call.began is None:
            call.began = self.now()
        timeout = options.timeout
        if timeout is not None:
            call.timer = self.clock.call_later(timeout, lambda: endings.timed_out(self, call))

    def body_returned(self, call: Call, value: Any) -> bool:
        """Look at what a body returned; True when the call goes on in another way than by ending with ``value``."""
        if issubclass(type(value), Plan):
            if call.is_entry:
                return bool(call.unread) and leaks.body_ended(self, call, value)
            value = value.submit_below(call)
        if issubclass(type(value), Future):
            leaks.passed_on(call, [value])
            if not (call.unread and leaks.body_ended(self, call, value)):
                endings.continue_as(self, call, value)
            return True
        if call.unread:
            leaks.passed_on(call, find(value))
            return bool(call.unread) and leaks.body_ended(self, call, value)
        return False

    def recurs(self, call: Call) -> Call | None:
        """The body of a recurrent task gave ``None``."""
        ended, ready = recurring.again(self, call)
        if not ended:
            self.returned_late(call)
        return ready

    def take_no_more(self) -> None:
        """Nothing is submitted at top level any more, and nothing recurs."""
        self.accepting = False
        recurring.let_go(self)

    def attempt_failed(self, call: Call, error: BaseException) -> Call | None:
        """A body raised."""
        return endings.attempt_failed(self, call, error)

    def returned_late(self, call: Call) -> None:
        """A body came back after it was cancelled or timed out."""
        endings.returned_late(self, call)

    def keep_outcome(self, future: Future[Any], value: Any) -> None:
        """Keep the value that a task is about to end with, where a run goes on with it if this process dies.

        Before anybody can change it. That the log does not say yet whether it ends so, whoever reads it knows.
        """
        memory, run = self.memory, future.run
        if memory is None or not memory.keeps_results or future.parent_id == r.NO_TASK or run.kind not in RESUMED:
            return
        if issubclass(type(value), (Kept, Plan)):
            return  # it stays elsewhere; it takes the place of an entry, which makes it again
        if not (type(value) is str and len(value) <= LONGEST):  # the log has it whole
            memory.keep_outcome(value, run.id, future.id)

    def keep(self, call: Call, value: Any) -> None:
        """A call that has a wish is about to end with ``value``, which nobody else can have yet."""
        caching.keep(call, value)

    def release(self, call: Call) -> None:
        """The call has ended: its timer and its permits go back."""
        admission.release(call)

    def settled(self, call: Call, future: Future[Any], returned: Returned | None = None) -> Call | None:
        """The outcome of ``future`` is in place and its end recorded: tell everybody.

        ``Call.succeed`` has these lines written out.

        Args:
            call: the call that has ended.
            future: its future.
            returned: of a call that ended badly, or without running, the arguments that a retry starts from.

        Returns:
            A call that became ready through it and should be run next by this thread.
        """
        run = future.run
        if future.id in run.paused:
            self.resume(run, future.id)  # what goes on below it is held back no more
        with self.changing:
            future._settled = True
            if future._error is None and returned is None:
                future._call = None
            call.returned = returned  # from here on somebody may start it again
            if self.prompts:
                self.prompts.pop(future.id, None)
        admission.release(call)
        call.drop()
        follow = self.notify(future) if future._callbacks or future._side is not None else None
        with self.changing:
            # Not if somebody who heard of the end has started it again already.
            if future._settled:
                run.live.pop(future.id, None)
        if not run.live:
            run.close_if_done()
        return follow

    def notify(self, future: Future[Any]) -> Call | None:
        """Run the callbacks of ``future``; one set off by another on this thread waits its turn, so no stack grows."""
        follow: Call | None = None
        for next_one in self._settling.taken(future):
            ready = next_one.run_callbacks()
            if ready is not None:
                if follow is None:
                    follow = ready
                else:
                    ready.executor.dispatch(ready)
        return follow

    # Steering.

    def cancel(self, future: Future[Any], why: str = "cancelled") -> bool:
        """Cancel a task and everything below it."""
        done = endings.cancel_one(self, future, why)
        run = future.run
        paused = future.id in run.paused
        run.paused.discard(future.id)  # a finaliser runs
        # Looked for after: what a stopped body submits from now on is cancelled where it is submitted.
        for child in () if self._stops_itself(future) else endings.descendants(future):
            endings.cancel_one(self, child, f"{future.label} was cancelled" if done else why)
        if paused:
            self.resume(run, future.id)
        return done

    def cancel_run(self, run: Run) -> bool:
        """Cancel every unfinished task of a run."""
        run.paused.clear()
        stopped = [f for f in list(run.live.values()) if f._call is None or not f._call.spared]  # finalisers run
        stopped.sort(key=lambda future: future.task.executor_name != endings.NODE)  # what conducts others first
        conductors = [future for future in stopped if self._stops_itself(future)]
        by_others = {below.id for future in conductors for below in endings.descendants(future)}
        cancelled = [
            endings.cancel_one(self, future, "the run was cancelled")
            for future in stopped
            if future.id not in by_others
        ]
        self.resume(run)
        return any(cancelled)

    @staticmethod
    def _stops_itself(future: Future[Any]) -> bool:
        """True for a workflow: what is below it is stopped in one go, or a retry might come in between."""
        return isinstance(future.task, Kind) and future.task.stops_below

    def answer(self, future: Future[Any], value: Any, by: str = "code") -> bool:
        """Answer a prompt; False when it has ended before."""
        return asking.answered(future, value, by)

    def press(self, future: Future[Any], action: str, values: Mapping[str, Any], by: str = "page") -> bool:
        """A button of a prompt's form is pressed; False when the prompt has ended before."""
        return asking.pressed(future, action, values, by)

    def open_prompts(self) -> list[Future[Any]]:
        """The prompts that wait for an answer, of all runs, in order of submission."""
        return asking.open_prompts(self) if self.prompts else []

    def is_asked(self, future: Future[Any]) -> bool:
        """Whether ``future`` is a prompt that waits for its answer."""
        return asking.is_asked(future)

    def dismiss(self, future: Future[Any], by: str = "code") -> bool:
        """Say no to a prompt; False when it has ended before."""
        return asking.dismissed(future, by)

    def retry(self, future: Future[Any], task: Definition | None = None) -> None:
        """Run an ended task again; of one that has not failed, what failed below it.

        Args:
            future: of the task.
            task: whose code to run, where it is not that which the name stands for now.
        """
        self.check_accepts(current_call())
        if future.state not in RESTARTABLE_STATES and (below := failed_below(future.run, future.id)):
            retry_all(below)
        else:
            endings.retry(self, future, task=task)

    def retry_below(self, run: Run, task: int) -> int:
        """Run again what failed below a task, whatever became of itself; returns how many had failed."""
        self.check_accepts(current_call())
        below = failed_below(run, task)
        retry_all(below)
        return len(below)

    def retry_run(self, run: Run) -> int:
        """Run again all that failed in a run, but for what was handled; returns how many had failed."""
        self.check_accepts(current_call())
        failed = failed_in(run)
        retry_all(failed)
        return len(failed)

    def before_close(self, run: Run) -> None:
        """Every task of ``run`` has ended: warn of what nobody looked at."""
        leaks.run_ended(self, run)

    def run_closed(self, run: Run) -> None:
        """``run`` has ended, and its log says so: tell the listeners."""
        for listener in list(self.on_close):
            listener(run)

    def left_behind(self) -> None:
        """In a forked child: what runs, runs in the parent; a wait for it here ends in an error and not never."""
        self.accepting = False
        for future in self.unfinished():
            future._error = RuntimeError(
                f"{future.label} runs in the parent process: read it there, or submit it again here"
            )
            future.state, future._settled = State.FAILED, True

    def unfinished(self) -> list[Future[Any]]:
        """The tasks that have not ended, of all runs."""
        return [future for run in list(self.runs) for future in list(run.live.values())]
