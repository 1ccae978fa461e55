"""How pipelines are shown: their edges, their boxes and brackets, their words, and their plans."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from ipyflow.model import records as r
from ipyflow.model.run import RunState, check_invariants, fold
from ipyflow.views.collapse import collapse
from ipyflow.views.containers import below
from ipyflow.views.detail import detail
from ipyflow.views.dot import dot
from ipyflow.views.edges import CHILD, DATA, between, edges
from ipyflow.views.explain import explain, explain_run
from ipyflow.views.graph import graph
from ipyflow.views.graph_svg import graph_svg
from ipyflow.views.html import static_html
from ipyflow.views.live import LiveView
from ipyflow.views.mermaid import mermaid
from ipyflow.views.outline import in_order
from ipyflow.views.palette import ROLES
from ipyflow.views.payload import payload
from ipyflow.views.plans import plan
from ipyflow.views.presenter import StaticPresenter
from ipyflow.views.rows import ran, rows
from ipyflow.views.saved import SAVED_SIZE, expand, saved_payload
from ipyflow.views.text import text_tree
from ipyflow.views.timeline_svg import timeline_svg
from ipyflow.views.words import remarks
from tests.views.build import Log
from tests.views.golden import DRAWN, GOLDEN, PAYLOADS, load
from tests.views.pipelines import OUTLINE, SLOT, wide
from tests.views.test_pictures import parsed, words

KEPT = ("pipeline", "pipeline_running", "pipeline_paused", "plan")


def joined(state: RunState) -> set[tuple[str, str, str]]:
    """The edges by names, with the branch where there is one."""

    def name(id_: int) -> str:
        task = state.tasks[id_]
        return task.name + ("" if task.branch is None else str(task.branch))

    return {(name(a), name(b), kind) for a, b, kind in edges(state)}


@pytest.mark.parametrize("name", DRAWN)
def test_the_kept_payloads_are_those_of_today(name: str) -> None:
    assert json.loads((PAYLOADS / f"{name}.json").read_text("utf-8")) == payload(DRAWN[name]())


@pytest.mark.parametrize("name", KEPT)
def test_the_golden_logs_of_pipelines_are_lawful(name: str) -> None:
    check_invariants(load(name))


def test_every_role_has_a_mark_and_a_word() -> None:
    assert set(ROLES) == set(r.ROLES)
    assert len({look.mark for look in ROLES.values()}) == len({look.word for look in ROLES.values()}) == len(r.ROLES)


# -- edges --


def test_entries_are_joined_by_what_they_hand_on_and_the_last_of_each_branch_gives_to_the_group() -> None:
    assert joined(load("pipeline")) == {
        ("load", "clean0", DATA), ("load", "clean1", DATA), ("load", "clean2", DATA),
        ("clean0", "score0", DATA), ("clean1", "score1", DATA), ("clean2", "score2", DATA),
        ("score1", "repair1", DATA),
        ("score0", "in_parallel", DATA), ("repair1", "in_parallel", DATA), ("score2", "in_parallel", DATA),
        ("in_parallel", "recover", CHILD),
        ("in_parallel", "aggregate", DATA),
        ("aggregate", "pipeline", DATA),
        ("aggregate", "close", CHILD),
    }  # fmt: skip


def test_a_plan_is_drawn_whole_with_the_ways_past_and_through_a_handler() -> None:
    made = joined(load("plan"))
    assert {
        ("in_parallel", "recover", DATA),
        ("recover", "aggregate", DATA),
        ("in_parallel", "aggregate", DATA),
    } <= made
    assert ("aggregate", "close", CHILD) in made
    assert all(kind == DATA for _, to, kind in made if to != "close")


def test_a_planned_handler_in_the_middle_is_not_the_end_of_its_branch() -> None:
    log = Log()
    whole = log.pipeline("a → h → b")
    a = log.plan(0, "a", whole)
    log.plan(0, "h", whole, refs=(a,), role="exceptionally")
    log.plan(0, "b", whole, refs=(a,))
    assert joined(log.state()) == {("a", "h", DATA), ("a", "b", DATA), ("b", "pipeline", DATA)}


def test_behind_a_failure_the_failed_entry_gives_the_outcome_and_what_was_passed_over_hangs_on_dashes() -> None:
    log = Log()
    whole = log.pipeline("a → b → c")
    a = log.plan(0, "a", whole)
    b = log.plan(0, "b", whole, refs=(a,))
    c = log.plan(0, "c", whole, refs=(b,))
    log.come_to(1, a).start(2, a).fail(3, a).end(4, b, "skipped", "", "a#2 failed").end(4, c, "skipped")
    log.fail(5, whole)
    assert joined(log.state()) == {("a", "b", CHILD), ("b", "c", CHILD), ("a", "pipeline", DATA)}


def test_a_group_that_was_passed_over_keeps_its_shape_in_dashes() -> None:
    log = Log()
    whole = log.pipeline("a → in_parallel(2)")
    a = log.plan(0, "a", whole)
    group = log.plan(0, "in_parallel", whole, refs=(a,), role="group")
    heads = [log.plan(0, "x", group, refs=(a,), branch=i) for i in range(2)]
    tails = [log.plan(0, "y", group, refs=(heads[i],), branch=i) for i in range(2)]
    log.come_to(1, a).start(2, a).fail(3, a)
    for task in (group, *heads, *tails):
        log.end(4, task, "skipped")
    assert joined(log.fail(5, whole).state()) == {
        ("a", "x0", CHILD), ("a", "x1", CHILD), ("x0", "y0", CHILD), ("x1", "y1", CHILD),
        ("y0", "in_parallel", CHILD), ("y1", "in_parallel", CHILD), ("a", "pipeline", DATA),
    }  # fmt: skip


def test_the_entries_of_a_pipeline_that_a_task_returned_stand_between_it_and_what_follows() -> None:
    log = Log()
    whole = log.pipeline("orchestrate → last")
    first = log.plan(0, "orchestrate", whole)
    last = log.plan(0, "last", whole, refs=(first,))
    log.step(1, 2, first)
    inner = log.run(3, 3.5, 4, "inner", whole, refs=(first,))
    log.step(5, 6, last, refs=(inner,)).done(7, whole)
    state = log.state()
    assert joined(state) == {("orchestrate", "inner", DATA), ("inner", "last", DATA), ("last", "pipeline", DATA)}
    assert [state.tasks[i].name for i in in_order(state, [first, last, inner])] == ["orchestrate", "inner", "last"]


def test_nested_groups_give_to_the_group_around_them() -> None:
    log = Log()
    outer = log.plan(0, "outer", role="group")
    for i in range(2):
        inner = log.plan(0, "inner", outer, role="group", branch=i)
        log.plan(0, "leaf", inner, branch=0)
    log.plan(0, "sum", refs=(outer,))
    assert joined(log.state()) == {
        ("leaf0", "inner0", DATA), ("leaf0", "inner1", DATA), ("inner0", "outer", DATA), ("inner1", "outer", DATA),
        ("outer", "sum", DATA),
    }  # fmt: skip


def test_what_merges_states_hangs_behind_its_group() -> None:
    assert {e for e in joined(load("pipeline_running")) if "union" in e[:2]} == {("parse_all", "union", CHILD)}


def test_edges_between_some_tasks_do_not_make_an_entry_in_the_middle_the_last_one() -> None:
    state = load("pipeline")
    some = between(edges(state), [2, 3, 4])
    assert some == [(2, 4, DATA)]


def test_a_wide_group_takes_work_in_proportion_to_its_entries() -> None:
    """Counts what is done, not how long it takes: the same for each entry, few or many."""

    class Counted(dict[int, object]):
        asked = 0

        def get(self, *args: object) -> object:  # type: ignore[override]
            Counted.asked += 1
            return dict.get(self, *args)  # type: ignore[call-overload]

    asked = []
    for width in (500, 2000):
        state = wide(width, 16, width).state()
        state.tasks = Counted(state.tasks)  # type: ignore[assignment]
        Counted.asked = 0
        edges(state)
        asked.append(Counted.asked / len(state.tasks))
    assert asked[1] == pytest.approx(asked[0], rel=0.02)


# -- the graph --


def test_a_group_counts_what_is_below_it_and_its_branches() -> None:
    nodes = {node["name"]: node for node in graph(load("pipeline_running"))["nodes"]}
    assert (nodes["parse_all"]["role"], nodes["parse_all"]["branches"]) == ("group", [1, 5])
    assert nodes["parse_all"]["below"] == {"succeeded": 3, "running": 2, "waiting": 2, "planned": 4}
    assert nodes["pipeline"]["branches"] is None
    assert sum(nodes["pipeline"]["below"].values()) == 15  # the entries of the group stand for it
    assert "below" not in nodes["report"]


def test_a_planned_group_knows_its_branches_and_nested_ones_are_counted_through() -> None:
    log = Log()
    outer = log.plan(0, "outer", role="group")
    for i in range(3):
        inner = log.plan(0, "inner", outer, role="group", branch=i)
        for k in range(2):
            log.plan(0, "leaf", inner, branch=k)
    found = below(log.state())
    assert (found[1].done, found[1].branches, found[1].counts) == (0, 3, {"planned": 6})
    assert found[2].branches == 2


def test_a_wide_group_folds_into_a_box_for_each_entry_and_one_for_each_stage() -> None:
    state = wide(600, 16, 600).state()
    assert sorted(len(node.tasks) for node in collapse(state, edges(state)).nodes) == [1, 1, 1, 600, 600]
    state = wide(600, 16, 600, stages=4).state()
    made = collapse(state, edges(state)).nodes
    assert sorted(len(node.tasks) for node in made) == [1, 1, 1] + [150] * 8
    assert {node.group for node in made} == {None, *(f"in_parallel/stage {i}" for i in range(1, 5))}


def sizes(state: RunState) -> list[tuple[str, str | None, int]]:
    return [(node.name, node.group, len(node.tasks)) for node in collapse(state, edges(state)).nodes]


def test_few_branches_in_stages_are_a_box_for_each_stage() -> None:
    log = Log()
    group = log.plan(0, "in_parallel", role="group")
    for i in range(12):
        log.plan(0, "step", group, branch=i, group=f"in_parallel/stage {i // 3 + 1}")
    stages = [("step", f"in_parallel/stage {k}", 3) for k in (1, 2, 3, 4)]
    assert sizes(log.state()) == [("in_parallel", None, 1), *stages]


def test_four_branches_stay_apart() -> None:
    log = Log()
    group = log.plan(0, "in_parallel", role="group")
    for i in range(4):
        log.plan(0, "step", group, branch=i, group=f"in_parallel/stage {i // 2 + 1}")
    assert [number for _, _, number in sizes(log.state())] == [1] * 5


def test_branches_with_other_entries_are_boxes_of_their_own() -> None:
    log = Log()
    group = log.plan(0, "in_parallel", role="group")
    for i in range(12):
        fetch = log.plan(0, "fetch", group, branch=i)
        log.plan(0, "read_csv" if i % 2 else "read_json", group, refs=(fetch,), branch=i)
    assert sizes(log.state()) == [
        ("in_parallel", None, 1), ("fetch", None, 6), ("read_json", None, 6), ("fetch", None, 6), ("read_csv", None, 6)
    ]  # fmt: skip


def test_the_graph_keeps_the_shape_of_the_plan_while_its_branches_run_fail_and_are_handled() -> None:
    log = Log()
    whole = log.pipeline("load → in_parallel(6)")
    load = log.plan(0, "load", whole)
    group = log.plan(0, "in_parallel", whole, refs=(load,), role="group")
    branches = []
    for i in range(6):
        parse = log.plan(0, "parse", group, refs=(load,), branch=i)
        heal = log.plan(0, "heal", group, refs=(parse,), role="exceptionally", branch=i)
        branches.append((parse, heal))
    log.step(1, 2, load).come_to(3, group).wait(3, group, "its branches")
    for i, (parse, heal) in enumerate(branches):
        at = 4 + 4 * i
        log.come_to(at, parse).start(at + 1, parse)
        if i % 2:
            log.done(at + 2, parse).end(at + 2, heal, "skipped")
        else:
            log.fail(at + 2, parse).step(at + 2.1, at + 3, heal)
    log.state()
    drawn = set()
    for i, record in enumerate(log.records):
        if record.time > log.records[0].time + 0.001:
            made = graph(fold(log.records[: i + 1]))
            drawn.add(tuple((node["key"], node["count"], node["x"]) for node in made["nodes"]))
    assert len(drawn) == 1
    assert [count for _, count, _ in drawn.pop()] == [1, 1, 1, 6, 6]


def test_the_box_of_a_group_says_how_many_of_its_branches_have_ended() -> None:
    said = words(graph_svg(load("pipeline_running")))
    assert {"1 of 5 branches", "4 of 15 entries", "handler", "finaliser", "merge"} <= set(said)
    assert "paused, 1 of 3 entries" in words(graph_svg(load("pipeline_paused")))
    titles = [t.text or "" for t in parsed(graph_svg(load("pipeline"))).iter("{http://www.w3.org/2000/svg}title")]
    assert "repair#8 (handler) · succeeded · 22 ms · dict: {'b': 0.0}" in titles
    assert any(title.startswith("in_parallel#3 (group) · succeeded") and "3 of 3 branches" in title for title in titles)
    assert "recover#11 (handler) · skipped · nothing failed before it" in titles


def test_what_is_planned_has_a_dashed_outline_and_what_was_skipped_is_faint() -> None:
    assert graph_svg(load("plan")).count('stroke-dasharray="5 3"') == 12
    assert graph_svg(load("pipeline")).count('<g opacity=".55">') == 1


def test_the_boxes_do_not_move_while_a_group_counts() -> None:
    log = wide(40, 8, 40)
    log.state()
    cut = [i for i, record in enumerate(log.records) if isinstance(record, r.Progress)]
    first, last = (fold(log.records[: i + 1]) for i in (cut[20], cut[-1]))
    at = [{n["name"]: (n["x"], n["w"]) for n in graph(state)["nodes"]}["in_parallel"] for state in (first, last)]
    assert at[0][1] == at[1][1]


def test_an_open_page_is_told_how_far_a_group_is() -> None:
    log, state, view = wide(4, 2, 4), RunState(), LiveView()
    log.state()
    told = []
    for seq, record in enumerate(log.records, 1):
        state.apply(record)
        message = view.message(state, set(state.changed), seq, record.time + 10)
        state.changed.clear()
        drawn = message["payload"]["graph"] if message["type"] == "snapshot" else message["graph"]
        told += [node["branches"] for node in drawn["nodes"] if node["role"] == "group"] if drawn else []
    assert [branches for branches, _ in itertools.groupby(told)] == [[0, 0], *([done, 4] for done in range(5))]


# -- the timeline --


def test_pipelines_and_groups_are_brackets_and_plans_have_no_bars() -> None:
    said = words(timeline_svg(load("pipeline_running")))
    assert said.count("planned") == 7
    assert "1 of 5 branches" in said
    root = parsed(timeline_svg(load("plan")))
    assert [e for e in root.iter("{http://www.w3.org/2000/svg}rect") if e.get("class") != "ground"] == []


def test_pictures_draw_the_marks_of_roles_and_leave_none_to_a_font() -> None:
    for draw in (timeline_svg, graph_svg):
        made = draw(load("pipeline_running"))
        assert {role for role, look in ROLES.items() if look.path in made} == set(ROLES) - {
            "workflow",
            "step",
            "prompt",
        }
        assert not set("".join(words(made))) & {look.mark for look in ROLES.values()}


def test_a_paused_stretch_of_a_bracket_is_dotted() -> None:
    assert 'stroke-dasharray="1 3"' in timeline_svg(load("pipeline_paused"))
    assert 'stroke-dasharray="1 3"' not in timeline_svg(load("pipeline"))


def test_a_retry_of_a_pipeline_has_a_bracket_of_its_own() -> None:
    log = Log()
    whole = log.pipeline("a")
    log.fail(10, whole).wait(50, whole, "its entries").done(60, whole)
    made = timeline_svg(log.state())
    path = next(p for p in re.findall(r'<path d="([^"]+)"[^>]*stroke-width="1.5"', made))
    assert path.count("V") == 4  # a foot at each end of both


def test_many_pipelines_share_a_band() -> None:
    log = Log()
    for i in range(40):
        whole = log.pipeline("a → b", at=i)
        log.run(i, i + 0.1, i + 5, "a", whole)
        log.done(i + 6, whole)
    said = words(timeline_svg(log.state()))
    assert {"pipeline ×40", "a ×40", "40 ✓"} <= set(said)


# -- words --


def test_the_tree_of_a_pipeline_has_its_entries_in_order_branch_by_branch() -> None:
    assert text_tree(load("pipeline")).splitlines()[1:] == [
        "└─ ✓ » pipeline(load → in_parallel(3) → recover → aggre…)  209 ms",
        "   ├─ ✓ load('orders.csv')  40 ms",
        "   ├─ ✓ ≡ in_parallel(3 branches, 2 at once)  135 ms",
        "   │  ├─ ✓ [0] clean('a')  28 ms",
        "   │  ├─ ✓ [0] score  48 ms",
        "   │  ├─ ✓ [1] clean('b')  22 ms",
        "   │  ├─ ✗ [1] score  26 ms  ValueError: b has no price",
        "   │  ├─ ✓ [1] ↯ repair  22 ms",
        "   │  ├─ ✓ [2] clean('c')  22 ms",
        "   │  └─ ✓ [2] score  42 ms",
        "   ├─ ↷ ↯ recover  skipped: nothing failed before it",
        "   ├─ ✓ aggregate(how='mean')  24 ms",
        "   └─ ✓ ⇥ close  7.6 ms",
    ]


def test_the_tree_of_a_wide_group_is_short_and_names_the_stages() -> None:
    tree = text_tree(wide(300, 16, 300, stages=3).state()).splitlines()
    assert len(tree) < 25
    assert any("≡ in_parallel(300 branches, 16 at once)  300 of 300 branches" in line for line in tree)
    assert any("read ×100 (in_parallel/stage 1)" in line for line in tree)


def test_a_group_says_for_which_branches_it_waits_and_how_many_wait_for_a_slot() -> None:
    state = load("pipeline_running")
    at_work = "check#7 (running for 100 ms on thread-2, 18 of 40 items), parse#8 (running for 70 ms on thread-1)."
    for_slots = "2 branches wait for a branch slot of parse_all#3."
    assert explain(state, 1).splitlines() == [
        "pipeline#1 waits for its entries: parse_all#3 (waiting: its branches); 3 entries to come.",
        f"parse_all#3 waits for its branches (1 of 5 have ended): {at_work} {for_slots}",
        "check#7 has been running on thread-2 for 100 ms, 18 of 40 items.",
    ]
    assert explain(state, 10).splitlines() == [
        "parse#10 waits for a branch slot of parse_all#3 (2 at once) (for 250 ms).",
        f"The slots are held by {at_work}",
    ]
    assert for_slots in explain_run(state).splitlines()


def test_branches_of_a_large_group_that_were_not_recorded_wait_for_a_slot_too() -> None:
    state = wide(60, 8, 40).state()
    assert "12 branches wait for a branch slot of in_parallel#3." in explain(state, 3)


def test_a_planned_task_says_what_it_comes_after() -> None:
    state = load("pipeline_running")
    assert explain(state, 9).startswith("check#9 is planned: it comes after parse#8 (running for 70 ms on thread-1).")
    assert explain(state, 15).startswith(
        "recover#15 is planned: it runs only if parse_all#3 (waiting: its branches) fails."
    )
    assert explain(state, 17).startswith("close#17 is planned: it runs when everything before it has ended")


def test_a_paused_pipeline_says_how_it_goes_on() -> None:
    state = load("pipeline_paused")
    assert explain(state, 1) == (
        "nightly#1 is paused (for 80 ms): no entry of it starts until .resume() is called. "
        "Still at work: train#3 (running for 110 ms on thread-2, 6 of 10 epochs)."
    )
    assert "nightly#1 is paused" in explain_run(state)
    assert explain(state, 4).endswith("But nightly#1 is paused, until .resume().")


def test_a_paused_pipeline_names_what_is_held_back_and_does_not_call_it_work() -> None:
    log = Log()
    whole = log.pipeline("load → publish", name="nightly")
    load = log.plan(0, "load", whole)
    publish = log.plan(0, "publish", whole, refs=(load,))
    log.step(1, 10, load).wait(5, whole, "paused").come_to(10.1, publish).wait(10.1, publish, "nightly#1 is paused")
    state = log.state()
    said = "nightly#1 is paused (for 5.1 ms): no entry of it starts until .resume() is called. Held back: publish#3."
    assert explain(state, whole) == said
    assert explain_run(state).splitlines()[1:] == ["Nothing runs.", said]


def test_a_pause_above_a_group_names_the_entries_of_its_branches() -> None:
    log = Log()
    whole = log.pipeline("in_parallel(3)")
    group = log.task(0, "in_parallel", whole, role="group")
    log.wait(0, group, "its branches").wait(5, whole, "paused")
    work = [log.task(1, "work", group, branch=i) for i in range(3)]
    log.start(2, work[0]).wait(6, work[1], "the run is paused").wait(1, work[2], SLOT)
    assert explain(log.state(), whole, now=1000.007) == (
        "pipeline#1 is paused (for 2.0 ms): no entry of it starts until .resume() is called. "
        "Still at work: work#3 (running for 5.0 ms on thread-1). Held back: work#4."
    )


def test_a_pause_before_anything_began_says_that_nothing_is_at_work() -> None:
    log = Log()
    whole = log.pipeline("a → b")
    log.plan(0, "a", whole)
    assert explain(log.wait(1, whole, "paused").state(), whole).endswith("Nothing of it is at work.")


def test_a_task_below_what_is_paused_says_so() -> None:
    log = Log()
    task = log.task(0, "load")
    log.wait(1, task, "flow#9 is paused")
    assert explain(log.state(), task, now=1000.011) == (
        "load#1 waits (for 10 ms): flow#9 is paused, until .resume() is called on it."
    )


def test_why_an_entry_was_passed_over_and_who_handled_a_failure() -> None:
    state = load("pipeline")
    assert explain(state, 11) == "recover#11 was passed over: nothing failed before it."
    assert explain(state, 7).splitlines()[1] == "repair#8 handled it."
    assert "ValueError: b has no price. repair#8 handled it." in explain_run(state)
    assert "handled by <code>repair#8</code>" in static_html(state)


def test_the_failure_of_a_pipeline_began_in_an_entry() -> None:
    log = Log()
    whole = log.pipeline("a → b")
    group = log.task(1, "in_parallel", whole, role="group")
    log.wait(1, group, "its branches")
    bad = log.task(2, "bad", group, branch=0)
    log.start(3, bad).fail(4, bad)
    log.fail(5, group, "GroupError", "1 of 1 branches failed").fail(6, whole, "GroupError", "1 of 1 branches failed")
    state = log.close(7, "failed").state()
    assert explain(state, whole).splitlines()[1].startswith("It began here: bad#3 failed")
    assert len(explain_run(state).splitlines()) == 2


def test_the_state_of_a_pipeline_is_a_detail_and_a_conflict_a_remark() -> None:
    log = Log()
    whole = log.pipeline("a")
    group = log.task(0, "in_parallel", whole, role="group")
    task = log.task(0, "a", group, branch=3)
    log.add(r.Noted, 1, task, "state", "{'n': 1}").add(r.Noted, 2, task, "state", "{'n': 2}")
    log.add(r.Noted, 3, group, "conflict", "branches 0 and 1 changed 'n'")
    state = log.state()
    assert remarks(state, 9) == [(group, "conflict", "branches 0 and 1 changed 'n'")]
    made = detail(state, task)
    assert (made["role"], made["branch"], made["passed_state"]) == (None, "branch 3 of in_parallel#2", "{'n': 2}")
    assert made["notes"] == []
    assert detail(state, group)["notes"] == [["conflict", "branches 0 and 1 changed 'n'"]]
    assert detail(state, group)["passed_state"] is None
    assert [row["notes"] for row in payload(state)["tasks"]] == [[], [["conflict", "branches 0 and 1 changed 'n'"]], []]
    assert "It handed on the state {'n': 2}." in explain(state, task)


def test_the_table_finds_tasks_by_what_they_are() -> None:
    state = load("pipeline")

    def found(text: str) -> list[str]:
        return [row["name"] for row in rows(state, text=text)["tasks"]]

    assert found("handler") == ["repair", "recover"]
    assert found("score branch") == ["score", "score", "score"]
    assert found("branch 1 FAILED") == ["score"]
    assert found("skipped") == ["recover"]


def test_the_table_sorts_by_the_times_that_it_shows() -> None:
    def by(name: str, column: str) -> list[str]:
        return [row["name"] for row in rows(load(name), sort=(column, False))["tasks"]]

    # A pipeline and a group stand around others: they wait for nothing, and last from end to end.
    assert by("pipeline", "ran")[:3] == ["pipeline", "in_parallel", "score"]
    assert by("pipeline", "waited")[0] == "clean"
    assert set(by("pipeline", "waited")[-3:]) == {"pipeline", "in_parallel", "recover"}
    # What is only planned has not waited.
    waited = [row["state"] for row in rows(load("pipeline_running"), sort=("waited", False))["tasks"]]
    assert waited[:2] == ["waiting"] * 2  # and not the pipeline, which waits too
    assert set(waited[-9:]) == {"waiting", "planned"}


def test_the_table_adds_up_all_tries_of_a_task_without_the_waits_between() -> None:
    state, table = load("retries"), rows(load("retries"), sort=("ran", False))["tasks"]
    assert [row["name"] for row in table] == ["flaky", "call_api"]
    assert ran(state.tasks[2], state.last) == pytest.approx(0.0286 + 0.0318 + 0.0278)
    assert ran(load("plan").tasks[2], 9) == 0


def test_of_a_large_run_each_box_says_the_states_of_its_tasks() -> None:
    """The page has not all rows, and a box of one task would look like a plan."""
    state = wide(3000, 16, 2400).state()
    for made in (payload(state), saved_payload(state), LiveView().snapshot(state, 1)["payload"]):
        nodes = {node["name"]: node for node in made["graph"]["nodes"]}
        assert nodes["list_files"]["counts"] == {"succeeded": 1}
        assert nodes["in_parallel"]["counts"] == {"waiting": 1}
        assert all(sum(node["counts"].values()) == node["count"] for node in nodes.values())
    assert all("counts" not in node for node in payload(load("pipeline"))["graph"]["nodes"])


# -- saved, in other languages --


def test_a_saved_payload_keeps_roles_and_branches() -> None:
    state = load("pipeline")
    made = expand(json.loads(json.dumps(saved_payload(state))))
    assert [(row["role"], row["branch"]) for row in made["tasks"]] == [
        (task.role, task.branch) for task in state.tasks.values()
    ]


@pytest.mark.parametrize("stages", [1, 20])
def test_a_saved_payload_of_a_wide_group_is_small(stages: int) -> None:
    made = saved_payload(wide(2000, 32, 1500, stages=stages).state())
    assert len(json.dumps(made, separators=(",", ":"))) < SAVED_SIZE


def test_pipelines_are_clusters_and_so_are_groups_of_branches_and_their_stages_in_them() -> None:
    made = dot(load("pipeline"))
    outer = re.search(r"\n  subgraph cluster_1 \{\n(.*?)\n  \}", made, re.DOTALL)
    box = re.search(r"\n    subgraph cluster_2 \{\n(.*?)\n    \}", made, re.DOTALL)
    assert box
    assert outer
    assert box[1] in outer[1]
    assert 'label="» pipeline"' in outer[1]
    assert 'label="≡ in_parallel"' in box[1]
    assert re.findall(r'label="\W*(\w+)#', box[1]) == [
        "in_parallel", "clean", "score", "clean", "score", "repair", "clean", "score",
    ]  # fmt: skip
    assert '"↯ recover#11\\nhandler · ↷ skipped"' in made
    staged = mermaid(wide(60, 8, 60, stages=2).state()).splitlines()
    nested = [line for line in staged if "subgraph" in line or line.strip() == "end"]
    assert [line.index(line.strip()) for line in nested] == [2, 4, 6, 6, 6, 6, 4, 2]


def test_planned_nodes_are_dashed_in_other_languages() -> None:
    assert dot(load("plan")).count('style="rounded,dashed"') == 12
    assert "stroke-dasharray:5 3" in mermaid(load("plan"))


# -- plans --


def records() -> list[r.Record]:
    return GOLDEN["plan"]().records


def test_a_plan_shows_itself_as_a_picture_and_a_tree() -> None:
    made = StaticPresenter().plan(records(), "mimebundle")
    assert set(made) == {"text/html", "text/plain"}
    assert made["text/plain"].splitlines()[:4] == [
        f"◌ {OUTLINE}  plan · 11 tasks",
        "├─ ◌ load('orders.csv')",
        "├─ ◌ ≡ in_parallel(3 branches, 2 at once)",
        "│  ├─ ◌ [0] clean('a')",
    ]
    assert made["text/html"].count("<img ") == 1
    assert "vnd.ipyflow" not in str(made)
    assert StaticPresenter().plan(records(), "dot").startswith("digraph")
    assert StaticPresenter().plan(records(), "mermaid").startswith("flowchart")
    with pytest.raises(ValueError, match="mimebundle, dot, mermaid"):
        plan(records(), "pdf")


def test_an_empty_plan_shows_itself() -> None:
    assert plan([r.Opened(0.0, 0, "", "pipeline", 0.0)], "mimebundle")["text/plain"] == "◌ (empty)  plan · 0 tasks"


@pytest.mark.parametrize("stages", [1, 5, 50])
def test_the_picture_of_a_large_plan_is_small(stages: int) -> None:
    log = Log("wide", 0, "pipeline")
    first = log.plan(0, "load")
    group = log.plan(0, "in_parallel", refs=(first,), role="group")
    for i in range(2000):
        label = f"in_parallel/stage {i * stages // 2000 + 1}"
        head = log.plan(0, "read", group, refs=(first,), branch=i, group=label)
        log.plan(0, f"count_{i % 3}", group, refs=(head,), branch=i, group=label)
    made = plan(log.records, "mimebundle")
    assert len(made["text/html"]) < 50_000
    assert len(made["text/plain"].splitlines()) < 50


def test_names_in_a_plan_are_text() -> None:
    log = Log("<b>x</b>\x1b[31m", 0, "pipeline")
    log.plan(0, "</svg><script>alert(1)</script>", args="<i>\x1b[2J")
    made = plan(log.records, "mimebundle")
    assert "<script" not in made["text/html"]
    assert "<b>x</b>" not in made["text/html"]
    assert "\x1b" not in "".join(made.values())
