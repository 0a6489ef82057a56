"""An older dump is restored: who was erased comes back, and goes again before anything is sent."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError
from django.test import Client

from django_rgpd.consent import decisions, kinds
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger import door
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import links
from django_rgpd.marketing.send import send
from django_rgpd.outbox import jobs
from django_rgpd.outbox import mail as mails
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Person, Suppression
from django_rgpd.retention.status import findings
from django_rgpd.testing import Canaries, assert_erased
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import make_customer, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.faults import dumps
from tests.faults.conftest import Run
from tests.ledger.restoring import HOUR, NOW, customer, proven, seal_and_mirror

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("mirror"),
    pytest.mark.timeout(180),
]


def books() -> dict[str, object]:
    """The rows of the shop itself, but for what the database drew at random."""
    orders = [
        {name: None if str(value).endswith("@erased.invalid") else value for name, value in row.items()}
        for row in Order.objects.order_by("pk").values()
    ]
    return {
        "users": list(User.objects.order_by("pk").values()),
        "orders": orders,
        "invoices": list(Invoice.objects.order_by("pk").values()),
        "messages": list(ContactMessage.objects.order_by("pk").values()),
        "reviews": list(Review.objects.order_by("pk").values()),
    }


@jobs.job("tests.outward", outward=True)
def tell_a_vendor(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Reaches somebody else's system."""


