"""Where prompts are: a task whose body is a person. It waits for an answer, and holds no thread and no slot meanwhile.

Called by: whoever submits a prompt, pages, code that answers, timers. Guarantees: the first answer counts, and whoever
comes later is told; where nobody can answer, a prompt ends at once, by its default or with ``NoAnswer``.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ipyflow.engine import endings
from ipyflow.engine.call import Call
from ipyflow.engine.describe import arguments, message, short, traceback_text
from ipyflow.engine.future import Future
from ipyflow.errors import NoAnswer, PromptDismissed, TaskTimeout
from ipyflow.model import records as r
from ipyflow.model.ports import Work
from ipyflow.model.status import State

if TYPE_CHECKING:
    from ipyflow.engine.scheduler import Engine

PLACE = "prompt"
"""The executor of prompts, and their role."""
REASON = "an answer"
"""What a prompt waits for, in words."""
BY_CODE = "code"
"""``configure(answers="code")``: prompts wait, for code that answers."""
_BEFORE = (State.QUEUED, State.WAITING)
_NOTHING = object()


class Inquiry(Protocol):
    """What a prompt asks, as the engine sees it: the function of its task.

    Attributes:
        template: the text, with places for values.
        title: a few words above the text.
        form: the fields to fill in, as JSON text.
        actions: the words that send it, and that say no.
        default: the answer where nobody can give one.
        has_default: whether there is one.
    """

    template: str
    title: str
    form: str
    actions: tuple[str, str]
    default: Any
    has_default: bool

    def __call__(self, *args: Any, **values: Any) -> str:
        """The text, with these values in it."""

    def read(self, values: Mapping[str, Any]) -> Any:
        """The answer that was typed into the fields.

        Raises:
            FormError: what is wrong, for each field.
        """

    def taken(self, value: Any) -> Any:
        """The answer that code gave.

        Raises:
            FormError: it is not of the kind.
            PromptDismissed: it says no.
        """

    def said(self, value: Any) -> str:
        """An answer in short, without its secrets."""


class PromptExecutor:
    """The place of prompts among the executors: nothing runs there."""

    name = PLACE
    remote = keeps = False

    def dispatch(self, work: Work) -> None:
        """Ask."""
        assert isinstance(work, Call)
        ask(work)

    def follow(self, work: Work) -> None:
        """Ask."""
        self.dispatch(work)

    def cancel(self, work: Work) -> None:
        """There is no body to stop. Nor is there for what comes below, which an executor must have."""

    abandon = returned = blocked = unblocked = cancel

    def crowded(self) -> bool:
        """Never."""
        return False

    def mend(self) -> None:
        """Nothing is left half done."""

    forget = mend

    def shutdown(self, wait: bool) -> None:
        """Nothing to let go."""


def ask(call: Call) -> None:
    """Put the question, and see who can answer it."""
    engine, future, inquiry = call.engine, call.future, inquiry_of(call.future)
    try:
        text = inquiry(*call.args, **call.kwargs)
    except Exception as error:  # a template that the values do not fit
        engine.dispatch(endings.try_end(engine, call, State.FAILED, error)[1])
        return
    with engine.changing:
        if future._call is not call or future.state not in _BEFORE or not call.take_start():
            return
        now = engine.now()
        future.run.append(r.Asked(now, future.id, inquiry.title, text, inquiry.form, inquiry.actions))
        future.run.append_row((r.WAITING, now, future.id, REASON, ()))
        future.state = State.WAITING
        engine.prompts[future.id] = future
    given, seconds = _configured(engine, future, inquiry), call.task.options.timeout
    if given is not _NOTHING and not callable(given):
        _take(call, given, "configured")
        return
    if given is _NOTHING and not (engine.can_ask() or engine.answers() == BY_CODE):
        _nobody(call, inquiry, text)
        return
    if seconds is not None:
        call.timer = engine.clock.call_later(seconds, lambda: _expire(call, inquiry))
    if given is not _NOTHING:
        # It may take its time, as one that asks in a chat does.
        threading.Thread(target=_ask_callable, args=(call, given, text), name="ipyflow-answer", daemon=True).start()
        return
    for listener in list(engine.on_asked):
        listener(future)


def inquiry_of(future: Future[Any]) -> Inquiry:
    """What a prompt asks.

    Raises:
        RuntimeError: it is another kind of task.
    """
    if future.task.executor_name != PLACE:
        raise RuntimeError(f"{future.label} is no prompt: only those are answered; its value comes from its own code")
    return future.task.fn  # type: ignore[no-any-return]


def is_asked(future: Future[Any]) -> bool:
    """Whether a prompt's question is put and has no answer yet."""
    call = future._call
    return (
        future.task.executor_name == PLACE
        and future.state is State.WAITING
        and call is not None
        and not hasattr(call, "unstarted")
    )


def open_prompts(engine: Engine) -> list[Future[Any]]:
    """The prompts that wait for an answer, in order of submission."""
    return [future for _, future in sorted(engine.prompts.items()) if is_asked(future)]


