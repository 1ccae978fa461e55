"""Write docs/api/ from the docstrings: one page for each kind of name.

    python -m scripts.api          write the pages
    python -m scripts.api --check  only say which pages are not what the docstrings say

The tests ask the same.
"""

import functools
import importlib
import inspect
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts.api_table import GIVEN, INNER, PAGES
from scripts.signatures import signature

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "api"

SECTIONS = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Raises": "Raises",
    "Returns": "Returns",
    "Yields": "Yields",
}
ROLE = re.compile(r":(\w+):`~?([^`]+)`")
ITEM = re.compile(r"^(\*{0,2}[\w.]+(?:, [\w.]+)*)(?: \([^)]*\))?: (.*)$", re.DOTALL)


def names_of(page: str) -> dict[str, Any]:
    """The names of a page that are there, and what they stand for."""
    _, _, module, names = PAGES[page]
    found = importlib.import_module(module)
    if names:
        given = {name.rpartition(".")[2]: _found(name if "." in name else f"{module}.{name}") for name in names}
    else:
        listed = getattr(found, "__all__", None) or [n for n, value in vars(found).items() if _made(value, module)]
        given = {name: getattr(found, name) for name in listed}
    # Errors have a page of their own.
    return {n: value for n, value in given.items() if value is not None and (page == "errors" or not _is_error(value))}


def _found(path: str) -> Any:
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name, None)


def _made(value: Any, module: str) -> bool:
    return inspect.isclass(value) and value.__module__ == module


def _is_error(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, Exception)


@functools.cache
def places() -> dict[str, str]:
    """Where each name is explained, to link to: GitHub makes the anchors of headings so."""
    found = {}
    for page in PAGES:
        taken: Counter[str] = Counter()
        for name in names_of(page):
            anchor = name.lower()
            found[name] = f"{page}.md#{anchor}" + (f"-{taken[anchor]}" if taken[anchor] else "")
            taken[anchor] += 1
    return found


def linked(text: str) -> str:
    """Text of a docstring as Markdown: names of ours lead to where they are explained."""

    def role(found: re.Match[str]) -> str:
        name = found[2].removeprefix("ipyflow.") if found[2].count(".") == 1 else found[2]
        shown = name.rpartition(".")[2] if found[0].partition("`")[2].startswith("~") else name
        place = places().get(shown) if found[1] in ("class", "func", "data", "exc") else None
        return f"[`{shown}`]({place})" if place else f"`{shown}`"

    return re.sub(r"``([^`]+)``", r"`\1`", ROLE.sub(role, text))


def explained(doc: str | None) -> Iterator[str]:
    """A docstring's paragraphs, sections and examples."""
    lines = inspect.cleandoc(doc or "").split("\n")
    at = 0
    while at < len(lines):
        head = lines[at].removesuffix(":")
        if lines[at].endswith(":") and (head in SECTIONS or head in ("Example", "Examples")):
            block, at = _indented(lines, at + 1)
            yield from _section(head, block)
        elif lines[at] == "::":
            block, at = _indented(lines, at + 1)
            yield from ("```text", *block, "```", "")
        else:
            yield linked(lines[at])
            at += 1
    yield ""


def _indented(lines: list[str], at: int) -> tuple[list[str], int]:
    end = at
    while end < len(lines) and (not lines[end] or lines[end].startswith(" ")):
        end += 1
    return textwrap.dedent("\n".join(lines[at:end])).strip("\n").split("\n"), end


def _section(head: str, block: list[str]) -> Iterator[str]:
    if head in ("Example", "Examples"):
        yield from ("```pycon", *block, "```", "")
        return
    yield from (f"**{SECTIONS[head]}**", "")
    items = re.split(r"\n(?=\S)", "\n".join(block)) if head not in ("Returns", "Yields") else ["\n".join(block)]
    for item in items:
        text = " ".join(line.strip() for line in item.split("\n"))
        found = ITEM.match(text) if len(items) > 1 or head not in ("Returns", "Yields") else None
        yield f"- `{found[1]}`: {linked(found[2])}" if found else f"- {linked(text)}"
    yield ""


def members(name: str, value: type) -> Iterator[tuple[str, Any]]:
    """The methods and properties of a class that are for its users, in the order of the source."""
    seen: set[str] = set()  # by a class below: it is explained there
    for base in (one for one in value.__mro__ if one.__module__.startswith("ipyflow")):
        if base is not value and base.__name__ in places():
            continue  # explained where that class is
        for member, found in vars(base).items():
            inner = getattr(found, "fget", None) or getattr(found, "__func__", found)
            if member.startswith("_") or member in INNER.get(name, ()) or not getattr(inner, "__doc__", None):
                continue
            if member in seen:
                continue
            seen.add(member)
            if inspect.isfunction(inner):
                yield member, found


def described(name: str, value: Any) -> Iterator[str]:
    """All about one name."""
    yield from (f"## `{name}`", "")
    if not callable(value):
        yield from (f"The word `{value!r}`.", "")
        return
    if _is_error(value):
        yield from (f"A kind of `{value.__base__.__name__}`.", "")
    elif name not in GIVEN:
        yield from ("```py", signature(name, value), "```", "")
    yield from explained(value.__doc__)
    if not inspect.isclass(value):
        return
    for member, found in members(name, value):
        if isinstance(found, property):
            yield from (f"### `{name}.{member}`", "", *explained(found.fget.__doc__))
        else:
            inner = getattr(found, "__func__", found)
            yield from (
                f"### `{name}.{member}`",
                "",
                "```py",
                signature(member, inner),
                "```",
                "",
                *explained(inner.__doc__),
            )


@functools.cache
def pages() -> dict[str, str]:
    """Every page of docs/api/, by the name of its file."""
    made = {}
    rows = []
    for page, (title, about, module, _) in PAGES.items():
        names = names_of(page)
        if not names:
            continue
        lines = [f"# {title}", "", f"{about}\n" if about else "", f"From `{module}`.", ""]
        if page == "errors":
            lines += explained(importlib.import_module(module).__doc__)
        for name, value in names.items():
            lines += described(name, value)
        made[f"{page}.md"] = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
        listed = ", ".join(f"[`{name}`]({places()[name]})" for name in names)
        rows.append(f"| [{title}]({page}.md) | `{module}` | {listed} |")
    made["index.md"] = "\n".join([HEAD, *rows, FOOT])
    return made


HEAD = """\
# Every name

Made from the docstrings by `make docs`; the tests hold it up to date, and run its examples.
In a notebook `name?` says the same.

| what | from | names |
|---|---|---|"""
FOOT = """
The magics `%flow`, `%%flow` and `%%task` are in [notebook.md](../notebook.md); other systems' names for all this,
`ipyflow.compat`, in [coming-from](../coming-from/index.md).
"""


def main(arguments: list[str]) -> int:
    """Run from the command line."""
    made = pages()
    present = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in made.keys() | present.keys() if made.get(name) != present.get(name))
    if arguments == ["--check"]:
        print("\n".join(stale))
        return bool(stale)
    FOLDER.mkdir(exist_ok=True)
    for name in stale:
        if name in made:
            (FOLDER / name).write_text(made[name], "utf-8")
        else:
            (FOLDER / name).unlink()
        print((FOLDER / name).relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
