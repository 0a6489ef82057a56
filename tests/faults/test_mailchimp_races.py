"""Mailchimp tells something while something else happens, on PostgreSQL, where both really run side by side."""

from __future__ import annotations

from datetime import timedelta

import pytest

from django_rgpd.consent import decisions, rebuild
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.models import Job
from django_rgpd.processors import calling
from django_rgpd.registry.models import Address, Person
from tests.faults.side_by_side import during_erasure, together
from tests.marketing.conftest import make_person, subscribe, today  # noqa: F401 - somebody who agreed
from tests.marketing.test_mailchimp_webhook import EMAIL, body, heard, reader, tell, written_to  # noqa: F401

pytest.importorskip("mailchimp_marketing")
pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

KINDS: list[tuple[str, dict[str, str]]] = [
    ("unsubscribe", {"action": "unsub"}),
    ("unsubscribe", {"action": "delete"}),
    ("cleaned", {"reason": "hard"}),
    ("cleaned", {"reason": "abuse"}),
    ("upemail", {"email": "", "old_email": EMAIL, "new_email": "new@example.com"}),
]


@pytest.mark.fault("H05")
def test_the_same_told_eight_times_at_once_is_told_once(reader: Person) -> None:  # noqa: F811
    told = body("unsubscribe", action="unsub")
    assert together(*[lambda: tell(told)] * 8) == [200] * 8
    assert Event.objects.filter(how="processor:mailchimp").count() == 1


def test_eight_at_once_of_a_new_address_are_one_task(reader: Person) -> None:  # noqa: F811
    told = body("upemail", email="", old_email=EMAIL, new_email="new@example.com")
    assert together(*[lambda: tell(told)] * 8) == [200] * 8
    assert Job.objects.filter(name=calling.MOVED).count() == 1


@pytest.mark.fault("R08")
@pytest.mark.parametrize("minutes", [-5, 5])
def test_of_leaving_there_and_agreeing_here_at_once_the_later_in_time_counts(
    reader: Person,  # noqa: F811
    minutes: int,
) -> None:
    left = clock.now() - timedelta(minutes=10)

    def agree() -> object:
        at = left + timedelta(minutes=minutes)
        return decisions.confirm(
            reader.uuid, "newsletter", "email", how="double_optin", now=clock.now(), at=at
        )

    told = body("unsubscribe", left, action="unsub")
    together(lambda: tell(told), agree, lambda: tell(told))
    assert written_to(reader) == (minutes > 0)
    assert not list(rebuild.compare())


@pytest.mark.fault("R07")
@pytest.mark.parametrize(("kind", "more"), KINDS)
def test_what_is_told_during_an_erasure_waits_and_then_is_about_nobody(
    reader: Person,  # noqa: F811
    kind: str,
    more: dict[str, str],
) -> None:
    assert during_erasure(reader, lambda: tell(body(kind, **more))) == 200
    assert not Event.objects.filter(how="processor:mailchimp").exists()
    assert not Address.objects.filter(unreachable_at__isnull=False).exists()
    assert not Job.objects.filter(name=calling.MOVED).exists()
