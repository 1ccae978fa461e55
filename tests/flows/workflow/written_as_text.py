"""Factories whose annotations are text."""

from __future__ import annotations

from typing import Annotated, Any

from ipyflow.flows.workflow.resources import Resource

ran: list[str] = []
calls = 0


def outer(one: Annotated[Inner, Resource(inner)]) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
    return ("outer", one)


def inner() -> Inner:
    global calls
    calls += 1
    return ("inner", calls)


class Client:
    def __init__(self, inner: Annotated[Inner, Resource(inner)], timeout: Nowhere | None = None) -> None:  # type: ignore[name-defined]  # noqa: F821
        self.inner = inner


Inner = tuple[str, int]


def local_factory() -> Resource:
    class Here(tuple[str, int]):
        pass

    def made_here() -> Here:
        return Here(("made here", 1))

    def local(one: Annotated[Here, Resource(made_here)]) -> Any:
        return ("local", one)

    return Resource(local)


def a(x: Annotated[int, Resource(b)]) -> Any:
    ran.append("a")
    return ("a", x)


def b(y: Annotated[int, Resource(a)]) -> Any:
    ran.append("b")
    return ("b", y)


def c(x: Annotated[int, Resource(a)]) -> Any:
    ran.append("c")


def itself(x: Annotated[int, Resource(itself)]) -> Any:
    ran.append("itself")


def unreadable(x: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def unreadable_with_a_default(x: Nowhere = 1) -> None: ...  # type: ignore[name-defined]  # noqa: F821
