"""Some tables alone were restored: what the ledger tells is applied again, where the ledger itself is whole."""

from __future__ import annotations

from datetime import date, timedelta
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError, call_command
from django.forms.models import model_to_dict

from django_rgpd.consent import decisions
from django_rgpd.consent.by_staff import LETTER, record_objection
from django_rgpd.erasure import replay as again
from django_rgpd.erasure.cases import Case
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.failures import EngineFailed
from django_rgpd.erasure.models import Erasure
from django_rgpd.holds.placing import place
from django_rgpd.ledger import door, guard, record, seal
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.whole import LedgerIncomplete
from django_rgpd.outbox.deliver import run_due
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Hold, Person, Suppression
from django_rgpd.retention.status import findings
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.factories import UserFactory
from tests.ledger.conftest import Replay
from tests.ledger.restoring import BACK, HOUR, LATER, NOW, customer, proven, seal_and_mirror

pytestmark = [pytest.mark.django_db, pytest.mark.fault("B06")]


def put_back(*rows: dict[str, object]) -> None:
    """The rows of people and addresses as the older dump has them."""
    for row in rows:
        model = Person if "merged_into" in row else Address
        model.objects.filter(pk=row["id"]).update(**row)


def test_people_who_are_here_again_are_erased_under_the_erasure_that_is_there(replay: Replay) -> None:
    """Her rows came back, the list of erasures did not go: it is the same erasure, and not a second one."""
    marie = customer("marie@example.com")
    account = User.objects.get(pk=marie.user_key)
    rows = [*Person.objects.values(), *Address.objects.values()]
    erasure = erase(marie, how="account", now=LATER)
    seal_and_mirror(LATER)
    account.save(force_insert=True)
    put_back(*rows)
    assert Person.objects.get().erased_at is None

    assert "Erased again: 1 of 1" in replay("--all")

    assert list(Erasure.objects.values_list("pk", "uuid", "asked_at")) == [(erasure.pk, erasure.uuid, LATER)]
    assert Person.objects.get().erased_at == LATER
    assert not Address.objects.filter(canonical__isnull=False).exists()
    assert not User.objects.exists()
    assert "Erased again: 0 of 1" in replay("--all")
    call_command("rgpd_verify", stdout=StringIO())


def test_it_does_not_say_that_marketing_waits_where_it_does_not(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    marie = customer("marie@example.com")
    account = User.objects.get(pk=marie.user_key)
    rows = [*Person.objects.values(), *Address.objects.values()]
    erase(marie, how="account", now=LATER)
    seal_and_mirror(LATER)
    account.save(force_insert=True)
    put_back(*rows)

    def refusing(case: Case, *rest: object) -> object:
        raise EngineFailed("orders.Order", "IntegrityError")

    monkeypatch.setattr(again.execute, "carry_out", refusing)
    assert door.replay_due() == ""
    with pytest.raises(CommandError, match=r"^Some of it is left to be done"):
        replay("--all")


@pytest.mark.parametrize("command", ["rgpd_replay", "rgpd_consents"])
@pytest.mark.django_db(transaction=True)
def test_an_older_table_of_events_turns_no_refusal_into_a_consent(command: str, replay: Replay) -> None:
    """It has the consent and not the withdrawal: nothing is written from it, nor sealed, before it is whole."""
    paul = customer("paul@example.com")
    seal_and_mirror(NOW)
    early = record.record("x", person=None, now=NOW)
    decisions.withdraw(paul, "newsletter", EMAIL, how="link", now=LATER)
    seal_and_mirror(LATER)
    with guard.lifted():
        Event.objects.filter(seal__number=2).exclude(pk=early.pk).delete()
        Event.objects.filter(pk=early.pk).update(seal=None)
    before = snapshot()

    with pytest.raises(CommandError, match=r"Seal 2 was made over 2 events, and 0 are there.*TRUNCATE"):
        replay("--all") if command == "rgpd_replay" else call_command(command, rebuild=True)
    with pytest.raises(LedgerIncomplete):
        seal.seal(now=BACK)

    assert not changed(before, snapshot())
    assert "Seal 2 was made over" in str([one for one in findings(now=BACK) if one.key == "replay"])
    assert decisions.may_send(paul, "newsletter", EMAIL, now=BACK).reason == "refused"

    with guard.lifted():  # what TRUNCATE ... CASCADE does on PostgreSQL
        Event.objects.all().delete()
        Seal.objects.all().delete()
    replay("--all")

    assert decisions.may_send(paul, "newsletter", EMAIL, now=BACK).reason == "refused"
    call_command("rgpd_verify", stdout=StringIO())


def test_suppressions_and_holds_are_there_again(replay: Replay) -> None:
    """What an erasure and a letter keep, what a dispute holds: as it was, and what was lifted stays lifted."""
    clerk = UserFactory(email="clerk@example.com", is_staff=True)
    clerk.user_permissions.add(*Permission.objects.filter(codename__in=["record_objection", "place_hold"]))
    gone, owner, paul = (customer(f"{name}@example.com") for name in ("gone", "owner", "paul"))
    record_objection("email", "letter@example.com", way=LETTER, said_at=NOW, by=clerk, now=NOW)
    decisions.refuse_all(paul, how="link", now=NOW)
    erase(gone, how="account", choices={"suppress": True}, now=NOW)
    proven("gone@example.com", owner, at=NOW + HOUR)
    decisions.confirm(owner, "newsletter", EMAIL, how="link", now=LATER + HOUR)
    place("dispute", person=owner, reason="A case", review_on=date(2026, 9, 1), by=clerk, now=LATER + HOUR)
    own = {"fields": ["kind", "digest", "key_id", "purpose", "channel", "reason", "since", "until"]}
    standing = Suppression.objects.filter(lifted_at=None).order_by("digest", "purpose")
    before = [model_to_dict(one, **own) for one in standing]
    held = Hold.objects.get().uuid
    assert before
    seal_and_mirror(LATER + HOUR)
    Suppression.objects.all().delete()
    Hold.objects.all().delete()
    events = Event.objects.count()

    said = replay("--all")

    assert "Holds placed or lifted again, or their announced end: 1." in said
    assert [model_to_dict(one, **own) for one in standing.all()] == before
    assert Hold.objects.get().uuid == held
    assert Event.objects.count() == events
    assert decisions.may_send(owner, "newsletter", EMAIL, now=BACK).yes
    call_command("rgpd_verify", stdout=StringIO())


def test_where_nothing_was_lost_nothing_changes(replay: Replay) -> None:
    """Nor is somebody's former address, which may be another's now, put on the list."""
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    decisions.refuse_all(paul, how="link", now=NOW)
    Address.objects.filter(canonical="paul@example.com").update(until=LATER)
    erase(zoe, how="account", choices={"suppress": True}, now=LATER)
    proven("zoe@example.com", paul, at=LATER + timedelta(minutes=1))
    decisions.confirm(paul, "newsletter", EMAIL, how="link", now=LATER + HOUR)
    seal_and_mirror(LATER + HOUR)
    run_due(now=LATER + HOUR)
    before = snapshot()
    replay("--all")
    assert not changed(before, snapshot())
    assert people.standing_for(paul) == paul
