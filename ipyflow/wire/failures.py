"""Exceptions on their way: made again without their constructors, and without what cannot travel.

An exception is pickled as its class and ``args`` by Python, and made again by calling the class with these; where the
constructor takes something else, that fails, or worse, gives another message.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any


def made_again(kind: type[BaseException], args: tuple[Any, ...], state: dict[str, Any]) -> BaseException:
    """An exception of ``kind`` with these ``args`` and attributes; its own constructor is not called."""
    error = kind.__new__(kind, *args)
    for base in kind.__mro__:
        begin: Any = vars(base).get("__init__")
        if begin is not None and not hasattr(begin, "__code__"):  # of the built-in class, which has fields in C
            with contextlib.suppress(TypeError):
                begin(error, *args)
            break
    error.args = args
    error.__dict__.update(state)
    return error


def portable(error: BaseException, dumps: Callable[[Any], object]) -> BaseException:
    """A copy of ``error`` without the arguments and attributes that cannot be pickled; a note says which."""
    left_out: list[str] = []

    def travels(value: Any, name: str) -> bool:
        try:
            dumps(value)
        except Exception:
            left_out.append(name)
            return False
        return True

    args = tuple(
        [
            value if travels(value, f"args[{place}]") else f"<{type(value).__name__}>"
            for place, value in enumerate(error.args)
        ]
    )
    state = {name: value for name, value in error.__dict__.items() if travels(value, f".{name}")}
    copy = made_again(type(error), args, state)
    if left_out:
        copy.add_note(f"without what could not be pickled: {', '.join(left_out)}")
    return copy
