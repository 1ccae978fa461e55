"""The Dask cluster that work goes to: found, or started, and asked whether our tasks can run on it.

Owns: nothing. Called by: ``cluster``, on a thread that may wait. Guarantees: what is found is left as it was; what
cannot run our tasks is refused, in words.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import distributed

from ipyflow.errors import ExecutorUnavailable
from ipyflow.machine import cores

PIP = "pip install ipyflow-parallel[dask]"


def find(target: Any, say: Callable[[str], object]) -> tuple[distributed.Client, list[Any]]:
    """A client.

    Args:
        target: a client, an address, or ``None`` for the client of now, else a cluster of this machine.
        say: prints a line.

    Returns:
        The client, and what is to be closed at the end, in this order.

    Raises:
        ExecutorUnavailable: there is none; says why, and what to do.
    """
    if target is None:
        try:
            target = distributed.default_client()
        except ValueError:
            return _local(say)
    if isinstance(target, str):
        try:
            client = distributed.Client(target, set_as_default=False, name="ipyflow")
        except (OSError, ValueError) as error:
            raise ExecutorUnavailable(
                f"no Dask scheduler answers at {target} ({error}): check the address in configure(dask=...)"
            ) from error
        return client, [client]
    if not isinstance(target, distributed.Client):
        raise ExecutorUnavailable(
            f"configure(dask={target!r}): give a distributed.Client, the address of a scheduler, or None"
        )
    if target.status == "closed":
        raise ExecutorUnavailable("the Dask client is closed: give a new one to configure(dask=...)")
    if target.asynchronous:
        raise ExecutorUnavailable(
            "the Dask client was made with asynchronous=True: give configure(dask=) the address of its scheduler"
        )
    return target, []


def _local(say: Callable[[str], object]) -> tuple[distributed.Client, list[Any]]:
    if getattr(multiprocessing.process.current_process(), "_inheriting", False):
        raise ExecutorUnavailable(
            "a Dask cluster cannot be started while a worker of one imports this script: put what runs the tasks "
            "below `if __name__ == '__main__':`"
        )
    count = cores()
    try:
        cluster = distributed.LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            # Even without a dashboard it listens for HTTP, and says so where 8787 is taken.
            scheduler_kwargs={"dashboard_address": ":0"},
        )
    except (OSError, RuntimeError, ValueError) as error:
        raise ExecutorUnavailable(f"no Dask cluster can be started on this machine: {error}") from error
    say(
        f"ipyflow: started a Dask LocalCluster with {count} worker processes at {cluster.scheduler_address}; "
        "configure(dask=address) uses another"
    )
    client = distributed.Client(cluster, set_as_default=False)
    return client, [client, cluster]


def check(client: distributed.Client) -> bool:
    """Ask the scheduler and the workers what they are.

    Returns:
        Whether some of the workers are on this machine.

    Raises:
        ExecutorUnavailable: our tasks cannot run there; says why, and what to do.
    """
    ask, here = _who(), (socket.gethostname(), os.getpid())
    assert client.scheduler is not None
    where = f"the Dask cluster at {client.scheduler.address}"
    answers = [client.run_on_scheduler(ask), *client.run(ask, on_error="return").values()]
    for place, found in enumerate(answers):
        if isinstance(found, (OSError, TimeoutError)) and place > 0:
            continue  # a worker that is just going: others will do
        if isinstance(found, Exception):
            raise ExecutorUnavailable(f"{where} does not answer: {type(found).__name__}: {found}") from found
        host, process, python, trouble = found
        if trouble:
            raise ExecutorUnavailable(
                f"{where} cannot import ipyflow on {host} ({trouble}): install it where the scheduler and the "
                f"workers run, with `{PIP}`"
            )
        if tuple(python) != sys.version_info[:2]:
            raise ExecutorUnavailable(
                f"{where} runs Python {python[0]}.{python[1]} on {host}, and this is "
                f"{sys.version_info[0]}.{sys.version_info[1]}: functions travel between equal versions only"
            )
        if place > 0 and (host, process) == here:
            raise ExecutorUnavailable(
                "the workers of this Dask cluster are threads of this process: use executor='threads', or make it "
                "with LocalCluster(processes=True)"
            )
    return any(not isinstance(found, Exception) and found[0] == here[0] for found in answers[1:])


def end(started: list[Any]) -> None:
    """Close what was started; bodies that still run there are killed, as nobody waits for them."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # of what is lost with the workers, which is meant to be
    try:
        for one in started:
            for nanny in list(getattr(one, "workers", {}).values()):
                nanny.auto_restart = False
                if nanny.pid:
                    os.kill(nanny.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
            one.close()
    except Exception:
        logger.debug("a Dask cluster could not be closed", exc_info=True)
    finally:
        logger.setLevel(level)


def _who() -> Callable[..., Any]:
    def who() -> Any:  # inside, so that it travels by value: nothing of ours may be there
        import importlib
        import os
        import socket
        import sys

        trouble = ""
        try:
            importlib.import_module("ipyflow.worker.dask_side")
        except Exception as error:
            trouble = f"{type(error).__name__}: {error}"
        return socket.gethostname(), os.getpid(), tuple(sys.version_info[:2]), trouble

    return who
