"""Edits: each takes a plan and what is to be done, as a page sends it, and gives a new plan.

An edit is a dictionary: ``do`` is its name, the rest are its parts. What cannot be done raises :class:`EditRefused`,
which says why, and the plan stays as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, cast

from ipyflow.builder import plan as p
from ipyflow.builder import wanted
from ipyflow.errors import EditRefused

Edit = dict[str, Any]


def apply(plan: p.Plan, edit: Edit) -> tuple[p.Plan, int]:
    """Do one edit.

    Args:
        plan: stays as it is.
        edit: one of those in :data:`EDITS`.

    Returns:
        The new plan, and the number of what was made or changed.

    Raises:
        EditRefused: it cannot be done.

    Example:
        >>> plan, made = apply(p.empty(), {"do": "add", "to": 0, "at": 0, "task": "load"})
        >>> plan["entries"][0]["task"], made
        ('load', 1)
    """
    name = edit.get("do")
    todo = EDITS.get(name) if isinstance(name, str) else None
    if todo is None:
        raise EditRefused(f"no edit {name!r}; there are {', '.join(EDITS)}")
    new = copy.deepcopy(plan)
    try:
        return new, todo(new, edit)
    except KeyError as missing:
        raise EditRefused(f"the edit {name!r} needs {missing.args[0]!r}") from None


def label(plan: p.Plan, edit: Edit) -> str:
    """What an edit does, in a few words: for the buttons that undo and redo it."""
    id = edit.get("id")
    what = p.find(plan, id) if isinstance(id, int) else None
    name = "the block" if what is None else _named(what)
    added = edit.get("task") or ("a block" if edit.get("kind") == "group" else "a step")
    words = {
        "add": f"add {added}", "move": f"move {name}", "remove": f"remove {name}", "copy": f"copy {name}",
        "branch": "add a branch", "task": f"run {edit.get('task')}", "name": "the name",
        "initial": "what it begins with", "inline": "inline", "role": f"when {name} runs",
        "pause": f"pause behind {name}",
    }  # fmt: skip
    return words.get(str(edit.get("do")), f"change {name}")


def _named(what: Any) -> str:
    if "entries" in what:
        return "a branch"
    return (what["task"] or "a step") if what["kind"] == "step" else "the block"


def _add(plan: p.Plan, edit: Edit) -> int:
    entries = wanted.entries(plan, edit["to"])
    made: p.Entry
    if edit.get("kind", "step") == "group":
        made = {"id": p.number(plan), "kind": "group", "branches": [], "options": {}, "pauses": False}
        made["branches"] = [{"id": p.number(plan), "entries": []} for _ in range(2)]
    else:
        role = wanted.role(edit.get("role", p.NEXT))
        made = {
            "id": p.number(plan), "kind": "step", "role": role, "task": wanted.text(edit.get("task", "")), "args": [],
            "kwargs": {}, "options": {}, "pauses": False,
        }  # fmt: skip
        made["args"], made["kwargs"] = wanted.arguments(edit.get("arguments", ""))
    entries.insert(wanted.place(edit["at"], len(entries)), made)
    return made["id"]


def _move(plan: p.Plan, edit: Edit) -> int:
    """Where it is to stand is counted with it still in its old place."""
    id, at = edit["id"], edit["at"]
    branch = p.branch_of(plan, id)
    if branch is not None:
        group, to = p.group_of(plan, id), wanted.block(plan, edit["to"])
        if group is None or to is None:
            raise EditRefused("a branch can only stand in a parallel block")
        if p.find({**plan, "entries": branch["entries"]}, to["id"]) is not None:
            raise EditRefused("a branch cannot be moved into itself")
        _shift(group["branches"], group["branches"].index(branch), to["branches"], at)
        return int(id)
    entries, place, entry = wanted.entry(plan, id)
    target = wanted.entries(plan, edit["to"])
    if entry["kind"] == "group" and (edit["to"] == id or p.find({**plan, "entries": [entry]}, edit["to"]) is not None):
        raise EditRefused("a parallel block cannot be moved into itself")
    _shift(entries, place, target, at)
    return int(id)


def _shift(source: list[Any], place: int, target: list[Any], at: Any) -> None:
    at = wanted.place(at, len(target))
    one = source.pop(place)
    target.insert(at - 1 if source is target and place < at else at, one)


def _remove(plan: p.Plan, edit: Edit) -> int:
    """What stands in its place afterwards is what the page goes on with."""
    id = edit["id"]
    group = p.group_of(plan, id)
    if group is not None:
        place = [branch["id"] for branch in group["branches"]].index(id)
        del group["branches"][place]
        left: list[Any] = group["branches"]
        return int(left[min(place, len(left) - 1)]["id"]) if left else group["id"]
    entries, place, _ = wanted.entry(plan, id)
    del entries[place]
    if entries:
        return entries[max(0, place - 1)]["id"]
    return next((b["id"] for g in p.groups(plan) for b in g["branches"] if b["entries"] is entries), p.ROOT)


def _copy(plan: p.Plan, edit: Edit) -> int:
    id = edit["id"]
    group = p.group_of(plan, id)
    if group is not None:
        place = [branch["id"] for branch in group["branches"]].index(id)
        branch = copy.deepcopy(group["branches"][place])
        branch["id"] = p.number(plan)
        _number_anew(plan, branch["entries"])
        group["branches"].insert(place + 1, branch)
        return branch["id"]
    entries, place, entry = wanted.entry(plan, id)
    twin = copy.deepcopy(entry)
    _number_anew(plan, [twin])
    entries.insert(place + 1, twin)
    return twin["id"]


def _number_anew(plan: p.Plan, entries: list[p.Entry]) -> None:
    for entry in p.walk(entries):
        entry["id"] = p.number(plan)
        if entry["kind"] == "group":
            for branch in entry["branches"]:
                branch["id"] = p.number(plan)


def _branch(plan: p.Plan, edit: Edit) -> int:
    group = wanted.block(plan, edit["id"])
    if group is None:
        raise EditRefused("only a parallel block has branches")
    made: p.Branch = {"id": p.number(plan), "entries": []}
    group["branches"].insert(wanted.place(edit.get("at", len(group["branches"])), len(group["branches"])), made)
    return made["id"]


def _change_role(plan: p.Plan, edit: Edit) -> int:
    wanted.step(plan, edit["id"])["role"] = wanted.role(edit["role"])
    return int(edit["id"])


def _change_task(plan: p.Plan, edit: Edit) -> int:
    wanted.step(plan, edit["id"])["task"] = wanted.text(edit["task"]).strip()
    return int(edit["id"])


def _argument(plan: p.Plan, edit: Edit) -> int:
    """Change one argument; ``names`` are the parameters of the positional ones, for those behind one left empty."""
    step, text = wanted.step(plan, edit["id"]), wanted.text(edit["text"]).strip()
    kind, _, key = wanted.text(edit["key"]).partition(".")
    if kind == "kwargs":
        if text:
            step["kwargs"][key] = text
        else:
            step["kwargs"].pop(key, None)
        return step["id"]
    if kind != "args" or not key.isdecimal() or int(key) > len(step["args"]):
        raise EditRefused(f"no argument {edit['key']!r} here")
    at = int(key)
    if text:
        step["args"][at : at + 1] = [text]
    elif at < len(step["args"]):
        names, behind = edit.get("names") or [], step["args"][at + 1 :]
        if len(names) < len(step["args"]) and behind:
            step["args"][at : at + 1] = []
        else:
            step["args"] = step["args"][:at]
            step["kwargs"] = {**dict(zip(names[at + 1 :], behind, strict=False)), **step["kwargs"]}
    return step["id"]


def _all_arguments(plan: p.Plan, edit: Edit) -> int:
    step = wanted.step(plan, edit["id"])
    step["args"], step["kwargs"] = wanted.arguments(edit["text"])
    return step["id"]


def _option(plan: p.Plan, edit: Edit) -> int:
    """Set an option to Python (``text``) or to a value; nothing leaves it as it is by itself."""
    _, _, entry = wanted.entry(plan, edit["id"])
    value = edit.get("value")
    text = wanted.text(edit["text"]).strip() if "text" in edit else "" if value is None else repr(value)
    if text:
        entry["options"][wanted.text(edit["name"])] = text
    else:
        entry["options"].pop(wanted.text(edit["name"]), None)
    return entry["id"]


def _pause(plan: p.Plan, edit: Edit) -> int:
    _, _, entry = wanted.entry(plan, edit["id"])
    entry["pauses"] = bool(edit["value"])
    return entry["id"]


def _rename(plan: p.Plan, edit: Edit) -> int:
    plan["name"] = wanted.text(edit["text"]).strip()
    return p.ROOT


def _initial(plan: p.Plan, edit: Edit) -> int:
    field = edit["field"]
    if field not in plan["initial"]:
        raise EditRefused(f"a pipeline begins with args, kwargs and state, not with {field!r}")
    cast(dict[str, str], plan["initial"])[field] = wanted.text(edit["text"]).strip()
    return p.ROOT


def _inline(plan: p.Plan, edit: Edit) -> int:
    plan["inline"] = bool(edit["value"])
    return p.ROOT


EDITS: dict[str, Callable[[p.Plan, Edit], int]] = {
    "add": _add, "move": _move, "remove": _remove, "copy": _copy, "branch": _branch, "role": _change_role,
    "task": _change_task, "argument": _argument, "arguments": _all_arguments, "option": _option, "pause": _pause,
    "name": _rename, "initial": _initial, "inline": _inline,
}  # fmt: skip
"""Every edit by its name."""
