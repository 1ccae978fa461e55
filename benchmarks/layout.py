"""How long it takes to lay out graphs of a thousand different tasks: ``python -m benchmarks.layout [repeats]``.

Measured is what a page waits for: edges, collapsing, columns, orders, heights and lines (``views.graph.plan``). For
each shape the best of a few tries, with the size of the picture.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator

from ipyflow.model import records as r
from ipyflow.model.run import RunState, fold
from ipyflow.views.edges import edges
from ipyflow.views.graph import Graph, plan

TASKS = 1000
GOAL = 0.3

Given = Iterator[tuple[int, ...]]
"""For each task, in the order of submission, the tasks whose outcomes it takes: numbers from 1."""


def layered(tasks: int = TASKS, wide: int = 40) -> Given:
    """Layers of forty, each task with one to three parents in the layer before or, seldom, further back."""
    dice = random.Random(7)
    for i in range(tasks):
        layer = i // wide
        if not layer:
            yield ()
            continue
        back = 1 if dice.random() < 0.9 else dice.randint(1, layer)
        first = (layer - back) * wide + 1
        yield tuple(sorted(dice.sample(range(first, first + wide), dice.randint(1, 3))))


def anywhere(tasks: int = TASKS) -> Given:
    """Each task takes the outcomes of one to three tasks among all those before it."""
    dice = random.Random(7)
    for i in range(tasks):
        yield tuple(sorted(dice.sample(range(1, i + 1), min(i, dice.randint(1, 3)))))


def recent(tasks: int = TASKS) -> Given:
    """The same among the last hundred."""
    dice = random.Random(7)
    for i in range(tasks):
        yield tuple(sorted(dice.sample(range(max(1, i - 99), i + 1), min(i, dice.randint(1, 3)))))


def stages(tasks: int = TASKS) -> Given:
    """A hundred chains of nine steps, then one task for ten chains each."""
    for i in range(tasks):
        yield () if i < 100 else tuple(range(801 + 10 * (i - 900), 811 + 10 * (i - 900))) if i >= 900 else (i - 99,)


def tree(tasks: int = TASKS) -> Given:
    """Each outcome is taken by three."""
    for i in range(tasks):
        yield ((i - 1) // 3 + 1,) if i else ()


def flows(tasks: int = TASKS) -> Given:
    """Fifty flows of twenty steps each, every step one or two of those before it in its flow."""
    dice = random.Random(7)
    for i in range(tasks):
        first = i // 20 * 20 + 1
        yield tuple(sorted(dice.sample(range(first, i + 1), min(i + 1 - first, dice.randint(1, 2)))))


def fan(tasks: int = TASKS) -> Given:
    """One outcome is taken by all the others, and these by the last."""
    for i in range(tasks):
        yield () if not i else (1,) if i < tasks - 1 else tuple(range(2, tasks))


SHAPES: dict[str, Callable[[], Given]] = {
    "layered": layered, "anywhere": anywhere, "recent": recent, "stages": stages, "tree": tree, "flows": flows,
    "fan": fan,
}  # fmt: skip


def made(shape: str, parent: int = 0) -> RunState:
    """The run of a shape: so many tasks of different names, below the task ``parent`` where one is given."""
    log: list[r.Record] = [r.Opened(0.0, 1, shape, "flow", 0.0)]
    log += [
        r.Submitted(
            0.001 * id_, id_, parent if id_ > 1 else 0, f"task_{id_}", "work", "threads", "", refs, None, None, None
        )
        for id_, refs in enumerate(SHAPES[shape](), 1)
    ]
    return fold(log)


def drawn(state: RunState) -> Graph:
    return plan(state, 2 * TASKS, edges(state))


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{'shape':17} {'edges':>6} {'ms':>6} {'width':>7} {'height':>7}   (goal {GOAL * 1000:.0f} ms)")
    for shape, parent in [*((shape, 0) for shape in SHAPES), ("layered", 1)]:
        state = made(shape, parent)
        name = f"{shape} in a flow" if parent else shape
        took = []
        for _ in range(repeats):
            begin = time.perf_counter()
            graph = drawn(state)
            took.append(time.perf_counter() - begin)
        drawing = graph.drawing
        print(
            f"{name:17} {len(graph.collapsed.links):6,} {min(took) * 1000:6.0f} {drawing.width:7,} {drawing.height:7,}"
        )


if __name__ == "__main__":
    main()
