"""What a function does, as bytes that are the same wherever its lines stand: the half of a cache key that is code.

Of a code object count its instructions with what they name and the constants they load, and so of the functions inside
it. Comments, docstrings, the name of the file and the numbers of lines do not.
"""

from __future__ import annotations

import dis
import functools
import hashlib
import marshal
from types import CodeType
from typing import Any, NamedTuple

ATOMS = frozenset({int, float, str, bytes, bool, complex, type(None)})
"""Types whose values are themselves and nothing else, and which ``marshal`` writes the same way every time."""
_GLOBAL = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})
_LINE = "__firstlineno__"
"""A name that the body of a class sets to the number of its line, from Python 3.13 on."""


class Facts(NamedTuple):
    """What is known of a code object: a digest of what it does, and the globals that it reads."""

    digest: bytes
    names: tuple[str, ...]


def joined(kind: str, *parts: bytes) -> bytes:
    """A digest of some bytes, which no other parts of this kind, and no other kind, have.

    Example:
        >>> joined("list", b"ab", b"c") == joined("list", b"a", b"bc")
        False
    """
    digest = hashlib.blake2b(kind.encode(), digest_size=20)
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def atom(value: Any) -> bytes:
    """A value of :data:`ATOMS` as bytes; version 2 of the format does not tell whether a text is shared."""
    return marshal.dumps(value, 2)


@functools.lru_cache(maxsize=1024)
def facts(code: CodeType) -> Facts:
    """What a code object does, and which globals it reads, the functions inside it included.

    Example:
        >>> one = compile("x + limit  # here", "a", "eval")
        >>> other = compile("(x   + limit)", "b", "eval")
        >>> facts(one) == facts(other), facts(one).names
        (True, ('limit', 'x'))
    """
    names: set[str] = set()
    parts = [
        repr((code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)).encode(),
        repr((code.co_varnames, code.co_freevars, code.co_cellvars)).encode(),
        code.co_exceptiontable,
    ]
    before = None
    for step in dis.get_instructions(code):
        if step.argval == _LINE and before is not None:
            parts.pop()  # the number of the line, loaded to be stored under that name
        before = step
        if step.opcode in dis.hasconst:
            parts.append(joined(step.opname, _constant(step.argval, names)))
            continue
        if step.opname in _GLOBAL:
            names.add(step.argval)
        parts.append(f"{step.opname} {step.argval!r}".encode())
    return Facts(joined("code", *parts), tuple(sorted(names)))


def _constant(value: Any, names: set[str]) -> bytes:
    kind = type(value)
    if kind in ATOMS:
        return atom(value)
    if isinstance(value, CodeType):
        inside = facts(value)
        names.update(inside.names)
        return inside.digest
    if kind is tuple:
        return joined("tuple", *(_constant(item, names) for item in value))
    if kind is frozenset:
        return joined("frozenset", *sorted(_constant(item, names) for item in value))
    return joined(kind.__name__, repr(value).encode())  # the dots, a slice
