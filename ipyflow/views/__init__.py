"""How a run looks: pure functions from :class:`~ipyflow.model.run.RunState` to view models and pictures.

Nothing here holds threads, reads a clock or knows a notebook: a view is a function of the fold. The two classes
that remember something between calls, :class:`~ipyflow.views.live.LiveView` and what it is made of, are caches
of such functions for a page that is open. `docs/views.md` says what each module is for.
"""
