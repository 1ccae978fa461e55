"""Conditions, waits and stops of a retry policy, put together."""

from workflows.retry_policy import (
    retry_all,
    retry_always,
    retry_any,
    retry_if_exception,
    retry_if_exception_cause_type,
    retry_if_exception_message,
    retry_if_exception_type,
    retry_if_not_exception_message,
    retry_if_not_exception_type,
    retry_never,
    retry_policy,
    retry_unless_exception_type,
    stop_after_attempt,
    stop_after_delay,
    stop_all,
    stop_any,
    stop_before_delay,
    stop_never,
    wait_chain,
    wait_combine,
    wait_exponential,
    wait_exponential_jitter,
    wait_fixed,
    wait_full_jitter,
    wait_incrementing,
    wait_none,
    wait_random,
    wait_random_exponential,
)


def caused(error, cause):
    error.__cause__ = cause
    return error


errors = [
    OSError("disk full"), KeyError("disk"), ValueError("try later"), caused(RuntimeError("above"), OSError("below")),
]  # fmt: skip
conditions = {
    "default": None,
    "type": retry_if_exception_type(OSError),
    "types": retry_if_exception_type((OSError, KeyError)),
    "not_type": retry_if_not_exception_type(OSError),
    "unless": retry_unless_exception_type(OSError),
    "message": retry_if_exception_message(message="disk full"),
    "match": retry_if_exception_message(match="disk|later"),
    "not_message": retry_if_not_exception_message(message="disk full"),
    "not_match": retry_if_not_exception_message(match="try .*"),
    "cause": retry_if_exception_cause_type(OSError),
    "predicate": retry_if_exception(lambda error: len(str(error)) < 8),
    "always": retry_always(),
    "never": retry_never(),
    "or": retry_if_exception_type(KeyError) | retry_if_exception_message(match="try"),
    "and": retry_if_exception_type((OSError, ValueError)) & retry_if_exception_message(match="try"),
    "any": retry_any(retry_if_exception_type(KeyError), retry_if_exception_type(ValueError)),
    "all": retry_all(retry_if_exception_type(Exception), retry_if_exception_type(ValueError)),
}
waits = {
    "none": wait_none(),
    "fixed": wait_fixed(2),
    "incrementing": wait_incrementing(start=1, increment=2, max=6),
    "exponential": wait_exponential(multiplier=1, exp_base=2, max=10, min=1.5),
    "sum": wait_fixed(1) + wait_incrementing(start=0, increment=1),
    "combine": wait_combine(wait_fixed(1), wait_fixed(2), wait_none()),
    "chain": wait_chain(wait_fixed(1), wait_fixed(3), wait_fixed(7)),
    "random_between": wait_random(min=2, max=2),
    "exponential_jitter": wait_exponential_jitter(initial=1, max=4, jitter=0),
}
ranges = {
    "random": (wait_random(min=1, max=3), 1, 3),
    "random_exponential": (wait_random_exponential(multiplier=1, max=5), 0, 5),
    "full_jitter": (wait_full_jitter(multiplier=1, max=5), 0, 5),
    "jitter": (wait_exponential_jitter(initial=1, max=4, jitter=1), 0, 5),
}
stops = {
    "attempts": stop_after_attempt(3),
    "delay": stop_after_delay(10),
    "before": stop_before_delay(10),
    "never": stop_never(),
    "or": stop_after_attempt(3) | stop_after_delay(10),
    "and": stop_after_attempt(3) & stop_after_delay(10),
    "any": stop_any(stop_after_attempt(4), stop_after_delay(5)),
    "all": stop_all(stop_after_attempt(2), stop_after_delay(5)),
}
moments = [(1, 0.0), (2, 6.0), (3, 9.5), (4, 12.0)]


def decide(policy, elapsed, attempts, error):
    return policy.next(elapsed, attempts, error)


async def main():
    retries = {
        name: [decide(retry_policy(retry=retry, wait=wait_none(), stop=stop_never()), 0.0, 1, e) for e in errors]
        for name, retry in conditions.items()
    }
    pauses = {
        name: [decide(retry_policy(wait=wait, stop=stop_never()), 0.0, n, errors[0]) for n in (1, 2, 3, 4, 5)]
        for name, wait in waits.items()
    }
    inside = {
        name: all(
            low <= decide(retry_policy(wait=wait, stop=stop_never()), 0.0, attempt, errors[0]) <= high
            for attempt in (1, 2, 3, 4)
        )
        for name, (wait, low, high) in ranges.items()
    }
    ends = {
        name: [decide(retry_policy(wait=wait_fixed(1), stop=stop), t, n, errors[0]) is None for n, t in moments]
        for name, stop in stops.items()
    }
    usual = [decide(retry_policy(), 0.0, n, errors[0]) for n in (1, 2, 3)]
    return {"retries": retries, "pauses": pauses, "inside": inside, "ends": ends, "usual": usual}
