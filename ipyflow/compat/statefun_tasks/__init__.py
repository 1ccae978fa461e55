"""Programs written for statefun-tasks: ``from ipyflow.compat.statefun_tasks import tasks, in_parallel, client``.

Its names for what is here: a bound function is a task, the client's ``submit`` is the pipeline's. There is no cluster,
so what only says where one runs is taken and not used; what meant something that is not here raises and says what to
write. Differences: a pipeline is a value (keep what a method returns), handlers get the exception itself, and a group
that fails raises a :class:`~ipyflow.errors.GroupError`.
"""

from __future__ import annotations

from ipyflow.compat.statefun_tasks.binding import FlinkTasks, RetryPolicy
from ipyflow.compat.statefun_tasks.builder import PipelineBuilder, in_parallel
from ipyflow.compat.statefun_tasks.clients import FlinkTasksClient, FlinkTasksClientFactory, TaskStatus, client
from ipyflow.compat.statefun_tasks.context import TaskContext

__all__ = [
    "FlinkTasks",
    "FlinkTasksClient",
    "FlinkTasksClientFactory",
    "PipelineBuilder",
    "RetryPolicy",
    "TaskContext",
    "TaskStatus",
    "client",
    "in_parallel",
    "tasks",
]

tasks = FlinkTasks()
