"""A run leaves one history as a file, and comes into another one as it was."""

import json
import re
from pathlib import Path

import pytest

import ipyflow as fl
from ipyflow.model.records import SCHEMA_VERSION, Closed
from ipyflow.views.log_json import log_json
from tests.views.golden import GOLDEN


@fl.task
def load(x: int) -> int:
    print("loading", x)
    return x


@fl.flow
def order(n: int) -> list[int]:
    return [load(i) for i in range(n)]


def test_a_run_comes_into_another_history_as_it_was(database: Path, tmp_path: Path) -> None:
    future = order.submit(3)
    future.result()
    future.run.wait()
    path = tmp_path / "run.json"
    future.run.export(path)
    log, key, sources = future.run.log, future.run.key, future.run.sources()
    fl.shutdown()
    with fl.configure(database=tmp_path / "other.sqlite"):
        past = fl.history().read(path)
        assert (past.key, past.name, past.lost, past.log) == (key, "order", False, log)
        assert past.sources() == sources
        assert "print" in sources["tests.past.test_files:load"]
        assert [run.key for run in fl.history()] == [key]
        assert fl.history().read(path).key == key
        assert len(fl.history()) == 1
        again = tmp_path / "again.json"
        past.export(again)
        assert json.loads(again.read_text()) == json.loads(path.read_text())
        assert fl.history().delete(key) == 1
        assert fl.history().read(path).log == log
    fl.shutdown()


def test_records_of_every_kind_come_back_and_are_shown(database: Path, tmp_path: Path) -> None:
    for name, build in GOLDEN.items():
        records = build().records
        (tmp_path / "run.json").write_text(log_json(records))
        past = fl.history().read(tmp_path / "run.json")
        assert past.log[: len(records)] == records, name
        assert past.name in past._repr_mimebundle_()["text/plain"], name
        assert past.explain(), name
        lost = not isinstance(records[-1], Closed)
        assert (past.lost, past.snapshot().closed is None) == (lost, False), name
    assert len(fl.history(limit=None)) == len(GOLDEN)


def test_a_run_that_was_not_kept_gets_a_key(database: Path, tmp_path: Path) -> None:
    with fl.configure(database=None):
        order(1)
        assert fl.runs()[0].export(str(tmp_path / "run.json"))
    past = fl.history().read(tmp_path / "run.json")
    assert past.key
    assert past.name == "order"
    assert fl.history().open(past.key).snapshot().counts == past.snapshot().counts


def test_a_key_from_elsewhere_takes_no_place_of_a_run_to_come(database: Path, tmp_path: Path) -> None:
    order(1)
    run = fl.runs()[0]
    kernel = run.key.partition("-")[0]
    for forged in (f"{kernel}-{run.id + 1}", "<script>", "../../etc/passwd", "'; DROP TABLE runs"):
        (tmp_path / "run.json").write_text(run.export("json").replace(f'"{run.key}"', json.dumps(forged)))
        assert re.fullmatch(r"[0-9a-f]{6}-1", fl.history().read(tmp_path / "run.json").key)
    order(2)
    assert len(fl.history("order")) == 6


def test_a_run_that_went_on_when_it_was_exported_is_lost_elsewhere(database: Path, tmp_path: Path) -> None:
    order(1)
    text = fl.runs()[0].export("json").splitlines()
    head = text[0].replace(fl.runs()[0].key, "0abcde-7")
    (tmp_path / "run.json").write_text("\n".join([head, *text[1:4]]).rstrip(",") + "\n]}")
    past = fl.history().read(tmp_path / "run.json")
    assert (past.key, past.lost, past.state) == ("0abcde-7", True, "failed")


HEAD = '{"format": "ipyflow run", "schema": NOW, "first": 0, "records": ['


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("{}", "JSON, but no log of a run"),
        ('{"format": "ipyflow run", "schema": 99, "first": 0, "records": []}', "a log of schema 99"),
        (HEAD + "]}", "has no beginning of a run"),
        ('{"format": "ipyflow run", "schema": NOW, "first": 9, "records": []}', "9 records are missing"),
        ('{"format": "ipyflow run", "schema": NOW, "first": 0, "sources": 3, "records": []}', "sources are no texts"),
        (
            HEAD + '["Opened",0,1,"","",0], ["Queued", 0, 3]]}',
            "before it was submitted",
        ),
        (HEAD + '["Opened", 0]]}', "not a record of schema"),
        (
            HEAD + '["Opened",0,1,{"a": 2},"",0],["Closed",1,"failed"]]}',
            "what cannot have happened",
        ),
        (
            HEAD + '["Opened","0",1,"","",0],["Closed",1,"failed"]]}',
            "what cannot have happened",
        ),
    ],
)
def test_what_is_no_run_is_refused_and_nothing_is_kept(database: Path, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.json").write_text(text.replace("NOW", str(SCHEMA_VERSION)))
    with pytest.raises(ValueError, match=said):
        fl.history().read(tmp_path / "run.json")
    (tmp_path / "run.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match="no text"):
        fl.history().read(tmp_path / "run.json")
    assert len(fl.history()) == 0