@pytest.mark.promise("P84")
@pytest.mark.fault("B01")
def test_what_was_erased_stays_erased_after_an_older_dump_is_restored(
    dump: Path, command: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody who left between the dump and its restore has left afterwards, by whatever the dump knows of them."""
    canaries = Canaries()
    marie = customer(canaries.email("login"), first_name="Marie", last_name="Dupont-Quillemot")
    canaries.plant(people.subject(marie))
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    lou = make_customer(email="lou@example.com")  # nobody in the library's books yet
    make_guest("guest@example.com", orders=2)  # nor she
    make_guest("anna@example.com")
    bystander = customer("bystander@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)

    later = NOW + HOUR
    User.objects.filter(pk=lou.pk).update(email="lou.new@example.com")
    lou.refresh_from_db()
    nina = customer("nina@example.com")
    guest, anna = (proven(f"{name}@example.com", at=later) for name in ("guest", "anna"))
    erase(marie, how="account", choices={"reviews": "delete", "suppress": True}, now=later)
    erase(people.person_of(lou, now=later), how="account", choices={"reviews": "keep"}, now=later)
    for person in (guest, nina):
        erase(person, how="link", now=later)
    decisions.refuse_all(paul, how="link", now=later)
    decisions.withdraw(zoe, "newsletter", EMAIL, how="link", now=later)
    decisions.object_to(anna, "", "", how="link", now=later)
    seal_and_mirror(later)
    expected, events = books(), set(Event.objects.values_list("uuid", flat=True))
    invoices = list(Invoice.objects.order_by("pk").values())
    assert len(invoices) == 15

    dumps.restore(dump)
    nina_invoices = [row for row in invoices if not Invoice.objects.filter(pk=row["id"]).exists()]
    assert User.objects.filter(pk__in=[marie.user_key, lou.pk]).count() == 2
    assert Order.objects.filter(guest_email="guest@example.com").count() == 2
    assert not Person.objects.filter(uuid__in=[guest.uuid, anna.uuid, nina.uuid]).exists()

    said = command("rgpd_replay")

    assert "Erased again: 3 of 4" in said
    assert "up to date" in said
    assert not User.objects.filter(pk__in=[marie.user_key, lou.pk]).exists()
    now_there = books()
    assert now_there["orders"] == [row for row in expected["orders"] if _in(Order, row)]
    assert now_there["reviews"] == [row for row in expected["reviews"] if _in(Review, row)]
    assert now_there["messages"] == [row for row in expected["messages"] if _in(ContactMessage, row)]
    assert now_there["users"] == [row for row in expected["users"] if _in(User, row)]
    assert now_there["invoices"] == [row for row in invoices if row not in nina_invoices]
    assert set(Event.objects.exclude(kind="replayed").values_list("uuid", flat=True)) == events
    for person, reason in ((paul, "refused"), (zoe, "refused"), (bystander, "consent")):
        assert decisions.may_send(person, "newsletter", EMAIL, now=later).reason == reason
    anna_again = proven("anna@example.com", at=later)
    assert anna_again.uuid != anna.uuid
    decisions.inform(anna_again, "offers", EMAIL, how="checkout", now=later)
    assert decisions.may_send(anna_again, "offers", EMAIL, now=later).reason == "suppressed"
    assert Suppression.objects.filter(reason="asked").count() == 1
    assert {one.how for one in Erasure.objects.all()} == {"account", "link"}
    before = len(mail.outbox)
    for minutes in (0, 11, 22):
        run_due(now=NOW + 4 * HOUR + timedelta(minutes=minutes))
    assert not [one for one in mail.outbox[before:] if canaries.planted.keys() & set(one.to)], (
        "she has her receipt"
    )
    assert not Job.objects.filter(state=State.NEEDS).exists()
    assert_erased(marie, canaries=canaries, allow=["invoices.Invoice"], logs=caplog.text, now=later)
    seal_and_mirror(NOW + 4 * HOUR)
    command("rgpd_verify", hours=5)
    assert findings(now=NOW + 4 * HOUR) == [
        one for one in findings(now=NOW + 4 * HOUR) if one.key == "silent"
    ]


def _in(model, row: dict[str, object]) -> bool:
    return model.objects.filter(pk=row["id"]).exists()


@pytest.mark.promise("P84")
@pytest.mark.fault("B01")
def test_nothing_is_sent_before_the_replay_and_everybody_may_leave(dump: Path, command: Run) -> None:
    """Fail closed for sending, open for leaving; what happens meanwhile is kept."""
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    jobs.put("tests.outward", {}, now=NOW)
    send("newsletter", "shop/letter", [paul], now=NOW)
    seal_and_mirror(NOW)
    dumps.take(dump)
    decisions.refuse_all(paul, how="link", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    assert door.replay_due() == ""
    dumps.restore(dump)
    mail.outbox.clear()

    # A process that was there before shuts the door at once, a new one at its first question.
    assert "older dump" in door.replay_due()
    door.forget()
    assert "older dump" in door.replay_due()
    assert decisions.may_send(zoe, "newsletter", EMAIL, now=NOW + 2 * HOUR).reason == "shut"
    with pytest.raises(Refused):
        send("newsletter", "shop/letter", [zoe], now=NOW + 2 * HOUR)
    assert [one.key for one in findings(now=NOW + 2 * HOUR)][-1] == "replay"
    mails.send(
        "centre/link", context={"url": "x"}, to="zoe@example.com", now=NOW + 2 * HOUR
    )  # she asked for it just now
    Client().post(links.unsubscribe_url(zoe.uuid, "newsletter", EMAIL).partition("8000")[2])
    with pytest.raises(CommandError):
        command("rgpd_run", hours=2)
    waiting = Job.objects.filter(name__in=["tests.outward", "marketing.mail", "daily.retention.accounts"])
    assert [(job.state, "older dump" in job.note, job.attempts) for job in waiting] == [
        ("waiting", True, 0)
    ] * 3
    assert [one.to for one in mail.outbox] == [["zoe@example.com"]]
    left = Event.objects.get(person=zoe.uuid, kind=kinds.WITHDRAWN)

    command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert [one.to for one in mail.outbox] == [["zoe@example.com"]], "paul said no"
    states = dict(Job.objects.filter(pk__in=waiting).values_list("name", "state"))
    assert states.pop("marketing.mail") == "needs", "it may have been sent since the dump"
    assert set(states.values()) <= {"done", "gone"}
    left.refresh_from_db()
    assert left.seal is not None
    assert left.seal.number > Event.objects.get(person=paul.uuid, kind=kinds.OBJECTED).seal.number
    for person in (paul, zoe):
        assert decisions.may_send(person, "newsletter", EMAIL, now=NOW + 5 * HOUR).reason == "refused"
    command("rgpd_verify", hours=5)
