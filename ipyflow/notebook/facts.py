"""What a page is told of a run besides its log: what can be done with it, and what it was in the history."""

from __future__ import annotations

from typing import Any, TypeAlias

from ipyflow.engine.run import Run
from ipyflow.model.records import NO_TASK
from ipyflow.model.status import RESTARTABLE_STATES
from ipyflow.notebook.rerun_form import has_form
from ipyflow.past.run import PastRun

AnyRun: TypeAlias = Run | PastRun
"""What can be on show: a run of this kernel, or one of the history."""


def facts(run: AnyRun) -> dict[str, Any]:
    """What the header of a payload holds only while a kernel knows the run."""
    if isinstance(run, PastRun):
        return {
            "past": True, "lost": run.lost, "resumes": run.resumes, "resumable": can_resume(run),
            "paused": False, "again": False, "form": False,
        }  # fmt: skip
    return {
        "resumes": run.resumes, "paused": is_paused(run), "again": run.beginning is not None, "form": has_form(run),
    }  # fmt: skip


def is_paused(run: AnyRun) -> bool:
    """Whether the whole run starts nothing new. The log has no word of it: only what it holds back says so."""
    return isinstance(run, Run) and NO_TASK in run.paused


def can_resume(run: PastRun) -> bool:
    """Whether a run of the history was left unfinished, and can go on as a run of its own: only flows do."""
    return run.kind == "flow" and (run.lost or run.state in RESTARTABLE_STATES)
