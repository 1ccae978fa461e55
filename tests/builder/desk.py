"""The notebook of these tests: a few tasks, and random plans over them."""

from typing import Any

from hypothesis import strategies as st

import ipyflow as fl
from ipyflow.builder import plan as p


@fl.task
def multiply(x, y):
    return x * y


@fl.task
def divide(x: float, y: float = 2) -> float:
    """One by the other."""
    return x / y


@fl.task
def average(values):
    return sum(values) / len(values)


@fl.task
def pair(n=1) -> tuple[int, int]:
    return n, n + 1


@fl.task
def anything(*args, **kwargs):
    return args, kwargs


@fl.task(with_state=True)
def counted(state, *values):
    return (state or 0) + 1, values


@fl.task(fruitful=False)
def told(*values, **kwargs):
    return values


@fl.task
def heal(error, value=0):
    return value


@fl.task
def close():
    pass


class Model:
    @fl.task
    def fit(self, *rows, **kwargs):
        return len(rows)


rows = [1, 2, 3]
model = Model()


def merged(before, states):
    return states


def notebook() -> dict[str, Any]:
    """The names of a notebook in which all of this was defined."""
    tasks = {t.name: t for t in (multiply, divide, average, pair, anything, counted, told, heal, close)}
    return {"fl": fl, "in_parallel": fl.in_parallel, "rows": rows, "model": model, "merged": merged, **tasks}


VALUES = st.sampled_from(
    ["3", "-1.5", "'a.csv'", "rows", "[1, 'x']", "{'a': rows}", "None", "True", "(1, 2)", "rows[0]"]
)
# Read back they are what they were: a name, or a literal as Python writes it.
PLAIN = st.sampled_from(["3", "-1.5", "'a.csv'", "rows", "[1, 'x']", "None", "True", "(1, 2)", "(1,)", "{'a': rows}"])
NAMES = ["a", "by", "target"]
STEP_OPTIONS = st.dictionaries(st.sampled_from(["retries", "name", "timeout", "memo"]), st.just(""), max_size=2).map(
    lambda names: {name: {"retries": "3", "name": "'again'", "timeout": "2.5", "memo": "True"}[name] for name in names}
)


@st.composite
def plans(draw: Any, depth: int = 2) -> p.Plan:
    """Plans that can be run, as far as their shape goes."""
    plan = p.empty(draw(st.sampled_from(["pipeline", "report", "p2"])))

    def step(role: p.Role) -> p.Step:
        return {
            "id": p.number(plan), "kind": "step", "role": role,
            "task": draw(st.sampled_from(["anything", "told", "model.fit"])),
            "args": draw(st.lists(PLAIN, max_size=2)),
            "kwargs": draw(st.dictionaries(st.sampled_from(NAMES if role == "then" else NAMES[:2]), PLAIN, max_size=2)),
            "options": draw(STEP_OPTIONS), "pauses": draw(st.booleans()) and draw(st.booleans()),
        }  # fmt: skip

    def group(depth: int) -> p.Group:
        id, count = p.number(plan), draw(st.integers(0, 3))
        branches: list[p.Branch] = [{"id": p.number(plan), "entries": entries(depth - 1)} for _ in range(count)]
        given = {
            "max_parallelism": "2", "fail_fast": "True", "ordered": "False", "name": "'fan'", "merge_state": "merged",
        }  # fmt: skip
        names = draw(st.sets(st.sampled_from(sorted(given)), max_size=3))
        options = {name: given[name] for name in given if name in names}
        return {"id": id, "kind": "group", "branches": branches, "options": options, "pauses": draw(st.booleans())}

    def entries(depth: int) -> list[p.Entry]:
        made: list[p.Entry] = [group(depth) if depth and draw(st.booleans()) else step("then")]
        while len(made) < 4 and draw(st.booleans()):
            kind = draw(st.sampled_from(["then", "exceptionally", "group"] if depth else ["then", "exceptionally"]))
            made.append(group(depth) if kind == "group" else step(kind))
        return made

    plan["entries"] = entries(depth)
    if draw(st.booleans()):
        plan["entries"].append(step("finally"))
    if draw(st.booleans()):
        plan["initial"] = {
            "args": "(1, 'x')",
            "kwargs": draw(st.sampled_from(["", "{'k': rows}"])),
            "state": "{'a': 0}",
        }
    return plan


def bare(plan: p.Plan) -> Any:
    """A plan without its numbers."""

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(one) for key, one in value.items() if key not in ("id", "next")}
        return [without(one) for one in value] if isinstance(value, list) else value

    return without(plan)
