"""Spans, as the official SDK and what reads OTLP see them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

import ipyflow as fl
from ipyflow.model.status import State
from ipyflow.testing import engine
from ipyflow.views.edges import DATA, edges
from ipyflow.views.exports import Source, make
from ipyflow.views.otel import spans
from tests.views.build import WALL, Log
from tests.views.golden import GOLDEN, HOSTILE, load


def exported(name: str) -> list[object]:
    memory = InMemorySpanExporter()
    assert memory.export(spans(load(name))) is SpanExportResult.SUCCESS
    return list(memory.get_finished_spans())


@pytest.mark.parametrize("name", GOLDEN)
def test_each_task_is_a_span_below_the_one_that_submitted_it(name: str) -> None:
    state, found = load(name), exported(name)
    root, *rest = found
    happened = [task for task in state.tasks.values() if task.state is not State.PLANNED]
    by_task = {span.attributes["ipyflow.task.id"]: span for span in rest}
    assert list(by_task) == [task.id for task in happened]
    assert root.parent is None
    assert root.name == f"run {state.name}" or name == "hostile"
    assert {span.context.trace_id for span in found} == {root.context.trace_id}
    assert len({span.context.span_id for span in found}) == len(found)
    data = edges(state)
    for task in happened:
        span = by_task[task.id]
        parent = by_task.get(task.parent, root)
        assert span.parent == parent.context
        sources = [source for source, target, kind in data if kind == DATA and target == task.id and source in by_task]
        assert [link.context.span_id for link in span.links] == [by_task[s].context.span_id for s in sources]
        assert span.attributes["ipyflow.task.state"] == task.state
        assert span.start_time <= span.end_time
        assert [e.attributes["ipyflow.attempt"] for e in span.events if e.name == "attempt"] == [
            attempt.number for attempt in task.attempts
        ]
        json.loads(span.to_json())


def test_times_are_those_of_the_wall_clock_to_the_microsecond() -> None:
    root, flow, *_ = exported("sequential")
    assert root.start_time == int(WALL) * 10**9 + 250_000_000
    assert root.end_time == root.start_time + 237_000_000
    assert flow.events[0].timestamp == root.start_time + 400_000


def test_a_failure_is_a_status_and_a_recorded_exception() -> None:
    root, *found = exported("failure")
    assert root.status.status_code is StatusCode.ERROR
    parse = next(span for span in found if span.name == "parse")
    assert (parse.status.status_code, parse.status.description) == (StatusCode.ERROR, "KeyError: 'total'")
    (event,) = [e for e in parse.events if e.name == "exception"]
    assert event.attributes["exception.type"] == "KeyError"
    assert event.attributes["exception.message"] == "'total'"
    assert event.attributes["exception.stacktrace"].startswith("Traceback (most recent call last)")
    assert parse.attributes["code.function.name"] == "etl.parse"
    fetch = next(span for span in found if span.name == "fetch")
    assert fetch.status.status_code is StatusCode.OK
    again = next(span for span in exported("retries") if len([e for e in span.events if e.name == "attempt"]) > 1)
    kinds = [e.name for e in again.events]
    assert kinds == ["attempt", "exception", "attempt", "exception", "attempt"]
    assert again.status.status_code is StatusCode.OK


def test_the_same_run_has_the_same_ids_and_another_has_others() -> None:
    first, second = spans(load("failure")), spans(load("failure"))
    assert [s.context for s in first] == [s.context for s in second]
    assert first[0].context.trace_id != spans(load("retries"))[0].context.trace_id


def test_many_inputs_are_counted_where_the_sdk_has_no_room_for_links() -> None:
    log = Log()
    refs = [log.run(i, i + 0.1, i + 0.5, "f") for i in range(300)]
    log.run(400, 401, 402, "sum", refs=refs)
    *_, last = spans(log.state())
    assert len(last.links) == 128
    assert last.attributes["ipyflow.task.inputs"] == 300


def test_what_is_unfinished_ends_now() -> None:
    state = load("running")
    found = spans(state, now=state.last + 60)
    end = found[0].start_time + round((state.last + 60 - state.opened) * 1e9)
    assert found[0].end_time == end
    assert {s.end_time for s in found if s.attributes.get("ipyflow.task.state") == "running"} == {end}


def test_the_environment_says_what_the_service_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spans(load("failure"))[0].resource.attributes["service.name"] == "ipyflow"
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    assert spans(load("failure"))[0].resource.attributes["service.name"] == "nightly"


@pytest.mark.parametrize("name", GOLDEN)
def test_otlp_in_json_has_what_collectors_ask_for(name: str) -> None:
    text = str(make(Source(load(name)), "otel"))
    assert text.count("\n") == 1
    ((resource,),) = json.loads(text).values()
    assert {a["key"] for a in resource["resource"]["attributes"]} >= {"service.name", "telemetry.sdk.name"}
    (scope,) = resource["scopeSpans"]
    ids = {span["spanId"] for span in scope["spans"]}
    for span in scope["spans"]:
        assert len(bytes.fromhex(span["traceId"])) == 16
        assert len(bytes.fromhex(span["spanId"])) == 8
        assert span.get("parentSpanId", span["spanId"]) in ids
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
        assert span["kind"] == 1
        assert span["status"]["code"] in (0, 1, 2)
        assert {link["spanId"] for link in span["links"]} <= ids
        values = [a["value"] for each in (span, *span["events"]) for a in each["attributes"]]
        assert {(key, type(one)) for value in values for key, one in value.items()} <= {
            ("stringValue", str), ("intValue", str), ("boolValue", bool), ("doubleValue", float),
        }  # fmt: skip
    if name == "hostile":
        assert HOSTILE in text


def test_a_run_is_sent_by_the_users_own_exporter() -> None:
    @fl.task
    def half(x: int | fl.Future[float]) -> float:
        return (x.result() if isinstance(x, fl.Future) else x) / 2

    @fl.flow
    def both() -> float:
        return half.submit(half.submit(8)).result()

    memory = InMemorySpanExporter()
    with engine(inline=True):
        future = both.submit()
        assert future.result() == 2.0
        assert future.run.wait(5)
        memory.export(future.run.spans())
    names = [span.name for span in memory.get_finished_spans()]
    assert names == ["run both", "both", "half", "half"]
    assert memory.get_finished_spans()[3].links[0].context == memory.get_finished_spans()[2].context


def test_without_the_sdk_it_says_what_to_install() -> None:
    program = """
import sys
sys.modules["opentelemetry.sdk"] = sys.modules["opentelemetry.sdk.trace"] = None
from ipyflow.model.run import RunState
from ipyflow.views.otel import spans
try:
    spans(RunState())
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'ipyflow-parallel[otel]'" in done.stdout, done.stderr
