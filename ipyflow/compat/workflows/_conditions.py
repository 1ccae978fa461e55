"""Which failures are tried again: conditions of a retry policy, joined with ``|`` and ``&``.

The small letters are the names that the conditions have there, where they are classes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

Types = type[BaseException] | tuple[type[BaseException], ...]
Test = Callable[[BaseException], bool]
Pattern = str | re.Pattern[str]


class RetryCondition:
    """Says of an error whether the step is tried again.

    Args:
        test: true for an error after which it is.

    Example:
        >>> condition = retry_if_exception_type(OSError) | retry_if_exception_message(match="later")
        >>> condition(OSError()), condition(ValueError("try later")), condition(ValueError("no"))
        (True, True, False)
    """

    def __init__(self, test: Test) -> None:
        self._test = test

    def __call__(self, error: BaseException) -> bool:
        return bool(self._test(error))

    def __or__(self, other: Test) -> RetryCondition:
        return retry_any(self, other)

    def __ror__(self, other: Test) -> RetryCondition:
        return retry_any(other, self)

    def __and__(self, other: Test) -> RetryCondition:
        return retry_all(self, other)

    def __rand__(self, other: Test) -> RetryCondition:
        return retry_all(other, self)


def retry_if_exception(predicate: Test) -> RetryCondition:
    """For errors of which ``predicate`` is true."""
    return RetryCondition(predicate)


def retry_if_exception_type(exception_types: Types = Exception) -> RetryCondition:
    """For errors of these types."""
    return RetryCondition(lambda error: isinstance(error, exception_types))


def retry_if_not_exception_type(exception_types: Types = Exception) -> RetryCondition:
    """For errors of other types than these."""
    return RetryCondition(lambda error: not isinstance(error, exception_types))


retry_unless_exception_type = retry_if_not_exception_type


def retry_if_exception_message(message: str | None = None, match: Pattern | None = None) -> RetryCondition:
    """For errors with this text, or in whose text ``match`` is found.

    Raises:
        TypeError: none of the two, or both.
    """
    return RetryCondition(_about_text(message, match))


def retry_if_not_exception_message(message: str | None = None, match: Pattern | None = None) -> RetryCondition:
    """For errors with another text.

    Raises:
        TypeError: none of the two, or both.
    """
    test = _about_text(message, match)
    return RetryCondition(lambda error: not test(error))


def retry_if_exception_cause_type(exception_types: Types = Exception) -> RetryCondition:
    """For errors that were raised because of one of these types: ``raise ... from ...``, over any number of steps."""

    def test(error: BaseException) -> bool:
        cause = error.__cause__
        seen = {id(error)}
        while cause is not None and id(cause) not in seen:
            if isinstance(cause, exception_types):
                return True
            seen.add(id(cause))
            cause = cause.__cause__
        return False

    return RetryCondition(test)


def retry_any(*retries: Test) -> RetryCondition:
    """Where one of the conditions holds."""
    return RetryCondition(lambda error: any(retry(error) for retry in retries))


def retry_all(*retries: Test) -> RetryCondition:
    """Where all of the conditions hold."""
    return RetryCondition(lambda error: all(retry(error) for retry in retries))


def retry_always() -> RetryCondition:
    """For every error."""
    return RetryCondition(lambda error: True)


def retry_never() -> RetryCondition:
    """For none."""
    return RetryCondition(lambda error: False)


def _about_text(message: str | None, match: Pattern | None) -> Test:
    if (message is None) == (match is None):
        raise TypeError("give message=, the whole text of the error, or match=, a pattern that is in it")
    if message is not None:
        return lambda error: str(error) == message
    pattern = re.compile(match or "")
    return lambda error: pattern.search(str(error)) is not None
