"""The programs of the corpus: loading them, as they are written or with their import lines changed."""

import json
import re
import sys
import types
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROGRAMS = sorted(path.stem for path in (HERE / "programs").glob("*.py"))
OUTCOMES = HERE / "outcomes.json"
HERE_IS = "ipyflow.compat.workflows"
# What a user changes, and all that a user changes: where a name is imported from.
CHANGES = (
    (r"llama_index\.utils\.workflow\b", f"{HERE_IS}.drawing"),
    (r"llama_index\.core\.workflow\b", HERE_IS),
    (r"workflows\b", HERE_IS),
)


def rewritten(text: str) -> str:
    """A program with its import lines changed.

    Example:
        >>> rewritten("from workflows.events import Event\\nworkflows = 3")
        'from ipyflow.compat.workflows.events import Event\\nworkflows = 3'
    """
    for old, new in CHANGES:
        text = re.sub(rf"(?m)^from {old}", f"from {new}", text)
    return text


def load(name: str, here: bool) -> types.ModuleType:
    """A program as a module of its own; `here`: with its import lines changed."""
    path = HERE / "programs" / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    module = types.ModuleType(f"corpus_{name}")
    sys.modules[module.__name__] = module  # what is kept by its qualified name is found again by it
    exec(compile(rewritten(text) if here else text, str(path), "exec", dont_inherit=True), module.__dict__)
    return module


def outcomes() -> dict[str, Any]:
    """What was recorded: for each program its `original` outcome, and where it differs `here` and `why`."""
    return json.loads(OUTCOMES.read_text(encoding="utf-8")) if OUTCOMES.exists() else {}
