"""The list of those that are not written to: digests alone, one standing line a purpose and channel."""

from __future__ import annotations

from datetime import datetime

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd.consent import suppress
from django_rgpd.registry.models import Person, Suppression

pytestmark = pytest.mark.django_db
ADA = ("email", "ada@example.com")


def test_suppressing_twice_is_once_and_keeps_the_stricter_reason(now: datetime) -> None:
    suppress.suppress(*ADA, reason=suppress.OBJECTED, now=now, until=now + relativedelta(years=3))
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now)
    suppress.suppress(*ADA, reason=suppress.OBJECTED, now=now, until=now + relativedelta(years=3))
    found = Suppression.objects.get()
    assert (found.reason, found.until) == (suppress.ASKED, None)
    assert "ada" not in found.digest


def test_a_digest_made_under_an_older_key_is_found_and_not_doubled(now: datetime, settings) -> None:
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 40, *settings.RGPD["DIGEST_KEYS"])}
    assert suppress.standing(*ADA, now=now) is not None
    suppress.suppress(*ADA, reason=suppress.ASKED, now=now)
    assert Suppression.objects.count() == 1
    assert suppress.lift(*ADA, now=now)
    assert suppress.standing(*ADA, now=now) is None


def test_one_purpose_or_channel_leaves_the_others(now: datetime) -> None:
    suppress.suppress(*ADA, reason=suppress.OBJECTED, now=now, purpose="offers", channel="email")
    assert suppress.standing(*ADA, now=now, purpose="offers", channel="email")
    assert not suppress.standing(*ADA, now=now, purpose="offers", channel="post")
    assert not suppress.standing(*ADA, now=now, purpose="newsletter", channel="email")
    assert not suppress.standing("email", "bea@example.com", now=now, purpose="offers", channel="email")


def test_keep_suppresses_every_address_by_the_digests_alone(person: Person, now: datetime) -> None:
    person.addresses.update(canonical=None)
    assert suppress.keep(person, reason=suppress.ASKED, now=now) == 1
    assert suppress.standing(*ADA, now=now + relativedelta(years=20)) is not None
    assert suppress.keep(person, reason=suppress.OBJECTED, now=now) == 0
