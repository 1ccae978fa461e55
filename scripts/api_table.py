"""What `docs/api/` has: its pages, the names on each, and what is left out."""

PAGES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    # page: title, what it is about, the module, the names in their order (none: all that the module has; a name with
    # dots is one that is met, and not imported)
    "tasks": (
        "Tasks and flows",
        "Functions that can be run in the background. The guide: [futures.md](../futures.md).",
        "ipyflow",
        ("task", "flow", "Task", "Retry", "Cache", "Defer"),
    ),
    "futures": (
        "Futures",
        "The handle of a submitted task, and lists of them. The guide: [futures.md](../futures.md).",
        "ipyflow",
        ("Future", "FutureList", "ipyflow.model.status.State"),
    ),
    "waiting": (
        "Waiting for many",
        "Of every kind of future, those of `concurrent.futures` too.",
        "ipyflow",
        (
            "wait", "as_completed", "select", "cancel", "ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION",
        ),
    ),
    "inside": (
        "Inside a task",
        "What a body may ask and say.",
        "ipyflow",
        ("current", "ipyflow.engine.context.Current", "group", "progress"),
    ),
    "people": (
        "Questions to a person",
        "A task may ask, and wait for the answer; a form asks for what a flow starts with.",
        "ipyflow",
        ("Prompt", "ipyflow.notebook.launch_form.LaunchForm"),
    ),
    "runs": (
        "Runs and settings",
        "A run is all that was submitted below one flow or by one cell, with its log.",
        "ipyflow",
        ("Run", "runs", "configure", "shutdown", "ipyflow.session.Settings"),
    ),
    "history": (
        "The history",
        (
            "Runs that are remembered. The guides: [history.md](../history.md), [resume.md](../resume.md), "
            "[compare.md](../compare.md)."
        ),
        "ipyflow",
        (
            "history", "History", "PastRun", "resume", "compare", "ipyflow.views.compare.shown.Comparison",
            "ipyflow.views.compare.changes.Change",
        ),
    ),
    "pipelines": (
        "Pipelines",
        "Plans as values. The guide: [pipelines.md](../pipelines.md).",
        "ipyflow",
        ("Pipeline", "in_parallel", "Builder"),
    ),
    "workflows": (
        "Workflows",
        "Steps that take and give events. The guide: [events.md](../events.md). `ipyflow` has the commoner names too.",
        "ipyflow.workflows",
        (),
    ),
    "executors": (
        "An executor over the engine",
        "For libraries that want one. The guide to places where tasks run: [executors.md](../executors.md).",
        "ipyflow",
        ("Executor",),
    ),
    "errors": ("Errors and warnings", "", "ipyflow.errors", ()),
    "testing": ("For tests of your own", "", "ipyflow.testing", ()),
}  # fmt: skip

_OF_RUNS = {"now", "presenter", "reading", "sizes", "snapshot"}
_AS_RUN = {
    "explain", "export", "futures", "graph", "graphviz", "lint", "log", "spans", "state", "table", "timeline", "what_if"
}  # fmt: skip
"""What a run of the past can as well: it is explained of runs."""

INNER = {
    "Future": {
        "forget_callback", "is_final", "parent_id", "peek", "run_callbacks", "set_exception", "set_result",
        "set_running_or_notify_cancel", "when_settled",
    },
    "BatchError": {"of"},
    "GroupError": {"derive"},
    "Prompt": {"latest", "step_task"},
    "Retry": {"pause"},
    "Run": {"about", "close_if_done", *_OF_RUNS, "reopen", "tidy"},
    "PastRun": {"about", "line", *_OF_RUNS, *_AS_RUN, "word"},
    "Task": {"bound_to", "changed", "latest", "step_task", "waits_for"},
    "Pipeline": {"check", "submit_as", "submit_below"},
    "Workflow": {"future_class", "latest_step"},
}  # fmt: skip
"""What one module says to another: methods that are not for those who use the package."""

GIVEN = {
    "Change",
    "Comparison",
    "Context",
    "Current",
    "EventStream",
    "Future",
    "FutureList",
    "History",
    "Lab",
    "PastRun",
    "Pipeline",
    "Run",
    "Settings",
    "State",
    "Step",
}
GIVEN |= {"StepState", "Task", "WorkflowFuture", "WorkflowGraph"}
"""Classes whose objects come from functions: nobody needs to know how they are made."""
