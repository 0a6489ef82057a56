"""The legal day of an instant."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from django_rgpd.core import clock


@pytest.mark.fault("K04")
@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", date(2026, 1, 31)),
        ("Europe/Paris", date(2026, 2, 1)),
        ("Pacific/Kiritimati", date(2026, 2, 1)),
        ("America/St_Johns", date(2026, 1, 31)),
    ],
)
def test_legal_day_late_in_the_evening_of_utc(settings, zone, day):
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": zone}
    assert clock.legal_day(datetime(2026, 1, 31, 23, 30, tzinfo=UTC)) == day


def test_legal_zone_without_a_setting_is_the_sites(settings):
    settings.RGPD = {key: value for key, value in settings.RGPD.items() if key != "TIME_ZONE"}
    assert clock.legal_zone().key == settings.TIME_ZONE


def test_now_knows_its_zone():
    assert clock.now().tzinfo is not None
