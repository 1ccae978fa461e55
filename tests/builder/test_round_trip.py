"""Plan, code and pipeline are three forms of the same."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.builder import plan as p
from ipyflow.builder.code import code
from ipyflow.builder.edits import apply
from ipyflow.builder.history import History
from ipyflow.flows.pipelines.entries import Group
from tests.builder.desk import (
    VALUES,
    Model,
    anything,
    average,
    bare,
    close,
    divide,
    heal,
    multiply,
    notebook,
    plans,
    rows,
)


def of(plan: p.Plan) -> fl.Builder:
    builder = fl.Builder(namespace=notebook())
    builder._history = History(plan)
    return builder


def shape(pipeline: fl.Pipeline) -> Any:
    """All that makes a pipeline what it is, tasks by their function and options."""
    return pipeline.initial, pipeline.is_inline, [_entry(entry) for entry in pipeline.entries]


def _entry(entry: Any) -> Any:
    if isinstance(entry, Group):
        merge = entry.merge and entry.merge.fn
        return [shape(branch) for branch in entry.branches], *entry[1:7], merge, entry.pauses
    task = entry.task
    return task.fn, dict(task._given), task.is_flow, entry.args, entry.kwargs, entry.role, entry.pauses


@settings(max_examples=60, deadline=None)
@given(plans())
def test_the_code_of_a_plan_gives_a_pipeline_that_is_read_as_the_same_plan(plan: p.Plan) -> None:
    builder = of(plan)
    assert [problem for problem in builder.problems if not problem.doubt] == []
    space = notebook()
    exec(builder.code(), space)
    again = fl.Builder(space[plan["name"]], namespace=space)
    assert bare(again.plan) == bare(plan)
    assert again.code() == builder.code()


@settings(max_examples=40, deadline=None)
@given(plans())
def test_a_pipeline_comes_out_as_it_went_in(plan: p.Plan) -> None:
    pipeline = of(plan).pipeline()
    out = fl.Builder(pipeline, namespace=notebook()).pipeline()
    assert shape(out) == shape(pipeline)
    assert out.describe() == pipeline.describe()


ids = st.integers(0, 12)
places = st.integers(0, 3)
EDITS = st.one_of(
    st.fixed_dictionaries(
        {"do": st.just("add"), "to": ids, "at": places, "kind": st.sampled_from(["step", "step", "group"])},
        optional={
            "task": st.sampled_from(["multiply", "divide", "anything", "", "nobody"]),
            "role": st.sampled_from([*p.ROLES, "never"]),
            "arguments": st.sampled_from(["", "3, 2", "y=rows", "*rows", "(", "1, b=[2]"]),
        },
    ),
    st.fixed_dictionaries({"do": st.just("move"), "id": ids, "to": ids, "at": places}),
    st.fixed_dictionaries({"do": st.sampled_from(["remove", "copy", "branch"]), "id": ids}),
    st.fixed_dictionaries({"do": st.just("role"), "id": ids, "role": st.sampled_from(p.ROLES)}),
    st.fixed_dictionaries({"do": st.just("task"), "id": ids, "task": st.sampled_from(["divide", "rows", "x y"])}),
    st.fixed_dictionaries(
        {
            "do": st.just("argument"),
            "id": ids,
            "key": st.sampled_from(["args.0", "args.1", "kwargs.y", "kwargs.z"]),
            "text": st.one_of(
                VALUES, st.sampled_from(["", "oops", "1 +", "a.csv", "1, 2", "x := 1", "# no", "f(", '"\n"'])
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "do": st.just("option"),
            "id": ids,
            "name": st.sampled_from(["retries", "with_state", "max_parallelism", "name", "color"]),
        },
        optional={"value": st.sampled_from([3, True, "x", None])},
    ),
    st.fixed_dictionaries({"do": st.just("pause"), "id": ids, "value": st.booleans()}),
    st.fixed_dictionaries({"do": st.just("name"), "text": st.sampled_from(["report", "", "1", "multiply"])}),
    st.fixed_dictionaries(
        {
            "do": st.just("initial"),
            "field": st.sampled_from(["args", "state", "no"]),
            "text": st.sampled_from(["(1, 2)", ")"]),
        }
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(EDITS, max_size=25))
def test_edits_in_any_order_can_be_taken_back_and_done_again(edits: list[dict[str, Any]]) -> None:
    builder = fl.Builder(namespace=notebook())
    start, past = builder.plan, []
    for edit in edits:
        before = builder.plan
        try:
            builder.edit(edit)
        except fl.errors.EditRefused:
            assert builder.plan == before
            continue
        numbers = [entry["id"] for entry in p.walk(builder.plan["entries"])]
        numbers += [branch["id"] for group in p.groups(builder.plan) for branch in group["branches"]]
        assert len(numbers) == len(set(numbers))
        if builder.plan != before:
            past.append(before)
        told = builder.to_json()
        assert all(problem["id"] == p.ROOT or problem["id"] in numbers for problem in told["problems"])
        if told["ready"]:
            assert shape(fl.Builder(builder.pipeline(), namespace=notebook()).pipeline()) == shape(builder.pipeline())
    end = builder.plan
    for before in reversed(past):
        assert builder.undo() is not None
        assert builder.plan == before
    assert builder.plan == start
    assert builder.undo() is None
    while builder.redo() is not None:
        pass
    assert builder.plan == end


def test_a_pipeline_is_written_as_a_person_would_write_it() -> None:
    branches = [divide.send(2), divide.send(3).continue_with(multiply, y=7).exceptionally(heal)]
    pipeline = (
        multiply.send(3, 2)
        .continue_with(fl.in_parallel(branches, max_parallelism=2))
        .continue_with(average).set(retries=3).pause_here()
        .exceptionally(heal, 1)
        .finally_do(close)
    )  # fmt: skip
    assert fl.Builder(pipeline, "report", namespace=notebook()).code().splitlines() == [
        "report = (",
        "    multiply.send(3, 2)",
        "    .continue_with(in_parallel([",
        "        divide.send(2),",
        "        divide.send(3).continue_with(multiply, y=7).exceptionally(heal),",
        "    ], max_parallelism=2))",
        "    .continue_with(average).set(retries=3).pause_here()",
        "    .exceptionally(heal, 1)",
        "    .finally_do(close)",
        ")",
    ]


def test_what_has_no_name_in_the_notebook_gets_one_and_runs() -> None:
    @fl.task
    def local(x, of=None):
        return x, of

    lock = object()
    pipeline = local.send(lock, of=[lock, 3]).continue_with(Model().fit, "abc").set(retries=1)
    builder = fl.Builder(pipeline, namespace=notebook())
    assert shape(builder.pipeline()) == shape(pipeline)
    assert [(problem.field, problem.doubt) for problem in builder.problems] == [
        ("task", True), ("args.0", True), ("kwargs.of", True), ("task", True),
    ]  # fmt: skip
    assert "local.send(object_1, of=[object_1, 3])" in builder.code()
    assert ".continue_with(model_1.fit, 'abc').set(retries=1)" in builder.code()


def test_names_of_the_notebook_are_found_again() -> None:
    space = notebook()
    again = multiply.with_options(name="again", retries=2)
    pipeline = again.send(rows, y=[rows, (1,)]).continue_with(space["model"].fit).continue_with(anything, space["fl"])
    builder = fl.Builder(pipeline, namespace=space)
    assert builder.code().splitlines()[1:-1] == [
        "    multiply.send(rows, y=[rows, (1,)]).set(name='again', retries=2)",
        "    .continue_with(model.fit)",
        "    .continue_with(anything, fl)",
    ]
    rows_then = builder.pipeline().entries[0].args[0]
    assert rows_then is rows


def test_in_parallel_is_called_what_the_notebook_calls_it() -> None:
    plan, made = apply(p.empty(), {"do": "add", "to": 0, "at": 0, "kind": "group"})
    for branch in (made + 1, made + 2):
        plan, _ = apply(plan, {"do": "add", "to": branch, "at": 0, "task": "close"})
    assert "fl.in_parallel([" in code(plan, "fl.in_parallel")
    space = {"close": close}
    builder = fl.Builder(namespace=space)
    builder._history = History(plan)
    assert builder.code().startswith("from ipyflow import in_parallel\n")
    assert builder.pipeline()() == [None, None]
    assert "in_parallel" not in space


def test_a_large_pipeline_is_refused() -> None:
    with pytest.raises(fl.errors.PipelineInvalid, match="501 entries"):
        fl.Builder(fl.in_parallel([close.send()] * 500))
    with pytest.raises(TypeError, match="give a pipeline"):
        fl.Builder(close)  # type: ignore[arg-type]
