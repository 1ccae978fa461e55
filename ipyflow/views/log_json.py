"""The log of a run as a file, and back: the records as they are, one on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ipyflow.model.records import SCHEMA_VERSION, Record, from_json, to_json

KIND = "ipyflow run"
"""What the file says that it is."""
_WANTED = "give the text of a file that run.export('run.json') wrote"


def log_json(records: Iterable[Record], first: int = 0) -> str:
    """Write records as JSON: an object with ``format``, ``schema``, ``first`` and ``records``.

    It holds what the log holds: names, times, short texts of arguments and values, tracebacks, what tasks printed. No
    value is in it. Characters that are not ASCII are escaped, so that half a surrogate pair comes back as it was.

    Args:
        records: of one run, in order.
        first: how many before them a log with a limit no longer has.

    Example:
        >>> from ipyflow.model.records import Opened
        >>> print(log_json([Opened(0.0, 1, "nightly", "flow", 1.75e9)]), end="")
        {"format": "ipyflow run", "schema": 5, "first": 0, "records": [
        ["Opened", 0.0, 1, "nightly", "flow", 1750000000.0]
        ]}
    """
    lines = ",\n".join([json.dumps(to_json(record), allow_nan=False) for record in records])
    head = f'{{"format": {json.dumps(KIND)}, "schema": {SCHEMA_VERSION}, "first": {first}, "records": [\n'
    return f"{head}{lines}{chr(10) if lines else ''}]}}\n"


def read_log(text: str) -> list[Record]:
    """Read what :func:`log_json` wrote; fold it to have the run's state again.

    Args:
        text: of the file.

    Raises:
        ValueError: it is no log of this form, or its beginning is missing; the message says what to do.

    Example:
        >>> from ipyflow.model.records import Opened
        >>> read_log(log_json([Opened(0.0, 1, "nightly", "flow", 1.75e9)]))[0].name
        'nightly'
    """
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
    return [from_json(row) for row in data["records"]]
