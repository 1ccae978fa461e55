from __future__ import annotations

import json
import threading
import time
from html.parser import HTMLParser

import pytest

import ipyflow as fl
from ipyflow.model import records as r
from ipyflow.notebook.questions import answer
from ipyflow.testing import engine
from ipyflow.views.whatif import forecast
from ipyflow.views.whatif.replay import play
from ipyflow.views.whatif.shown import WhatIf, what_if
from tests.views.build import Log
from tests.views.whatif.test_forecast import fan


def text(log: Log, *workers: int) -> str:
    return repr(what_if(log.state(), workers or None))


def test_as_text_it_is_a_line_for_each_number_and_says_what_follows() -> None:
    said = text(fan(2), 1, 2, 8)
    lines = said.splitlines()
    assert lines[0] == "score_all took 400 ms, with at most 2 threads at work; one after another its tasks take 800 ms"
    assert [line.split()[0:4] for line in lines[1:4]] == [
        ["1", "thread", "800", "ms"], ["2", "threads", "400", "ms"], ["8", "threads", "100", "ms"],
    ]  # fmt: skip
    assert "2.0x" in lines[2]
    assert "as it ran" in lines[2]
    assert "8.0x" in lines[3]
    assert "More than 8 threads change nothing: the longest chain takes 100 ms: score (100 ms)." in said
    assert "configure(threads=8)" in said


def test_where_more_would_not_help_it_says_so() -> None:
    log = Log("chain")
    before = 0
    for i in range(4):
        task = log.task(i * 100, f"part_{i}", refs=(before,) if before else ())
        log.start(i * 100, task).done(i * 100 + 100, task)
        before = task
    said = text(log.close(400))
    assert "More than 1 thread changes nothing: the longest chain takes 400 ms" in said
    assert "part_0 (100 ms) → part_1 (100 ms)" in said
    assert "would not help: only a shorter chain would" in said


def test_the_time_until_a_person_retries_is_left_out_and_that_is_said() -> None:
    log = Log("mended")
    flow = log.task(0, "mended")
    log.start(0, flow, "thread-9")
    ids = [log.task(0, "score", flow) for _ in range(2)]
    log.block(0, flow, *ids)
    for task in ids:
        log.start(0, task, f"thread-{task}")
    log.done(100, ids[0]).fail(100, ids[1]).unblock(100, flow).fail(110, flow).close(110, "failed")
    log.add(r.Reset, 60_000, ids[1], "retried").add(r.Reset, 60_010, flow, "score is run again")
    log.start(60_010, ids[1], "thread-2", 2).start(60_020, flow, "thread-9", 2)
    log.block(60_020, flow, ids[1]).done(60_110, ids[1]).unblock(60_110, flow).done(60_120, flow).close(60_120)
    found = what_if(log.state(), [1, 2])
    assert found.facts.measured == pytest.approx(60.12)
    assert found.facts.person == pytest.approx(59.91)
    assert found.facts.again < 0.4
    assert all(one.seconds < 0.6 for one in found)
    said = repr(found)
    assert "The 59.9 s until somebody retried what had failed are a person's time: they are left out." in said
    assert "rough" not in said
    assert "person" not in text(fan(2))


def test_tasks_that_are_too_small_for_another_process_are_told() -> None:
    assert 'map(..., batch="auto")' in text(fan(2, each=0.2))


def test_names_that_hold_markup_stay_text() -> None:
    log = Log("<b>run</b>")
    log.run(0, 0, 50, "<script>alert(1)</script>")
    made = what_if(log.close(50).state())._repr_mimebundle_()
    assert "<script" not in made["text/html"]
    assert "<b>run" not in made["text/html"].replace("<b>&lt;b&gt;run", "")
    parser = HTMLParser()
    parser.feed(made["text/html"])
    parser.close()


def test_a_number_that_was_not_asked_for_says_which_were() -> None:
    found = what_if(fan().state(), [2, 8])
    assert found[8].seconds < found[2].seconds
    assert [one.workers for one in found] == [2, 8]
    with pytest.raises(KeyError, match=r"run\.what_if\(\[3\]\)"):
        found[3]


@fl.task
def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_of_a_real_run_it_is_said_by_the_run_and_answered_to_a_page() -> None:
    both = threading.Barrier(2)

    @fl.task
    def nap_by_twos() -> None:
        both.wait(10)
        time.sleep(0.01)

    @fl.flow
    def naps(count: int) -> None:
        fl.wait([nap_by_twos.submit() for _ in range(count)])

    with engine(threads=2) as lab:
        naps(6)
        (run,) = lab.runs
        assert run.wait(10)
        found = run.what_if([1, 6])
        assert isinstance(found, WhatIf)
        assert found.facts.own == 2
        assert found[6].seconds < found[1].seconds
        told = answer(run, "whatif", {"workers": [3]}, lambda run: {})
        json.dumps(told)
        assert [row[0] for row in told["forecasts"]] == [3]
        assert told["unit"] == "threads"
        assert told["words"]
        with pytest.raises(TypeError, match="whole numbers"):
            answer(run, "whatif", {"workers": ["many"]}, lambda run: {})


def test_while_it_is_played_others_read_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    with engine(threads=2) as lab:
        nap.map([0.0, 0.0]).results()
        (run,) = lab.runs
        run.open = False
        run.close_if_done()
        assert run.wait(10)
        read: list[str] = []

        def look() -> None:
            with run.reading() as state:
                read.append(state.name)

        def play_and_look(*given: object, **more: object) -> object:
            other = threading.Thread(target=look, daemon=True)
            other.start()
            other.join(10)
            assert read, "nobody can read the run meanwhile"
            return play(*given, **more)  # type: ignore[arg-type]

        monkeypatch.setattr(forecast, "play", play_and_look)
        assert run.what_if([1]).facts.tasks == 2


def test_limits_pipelines_and_workflows_of_the_engine_are_played_again() -> None:
    limited = nap.with_options(limit=2)

    class Steps(fl.Workflow):
        @fl.step(num_workers=1)
        def start(self, ev: fl.StartEvent) -> fl.StopEvent:
            return fl.StopEvent(result=nap(0.005))

    with engine(threads=4) as lab:
        limited.map([0.01] * 6).results()
        fl.in_parallel([nap.send(0.01).continue_with(nap) for _ in range(4)], max_parallelism=2)()
        Steps().run().result()
        assert len(lab.runs) == 3
        for run in lab.runs:
            run.open = False
            run.close_if_done()
            assert run.wait(10)
            facts = run.what_if([1, 8]).facts
            assert facts.free <= facts.best <= facts.forecasts[0].seconds + 1e-9
            assert all(one.seconds > 0 for one in facts.forecasts)
        parallel = lab.runs[1].what_if([8]).facts
        assert parallel.best >= 0.039  # two slots for four branches of 20 ms each
