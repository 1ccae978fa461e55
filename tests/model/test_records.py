"""Records survive being packed and written as JSON, each kind of them."""

import json
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipyflow.model import records as r

TIMES = st.floats(0, 1e9)
WORDS = st.text(max_size=20)
IDS = st.integers(0, 2**40)
BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    float: TIMES,
    int: IDS,
    str: WORDS,
    tuple[int, ...]: st.lists(IDS, max_size=4).map(tuple),
    str | None: st.none() | WORDS,
    int | None: st.none() | IDS,
    tuple[str, ...]: st.lists(WORDS, max_size=4).map(tuple),
    tuple[tuple[str, int], ...]: st.lists(st.tuples(WORDS, IDS), max_size=3).map(tuple),
    tuple[tuple[str, str], ...]: st.lists(st.tuples(WORDS, WORDS), max_size=3).map(tuple),
    tuple[tuple[str, int, str], ...]: st.lists(st.tuples(WORDS, IDS, WORDS), max_size=3).map(tuple),
    tuple[tuple[str, str, str], ...]: st.lists(st.tuples(WORDS, WORDS, WORDS), max_size=3).map(tuple),
}


def records() -> st.SearchStrategy[r.Record]:
    return st.one_of([st.builds(kind, **{n: BY_TYPE[t] for n, t in get_type_hints(kind).items()}) for kind in r.KINDS])


@given(records())
def test_what_is_packed_or_written_as_json_comes_back_the_same(record: r.Record) -> None:
    assert r.unpack(r.pack(record)) == record
    assert type(r.unpack(r.pack(record))) is type(record)
    back = r.from_json(json.loads(json.dumps(r.to_json(record))))
    assert (type(back), back) == (type(record), record)


def test_every_kind_has_a_number_of_its_own_and_a_time_first() -> None:
    assert len(set(r.KINDS)) == len(r.KINDS)
    for number, kind in enumerate(r.KINDS):
        assert kind._fields[0] == "time"
        assert r.pack(kind._make([0] * len(kind._fields)))[0] == number


@pytest.mark.parametrize("row", [["Nothing", 1.0], ["Queued", 1.0], ["Queued", 1.0, 2, 3], ["queued", 1.0, 2]])
def test_what_is_no_record_is_refused(row: list[Any]) -> None:
    with pytest.raises(ValueError, match="not a record of schema 5"):
        r.from_json(row)


@pytest.mark.parametrize(
    ("value", "type_name", "text"),
    [(5, "int", "5"), (True, "bool", "True"), (None, "NoneType", "None"), (0.5, "float", "0.5")],
)
def test_a_plain_number_is_written_out_when_its_record_is_read(value: Any, type_name: str, text: str) -> None:
    packed = (r.FINISHED, 1.0, 7, "succeeded", None, value, None)
    assert r.unpack(packed) == r.Finished(1.0, 7, "succeeded", type_name, text, None)


def test_plain_arguments_are_written_out_when_their_record_is_read() -> None:
    packed = (r.SUBMITTED, 1.0, 7, 0, "f", "m", "threads", (1, "<g#2>", None), (2,), None, None, None)
    assert r.unpack(packed) == r.Submitted(1.0, 7, 0, "f", "m", "threads", "1, <g#2>, None", (2,), None, None, None)
