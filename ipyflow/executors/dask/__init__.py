"""``executor="dask"``: bodies on a Dask cluster.

``executor`` keeps the attempts that are there, ``found`` finds or starts the cluster, ``cluster`` is the way to it,
with ``graph`` (tasks and data go there), ``post`` (messages to bodies), ``hearing`` and ``hands`` (what is heard of
them) and ``losses`` (what is not). What runs in the workers is in ``ipyflow.worker``.
"""

from __future__ import annotations

import importlib.util
from typing import Any

from ipyflow.errors import ExecutorUnavailable
from ipyflow.executors.dask.executor import DaskExecutor

__all__ = ["DaskExecutor", "make"]


def make(target: Any) -> DaskExecutor:
    """The executor for ``configure(dask=target)``.

    Raises:
        ExecutorUnavailable: Dask is not installed.
    """
    if importlib.util.find_spec("distributed") is None:
        raise ExecutorUnavailable("executor='dask' needs Dask: pip install ipyflow-parallel[dask]")
    return DaskExecutor(target)
