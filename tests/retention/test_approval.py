"""What a changed policy would newly release waits until somebody approves it; what would release nothing is adopted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import Policy, current, days, years
from django_rgpd.registry import registry
from django_rgpd.registry.models import Hold
from django_rgpd.retention import accounts, approval, marks, ranges
from django_rgpd.retention.fingerprint import fingerprint
from django_rgpd.retention.models import SweepMark
from django_rgpd.retention.status import findings
from django_rgpd.retention.sweep import EVENT, sweep
from django_rgpd.retention.tasks import end_accounts
from django_rgpd.testing import adopt
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import DAY, ContactMessageFactory, GuestOrderFactory, UserFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

NOW = DAY + relativedelta(months=8)
MESSAGE = "contact.ContactMessage"
CHANGED: Policy


def _with_term(key: str, term: Any) -> Policy:
    """The shop's policy with another term for one purpose."""
    policy = current()
    purposes = [replace(one, term=term) if one.key == key else one for one in policy.purposes]
    return replace(policy, purposes=purposes)


@pytest.fixture
def promise(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Have the shop promise another term from now on."""

    def change(key: str, term: Any) -> None:
        monkeypatch.setitem(globals(), "CHANGED", _with_term(key, term))
        settings.RGPD = {**settings.RGPD, "POLICY": f"{__name__}.CHANGED"}

    return change


def _purpose(model: Any) -> str:
    declaration = registry.of(model).declaration  # type: ignore[union-attr]
    return next(iter(declaration.fields.values())).purpose_keys[0]


@pytest.mark.fault("K09")
def test_shortened_term_releases_nothing_before_it_is_approved(promise: Any) -> None:
    message = ContactMessageFactory(user=None)
    assert sweep(now=NOW).rows == 0
    promise(_purpose(ContactMessage), days(30))

    report = sweep(now=NOW)
    assert report.waiting == {MESSAGE: 1}
    assert report.rows == 0
    assert ContactMessage.objects.get().text == message.text
    assert not Event.objects.filter(kind=EVENT).exists()

    assert approval.approve([MESSAGE], now=NOW, actor="user:7") == 1
    assert sweep(now=NOW).done.deleted == {MESSAGE: 1}
    assert not ContactMessage.objects.exists()


@pytest.mark.fault("K09")
def test_rest_goes_on_while_one_model_waits(promise: Any) -> None:
    ContactMessageFactory(user=None)
    order = GuestOrderFactory(placed_at=DAY - relativedelta(years=4))
    promise(_purpose(ContactMessage), days(30))
    report = sweep(now=NOW)
    assert report.done.changed == {"orders.Order": 1}
    assert Order.objects.get(pk=order.pk).name == ""
    assert ContactMessage.objects.exists()


def test_lengthened_term_is_adopted_by_itself(promise: Any) -> None:
    ContactMessageFactory(user=None)
    before = SweepMark.objects.get(label=MESSAGE).terms
    promise(_purpose(ContactMessage), years(20))
    assert sweep(now=NOW).waiting == {}
    mark = SweepMark.objects.get(label=MESSAGE)
    assert mark.terms != before
    assert mark.approved_at is None
    assert ContactMessage.objects.exists()


def test_waiting_says_how_much_and_for_which_purpose(promise: Any) -> None:
    ContactMessageFactory.create_batch(3, user=None)
    key = _purpose(ContactMessage)
    promise(key, days(30))
    (one,) = approval.waiting(now=NOW)
    assert (one.label, one.rows, one.changed) == (MESSAGE, 3, {key: 3})
    assert SweepMark.objects.get(label=MESSAGE).approved_at is None


def test_waiting_takes_as_many_statements_for_many_rows_as_for_one(promise: Any) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    with CaptureQueriesContext(connection) as one:
        approval.waiting(now=NOW)
    ContactMessageFactory.create_batch(9, user=None)
    with CaptureQueriesContext(connection) as many:
        approval.waiting(now=NOW)
    assert len(one) == len(many) <= 4


def test_approval_is_recorded_with_what_was_shown(promise: Any) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    approval.approve([MESSAGE.lower()], now=NOW, actor="user:7")
    event = Event.objects.get(kind=approval.APPROVED)
    assert event.actor == "user:7"
    assert event.payload == {"labels": {MESSAGE: 1}, "policy": current().version.isoformat()}
    assert SweepMark.objects.get(label=MESSAGE).approved_by == "user:7"


def test_approving_what_does_not_wait_changes_nothing() -> None:
    before = list(SweepMark.objects.order_by("pk").values())
    assert approval.approve([MESSAGE], now=NOW, actor="user:7") == 0
    assert list(SweepMark.objects.order_by("pk").values()) == before
    assert not Event.objects.filter(kind=approval.APPROVED).exists()


def test_approving_an_unknown_model_is_refused(promise: Any) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    with pytest.raises(ImproperlyConfigured, match="shop.Nothing"):
        approval.approve([MESSAGE, "shop.Nothing"], now=NOW, actor="user:7")
    assert sweep(now=NOW).waiting == {MESSAGE: 1}


def test_dry_run_shows_what_waits_and_adopts_nothing(promise: Any) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    before = list(SweepMark.objects.order_by("pk").values())
    report = sweep(now=NOW, dry_run=True)
    assert (report.waiting, report.due) == ({MESSAGE: 1}, {})
    assert list(SweepMark.objects.order_by("pk").values()) == before


def test_first_run_on_a_living_shop_waits() -> None:
    ContactMessageFactory(user=None, received_at=DAY - relativedelta(years=9))
    SweepMark.objects.all().delete()
    assert sweep(now=NOW).waiting == {MESSAGE: 1}
    assert ContactMessage.objects.exists()


def test_migration_adopts_empty_tables_and_no_others() -> None:
    ContactMessageFactory(user=None)
    SweepMark.objects.all().delete()
    call_command("migrate", verbosity=0)
    labels = set(SweepMark.objects.values_list("label", flat=True))
    assert "orders.Order" in labels
    assert MESSAGE not in labels


def test_accounts_neither_end_nor_are_warned_of_while_they_wait(promise: Any) -> None:
    user = UserFactory(date_joined=DAY)
    key = next(iter(registry.of(User).declaration.fields.values())).purpose_keys[0]  # type: ignore[union-attr]
    from django_rgpd.registry import people

    people.contact(people.person_of(user, now=DAY).uuid, at=DAY)
    promise(key, days(40))
    now = DAY + relativedelta(days=35)
    end_accounts(now=now)
    assert not Event.objects.filter(kind=accounts.WARNED).exists()
    assert [one.label for one in approval.waiting(now=now)] == [User._meta.label]

    approval.approve([User._meta.label], now=now, actor="user:7")
    end_accounts(now=now)
    assert Event.objects.filter(kind=accounts.WARNED).count() == 1


@pytest.mark.fault("K09")
def test_withdrawn_approval_stops_the_ranges_that_are_not_done(promise: Any) -> None:
    ContactMessageFactory.create_batch(5, user=None)
    promise(_purpose(ContactMessage), days(30))
    approval.approve([MESSAGE], now=NOW, actor="user:7")
    assert sweep(now=NOW, share=True, size=2).cut == {MESSAGE: 3}
    deliver.run_due(now=NOW, limit=1, names=frozenset({ranges.JOB}))
    assert ContactMessage.objects.count() == 3

    assert approval.withdraw([MESSAGE], now=NOW, actor="user:7") == 1
    deliver.run_due(now=NOW, names=frozenset({ranges.JOB}))
    assert ContactMessage.objects.count() == 3
    assert Job.objects.filter(name=ranges.JOB, state=State.REFUSED).count() == 2
    assert sweep(now=NOW).waiting == {MESSAGE: 3}
    assert Event.objects.filter(kind=approval.WITHDRAWN).count() == 1


def test_fingerprint_is_the_same_in_every_language() -> None:
    entry = registry.of(Order)
    assert entry is not None
    found = set()
    for language in ("en", "fr"):
        with translation.override(language):
            found.add(fingerprint(entry))
    assert len(found) == 1


def test_fingerprint_of_what_is_not_concerned_stays(promise: Any) -> None:
    entries = {entry.label: entry for entry in registry if entry.declaration.fields}
    before = {label: fingerprint(entry) for label, entry in entries.items()}
    key = _purpose(ContactMessage)
    promise(key, days(30))
    for label, entry in entries.items():
        named = any(key in one.purpose_keys for one in entry.declaration.fields.values())
        assert (fingerprint(entry) != before[label]) is named, label


def test_adopted_is_asked_of_what_decides_now(promise: Any) -> None:
    entry = registry.of(ContactMessage)
    assert entry is not None
    assert marks.adopted(entry)
    promise(_purpose(ContactMessage), days(30))
    assert not marks.adopted(entry)


def test_tests_of_a_shop_adopt_their_own_policy(promise: Any) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    assert adopt(now=NOW) == 1
    assert adopt(now=NOW) == 0
    assert sweep(now=NOW).done.deleted == {MESSAGE: 1}


def test_status_and_commands_say_what_waits(promise: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ContactMessageFactory(user=None)
    promise(_purpose(ContactMessage), days(30))
    monkeypatch.setattr(clock, "now", lambda: NOW)
    assert [(one.key, MESSAGE in one.text) for one in findings(now=NOW) if one.key != "silent"] == [
        ("approval", True)
    ]
    for options in ({"dry_run": True}, {}):
        out = StringIO()
        call_command("rgpd_sweep", stdout=out, **options)
        assert f"{MESSAGE}: 1 row waits for an approval" in out.getvalue()
    assert ContactMessage.objects.exists()


def test_a_withdrawn_approval_stands_although_nothing_is_due(promise: Any) -> None:
    """What falls due later must not go by an approval that somebody took back."""
    approval.settle(now=NOW)
    assert approval.withdraw([MESSAGE], now=NOW, actor="user:7") == 1
    assert [(one.label, one.rows) for one in approval.settle(now=NOW)] == [(MESSAGE, 0)]
    ContactMessageFactory(user=None)

    assert not sweep(now=NOW + timedelta(days=4_000)).done.deleted
    assert ContactMessage.objects.exists()

    assert approval.approve([MESSAGE], now=NOW, actor="user:8") == 1
    assert sweep(now=NOW + timedelta(days=4_000)).done.deleted[MESSAGE] == 1


def test_a_withdrawn_approval_stands_although_the_tables_are_migrated() -> None:
    """A shop that moves has an empty table wait, is deployed, and loads its old rows only then."""
    approval.withdraw([MESSAGE], now=NOW, actor="command")
    call_command("migrate", verbosity=0)
    ContactMessageFactory(user=None)

    assert [one.label for one in approval.waiting(now=NOW)] == [MESSAGE]
    assert not sweep(now=NOW + timedelta(days=4_000)).done.deleted


def test_a_shortened_term_waits_although_holds_keep_its_rows(promise: Any) -> None:
    """Else the end of the hold would release what nobody has approved."""
    message = ContactMessageFactory(user=None)
    Hold.objects.create(
        kind="dispute",
        label=MESSAGE,
        key=str(message.pk),
        reason="A file",
        owner="1",
        since=NOW,
        review_on=NOW.date(),
    )
    promise(_purpose(ContactMessage), days(30))

    assert [one.label for one in approval.settle(now=NOW)] == [MESSAGE]
