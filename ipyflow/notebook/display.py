"""How a run shows itself under a cell: live, and as the picture that the saved file keeps.

With our JupyterLab extension that is one output, which the extension draws. Without it there are two, a widget and the
picture, because JupyterLab draws nothing but an error for a widget whose kernel is gone, whatever else the same output
holds. While the widget lives, its style sheet hides the picture; the whole reasoning is in ``docs/notebook.md``.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ipyflow.engine.future import Future
from ipyflow.engine.run import Run
from ipyflow.notebook.facts import AnyRun
from ipyflow.notebook.feed import Publisher
from ipyflow.notebook.link import Link, has_subshells
from ipyflow.notebook.pages import Pages
from ipyflow.notebook.richer import Richer
from ipyflow.notebook.subscription import Desk
from ipyflow.past.run import PastRun
from ipyflow.views.payload import MIME

WIDGET_MIME = "application/vnd.jupyter.widget-view+json"
PAUSE = 2.0
"""Seconds between two updates of a saved picture, while its run goes on."""
DEAR = 0.1
"""Seconds of work in a picture that is worth keeping, as that of a hundred thousand tasks."""
KEPT = 100
"""Views that stay live; older ones leave their place to their picture."""

# Where the view is not (no kernel, or it was closed) JupyterLab says "model not found": not where the picture stands
# for it. Only outputs of widgets have no data-mime-type.
_STYLE = (
    "<style>.jp-OutputArea-child:not(:has(.ipf)):has(> .jp-OutputArea-output:not([data-mime-type]))"
    ":has(+ .jp-OutputArea-child .ipyflow-of-view){display:none}</style>"
)
INSTEAD_OF_WIDGET = (
    "<style>.jp-OutputArea-child:not(:has(.ipyflow-form,.ipb)):has(> .jp-OutputArea-output:not([data-mime-type]))"
    ":has(+ .jp-OutputArea-child .ipyflow-of-form){display:none}</style>"
)
"""The same for what stands for a form or a builder. A style counts for the whole page: it has to know of both."""

_displays: dict[int, Display] = {}


def display_of(shell: Any) -> Display | None:
    """What shows runs in a shell; ``None`` where the extension is not loaded."""
    return _displays.get(id(shell))


@dataclass(eq=False)
class Picture:
    """A saved picture in some output."""

    run: AnyRun
    of_view: bool
    """Whether it stands below a live view."""
    of_form: bool = False
    """Whether it stands below a form, which holds the live view."""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    length: int = -1
    """How long the log was when the picture was last made."""
    time: float = 0.0
    cost: float = 0.0
    data: dict[str, Any] | None = None
    """What it shows, where that was dear to make: for another picture of the same."""

    def is_due(self) -> bool:
        """Whether another picture of the unfinished run is worth its cost: fewer of a large run."""
        pause = max(PAUSE, 20 * self.cost, len(self.run.records) / 20_000)
        return time.monotonic() - self.time >= pause


class Display:
    """Shows runs in one shell.

    Args:
        shell: the interactive shell.
        publisher: tells the pages.
    """

    def __init__(self, shell: Any, publisher: Publisher) -> None:
        self._shell, self._publisher = shell, publisher
        # A cell under %%capture puts another publisher in its place for a while; updates are not that cell's.
        self._real = shell.display_pub
        self.in_kernel = hasattr(shell, "kernel")
        self.richer = Richer(shell)
        self._pictures: list[Picture] = []
        self._links: dict[tuple[int, str], Link] = {}
        self._cell_of: dict[int, str] = {}
        """The cell of the page that a run stands under, by the run's number."""
        self._cell_of_place: dict[str, str | None] = {}
        self.on_shown_anew: list[Callable[[Run], None]] = []
        """Called with a run that has a place already: nobody need show it."""
        self.on_gone_over: list[Callable[[AnyRun, Run], None]] = []
        """Called with a run, and the one that has taken its place."""
        self._placing: set[int] = set()
        """The threads that start what :meth:`fill` or a run on show gives a place."""
        self.on_reopened: list[Callable[[Run], None]] = []
        """Called with a run that had ended and goes on."""
        self.on_cell_ended: list[Callable[[], None]] = []
        """Called where pictures are brought up to date: what else stands in outputs has to be, too."""
        self._desk = Desk(publisher, self.richer, self.bundle, self.placing, self._go_over)
        self.pages = Pages(getattr(shell, "kernel", None), self._desk, self._cell_of)
        self._missing: str | None = None
        self._lock = threading.RLock()
        publisher.on_ended.append(self._ended)
        _displays[id(shell)] = self

    def show(self, run: AnyRun, view: str = "timeline") -> None:
        """Show a run here and now: live in a notebook, as text in a terminal."""
        if not self.in_kernel:
            print(self.bundle(run)["text/plain"])
            return
        publish = self._shell.display_pub.publish
        drawn = self.pages.announced()
        with self._lock:
            widget = None if drawn else self._widget(run, view)
            if widget is not None:
                # The empty forms keep other readers of the file from drawing what the picture shows.
                data = {WIDGET_MIME: _model(widget), "text/html": "", "text/plain": ""}
                publish(data, metadata={}, transient={"display_id": uuid.uuid4().hex})
            picture = Picture(run, widget is not None)
            metadata = {MIME: {"view": view}} if drawn else {}
            publish(self._made(picture), metadata=metadata, transient={"display_id": picture.id})
            self._pictures.append(picture)
            self._stands_under(run, self._cell())
            # A picture holds its run, and with it the whole log.
            del self._pictures[: -2 * KEPT]
        self._publisher.later(PAUSE, lambda: self._refresh(picture))
        self.pages.beat()

    def reserve(self, data: dict[str, Any] | None = None) -> str:
        """A place in the output here and now, for ``data`` or the picture of a run to come; gives its display_id."""
        id = uuid.uuid4().hex
        data = data or {"text/html": '<div class="ipyflow-of-form"></div>', "text/plain": ""}
        self._shell.display_pub.publish(data, metadata={}, transient={"display_id": id})
        self._cell_of_place[id] = self._cell()
        return id

    def rewrite(self, place: str, data: dict[str, Any]) -> None:
        """Put something else into a place, wherever that is."""
        self._real.publish(data, metadata={}, transient={"display_id": place}, update=True)

    def fill(self, places: list[str], run: Run) -> Any:
        """Show a run in the place of a form: its picture there, its live view wherever the form puts the widget.

        A widget lives on when its page is loaded again, where a page no longer knows which output a ``display_id``
        means: so the form holds the live view, with our extension too.

        Returns:
            The widget; ``None`` where there are no live views.
        """
        with self._lock:
            for listener in self.on_shown_anew:
                listener(run)
            self._stands_under(run, self._cell_of_place.get(places[-1]) if places else None)
            self._pictures = [picture for picture in self._pictures if picture.id not in places]
            for id in places:
                picture = Picture(run, of_view=False, of_form=True, id=id)
                self._pictures.append(picture)
                self._update(picture)
                self._publisher.later(PAUSE, lambda picture=picture: self._refresh(picture))  # type: ignore[misc]
            del self._pictures[: -2 * KEPT]
            self.pages.beat()
            return self._widget(run, "timeline")

    @contextlib.contextmanager
    def placing(self) -> Iterator[None]:
        """A run that this thread starts meanwhile gets a place: however long that takes, no cell need show it."""
        thread = threading.get_ident()
        self._placing.add(thread)
        try:
            yield
        finally:
            self._placing.discard(thread)

    def is_placing(self) -> bool:
        """Whether this thread gives what it starts a place."""
        return threading.get_ident() in self._placing

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        """Do something on the publisher's thread."""
        self._publisher.later(seconds, do)

    def bundle(self, run: AnyRun) -> dict[str, Any]:
        """The static forms of a run: payload, HTML, text."""
        data = run.presenter.mimebundle(run)
        if not self.in_kernel:
            return data
        return {**data, "text/html": self.richer.naming_cells(data["text/html"])}

    def is_heard(self) -> bool:
        """Whether there is a page whose messages are read while a cell runs, or one that has yet to say so."""
        if self.pages.announced():
            return True
        viewers = [link.subscription.viewer for link in list(self._links.values())]
        if any(viewer.hears for viewer in viewers):
            return True
        return any(viewer.unheard() is not None for viewer in viewers) and has_subshells(self._shell.kernel)

    def republish(self, every: bool = False) -> None:
        """Bring the saved pictures up to date, under the cell that runs now.

        Headless runners of notebooks drop what comes under a cell that has ended, so this is called at the end of
        each cell.

        Args:
            every: also those of unfinished runs that were made less than :data:`PAUSE` ago.
        """
        with self._lock:
            for picture in list(self._pictures):
                if every or picture.run.closed or picture.is_due():
                    self._update(picture)

    def reopened(self, run: Run) -> None:
        """A run that had ended goes on."""
        for listener in self.on_reopened:
            listener(run)
        self._publisher.wake(run)
        for picture in [p for p in self._pictures if p.run is run]:
            self._publisher.later(PAUSE, lambda picture=picture: self._refresh(picture))  # type: ignore[misc]

    def _go_over(self, before: AnyRun, run: Run) -> None:
        """All that shows ``before`` shows ``run`` from now on."""
        for listener in self.on_shown_anew:
            listener(run)
        for gone in self.on_gone_over:
            gone(before, run)
        with self._lock:
            for (id, view), link in list(self._links.items()):
                if id == before.id:
                    del self._links[id, view]
                    self._links[run.id, view] = link
                    link.subscription.go_over(run)
            for picture in [picture for picture in self._pictures if picture.run is before]:
                picture.run, picture.length = run, -1
                self._publisher.later(PAUSE, lambda picture=picture: self._refresh(picture))  # type: ignore[misc]
            self._stands_under(run, self._cell_of.get(before.id))
        self._publisher.post(lambda: self.pages.go_over(before, run))
        self.pages.beat()

    def _stands_under(self, run: AnyRun, cell: str | None) -> None:
        if cell is not None:
            self._cell_of[run.id] = cell
            while len(self._cell_of) > 2 * KEPT:
                del self._cell_of[next(iter(self._cell_of))]

    def _cell(self) -> str | None:
        """The page's name for the cell whose output this is, where the page tells."""
        try:
            cell = self._shell.kernel.get_parent("shell")["metadata"].get("cellId")
        except (AttributeError, KeyError, TypeError):
            return None
        return cell if isinstance(cell, str) else None

    def close(self) -> None:
        """Leave the pictures as they stand and take the live views away."""
        _displays.pop(id(self._shell), None)
        with self._lock:
            self.republish(every=True)
            for link in self._links.values():
                link.close()
            self._links.clear()
            self._pictures.clear()

    def _refresh(self, picture: Picture) -> None:
        """While the run goes on: update, and come back."""
        if picture not in self._pictures:
            return
        over = picture.run.closed
        if over or picture.is_due():
            self._update(picture)
        if not over:
            self._publisher.later(PAUSE, lambda: self._refresh(picture))

    def _ended(self, run: AnyRun) -> None:
        for link in [link for (id, _), link in list(self._links.items()) if id == run.id]:
            link.ended()
        for picture in [p for p in self._pictures if p.run is run]:
            self._update(picture)

    def _update(self, picture: Picture) -> None:
        with self._lock:
            if picture.length == len(picture.run.records):
                return
            self._real.publish(self._made(picture), metadata={}, transient={"display_id": picture.id}, update=True)

    def _made(self, picture: Picture) -> dict[str, Any]:
        picture.length, began = len(picture.run.records), time.thread_time()
        data = dict(self._same(picture) or self.bundle(picture.run))
        picture.data = dict(data) if time.thread_time() - began > DEAR else None
        if picture.of_view:
            data["text/html"] = f'<div class="ipyflow-of-view">{_STYLE}{data["text/html"]}</div>'
        if picture.of_form:
            data.pop(MIME, None)  # the page would draw a second live view of it
            data["text/html"] = f'<div class="ipyflow-of-form">{data["text/html"]}</div>'
        picture.time, picture.cost = time.monotonic(), time.thread_time() - began
        return data

    def _same(self, picture: Picture) -> dict[str, Any] | None:
        """What another picture shows of the same run, if that was as far then."""
        others = [other for other in self._pictures if other.run is picture.run and other is not picture]
        return next((other.data for other in others if other.data and other.length == picture.length), None)

    def _widget(self, run: AnyRun, view: str) -> Any:
        link = self._links.get((run.id, view))
        if link is None and self._missing is None:
            try:
                link = self._links[run.id, view] = Link(run, view, self._desk)
            except (ImportError, FileNotFoundError) as error:
                self._missing = _why(error)
                print(self._missing)
                return None
            while len(self._links) > KEPT:
                oldest = next(iter(self._links))
                self._links.pop(oldest).close()
        return None if link is None else link.widget


def _model(widget: Any) -> dict[str, Any]:
    return {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "ipyflow: no live views, the front end is not built: run `make demo` in the checkout, or install a wheel"
    return f"ipyflow: no live views: {error}"


class Formatters:
    """Has handles that end a cell, or are given to ``display``, show themselves live.

    Args:
        shell: the interactive shell.
        show: shows a run.
    """

    def __init__(self, shell: Any, show: Callable[[AnyRun], None]) -> None:
        self._show = show
        self._formatter = shell.display_formatter.ipython_display_formatter
        self._before: dict[type, Any] = {}

    def install(self) -> None:
        """Register for runs and futures."""
        for kind in (Run, PastRun):
            self._before[kind] = self._formatter.for_type(kind, self._show)
        self._before[Future] = self._formatter.for_type(Future, lambda future: self._show(future.run))

    def remove(self) -> None:
        """Put back what was there."""
        for kind, before in self._before.items():
            with contextlib.suppress(KeyError):
                self._formatter.pop(kind)
            if before is not None:
                self._formatter.for_type(kind, before)
        self._before.clear()
