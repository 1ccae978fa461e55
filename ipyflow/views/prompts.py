"""Questions to a person: those that are open, for pages to draw as forms, and what became of the others, in words."""

from __future__ import annotations

import itertools
import json
from typing import Any

from ipyflow.model.run import Question, RunState, TaskState
from ipyflow.model.status import FINAL_STATES, State
from ipyflow.views.svg import esc
from ipyflow.views.words import clean, clip, duration, label, shown

OPEN = 20
"""Open questions of a run that a page is sent, the oldest."""
TOLD = 10
"""Questions that a saved picture tells of, the newest."""
LONGEST = 4000
"""Characters of a question's text."""
_BY = {"page": "on a page", "code": "by code", "configured": "by configure(answers=...)", "default": "by its default"}


def open_prompts(state: RunState) -> list[dict[str, Any]]:
    """List the questions of a run that wait for an answer, oldest first (see ``docs/protocol.md``).

    Example:
        >>> open_prompts(RunState())
        []
    """
    found = (state.tasks[id_] for id_ in state.asked if id_ in state.tasks)
    waiting = (
        _open(state, task, task.question) for task in found if task.state is State.WAITING and task.question is not None
    )
    return list(itertools.islice(waiting, OPEN))


def asking(state: RunState) -> dict[str, Any]:
    """What the header of a run says of its open questions: nothing where there are none."""
    found = open_prompts(state) if state.asked else []
    return {"prompts": found} if found else {}


def _open(state: RunState, task: TaskState, question: Question) -> dict[str, Any]:
    return {
        "task": task.id,
        "name": clean(clip(task.name, 200)),
        "title": clean(clip(question.title, 200)),
        "text": clean(clip(question.text, LONGEST)),
        "fields": json.loads(question.form),
        "actions": [clean(clip(action, 60)) for action in question.actions],
        "since": round(question.asked - state.opened, 6),
    }


def question_of(task: TaskState) -> dict[str, Any] | None:
    """What the pane about a prompt says: what was asked, and how it was answered; ``None`` for another task."""
    question = task.question
    if question is None:
        return None
    return {
        "title": clean(question.title),
        "text": clean(clip(question.text, LONGEST)),
        "action": clean(question.action),
        "by": _BY.get(question.by, question.by),
        "answer": clean(question.answer),
    }


def waits_for_answer(task: TaskState, until: float) -> str:
    """Say of an open prompt what it asks and what to do."""
    assert task.question is not None
    since = duration(until - task.question.asked)
    text = shown(" ".join(task.question.text.split()), 200)
    return f'{label(task)} waits for an answer (for {since}): "{text}" Give it in the view, or by .answer(...).'


def answered(question: Question) -> str:
    """An answer in words: the button, and what was given.

    Example:
        >>> answered(Question(0.0, "", "How many?", "[]", ("Send", "Dismiss"), 1.0, "page", "Send", "4"))
        'Send: 4'
    """
    return f"{question.action}: {question.answer}" if question.answer else question.action


def questions_html(state: RunState) -> str:
    """Tell in a saved picture what was asked, and what the answer was, or that there was none yet."""
    asked = [task for task in state.tasks.values() if task.question is not None]
    if not asked:
        return ""
    more = f"<li>and {len(asked) - TOLD:,} more before</li>" if len(asked) > TOLD else ""
    lines = "".join(f"<li>{_told(task)}</li>" for task in asked[-TOLD:])
    return f"<ul>{more}{lines}</ul>"


def _told(task: TaskState) -> str:
    question = task.question
    assert question is not None
    title = f"<b>{esc(clip(question.title, 80))}</b>: " if question.title else ""
    said = f"{title}{esc(clip(question.text, 300))} "
    if question.answered is not None:
        answer = f": <code>{esc(clip(question.answer, 200))}</code>" if question.answer else ""
        return f"{said}→ {esc(clip(question.action, 60))}{answer} <small>({esc(_BY.get(question.by, ''))})</small>"
    return f"{said}→ <i>{'no answer' if task.state in FINAL_STATES else 'waits for an answer'}</i>"
