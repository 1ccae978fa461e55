"""What a function under ``bind(with_context=True)`` gets."""

from __future__ import annotations

from typing import NoReturn

from ipyflow import current


class TaskContext:
    """The running task, as a function under ``bind(with_context=True)`` gets it: ids, names, and who called.

    Ids are texts. What concerns addresses and messages of a cluster is not here; the error says what to write.
    """

    def __init__(self) -> None:
        self._current = current()

    @property
    def task_uid(self) -> str:
        """The id of the task's future."""
        return str(self._current.id)

    @property
    def task_name(self) -> str:
        """The function's name behind that of its module."""
        fn = self._current.task.fn
        return f"{fn.__module__}.{fn.__name__}"

    def get_task_id(self) -> str:
        """The same as ``task_uid``."""
        return self.task_uid

    def get_display_name(self) -> str:
        """The label in views: ``display_name=``, else the function's name."""
        return str(self._current.task.name)

    def get_caller_id(self) -> str | None:
        """The id of the pipeline, the group or the task that this one is in."""
        parent = self._current.future.parent_id
        return str(parent) if parent else None

    def get_pipeline_id(self) -> str | None:
        """The id of the pipeline's future; ``None`` outside one. A pipeline that a task returns has none of its own."""
        return next(iter(self._pipelines()), None)

    def get_root_pipeline_id(self) -> str | None:
        """The id of the topmost pipeline: another one where a task in a pipeline submits a pipeline itself."""
        return ([None, *self._pipelines()])[-1]

    def _pipelines(self) -> list[str]:
        """The ids of the pipelines it is in, from the inside out."""
        tasks, id, found = self._current.run.snapshot().tasks, self._current.future.parent_id, []
        while id in tasks:
            if tasks[id].role == "pipeline":
                found.append(str(id))
            id = tasks[id].parent
        return found

    def __getattr__(self, name: str) -> NoReturn:
        said = "keep the state in the pipeline (with_state=True) or in an object of yours" if "state" in name else ""
        raise AttributeError(
            f"context.{name} is not here: there is no cluster with addresses and messages; "
            f"{said or 'ipyflow.current() has what is known of a running task'}"
        )
