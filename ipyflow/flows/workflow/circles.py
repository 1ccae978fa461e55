"""Whether resources can be made at all: found out before any factory runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ipyflow.errors import WorkflowValidationError
from ipyflow.flows.workflow.factories import Need, Resource, ResourceConfig, said


def problems(needs: Iterable[Need], is_there: Callable[[Resource | ResourceConfig], bool], configs: bool) -> list[str]:
    """What keeps resources from being made, in words; nothing is made.

    Args:
        needs: what is asked for.
        is_there: True for a resource that need not be made.
        configs: read the files of configs too.
    """
    found: dict[str, None] = {}
    sound: set[int] = set()

    def look(resource: Resource | ResourceConfig, hint: Any, where: str, above: tuple[Resource, ...]) -> None:
        if id(resource) in sound or is_there(resource):
            return
        before = len(found)
        try:
            if isinstance(resource, ResourceConfig):
                if configs:
                    resource.make(hint, {})
                return
            keys = [one.key for one in above]
            if resource.key in keys:
                circle = " -> ".join(one.name for one in (*above[keys.index(resource.key) :], resource))
                found[f"resources that need each other: {circle}: take one of these parameters out"] = None
                return
            below = resource.needs()
        except WorkflowValidationError as error:
            found[str(error)] = None
        except Exception as error:
            found[f"config {resource} for {where}: {type(error).__name__}: {error}"] = None
        else:
            for name, type_of_it, needed in below:
                look(needed, type_of_it, f"{name}: {said(type_of_it)} of {resource.name}", (*above, resource))
            if len(found) == before:
                sound.add(id(resource))

    for name, hint, resource in needs:
        look(resource, hint, f"{name}: {said(hint)}", ())
    return list(found)
