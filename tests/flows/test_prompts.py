"""Prompts: questions to a person, answered by code, by configuration, by default, or not at all."""

import inspect
import queue
import sys
import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

import ipyflow as fl
from ipyflow.errors import DependencyError, FormError, NoAnswer, PromptDismissed, TaskCancelled, TaskTimeout
from ipyflow.model import records as r
from ipyflow.testing import Lab, engine
from tests.engine.gates import SOON


class Desk:
    """Somebody who sees each question."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._asked: queue.Queue[fl.Future] = queue.Queue()
        lab.engine.on_asked.append(self._asked.put)

    def next(self) -> fl.Future:
        return self._asked.get(timeout=SOON)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with engine(threads=1) as lab:
        yield Desk(lab)
        lab.settled()


@pytest.fixture
def nobody() -> Iterator[Lab]:
    """Where nobody can answer."""
    with engine(threads=2) as lab:
        lab.engine.can_ask = lambda: False
        yield lab
        lab.settled()


class Trip(BaseModel):
    city: str
    days: int = Field(3, ge=1)
    key: SecretStr = SecretStr("")


approve = fl.Prompt("Send {count} mails?", title="Mails")


def test_a_flow_that_is_run_again_does_not_ask_again(desk: Desk) -> None:
    broken = [True]

    @fl.task
    def send(count: int) -> int:
        if broken[0]:
            raise OSError
        return count

    @fl.flow
    def mails() -> int:
        return send(3 if approve.submit(count=3).result() else 0)

    future = mails.submit()
    desk.next().answer(True)
    assert isinstance(future.exception(SOON), OSError)
    broken[0] = False
    future.retry()
    assert future.result(SOON) == 3
    assert desk._asked.empty()


def test_it_asks_and_holds_no_thread(desk: Desk) -> None:
    @fl.task
    def other() -> str:
        return "ran"

    @fl.flow
    def send() -> bool:
        return approve(count=3)

    future = send.submit()
    asked = desk.next()
    assert other.submit().result(SOON) == "ran"  # there is one thread, and the flow waits on it
    assert (asked.state, asked.task.name, future.run.prompts) == ("waiting", "Mails", [asked])
    assert "Mails#2 waits for an answer" in future.explain()
    assert repr(asked) == "<Future Mails#2 waiting for an answer: future.answer(...)>"
    assert asked.answer() is True
    assert repr(asked) == "<Future Mails#2 succeeded>"
    assert future.result(SOON) is True
    assert future.run.prompts == []
    kinds = [type(record).__name__ for record in future.run.log if getattr(record, "task", None) == asked.id]
    assert kinds == ["Submitted", "Asked", "Waiting", "Answered", "Finished", "Read"]


def test_a_no_is_an_error_and_may_be_asked_again(desk: Desk) -> None:
    future = approve.submit(count=1)
    assert desk.next().dismiss() is True
    with pytest.raises(PromptDismissed, match="somebody said 'Dismiss'"):
        future.result(SOON)
    assert (future.answer(), future.dismiss()) == (False, False)
    future.retry()
    assert desk.next() is future
    assert future.answer(False) is True
    with pytest.raises(PromptDismissed):
        future.result(SOON)
    future.retry()
    future.answer()
    assert future.result(SOON) is True


def test_a_wrong_answer_is_refused_and_the_prompt_waits_on(desk: Desk) -> None:
    future = fl.Prompt("Where to?", Trip).submit()
    asked = desk.next()
    with pytest.raises(FormError) as caught:
        asked.answer({"city": "Rome", "days": 0})
    assert list(caught.value.errors) == ["days"]
    assert asked.state == "waiting"
    assert asked.answer({"city": "Rome", "key": "hidden!"})
    assert future.result(SOON) == Trip(city="Rome", key="hidden!")
    assert "hidden!" not in repr(future.run.log)
    answered = next(record for record in future.run.log if isinstance(record, r.Answered))
    assert (answered.by, answered.action) == ("code", "Send")
    assert answered.text == "Trip(city='Rome', days=3, key=<SecretStr>)"
    finished = next(record for record in future.run.log if isinstance(record, r.Finished))
    assert finished.text == answered.text


@pytest.mark.parametrize(
    ("model", "given", "value"),
    [
        (int, "4", 4),
        (Literal["a", "b"], "b", "b"),
        (list[int], [1, "2"], [1, 2]),
        (Trip, Trip(city="x"), Trip(city="x")),
    ],
)
def test_answers_are_read_as_forms_are(desk: Desk, model: object, given: object, value: object) -> None:
    future = fl.Prompt("What?", model).submit()
    desk.next().answer(given)
    assert future.result(SOON) == value


def test_of_two_answers_at_once_one_counts(desk: Desk) -> None:
    for _ in range(20):
        future = fl.Prompt("Which?", int).submit()
        asked, begin = desk.next(), threading.Barrier(3)
        told: dict[int, bool] = {}

        def one(n: int, asked: fl.Future = asked, begin: threading.Barrier = begin, told: dict = told) -> None:
            begin.wait()
            told[n] = asked.answer(n) if n else asked.cancel()

        threads = [threading.Thread(target=one, args=(n,)) for n in (0, 1, 2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        [winner] = [n for n, counts in told.items() if counts]
        assert future.cancelled() if winner == 0 else future.result(SOON) == winner
    desk.lab.check()


def test_it_is_cancelled_selected_and_waited_for(desk: Desk) -> None:
    @fl.task
    def quick() -> str:
        return "quick"

    ask = approve.submit(count=2)
    desk.next()
    winner, rest = fl.select([ask, quick.submit()], timeout=SOON, cancel_remaining=True)
    assert (winner.result(), rest) == ("quick", [ask])
    with pytest.raises(TaskCancelled):
        ask.result(SOON)
    other = approve.submit(count=2)
    with pytest.raises(TimeoutError):
        fl.select([other], timeout=0.001)
    assert fl.wait([other], timeout=0).not_done == {other}
    other.answer()
    assert fl.wait([other], timeout=SOON).done == {other}


def test_a_question_that_was_not_put_yet_has_no_answer(desk: Desk) -> None:
    gate = threading.Event()

    @fl.task
    def count() -> int:
        assert gate.wait(SOON)
        return 5

    future = approve.submit(count=count.submit())
    with pytest.raises(RuntimeError, match="has not asked yet"):
        future.answer()
    with pytest.raises(RuntimeError, match="is no prompt"):
        fl.task(lambda: 1).submit().answer()
    gate.set()
    assert desk.next() is future
    asked = next(record for record in future.run.log if isinstance(record, r.Asked))
    assert (asked.title, asked.text, asked.form, asked.actions) == (
        "Mails",
        "Send 5 mails?",
        "[]",
        ("Approve", "Dismiss"),
    )
    future.answer()


def test_time_is_over() -> None:
    with engine(inline=True) as lab:
        late = fl.Prompt("Now?", timeout=60).submit()
        with_default = fl.Prompt("How many?", int, timeout=60, default=7).submit()
        answered = fl.Prompt("Quick?", timeout=60).submit()
        answered.answer()
        lab.clock.advance(59)
        assert not late.done()
        lab.clock.advance(2)
        with pytest.raises(TaskTimeout, match=r"had no answer within 60 s"):
            late.result(0)
        assert (late.state, with_default.result(0), answered.result(0)) == ("timed_out", 7, True)
        assert lab.clock.planned == 0


def test_in_a_pipeline_it_is_given_the_value_and_hands_on_the_answer(desk: Desk) -> None:
    @fl.task
    def draft(name: str) -> str:
        return f"to {name}"

    @fl.task
    def double(copies: int) -> int:
        return 2 * copies

    copies = fl.Prompt("How many letters {}?", int, name="copies")
    future = draft.send("Ada").continue_with(copies).continue_with(double).submit()
    asked = desk.next()
    assert [record.text for record in future.run.log if isinstance(record, r.Asked)] == ["How many letters to Ada?"]
    asked.answer(2)
    assert future.result(SOON) == 4


def test_entries_wait_side_by_side_and_a_no_fails_its_branch(desk: Desk) -> None:
    branches = [fl.Prompt("Number {0}?", int, name=f"n{n}").send(n) for n in (1, 2)]
    future = fl.in_parallel(branches, return_exceptions=True).submit()
    first, second = desk.next(), desk.next()
    assert [task.role for task in future.run.snapshot().tasks.values()].count("prompt") == 2
    second.answer(20)
    first.dismiss()
    one, two = future.result(SOON)
    assert (type(one), two) == (PromptDismissed, 20)


def test_in_a_step_of_a_workflow(desk: Desk) -> None:
    class Ask(fl.Workflow):
        @fl.step
        async def ask(self, ev: fl.StartEvent) -> fl.StopEvent:
            return fl.StopEvent(result=await fl.Prompt("How many?", int).submit())

    future = Ask().run()
    desk.next().answer(3)
    assert future.result(SOON) == 3


def test_a_failed_value_fails_it_unasked(desk: Desk) -> None:
    with pytest.raises(DependencyError):
        approve.submit(count=fl.task(lambda: 1 / 0).submit()).result(SOON)


def test_in_a_worker_process() -> None:
    with engine(processes=1) as lab:
        desk = Desk(lab)
        here = fl.Prompt("Go on with {n}?", int, name="here")

        @fl.task(executor="processes")
        def work() -> list[int]:
            made_there = fl.Prompt("And {n}?", int)
            return [here(n=1), made_there.submit(n=2).result()]

        future = work.submit()
        first = desk.next()
        assert (first.task, first.parent) == (here, future)
        first.answer(10)
        desk.next().answer(20)
        assert future.result(SOON) == [10, 20]


def test_answers_that_were_configured(nobody: Lab) -> None:
    size = fl.Prompt("Size of {what}?", int, name="size")
    with fl.configure(answers={"Mails": False, "size": lambda text: len(text)}):
        with pytest.raises(PromptDismissed):
            approve(count=1)
        assert size(what="it") == len("Size of it?")
    with fl.configure(answers={"size": "many"}), pytest.raises(FormError):
        size(what="it")
    with fl.configure(answers={"size": lambda text: 1 / 0}), pytest.raises(ZeroDivisionError):
        size(what="it")
    with fl.configure(answers={"size": lambda text: sys.exit()}), pytest.raises(SystemExit):
        size(what="it")
    by = [record.by for run in nobody.runs for record in run.log if isinstance(record, r.Answered)]
    assert by == ["configured", "configured"]


def test_code_that_answers_too_late_answers_no_later_question(nobody: Lab) -> None:
    first, asked = threading.Event(), queue.Queue[str]()
    texts = iter(["first", "second"])

    def answer(text: str) -> str:
        word = next(texts)
        asked.put(word)
        first.wait(SOON)
        return word

    with fl.configure(answers={"size": answer}):
        future = fl.Prompt("Size?", str, name="size").submit()
        asked.get(timeout=SOON)
        future.cancel()
        late = [thread for thread in threading.enumerate() if thread.name == "ipyflow-answer"]
        future.retry()
        asked.get(timeout=SOON)
        first.set()
        assert future.result(SOON) == "second"
        for thread in late:
            thread.join(SOON)
    assert future.result() == "second"


def test_answers_are_configured_while_tasks_run() -> None:
    gate = threading.Event()
    try:
        future = fl.task(lambda: gate.wait(SOON)).submit()
        with fl.configure(answers={"Mails": True}):
            assert approve(count=1) is True
        assert fl.configure().answers is None
    finally:
        gate.set()
        future.result(SOON)
    with pytest.raises(TypeError, match="give a dict of titles or names"):
        fl.configure(answers=[True])


def test_where_nobody_can_answer_it_never_hangs(nobody: Lab) -> None:
    with pytest.raises(NoAnswer, match=r"configure\(answers=\{'Mails': \.\.\.\}\)"):
        approve(count=1)
    assert fl.Prompt("How many?", int, default="4")() == 4
    with pytest.raises(PromptDismissed):
        fl.Prompt("Delete?", default=False)()
    many = [fl.Prompt("Number {0}?", int, default=n).send(n) for n in range(300)]
    assert fl.in_parallel(many, max_parallelism=2)() == list(range(300))
    with fl.configure(answers="code"):
        future = approve.submit(count=1)
        assert not future.done()
        future.answer()
        assert future.result(SOON) is True


def test_its_signature_is_what_the_text_has_places_for() -> None:
    assert str(inspect.signature(fl.Prompt("{amount.eur} of {who}?", int))) == "(*, amount, who) -> int"
    assert str(inspect.signature(fl.Prompt("Send this? {}"))) == "(*values) -> bool"


def test_a_copy_with_other_words(desk: Desk) -> None:
    other = approve.with_options(actions=("Go", "Stay"), timeout=None)
    future = other.submit(count=1)
    assert desk.next().task.fn.actions == ("Go", "Stay")
    future.dismiss()
    with pytest.raises(PromptDismissed, match="'Stay'"):
        future.result(SOON)
    with pytest.raises(TypeError, match="unknown option retries="):
        approve.with_options(retries=3)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: fl.Prompt(""), TypeError, "give the question as text"),
        (lambda: fl.Prompt("?", actions="ab"), ValueError, "give two words"),
        (lambda: fl.Prompt("?", actions=("a", "b", "c")), ValueError, "give two words"),
        (lambda: fl.Prompt("?", timeout=0), ValueError, "more than 0"),
        (lambda: fl.Prompt("?", int, default="many"), ValueError, "is no answer to it"),
        (lambda: approve.submit(), TypeError, r"needs count: write submit\(count=\.\.\.\)"),
        (lambda: approve.submit(count=1, to="x"), TypeError, "no place for to=: it has count"),
        (lambda: approve.submit(1, count=1), TypeError, "no place for 1"),
        (lambda: approve.form(), TypeError, "shows its form where it is asked"),
        (lambda: approve.map([1], batch=2), TypeError, "one question after the other"),
    ],
)
def test_what_is_refused_where_it_is_written(desk: Desk, make: object, error: type, match: str) -> None:
    with pytest.raises(error, match=match):
        make()
    assert desk.lab.runs == []


def test_open_questions_are_found_without_a_look_at_all_tasks(desk: Desk) -> None:
    asked = [approve.submit(count=n) for n in range(3)]
    run = asked[0].run
    assert run.prompts == asked
    asked[0].answer()
    asked[1].cancel()
    assert list(desk.lab.engine.prompts) == [asked[2].id]  # what was cancelled is not kept
    assert run.prompts == asked[2:]
    asked[2].dismiss()
    asked[2].retry()
    assert run.prompts == asked[2:]
    asked[2].answer()
    assert desk.lab.engine.prompts == {}
