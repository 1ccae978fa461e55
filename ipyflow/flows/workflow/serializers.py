"""How a context and its store become text, and text becomes them again: as JSON, or where that cannot be by pickle."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterable
from typing import Any

from ipyflow.flows.workflow.decoding import decode
from ipyflow.flows.workflow.encoding import CannotBeWritten, encode, name_of
from ipyflow.flows.workflow.state import offender

_PICKLE = "pickle:"


class JsonSerializer:
    """Plain values, lists, tuples, sets, dicts, bytes, dates and times, enums, pydantic models and events, as JSON.

    Models are written with their qualified names and read as what these stand for now: their modules must be loaded, or
    their cells have been run. Nothing is imported and nothing else is made, so reading runs no code but the checks of
    models that are there. Private attributes of models, and fields with ``exclude=True``, are not written.

    Args:
        types: classes that cannot be found by name, as those defined in functions.

    Example:
        >>> serializer = JsonSerializer()
        >>> serializer.serialize({"scores": (1, 2)})
        '{"scores": {"$tuple": [1, 2]}}'
        >>> serializer.deserialize('{"scores": {"$tuple": [1, 2]}}')
        {'scores': (1, 2)}
    """

    def __init__(self, types: Iterable[type] = ()) -> None:
        self._known = {name_of(kind): kind for kind in types}

    def with_types(self, *types: type) -> JsonSerializer:
        """The same, that finds these classes too."""
        new = type(self)()
        new._known = {**self._known, **{name_of(kind): kind for kind in types}}
        return new

    def serialize(self, value: Any) -> str:
        """Write a value.

        Raises:
            ValueError: something in it cannot be written; names where it is.
        """
        return self._json(value, False)

    def deserialize(self, text: str) -> Any:
        """Read what :meth:`serialize` has written.

        Raises:
            ValueError: it is something else, or names a class that is not there.
        """
        if text.startswith(_PICKLE):
            raise ValueError("this was written by PickleSerializer: read it with that, if you made it yourself")
        try:
            data = json.loads(text)
        except ValueError as error:
            raise ValueError(f"this is not what serialize() wrote, no JSON: {error}") from error
        return decode(data, self._known)

    def _json(self, value: Any, exact: bool) -> str:
        try:
            return json.dumps(encode(value, exact=exact))
        except RecursionError:
            where, _ = offender(value, encode, depth=19)
            raise CannotBeWritten(f"{where}: it holds itself, or too much in each other, to be written") from None

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class PickleSerializer(JsonSerializer):
    """JSON where all of a value comes back as it was, else a pickle as text.

    Read only files that you made yourself: reading a pickle runs what its maker has put into it.

    Example:
        >>> serializer = PickleSerializer()
        >>> serializer.deserialize(serializer.serialize(complex(1, 2)))
        (1+2j)
    """

    def serialize(self, value: Any) -> str:
        """Write a value.

        Raises:
            ValueError: something in it cannot be pickled; names where it is.
        """
        try:
            return self._json(value, True)
        except ValueError:
            pass
        try:
            return _PICKLE + base64.b64encode(pickle.dumps(value)).decode()
        except Exception as error:
            where, what = offender(value, pickle.dumps)
            raise CannotBeWritten(
                f"{where}: <{type(what).__name__}> cannot be pickled ({type(error).__name__}: {error}): "
                "keep it out of the store"
            ) from error

    def deserialize(self, text: str) -> Any:
        """Read what :meth:`serialize` has written; only what you made yourself.

        Raises:
            ValueError: it is something else, or needs a class that is not there.
        """
        if not text.startswith(_PICKLE):
            return super().deserialize(text)
        try:
            return pickle.loads(base64.b64decode(text[len(_PICKLE) :]))
        except Exception as error:
            raise ValueError(
                f"the pickle cannot be read: {type(error).__name__}: {error}; import or define first what it names"
            ) from error
