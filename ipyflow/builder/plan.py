"""The plan: a pipeline as plain JSON, with a number for each place in it.

Arguments and options are Python, as one would type them: ``"3"``, ``"'a.csv'"``, ``"rows"``. So a plan may name what is
in the notebook, and nothing of it is evaluated before it is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias, TypedDict

ROOT = 0
"""The number of the pipeline itself, as a list of entries."""
NEXT, HANDLER, FINALISER = "then", "exceptionally", "finally"
Role: TypeAlias = Literal["then", "exceptionally", "finally"]
ROLES: tuple[Role, ...] = ("then", "exceptionally", "finally")


class Step(TypedDict):
    """A task with arguments of its own; ``task`` is empty until one is chosen."""

    id: int
    kind: Literal["step"]
    role: Role
    task: str
    args: list[str]
    kwargs: dict[str, str]
    options: dict[str, str]
    pauses: bool


class Branch(TypedDict):
    """One of the pipelines that a group runs side by side."""

    id: int
    entries: list[Entry]


class Group(TypedDict):
    """A parallel block."""

    id: int
    kind: Literal["group"]
    branches: list[Branch]
    options: dict[str, str]
    pauses: bool


Entry: TypeAlias = Step | Group


class Initial(TypedDict):
    """What the first entry is handed; an empty text is nothing."""

    args: str
    kwargs: str
    state: str


class Plan(TypedDict):
    """A pipeline: the name it is given, its entries, and the next free number."""

    name: str
    entries: list[Entry]
    initial: Initial
    inline: bool
    next: int


def empty(name: str = "pipeline") -> Plan:
    """A plan without entries.

    Example:
        >>> empty("report")["entries"]
        []
    """
    return {"name": name, "entries": [], "initial": {"args": "", "kwargs": "", "state": ""}, "inline": False, "next": 1}


def number(plan: Plan) -> int:
    """The next free number, which is taken."""
    plan["next"] += 1
    return plan["next"] - 1


def walk(entries: list[Entry]) -> Iterator[Entry]:
    """All entries, those in branches included, in the order in which they are read."""
    for entry in entries:
        yield entry
        if entry["kind"] == "group":
            for branch in entry["branches"]:
                yield from walk(branch["entries"])


def steps(plan: Plan) -> Iterator[Step]:
    """All steps."""
    for entry in walk(plan["entries"]):
        if entry["kind"] == "step":
            yield entry


def groups(plan: Plan) -> Iterator[Group]:
    """All parallel blocks."""
    for entry in walk(plan["entries"]):
        if entry["kind"] == "group":
            yield entry


def find(plan: Plan, id: int) -> Entry | Branch | None:
    """The entry or the branch of that number."""
    for entry in walk(plan["entries"]):
        if entry["id"] == id:
            return entry
        if entry["kind"] == "group":
            for branch in entry["branches"]:
                if branch["id"] == id:
                    return branch
    return None


def list_of(plan: Plan, id: int) -> list[Entry] | None:
    """The entries of the pipeline (:data:`ROOT`) or of a branch."""
    if id == ROOT:
        return plan["entries"]
    branch = branch_of(plan, id)
    return None if branch is None else branch["entries"]


def branch_of(plan: Plan, id: int) -> Branch | None:
    """The branch of that number."""
    return next((b for group in groups(plan) for b in group["branches"] if b["id"] == id), None)


def group_of(plan: Plan, branch: int) -> Group | None:
    """The group that a branch is of."""
    return next((group for group in groups(plan) if any(b["id"] == branch for b in group["branches"])), None)


def holder(plan: Plan, id: int) -> tuple[list[Entry], int] | None:
    """The list that an entry stands in, and its place there."""
    lists = [plan["entries"], *(branch["entries"] for group in groups(plan) for branch in group["branches"])]
    for entries in lists:
        for place, entry in enumerate(entries):
            if entry["id"] == id:
                return entries, place
    return None
