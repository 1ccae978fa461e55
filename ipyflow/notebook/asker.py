"""Who can answer a prompt here: a page, the next cell, or whoever sits at the terminal while a cell waits.

A page answers by its form. Where no page can be heard while a cell waits (a terminal, a console, a front end without
subshells) the cell that waits asks by ``input()``. Where nobody types at all (nbclient, papermill) prompts are told so.

Called by: the engine, and the main thread while it waits. Guarantees: a question is asked by ``input()`` once; Ctrl-C
ends the wait, not the question.
"""

from __future__ import annotations

import contextlib
import sys
import weakref
from collections.abc import Callable
from typing import Any

from ipyflow import session
from ipyflow.engine import resting
from ipyflow.engine.future import Future
from ipyflow.engine.scheduler import Engine
from ipyflow.errors import FormError
from ipyflow.notebook.display import Display
from ipyflow.notebook.form_text import ask
from ipyflow.views.words import shown

PATIENCE = 2.0
"""Seconds that a page has to say that it hears, before a waiting cell of a kernel asks by ``input()``."""


class Asker:
    """Who answers prompts in one shell.

    Args:
        shell: the interactive shell.
        display: knows the pages.
    """

    def __init__(self, shell: Any, display: Display) -> None:
        self._shell, self._display = shell, display
        self._kernel = getattr(shell, "kernel", None)
        self._asked: weakref.WeakKeyDictionary[Future[Any], float] = weakref.WeakKeyDictionary()
        """When what has been asked here was put: put again, as by a retry, it is another question."""
        self._engine: Engine | None = None
        self._before: Callable[[], bool]
        self._forget: Callable[[], None] = lambda: None

    def load(self) -> None:
        """Say to engines who can answer, and ask while the main thread waits."""
        self._forget = session.on_engine(self._attach)
        resting.meanwhile = self.ask_open

    def unload(self) -> None:
        """Take that back."""
        self._forget()
        resting.meanwhile = None
        if self._engine is not None:
            self._engine.can_ask = self._before

    def _attach(self, engine: Engine) -> None:
        self._engine, self._before, engine.can_ask = engine, engine.can_ask, self.can_ask

    def can_ask(self) -> bool:
        """Whether anybody can answer: runners of notebooks say that nobody can type."""
        if self._kernel is not None:
            return bool(getattr(self._kernel, "_allow_stdin", False))
        return sys.stdin is not None and sys.stdin.isatty()

    def ask_open(self) -> None:
        """Ask by ``input()`` what is open and no page can answer. On the main thread."""
        for future in [] if self._engine is None else self._engine.open_prompts():
            since = self._since(future)
            if self._asked.get(future) != since and self.can_ask() and not self._page_answers(future, since):
                self._asked[future] = since
                with contextlib.suppress(EOFError):
                    self._ask(future)

    def _since(self, future: Future[Any]) -> float:
        question = future.run.snapshot().tasks[future.id].question
        return 0.0 if question is None else question.asked

    def _page_answers(self, future: Future[Any], since: float) -> bool:
        if self._kernel is None:
            return False
        early = future.run.engine.now() - since < PATIENCE
        return early or self._display.is_heard()

    def _ask(self, future: Future[Any]) -> None:
        prompt, run = future.task, future.run
        question = run.snapshot().tasks[future.id].question
        if question is None or not run.engine.is_asked(future):
            return
        send, no = prompt.fn.actions
        title = f"{shown(question.title)}: " if question.title else ""
        print(f"{title}{question.text}")
        while run.engine.is_asked(future):
            word = input(f"{send} or {no}? [{send}] ").strip().casefold()
            if word and no.casefold().startswith(word):
                run.engine.press(future, no, {}, "code")
                return
            if word and not send.casefold().startswith(word):
                continue
            try:
                run.engine.press(future, send, ask(prompt.fields, {}), "code")
            except FormError as error:
                print(error)
