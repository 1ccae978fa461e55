"""A form as text, as the HTML of a saved file, and as questions in a terminal."""

from __future__ import annotations

import getpass
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ipyflow.errors import FormError
from ipyflow.forms.fields import Field
from ipyflow.forms.reading import read_fields
from ipyflow.forms.texts import as_code, is_default, typed, wanted
from ipyflow.views.words import clip, shown

_CELL = "padding:2px 16px 2px 0;text-align:left;vertical-align:top"
_QUIET = "opacity:.75"


def text_form(
    title: str, about: str, fields: Sequence[Field], values: Mapping[str, Any], launches: Sequence[str]
) -> str:
    """The form as text: each field with what stands in it, or what it wants."""
    names = [shown(field.name) for field in fields]
    width = max((len(name) for name in names), default=0)
    lines = [f"{shown(title)}: {shown(about)}" if about else shown(title)]
    for name, (value, wants, doc) in zip(names, _rows(fields, values), strict=True):
        lines.append(f"  {name:<{width}}  {value or wants}{f'  ({doc})' if doc else ''}")
    lines += [f"  {line}" for line in launches] or [
        "  .start() starts it, .start(name=value) with other values, .ask() asks"
    ]
    return "\n".join(lines)


def html_form(
    title: str, about: str, fields: Sequence[Field], values: Mapping[str, Any], launches: Sequence[str]
) -> str:
    """The form as a saved file shows it: what stood in it, and what it had started."""
    rows = [
        f'<tr><th scope="row" style="{_CELL}">{_safe(field.label)}</th>'
        f'<td style="{_CELL}">{f"<code>{_safe(value)}</code>" if value else f"<i>{_safe(wants)}</i>"}</td>'
        f'<td style="{_CELL};{_QUIET}">{_safe(doc)}</td></tr>'
        for field, (value, wants, doc) in zip(fields, _rows(fields, values), strict=True)
    ]
    told = "".join(f'<div style="white-space:pre-wrap">{_safe(line)}</div>' for line in launches)
    return (
        f"<div><b>{_safe(title)}</b> <span style='{_QUIET}'>{_safe(about)}</span>"
        f'<table style="border-collapse:collapse;margin:4px 0">{"".join(rows)}</table>{told}</div>'
    )


def ask(
    fields: Sequence[Field], values: Mapping[str, Any], answer: Callable[[str], str] | None = None
) -> dict[str, Any]:
    """Ask for each field on a line of its own, until what is typed can be; Enter takes what stands in brackets.

    Args:
        fields: what to ask for.
        values: what stands in the form.
        answer: gives what a person answers to a question; ``input``, and for a secret what does not show it.
    """
    found: dict[str, Any] = {}
    for field in fields:
        if field.fields is not None and not field.optional:
            inner = values.get(field.name, field.default)
            parts = inner if isinstance(inner, Mapping) else dict(vars(inner)) if hasattr(inner, "__dict__") else {}
            print(f"{shown(field.label)}:")
            found[field.name] = ask(field.fields, parts, answer)
            continue
        has = field.name in values or field.has_default
        value = values.get(field.name, field.default)
        while True:
            standing = "none" if value is None else "•••" if field.kind == "secret" else shown(typed(field, value), 60)
            by = answer or (getpass.getpass if field.kind == "secret" else input)
            text = by(f"{shown(field.label)} ({shown(wanted(field))}){f' [{standing}]' if has else ''}: ")
            if not text.strip() and has:
                if field.name in values:
                    found[field.name] = value
                break
            try:
                found.update(read_fields([field], {field.name: text} if text.strip() else {}))
                break
            except FormError as error:
                print("\n".join(f"  {message}" for message in error.errors.values()))
    return found


def parameters(fields: Sequence[Field], values: Mapping[str, Any], width: int = 120) -> str:
    """Values in short, without those that are the defaults.

    Example:
        >>> fields = [Field("n", "int"), Field("fast", "bool", default=True, has_default=True)]
        >>> parameters(fields, {"n": 3, "fast": True})
        'n=3'
    """
    known = {field.name: field for field in fields}
    told = [
        f"{name}={'•••' if known[name].kind == 'secret' else clip(as_code(value), 40)}"
        for name, value in values.items()
        if name in known and not is_default(known[name], value)
    ]
    return shown(clip(", ".join(told), width)) or ("the defaults" if values or known else "")


def _rows(fields: Sequence[Field], values: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Of each field: what stands in it, or else what it wants; and what it means."""
    rows = []
    for field in fields:
        has, value = field.name in values or field.has_default, values.get(field.name, field.default)
        text = "none" if value is None else "•••" if field.kind == "secret" else typed(field, value) or '""'
        rows.append((shown(clip(text, 120)) if has else "", shown(wanted(field)), shown(clip(field.doc, 200))))
    return rows


def _safe(text: str) -> str:
    return html.escape(shown(text))
