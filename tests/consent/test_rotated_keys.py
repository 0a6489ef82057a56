"""A new key of digests: an address that stands under the digest of one key is suppressed by that of another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from django_rgpd.consent import decisions, rebuild
from django_rgpd.consent.audience import audience
from django_rgpd.core import conf
from django_rgpd.erasure.execute import erase
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
NEWS = ("newsletter", "email")


@pytest.mark.promise("P14")
def test_who_has_the_address_now_is_in_no_audience_under_whatever_key_it_was_suppressed(
    make_person: MakePerson, now: datetime, settings: Any
) -> None:
    """Marie had it under the old key, then somebody who was erased, then, under the new one, a newcomer."""
    marie, other = [
        make_person(email, user=UserFactory(email=email))
        for email in ("marie@example.com", "other@example.com")
    ]
    for number, person in enumerate((marie, other)):
        address = people.note("email", "shared@example.com", person=person, now=now + number * HOUR)
        people.prove(address, how="click", now=now + number * HOUR)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:a newer key", *conf.get().DIGEST_KEYS)}
    erase(Person.objects.get(pk=other.pk), how="account", now=now + 2 * HOUR)
    newcomer = make_person("shared@example.com")
    decisions.give(newcomer, *NEWS, how="form", now=now + 3 * HOUR)
    assert audience(*NEWS, now=now + 3 * HOUR).count() == 1

    erase(Person.objects.get(pk=marie.pk), how="account", now=now + 4 * HOUR, choices={"suppress": True})

    assert decisions.may_send(newcomer, *NEWS, now=now + 5 * HOUR).reason == "suppressed"
    assert not audience(*NEWS, now=now + 5 * HOUR).exists()
    assert not list(rebuild.compare())
