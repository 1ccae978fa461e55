"""Annotations as types: those written as text too, of classes that were defined in functions or cells."""

from __future__ import annotations

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
    outside = getattr(fn, "__globals__", frame.f_globals if frame is not None else {})
    around: list[Mapping[str, Any]] = []
    names: dict[str, Any] = {}
    if frame is not None:  # it may be of a decorator that calls ours: its names come behind all others
        names.update({name: value for name, value in frame.f_locals.items() if name not in outside})
    while frame is not None:
        code = frame.f_code
        is_around = place.startswith(f"{code.co_qualname}.") or code.co_name == "<module>"
        if is_around and frame.f_globals is outside and frame.f_locals is not frame.f_globals:
            around.append(frame.f_locals)
        frame = frame.f_back
    if isinstance(fn, types.FunctionType):
        for name, cell in zip(fn.__code__.co_freevars, fn.__closure__ or (), strict=True):
            try:
                names[name] = cell.cell_contents
            except ValueError:  # not there yet, as the class itself in its methods
                pass
    for scope in reversed(around):
        names.update(scope)
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


def resolved(hint: Any, names: dict[str, Any], scope: Mapping[str, Any]) -> Any:
    """An annotation with what is text in it read; ``names`` are the globals, ``scope`` comes before them."""
    if isinstance(hint, ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return resolved(eval(hint, names, scope), names, scope)
    args, origin = get_args(hint), get_origin(hint)
    if not any(isinstance(arg, (str, ForwardRef)) or get_args(arg) for arg in args):
        return hint
    if origin is Annotated:
        return Annotated[(resolved(args[0], names, scope), *hint.__metadata__)]
    if origin in (Union, types.UnionType):
        return Union[tuple([resolved(arg, names, scope) for arg in args])]  # noqa: UP007
    if origin is list:
        return list[resolved(args[0], names, scope)]  # type: ignore[misc]
    if getattr(origin, "_is_workflow_context", False):
        return origin[resolved(args[0], names, scope)]
    return hint
