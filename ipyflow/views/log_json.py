"""The log of a run as a file, and back: the records as they are, one on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ipyflow.model.records import SCHEMA_VERSION, Record, from_json, to_json

KIND = "ipyflow run"
"""What the file says that it is."""
_WANTED = "give what run.export('run.json') wrote"


@dataclass(frozen=True)
class SavedRun:
    """What a file holds of a run.

    Attributes:
        records: its log.
        key: by what it is known in the history; empty where it was not kept.
        resumes: the key of the run that went on in it.
        source: of the cell that was the flow.
        sources: of its tasks, by ``module:name``.
    """

    records: list[Record]
    key: str = ""
    resumes: str = ""
    source: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def log_json(records: Iterable[Record], first: int = 0, about: Mapping[str, Any] | None = None) -> str:
    """Write records as JSON: an object with ``format``, ``schema``, ``first`` and ``records``.

    It holds what the log holds: names, times, short texts of arguments and values, tracebacks, what tasks printed. No
    value is in it. Characters that are not ASCII are escaped, so that half a surrogate pair comes back as it was.

    Args:
        records: of one run, in order.
        first: how many before them a log with a limit no longer has.
        about: what else is known of the run, by the names of :class:`SavedRun`; what is empty is left out.

    Example:
        >>> from ipyflow.model.records import Opened
        >>> print(log_json([Opened(0.0, 1, "nightly", "flow", 1.75e9)], about={"key": "a3f9c1-1"}), end="")
        {"format": "ipyflow run", "schema": 5, "first": 0, "key": "a3f9c1-1", "records": [
        ["Opened", 0.0, 1, "nightly", "flow", 1750000000.0]
        ]}
    """
    head = {"format": KIND, "schema": SCHEMA_VERSION, "first": first}
    head |= {name: value for name, value in (about or {}).items() if value}
    lines = ",\n".join([json.dumps(to_json(record), allow_nan=False) for record in records])
    return f'{json.dumps(head)[:-1]}, "records": [\n{lines}{chr(10) if lines else ""}]}}\n'


def read_log(text: str) -> list[Record]:
    """Read the log that :func:`log_json` wrote; fold it to have the run's state again.

    Args:
        text: of the file.

    Raises:
        ValueError: it is no log of this form, or its beginning is missing; the message says what to do.

    Example:
        >>> from ipyflow.model.records import Opened
        >>> read_log(log_json([Opened(0.0, 1, "nightly", "flow", 1.75e9)]))[0].name
        'nightly'
    """
    return read_run(text).records


def read_run(text: str) -> SavedRun:
    """Read all that :func:`log_json` wrote, as :func:`read_log` does."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON ({error}): {_WANTED}") from None
    if not isinstance(data, dict) or data.get("format") != KIND or not isinstance(data.get("records"), list):
        raise ValueError(f"JSON, but no log of a run: {_WANTED}")
    if data["schema"] != SCHEMA_VERSION:
        raise ValueError(
            f"a log of schema {data['schema']!r}, this version reads {SCHEMA_VERSION}: "
            "read it with the version of ipyflow-parallel that wrote it"
        )
    if data["first"]:
        raise ValueError(
            f"the log's first {data['first']:,} records are missing: it had a limit (log_limit). "
            "Export the run from an engine without one, or take 'html' or 'trace', which show what is left"
        )
    texts = {name: str(data.get(name, "")) for name in ("key", "resumes", "source")}
    sources = data.get("sources", {})
    if not isinstance(sources, dict) or not all(isinstance(source, str) for source in sources.values()):
        raise ValueError(f"JSON, but its sources are no texts: {_WANTED}")
    return SavedRun([from_json(row) for row in data["records"]], **texts, sources=sources)
