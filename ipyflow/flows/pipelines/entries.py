"""What a pipeline consists of: steps and groups, with nothing in them that runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from ipyflow.flows.pipelines.state import copied_if_possible

if TYPE_CHECKING:
    from ipyflow.flows.pipelines.value import Pipeline

HANDLER = "exceptionally"
FINALISER = "finally"
SHOWN = 4
"""Names in an outline; the rest are counted."""


class Step(NamedTuple):
    """A task with arguments of its own.

    Attributes:
        task: the task.
        args: positional arguments, behind those it is handed.
        kwargs: keyword arguments; they win over those it is handed.
        role: ``None``, :data:`HANDLER` or :data:`FINALISER`.
        pauses: the pipeline pauses itself behind it.
        plain: nothing about it is special: no role, no keyword arguments, no state. Nearly every step is so.
    """

    task: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    role: str | None
    pauses: bool
    plain: bool

    @classmethod
    def of(
        cls, task: Any, args: tuple[Any, ...], kwargs: dict[str, Any], role: str | None = None, pauses: bool = False
    ) -> Step:
        """Make a step."""
        return cls(task, args, kwargs, role, pauses, role is None and not kwargs and not task.options.with_state)

    def renewed(self) -> Step:
        """The same with the code that its task's name stands for now."""
        task = self.task.latest()
        return self if task is self.task else Step.of(task, self.args, self.kwargs, self.role, self.pauses)

    @property
    def name(self) -> str:
        """The task's name."""
        return str(self.task.name)

    @property
    def outline(self) -> str:
        """It in one word."""
        return self.name


class Group(NamedTuple):
    """Branches that run side by side; see :func:`ipyflow.in_parallel` for what each attribute means."""

    branches: tuple[Pipeline, ...]
    at_once: int | None
    stages: int
    return_exceptions: bool
    fail_fast: bool
    ordered: bool
    name: str
    merge: Any
    pauses: bool = False

    @property
    def role(self) -> str | None:
        """It is neither handler nor finaliser."""
        return None

    @property
    def plain(self) -> bool:
        """It is no plain step."""
        return False

    def renewed(self) -> Group:
        """The same: what its branches run is looked up where they are retried."""
        return self

    @property
    def outline(self) -> str:
        """It in one word."""
        return f"{self.name}({len(self.branches):,})"

    @property
    def text(self) -> str:
        """Its size in words."""
        count = len(self.branches)
        said = f"{count:,} branch{'' if count == 1 else 'es'}"
        if self.at_once is not None:
            said += f", {self.at_once:,} at once"
        return said if self.stages == 1 else f"{said}, {self.stages:,} stages"

    def label(self, place: int) -> str | None:
        """The label of the entries of a branch: its stage, where there are several."""
        if self.stages == 1:
            return None
        chunk = -(-len(self.branches) // self.stages)
        return f"{self.name}/stage {place // chunk + 1}"


Entry: TypeAlias = Step | Group


class Initial(NamedTuple):
    """What the heads of a pipeline are handed: :meth:`Pipeline.with_initial`."""

    args: tuple[Any, ...] | None
    kwargs: dict[str, Any] | None
    state: Any

    def over(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], state: Any
    ) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
        """What the heads are handed where they were about to be handed these: what was set wins.

        The state is a copy, so that each time the pipeline runs it has its own.
        """
        return (
            args if self.args is None else self.args,
            kwargs if self.kwargs is None else self.kwargs,
            state if self.state is None else copied_if_possible(self.state),
        )
