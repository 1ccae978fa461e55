"""A pool is as large as the share of the machine that the process may use."""

import os
from pathlib import Path

import pytest

from ipyflow.machine import cores

BOUND = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("cpu_", "cpu.")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text + "\n")
    return folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, BOUND),
        ({"cpu_max": "max 100000"}, BOUND),
        ({"cpu_max": "100000 100000"}, 1),
        ({"cpu_max": "50000 100000"}, 1),
        ({"cpu_max": "150000 100000"}, min(BOUND, 2)),
        ({"cpu_max": "99900000 100000"}, BOUND),
        ({"cpu_max": "what is this"}, BOUND),
        ({"cpu__cpu_cfs_quota_us": "-1", "cpu__cpu_cfs_period_us": "100000"}, BOUND),
        ({"cpu__cpu_cfs_quota_us": "100000", "cpu__cpu_cfs_period_us": "100000"}, 1),
    ],
)
def test_no_more_cores_than_the_container_may_use(files: dict[str, str], expected: int, tmp_path: Path) -> None:
    assert cores(share(tmp_path, **files)) == expected
