"""A Retry-After: honoured, capped, and never the same instant for all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from django_rgpd.processors import patience

HOUR = timedelta(hours=1)


@pytest.mark.fault("P04")
@pytest.mark.parametrize(
    ("header", "pause"),
    [
        ("120", timedelta(minutes=2)),
        (" 120 ", timedelta(minutes=2)),
        ("0", timedelta(seconds=1)),
        ("1000000000", patience.LONGEST),
        ("9" * 400, patience.LONGEST),
        ("Tue, 12 May 2026 11:00:00 GMT", HOUR),
        ("Tue, 12 May 2026 11:00:00", HOUR),
        ("Tue, 12 May 2026 09:00:00 GMT", timedelta(seconds=1)),
        ("Fri, 12 May 9999 09:00:00 GMT", patience.LONGEST),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("١٢", None),
        ("1e3", None),
    ],
)
def test_a_retry_after_is_read_and_capped(header, pause, now):
    assert patience.asked(header, now=now) == pause


def test_those_who_were_sent_away_together_do_not_come_back_together():
    pauses = {patience.spread(HOUR) for _one in range(20)}
    assert len(pauses) > 10
    assert min(pauses) >= HOUR
    assert max(pauses) <= HOUR * 1.2