def _configured(engine: Engine, future: Future[Any], inquiry: Inquiry) -> Any:
    answers = engine.answers()
    if not isinstance(answers, Mapping):
        return _NOTHING
    return answers.get(inquiry.title, answers.get(future.task.name, _NOTHING))


def _ask_callable(call: Call, answer_to: Any, text: str) -> None:
    try:
        value = answer_to(text)
    except BaseException as error:  # sys.exit() too: nobody else would end the prompt
        _end(call, State.FAILED, error=error)
    else:
        _take(call, value, "configured")


def _take(call: Call, value: Any, by: str) -> None:
    """An answer that is not typed just now, to this attempt: what is wrong with it is the prompt's failure."""
    try:
        _answer(call, inquiry_of(call.future).taken(value), by)
    except PromptDismissed:
        _dismiss(call, by)
    except Exception as error:
        _end(call, State.FAILED, error=error)


def _nobody(call: Call, inquiry: Inquiry, text: str) -> None:
    if inquiry.has_default:
        _take(call, inquiry.default, "default")
        return
    future = call.future
    name = inquiry.title or future.task.name
    _end(
        call,
        State.FAILED,
        error=NoAnswer(
            f"{future.label} asks {text!r}, and nobody can answer here: no page is open on this process. Write "
            f"configure(answers={{{name!r}: ...}}), or give the prompt a default="
        ),
    )


def _expire(call: Call, inquiry: Inquiry) -> None:
    if inquiry.has_default:
        _take(call, inquiry.default, "default")
        return
    seconds = call.task.options.timeout
    error = TaskTimeout(f"{call.label} had no answer within {seconds:g} s")
    _end(call, State.TIMED_OUT, error=error)


def answered(future: Future[Any], value: Any, by: str) -> bool:
    """Somebody gives an answer; False when the prompt has ended before.

    Raises:
        FormError: it is not of the kind that was asked for.
        RuntimeError: it is no prompt, or has not asked yet.
    """
    taken = inquiry_of(future).taken
    call = _asked_of(future)
    try:
        value = taken(value)
    except PromptDismissed:
        return _dismiss(call, by)
    return _answer(call, value, by)


def pressed(future: Future[Any], action: str, values: Mapping[str, Any], by: str) -> bool:
    """Somebody presses a button of the form; False when the prompt has ended before.

    Raises:
        FormError: what is wrong in the fields.
        RuntimeError: it is no prompt, has not asked yet, or has no such button.
    """
    inquiry = inquiry_of(future)
    call = _asked_of(future)
    if action not in inquiry.actions:
        raise RuntimeError(f"{future.label} has no button {action!r}: there are {', '.join(inquiry.actions)}")
    return _dismiss(call, by) if action == inquiry.actions[-1] else _answer(call, inquiry.read(values), by)


def dismissed(future: Future[Any], by: str) -> bool:
    """Somebody says no; False when the prompt has ended before.

    Raises:
        RuntimeError: it is no prompt, or has not asked yet.
    """
    inquiry_of(future)
    return _dismiss(_asked_of(future), by)


def _asked_of(future: Future[Any]) -> Call | None:
    """The attempt that asks, or has asked: an answer to it is none to the next one."""
    call = future._call
    if not future._settled and call is not None and hasattr(call, "unstarted"):
        raise RuntimeError(
            f"{future.label} has not asked yet, it is {future.state}: answer it when it waits for an answer"
        )
    return call


def _answer(call: Call | None, value: Any, by: str) -> bool:
    """End a prompt with a value that was checked; False when it has ended before."""
    return call is not None and _end(call, State.SUCCEEDED, value, by, inquiry_of(call.future).actions[0])


def _dismiss(call: Call | None, by: str) -> bool:
    """End a prompt with a no; False when it has ended before."""
    if call is None:
        return False
    word = inquiry_of(call.future).actions[-1]
    return _end(call, State.FAILED, None, by, word, PromptDismissed(f"{call.label}: somebody said {word!r}"))


def _end(
    call: Call, state: State, value: Any = None, by: str = "", action: str = "", error: BaseException | None = None
) -> bool:
    future, engine = call.future, call.engine
    run = future.run
    given = (call.origin or (call.args, call.kwargs)) if error is not None else None
    said = inquiry_of(future).said(value) if error is None and by else ""
    if error is None:
        kind, text, trace = type(value).__name__, short(value), None
        engine.keep_outcome(future, value)
    else:
        endings.add_note(error, f"in task {future.label}({arguments(call.args, call.kwargs)}) of run {run.id}")
        kind, text, trace = type(error).__name__, message(error), traceback_text(error)
    with engine.changing:
        if future._call is not call or hasattr(call, "unstarted") or not call.take_end():
            return False
        future._when = now = engine.now()
        if by:
            run.append(r.Answered(now, future.id, by, action, said))
        future.state = state
        run.append(r.Finished(now, future.id, state.value, kind, text, trace))
    if error is None:
        future._value = value
    else:
        endings._keep_failure(future, error)
    engine.dispatch(engine.settled(call, future, given))
    return True
