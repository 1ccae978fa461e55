"""What views say of values: those that forms and prompts ask for are readable, and no foreign code is called for it."""

import datetime
import enum
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from ipyflow.engine.describe import short


class Colour(enum.Enum):
    RED = 1


class Trip(BaseModel):
    city: str
    key: SecretStr = SecretStr("hidden")
    quiet: int = Field(0, repr=False)


class Zone(datetime.tzinfo):
    def utcoffset(self, when: Any) -> datetime.timedelta:
        raise AssertionError("foreign code")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Path("a/b.csv"), f"Path({str(Path('a/b.csv'))!r})"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC), "2026-01-02 03:00:00+00:00"),
        (datetime.datetime(2026, 1, 2, tzinfo=Zone()), "<datetime>"),
        (datetime.timedelta(minutes=2), "0:02:00"),
        (Decimal("1.50"), "1.50"),
        ([Colour.RED], "[Colour.RED]"),
        (Trip(city="Rome"), "Trip(city='Rome', key=<SecretStr>)"),
    ],
    ids=["path", "date", "datetime", "zone", "timedelta", "decimal", "enum", "model"],
)
def test_what_a_form_may_hold_is_readable(value: object, text: str) -> None:
    assert short(value) == text
