"""Erasures on a restored database: everybody who was erased since is, by whatever it knows of them, and nobody else."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_rgpd.consent import decisions
from django_rgpd.core import addresses, conf
from django_rgpd.erasure import replay as again
from django_rgpd.erasure import traces
from django_rgpd.erasure.cases import Case
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.failures import EngineFailed
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger import door
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import UserFactory, make_customer, make_guest
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.ledger.conftest import Replay
from tests.ledger.restoring import BACK, HOUR, LATER, NOW, customer, lost, proven, seal_and_mirror

pytestmark = pytest.mark.django_db


def test_an_account_that_came_back_goes_again_whoever_used_it_meanwhile(replay: Replay) -> None:
    """Her erasure holds for what the dump brought back; an order of these hours is carried out first."""
    user = make_customer(email="marie@example.com")
    with lost():
        erase(people.person_of(user, now=LATER), how="account", now=LATER)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    assert people.users_person(user.pk) is not None, "another uuid than she was erased under"
    made = Order.objects.filter(customer=user.pk).latest("pk")
    Order.objects.filter(pk=made.pk).update(status="paid", placed_at=NOW + 2 * HOUR)

    replay()

    made.refresh_from_db()
    assert made.name
    assert Order.objects.exclude(pk=made.pk).filter(name="").exists()
    (erasure,) = Erasure.objects.all()
    assert erasure.state == "open"
    assert client.get("/account/").status_code == 302
    assert not Person.objects.filter(user_key=str(user.pk)).exists()
    Order.objects.filter(pk=made.pk).update(status="delivered", delivered_on=(NOW + 3 * HOUR).date())
    run_due(now=NOW + 4 * HOUR)
    run_due(now=NOW + 30 * HOUR)
    made.refresh_from_db()
    assert made.name == ""
    assert not User.objects.filter(pk=user.pk).exists()


def test_a_newcomer_keeps_the_key_and_the_address_that_an_erased_person_had(replay: Replay) -> None:
    """Keys are given again after a restore, and a mailbox may have a new owner: neither makes somebody the erased person."""
    make_guest("shared@example.com")
    with lost():
        gone = UserFactory(email="gone@example.com", date_joined=LATER)
        erase(people.person_of(gone, now=LATER), how="account", now=LATER)
        erase(proven("shared@example.com", at=LATER), how="link", now=LATER)
    newcomer = UserFactory(pk=gone.pk, email="newcomer@example.com", date_joined=NOW + 2 * HOUR)
    mailbox = proven("shared@example.com", at=NOW + 2 * HOUR)
    (old,) = Order.objects.all()
    (new,) = make_guest("shared@example.com", placed_at=NOW + 2 * HOUR)

    replay()

    assert User.objects.get() == newcomer
    mailbox.refresh_from_db()
    assert mailbox.erased_at is None
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.name, bool(new.name), new.guest_email) == ("", True, "shared@example.com")


def test_an_address_that_was_only_claimed_leads_to_nobody(replay: Replay) -> None:
    """Somebody typed her address, never proved it, and was erased: she is not."""
    yves = customer("yves@example.com")
    with lost():
        other = people.person_of(UserFactory(email="other@example.com"), now=LATER)
        people.note("email", "yves@example.com", person=other, now=LATER)
        erase(other, how="account", now=LATER)

    replay()

    yves.refresh_from_db()
    assert yves.erased_at is None
    assert User.objects.filter(pk=yves.user_key).exists()
    assert decisions.may_send(yves, "newsletter", EMAIL, now=NOW + 2 * HOUR).yes


def test_the_ledger_keeps_digests_of_the_erased_and_no_address() -> None:
    """What a replay finds people by says nothing to who has no key."""
    marie = customer("marie@example.com", phone="+33612345678")
    decisions.refuse_all(marie, how="link", now=NOW)
    erase(marie, how="account", choices={"suppress": True}, now=NOW)

    told = {event.kind: event.payload for event in Event.objects.filter(person=marie.uuid)}

    assert {one["kind"] for one in told["erased"]["hers"]} == {"email"}
    assert told["erased"]["account"]["digest"]
    assert told["erased"]["choices"] == {"suppress": True}
    assert {(one["reason"], one["purpose"]) for one in told["erased"]["suppressed"]} == {
        ("asked", ""),
        ("objected", "newsletter"),
    }
    assert told["consent.objected"]["digests"]
    assert "example.com" not in json.dumps(told)
    assert "612345678" not in json.dumps(told)


def test_what_cannot_be_erased_again_is_named_and_keeps_the_door_shut(
    replay: Replay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go; once it can be done, the same command does the rest."""
    marie, paul = customer("marie@example.com"), customer("paul@example.com")
    with lost():
        refused = erase(marie, how="account", now=LATER)
        erase(paul, how="account", now=LATER)
    real = again.execute.carry_out

    def refusing(case: Case, *rest: object) -> object:
        if case.person.uuid == marie.uuid:
            raise EngineFailed("orders.Order", "IntegrityError")
        return real(case, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(again.execute, "carry_out", refusing)
        with pytest.raises(CommandError, match="wait until this is done"):
            replay()

    assert User.objects.filter(pk=marie.user_key).exists()
    assert not User.objects.filter(pk=paul.user_key).exists()
    assert "older dump" in door.replay_due()
    assert refused.uuid not in set(Erasure.objects.values_list("uuid", flat=True))

    replay()

    assert not User.objects.exists()
    assert Erasure.objects.filter(uuid=refused.uuid).exists()
    assert door.replay_due() == ""


def test_a_guest_who_became_one_with_an_account_goes_with_it(replay: Replay) -> None:
    """In the dump they are two people; she was erased as one."""
    guest = proven("guest@example.com")
    make_guest("guest@example.com")
    user = make_customer(email="marie@example.com")
    with lost():
        marie = people.person_of(user, now=LATER)
        assert proven("guest@example.com", marie, at=LATER) == marie
        erase(marie, how="account", choices={"reviews": "delete"}, now=LATER)

    replay()

    assert not Person.objects.filter(erased_at=None).exists()
    assert set(Person.objects.values_list("uuid", "merged_into")) == {
        (marie.uuid, None),
        (guest.uuid, marie.uuid),
    }
    assert not Order.objects.exclude(name="").exists()
    assert not User.objects.exists()
    assert not Review.objects.exists()
    assert [erasure.choices for erasure in Erasure.objects.all()] == [{"reviews": "delete"}]


def test_an_address_that_was_anothers_when_she_was_erased_stays_theirs(replay: Replay) -> None:
    """The dump still says that it is hers."""
    marie = customer("marie@example.com")
    proven("shared@example.com", marie)
    (theirs,) = make_guest("shared@example.com")
    with lost():
        proven("shared@example.com", at=LATER)
        other = people.person_of(UserFactory(email="other@example.com"), now=LATER)
        proven("shared@example.com", other, at=LATER)
        erase(marie, how="account", now=LATER)

    replay()

    theirs.refresh_from_db()
    assert theirs.name
    assert not User.objects.filter(pk=marie.user_key).exists()


def test_digests_under_an_old_key_find_whom_they_are_of(replay: Replay, settings) -> None:
    """Between the erasure and the replay the key was changed; the old one is kept behind it."""
    make_guest("guest@example.com")
    user = make_customer(email="lou@example.com")
    with lost():
        erase(proven("guest@example.com", at=LATER), how="link", now=LATER)
        erase(people.person_of(user, now=LATER), how="account", now=LATER)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:a newer key", *conf.get().DIGEST_KEYS)}

    assert "Erased again: 2 of 2" in replay()

    assert not Order.objects.exclude(name="").exists()
    assert not User.objects.exists()


def test_who_worked_for_the_shop_when_the_dump_was_taken_goes_too(replay: Replay) -> None:
    """Her rights were taken from her before she was erased."""
    marie = customer("marie@example.com", is_staff=True)
    with lost():
        User.objects.update(is_staff=False)
        erase(marie, how="account", now=LATER)
    replay()
    assert not User.objects.exists()


def test_she_is_not_told_a_second_time(replay: Replay) -> None:
    """She had her receipt; the second pass looks for what is left."""
    marie = customer("marie@example.com")
    with lost():
        erase(marie, how="account", now=LATER)
    replay()
    jobs = Job.objects.filter(person=marie.uuid)
    assert [job.name for job in jobs] == ["erasure.second_pass"]
    run_due(now=BACK + HOUR)
    assert [job.state for job in jobs.all()] == ["done"]
    assert Erasure.objects.get().asked_at == LATER
    assert Person.objects.get(uuid=marie.uuid).erased_at == LATER


def test_the_rows_are_read_once_however_many_were_erased(django_assert_num_queries) -> None:
    """A statement or two for each range of each declared column of addresses, one look at the accounts."""
    make_guest("one@example.com")
    wanted = [("email", addresses.digest("email", f"{n}@example.com").hex) for n in ("one", *range(50))]
    with CaptureQueriesContext(connection) as few:
        assert traces.texts(wanted[:1]) == {wanted[0]: {"one@example.com"}}
    with django_assert_num_queries(len(few)):
        traces.texts(wanted)
    with django_assert_num_queries(0):
        assert traces.texts([]) == {}
        assert traces.accounts([]) == {}


@pytest.mark.fault("B06")
def test_a_table_that_was_restored_alone_is_reported_and_gone_over(replay: Replay) -> None:
    """The accounts come back from an older dump, and some orders of guests; the library's own tables do not."""
    marie = customer("marie@example.com")
    customer("bystander@example.com")
    make_guest("guest@example.com", placed_at=NOW - HOUR)
    account = User.objects.get(pk=marie.user_key)
    orders = list(Order.objects.filter(guest_email="guest@example.com").values())
    erase(marie, how="account", now=LATER)
    erase(proven("guest@example.com", at=LATER), how="link", now=LATER)
    seal_and_mirror(LATER)
    call_command("rgpd_verify", stdout=StringIO())
    account.save(force_insert=True)
    for row in orders:
        Order.objects.filter(pk=row.pop("id")).update(**row)
    with pytest.raises(CommandError, match="1 fault"):
        call_command("rgpd_verify", stderr=(said := StringIO()))
    assert "is here again" in said.getvalue()
    erasures = list(Erasure.objects.order_by("uuid").values_list("uuid", "asked_at"))

    assert "Erased again: 2 of 2" in replay("--all")

    assert list(User.objects.values_list("email", flat=True)) == ["bystander@example.com"]
    assert not Order.objects.filter(guest_email="guest@example.com").exists()
    assert list(Erasure.objects.order_by("uuid").values_list("uuid", "asked_at")) == erasures
    call_command("rgpd_verify", stdout=StringIO())
    assert "Erased again: 0 of 2" in replay("--all")


def test_an_account_that_an_open_order_still_refers_to_is_not_taken_for_one_that_came_back(
    replay: Replay,
) -> None:
    marie = customer("marie@example.com")
    Order.objects.filter(pk=Order.objects.latest("pk").pk).update(status="paid", placed_at=NOW)
    erase(marie, how="account", now=LATER)
    seal_and_mirror(LATER)
    assert User.objects.filter(pk=marie.user_key, is_active=False).exists()

    call_command("rgpd_verify", stdout=StringIO())
    assert "Erased again: 0 of 1" in replay("--all")

    assert not Person.objects.exclude(user_key=None).exists()
    call_command("rgpd_verify", stdout=StringIO())
