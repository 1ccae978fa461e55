"""Annotations as types: those written as text too, of classes that were defined in functions or cells."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ForwardRef, Union, get_args, get_origin

from ipyflow.errors import WorkflowValidationError


def scope_of(fn: Any, frame: types.FrameType | None) -> dict[str, Any]:
    """The names that the annotations of ``fn`` may use, besides its globals.

    Args:
        fn: a function or a class.
        frame: where it is decorated or defined: its locals are taken, and those of the functions and classes around it.
    """
    place = f"{fn.__qualname__}."
    scopes: list[Mapping[str, Any]] = []
    first = True
    while frame is not None:
        code = frame.f_code
        is_around = place.startswith(f"{code.co_qualname}.") and frame.f_locals is not frame.f_globals
        if is_around or (first and frame.f_locals is not frame.f_globals):
            scopes.append(frame.f_locals)
        first = False
        frame = frame.f_back
    names: dict[str, Any] = {}
    for scope in reversed(scopes):
        names.update(scope)
    if isinstance(fn, types.FunctionType) and fn.__closure__:
        names = {**inspect.getclosurevars(fn).nonlocals, **names}
    return names


def hint_of(fn: Callable[..., Any], name: str, scope: Mapping[str, Any]) -> Any:
    """The annotation of a parameter, or of ``"return"``; ``None`` where there is none.

    Raises:
        WorkflowValidationError: it names what is not there, or is no type.
    """
    try:
        hint = fn.__annotations__.get(name)
        return resolved(hint, getattr(fn, "__globals__", {}), scope)
    except Exception as error:
        where = "the return annotation" if name == "return" else f"the annotation of {name}"
        raise WorkflowValidationError(
            f"step {fn.__qualname__}: {where} cannot be read: {error}. Define or import what it names above the step"
        ) from error


def resolved(hint: Any, names: Mapping[str, Any], scope: Mapping[str, Any]) -> Any:
    """An annotation with what is text in it read; ``names`` are the globals, ``scope`` comes before them."""
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return resolved(eval(hint, dict(names), scope), names, scope)
    args = get_args(hint)
    if not any(isinstance(arg, (str, ForwardRef)) or get_args(arg) for arg in args):
        return hint
    origin = get_origin(hint)
    if origin is Annotated:
        return Annotated[(resolved(args[0], names, scope), *hint.__metadata__)]
    if origin in (Union, types.UnionType):
        return Union[tuple([resolved(arg, names, scope) for arg in args])]
    if origin is list:
        return list[resolved(args[0], names, scope)]  # type: ignore[misc]
    return hint
