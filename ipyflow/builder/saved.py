"""A builder where nothing is live: its picture and its code as HTML without a script, and as text."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ipyflow.builder import plan as p
from ipyflow.builder.landing import Landing, look
from ipyflow.builder.texts import literal
from ipyflow.engine import default
from ipyflow.engine.endings import NODE
from ipyflow.model import records as r

if TYPE_CHECKING:
    from ipyflow.builder.builder import Builder

MOST = 20_000
"""Characters of code that a saved file holds."""
_BOX = "margin:6px 0;padding:8px 12px;overflow:auto;border-radius:6px;background:rgba(110,120,135,.08);font-size:12px"
_LIST = "margin:6px 0;padding-left:20px;color:#b3260b"


def bundle(builder: Builder) -> dict[str, str]:
    """HTML and text.

    Args:
        builder: the builder.
    """
    return {"text/html": html(builder), "text/plain": text(builder)}


def text(builder: Builder) -> str:
    """The code, with what is wrong with it in front."""
    problems = [f"# {'perhaps: ' if one.doubt else ''}{' '.join(one.text.split())}" for one in builder.problems]
    return "\n".join([*problems, builder.code()])


def html(builder: Builder) -> str:
    """The picture of the plan, where it is one, what is wrong with it, and its code."""
    problems = "".join(f"<li>{escape(one.text)}</li>" for one in builder.problems if not one.doubt)
    code = builder.code()
    shown = code if len(code) <= MOST else f"{code[:MOST]}\n…"
    return (
        f'<div class="ipyflow-builder">{_picture(builder)}'
        f"{f'<ul style={_LIST!r}>{problems}</ul>' if problems else ''}"
        f'<pre style="{_BOX}">{escape(shown)}</pre></div>'
    )


def _picture(builder: Builder) -> str:
    """Drawn from the plan itself: arguments are not evaluated, and an unfinished plan has a picture too."""
    plan = builder.plan
    if not plan["entries"]:
        return f"<b>{escape(plan['name'])}</b>"
    records: list[r.Record] = [r.Opened(0.0, 0, plan["name"], "pipeline", 0.0)]
    _plan(plan["entries"], r.NO_TASK, None, (), builder, builder.landings(), records)
    return str(default.presenter().plan(records, "mimebundle")["text/html"])


def _plan(
    entries: list[p.Entry], parent: int, branch: int | None, refs: tuple[int, ...], builder: Builder,
    landings: dict[int, Landing], records: list[r.Record],
) -> None:  # fmt: skip
    """The records of ``entries``, as ``flows/pipelines/plan.py`` writes those of a pipeline."""
    handed = refs
    for entry in entries:
        refs = () if entry["kind"] == "step" and entry["role"] == p.FINALISER else handed
        id = entry["id"]
        if entry["kind"] == "group":
            count = len(entry["branches"])
            said = f"{count:,} branch{'' if count == 1 else 'es'}"
            name = str(literal(entry["options"]["name"])) if "name" in entry["options"] else "in_parallel"
            records.append(r.Planned(0.0, id, parent, name, "", NODE, said, refs, None, "group", branch))
            for place, one in enumerate(entry["branches"]):
                _plan(one["entries"], id, place, refs, builder, landings, records)
        else:
            text = look(entry, landings[id])
            task = builder.names.task(entry["task"])
            module, executor = ("", "threads") if task is None else (task.module, task.executor_name)
            role = None if entry["role"] == p.NEXT else entry["role"]
            name = entry["task"] or "…"
            records.append(r.Planned(0.0, id, parent, name, module, executor, text, refs, None, role, branch))
        is_handler = entry["kind"] == "step" and entry["role"] == p.HANDLER
        handed = (*handed, id) if is_handler else (id,)
