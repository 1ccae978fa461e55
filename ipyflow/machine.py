"""What this process may use of the machine.

In a container (Binder, a hub, a CI job) the machine has many cores and the process a share of them: a pool with a
worker for each core of the machine would be slow there, and would run out of memory.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def cores(cgroup: Path = CGROUP) -> int:
    """How many cores this process may use: those it is bound to, and no more than its container's share, rounded up.

    Args:
        cgroup: where the kernel tells what the container may use.

    Example:
        >>> cores() >= 1
        True
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    share = _share(cgroup)
    return bound if share is None else max(1, min(bound, math.ceil(share)))


def crowded() -> bool:
    """Whether the machine had more to do, over the last minute, than it has cores; False where it does not tell."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > (os.cpu_count() or 1)


def _share(cgroup: Path) -> float | None:
    """The container's share in cores; ``None`` where there is no container or no limit."""
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:  # the older form
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    try:
        return int(quota) / int(period) if int(quota) > 0 else None
    except (ValueError, ZeroDivisionError):  # "max": no limit
        return None
