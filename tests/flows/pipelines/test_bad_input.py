"""What cannot be is refused when the pipeline is built, says what was given and what to write, and starts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

import ipyflow as fl
from ipyflow.errors import PipelineInvalid
from ipyflow.testing import Lab
from tests.engine.gates import SOON
from tests.flows.pipelines.common import add, double, heal, rep, value


@pytest.fixture(autouse=True)
def nothing_started(lab: Lab) -> Iterator[None]:
    yield
    assert lab.runs == []


def plain(x: int) -> int:
    return x


@pytest.mark.parametrize(
    ("build", "given"),
    [
        (lambda: value.send(1).continue_with(len), "len"),
        (lambda: value.send(1).continue_with(plain), "plain"),
        (lambda: value.send(1).continue_if(True, plain), "plain"),
        (lambda: value.send(1).exceptionally(plain), "plain"),
        (lambda: value.send(1).finally_do(plain), "plain"),
        (lambda: fl.in_parallel([print]), "print"),
        (lambda: fl.in_parallel([value.send(1), plain]), "plain"),
    ],
)
def test_a_plain_function_is_refused_with_the_decorator_to_write(build: object, given: str) -> None:
    with pytest.raises(PipelineInvalid, match=given) as caught:
        build()
    assert "task" in str(caught.value)


@pytest.mark.parametrize("given", [None, 5, "text", 1.5, object()], ids=["None", "5", "text", "1.5", "object"])
def test_what_is_no_pipeline_at_all(given: object) -> None:
    with pytest.raises(PipelineInvalid):
        fl.in_parallel([value.send(1), given])
    with pytest.raises(PipelineInvalid):
        value.send(1).continue_with(given)


@pytest.mark.parametrize("given", [None, 5, value], ids=repr)
def test_a_group_of_something_that_is_no_list(given: object) -> None:
    with pytest.raises((PipelineInvalid, TypeError), match="in_parallel"):
        fl.in_parallel(given)


def test_one_pipeline_where_a_list_of_them_is_meant() -> None:
    with pytest.raises((PipelineInvalid, TypeError), match=r"\["):
        fl.in_parallel(value.send(1))
    with pytest.raises((PipelineInvalid, TypeError)):
        fl.in_parallel(value.send(1), value.send(2))


def test_a_pipeline_that_begins_with_a_handler() -> None:
    with pytest.raises(PipelineInvalid, match="exceptionally"):
        fl.Pipeline().exceptionally(heal)
    with pytest.raises(PipelineInvalid):
        fl.in_parallel([fl.Pipeline().exceptionally(heal)])


def test_a_pipeline_that_is_only_a_finaliser() -> None:
    with pytest.raises(PipelineInvalid, match="finally_do"):
        fl.Pipeline().finally_do(rep).submit()


@pytest.mark.parametrize(
    "build",
    [
        lambda: value.send(1).finally_do(rep).continue_with(rep),
        lambda: value.send(1).finally_do(rep).exceptionally(heal),
        lambda: value.send(1).finally_do(rep).finally_do(rep),
        lambda: value.send(1).finally_do(rep).continue_with(value.send(2)),
        lambda: value.send(1).finally_do(rep).continue_if(True, rep),
        lambda: fl.in_parallel([value.send(1).finally_do(rep)]),
        lambda: fl.in_parallel([fl.in_parallel([value.send(1).finally_do(rep)])]),
        lambda: fl.in_parallel([value.send(2), value.send(1).continue_with(value.send(1).finally_do(rep))]),
        lambda: value.send(1).continue_with(rep.send().finally_do(rep)).continue_with(rep),
        lambda: value.send(1).continue_with(rep.send().finally_do(rep)).finally_do(rep),
    ],
)
def test_a_finaliser_in_the_middle_in_a_branch_or_twice(build: object) -> None:
    with pytest.raises(PipelineInvalid, match="finally_do"):
        build()


@pytest.mark.parametrize(
    "build",
    [
        lambda: value.send().with_initial(args=1).with_initial(args=1),
        lambda: value.send().with_initial(args=1).with_initial(kwargs={"x": 1}),
        lambda: value.send().with_initial(kwargs={"x": 1}).with_initial(args=1),
        lambda: fl.in_parallel([value.send().with_initial(args=1)]),
        lambda: fl.in_parallel([value.send().with_initial(kwargs={"x": 1})]),
        lambda: fl.in_parallel([value.send(1).with_initial(state={})]),
        lambda: value.send(1).continue_with(value.send().with_initial(args=1)),
        lambda: fl.in_parallel([fl.in_parallel([value.send()]).with_initial(args=1)]),
    ],
)
def test_ambiguous_initial_parameters(build: object) -> None:
    with pytest.raises(PipelineInvalid, match="Ambiguous initial parameters"):
        build()


@pytest.mark.parametrize("given", [-1, 1.5, 1.0, True, False, "2", [1]], ids=repr)
def test_a_limit_that_is_none(given: object) -> None:
    with pytest.raises(PipelineInvalid, match=re.escape(repr(given))) as caught:
        fl.in_parallel([value.send(1)], max_parallelism=given)
    assert "max_parallelism" in str(caught.value)


@pytest.mark.parametrize("given", [0, -1, 1.5, 2.0, True, False, "2"], ids=repr)
def test_stages_that_are_none(given: object) -> None:
    with pytest.raises(PipelineInvalid, match=re.escape(repr(given))) as caught:
        fl.in_parallel([value.send(1)], num_stages=given)
    assert "num_stages" in str(caught.value)


@pytest.mark.parametrize("option", ["return_exceptions", "fail_fast", "ordered"])
def test_a_flag_that_is_no_flag(option: str) -> None:
    with pytest.raises((PipelineInvalid, TypeError), match=option):
        fl.in_parallel([value.send(1)], **{option: "yes"})


def test_options_that_are_not_known() -> None:
    with pytest.raises(TypeError, match="max_paralelism"):
        fl.in_parallel([value.send(1)], max_paralelism=2)
    with pytest.raises((TypeError, PipelineInvalid), match="retry"):
        value.send(1).set(retry=2)
    with pytest.raises((TypeError, PipelineInvalid), match="merge_state"):
        fl.in_parallel([value.send(1)], merge_state=5)
    with pytest.raises((TypeError, PipelineInvalid), match="name"):
        fl.in_parallel([value.send(1)], name=5)


def test_values_of_options_that_cannot_be() -> None:
    with pytest.raises((TypeError, ValueError), match="retries"):
        value.send(1).set(retries="many")
    with pytest.raises((TypeError, ValueError), match="fruitful"):
        value.send(1).set(fruitful=3)
    with pytest.raises((TypeError, ValueError), match="with_state"):
        fl.task(with_state="yes")(plain)


def test_a_generator_of_pipelines_that_raises_half_way() -> None:
    def pipelines() -> Iterator[fl.Pipeline]:
        yield value.send(1)
        raise KeyError("half way")

    with pytest.raises(KeyError, match="half way"):
        fl.in_parallel(pipelines())


def test_a_missing_submit_is_told_where_a_future_was_meant() -> None:
    """A pipeline is no future: what waits for futures says what to write."""
    pipeline = value.send(1)
    with pytest.raises((TypeError, AttributeError), match="submit"):
        fl.wait([pipeline])
    with pytest.raises((TypeError, AttributeError), match="submit"):
        pipeline.result()


def test_decided_set_after_a_group_or_on_an_empty_pipeline() -> None:
    with pytest.raises(PipelineInvalid, match="set"):
        fl.in_parallel([value.send(1)]).set(retries=2)
    with pytest.raises(PipelineInvalid, match="set"):
        fl.Pipeline().set(retries=2)


def test_an_empty_pipeline_cannot_run_nor_pause() -> None:
    with pytest.raises(PipelineInvalid):
        fl.Pipeline().submit()
    with pytest.raises(PipelineInvalid):
        fl.Pipeline()()
    with pytest.raises(PipelineInvalid):
        fl.Pipeline().pause_here()


def test_initial_keywords_that_are_no_keywords() -> None:
    with pytest.raises((PipelineInvalid, TypeError), match="kwargs"):
        value.send().with_initial(kwargs=[1])
    with pytest.raises((PipelineInvalid, TypeError), match="kwargs"):
        value.send().with_initial(kwargs={1: 2})


def test_arguments_for_a_pipeline_that_is_spliced_in() -> None:
    """They would belong to no task of it."""
    with pytest.raises((PipelineInvalid, TypeError)):
        value.send(1).continue_with(add.send(1), 5)
    with pytest.raises((PipelineInvalid, TypeError)):
        value.send(1).exceptionally(double.send())


def test_the_message_of_a_refusal_fits_on_few_lines() -> None:
    with pytest.raises(PipelineInvalid) as caught:
        fl.in_parallel(["x" * 10_000])
    assert len(str(caught.value)) < 500


def test_pipeline_invalid_is_a_value_error_of_ours() -> None:
    assert issubclass(PipelineInvalid, ValueError)
    assert issubclass(PipelineInvalid, fl.errors.IpyflowError)


class TestWithRuns:
    @pytest.fixture(autouse=True)
    def nothing_started(self) -> None:
        """Here something does."""

    def test_a_future_where_a_pipeline_is_meant(self, lab: Lab) -> None:
        future = value.submit(1)
        future.result(SOON)
        with pytest.raises(PipelineInvalid, match="send"):
            fl.in_parallel([future])
        with pytest.raises(PipelineInvalid, match="future"):
            value.send(1).continue_with(future)

    def test_a_future_among_the_arguments_is_a_reference(self, lab: Lab) -> None:
        future = add.submit(1, 2)
        resolving = fl.task(resolve=True)(lambda x: x)
        assert resolving.send(future).continue_with(double)() == 6
