"""How values are written: JSON that every parser reads the same."""

import enum
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from django.utils.functional import lazystr
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.export import values
from django_rgpd.export.models import Document

pytestmark = pytest.mark.fault("X09")

KATHMANDU = timezone(timedelta(hours=5, minutes=45))


class Level(enum.Enum):
    HIGH = 3


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, None),
        (True, True),
        (False, False),
        (7, 7),
        (2**53 - 1, 2**53 - 1),
        (2**53, "9007199254740992"),
        (-(2**63), "-9223372036854775808"),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (Decimal("12.90"), "12.90"),
        (Decimal("1E+2"), "100"),
        (Decimal("-0.00"), "-0.00"),
        (Decimal("NaN"), "NaN"),
        (Decimal("1E+9999"), "1E+9999"),
        ("Zoé \u2028 \x00 \"'", "Zoé \u2028 \x00 \"'"),
        ("\ud800a", "?a"),
        (lazystr("later"), "later"),
        (gettext_lazy("asked"), "asked"),
        (mark_safe("<b>"), "<b>"),  # noqa: S308
        (Document.ACCESS, "access"),
        (Level.HIGH, 3),
        (datetime(2026, 3, 10, 12, tzinfo=UTC), "2026-03-10T12:00:00Z"),
        (datetime(2026, 3, 10, 12, tzinfo=KATHMANDU), "2026-03-10T06:15:00Z"),
        (datetime(2026, 3, 10, 12), "2026-03-10T12:00:00"),  # noqa: DTZ001
        (datetime.min.replace(tzinfo=KATHMANDU), "0001-01-01T00:00:00+05:45"),
        (date(2026, 3, 10), "2026-03-10"),
        (time(23, 59), "23:59:00"),
        (timedelta(days=1, seconds=2), "P1DT00H00M02S"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\xff\x00", "/wA="),
        (memoryview(b"ab"), "YWI="),
        ({"a": [1, float("nan"), {"b": Decimal(1)}]}, {"a": [1, "NaN", {"b": "1"}]}),
        ({1: "one", None: "none"}, {"1": "one", "None": "none"}),
        ((1, 2), [1, 2]),
    ],
)
def test_value_is_written_as_every_parser_reads_it(value, written):
    raw = values.encoded(values.text(value))
    assert json.loads(raw, parse_constant=pytest.fail) == written


def test_whole_number_too_long_for_base_ten_is_written_all_the_same():
    assert json.loads(values.text(10**400)) == "1" + "0" * 400
    assert json.loads(values.text(10**5000)).startswith("0x")


def test_value_nested_too_deeply_is_named_instead_of_breaking_the_file():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    assert "too deeply" in json.loads(values.text(deep))


nested = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.decimals()
    | st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"]))
    | st.binary()
    | st.datetimes()
    | st.datetimes(timezones=st.just(UTC))
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
)


@given(nested)
def test_anything_is_written_as_strict_json(value):
    raw = values.encoded(values.text(value))
    json.loads(raw.decode("utf-8"), parse_constant=pytest.fail)


@pytest.mark.parametrize(
    "column",
    [
        ["a", 'b"', "é\u2028"],
        ["a", None, "b"],
        [1, 2**53, -1],
        [Decimal("1.50"), Decimal("1E+2"), Decimal("-0"), Decimal("1E-9"), Decimal("NaN"), Decimal("1E+80")],
        [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=KATHMANDU)],
        [{"deep": ["%s", 1]}, {}],
        [],
    ],
)
def test_a_column_is_written_as_each_of_its_values(column):
    written = values.texts(column)

    assert written == [values.text(value) for value in column]
    assert [json.loads(one) for one in written] == [values.plain(value) for value in column]
