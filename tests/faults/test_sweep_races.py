"""Races of what happens by itself: sweeps, the ends of accounts, the daily run; on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure, SignIn
from django_rgpd.outbox import daily, jobs
from django_rgpd.outbox import mail as outbox
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Kind, Person
from django_rgpd.retention import accounts
from django_rgpd.retention.sweep import sweep
from example_shop.accounts.models import User
from example_shop.factories import (
    DAY,
    PASSWORD,
    OrderFactory,
    ProductFactory,
    UserFactory,
    make_customer,
    make_guest,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from tests.faults.side_by_side import PATIENCE, beside, refused_once, slowed, stopped, together

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

DUE = DAY + relativedelta(years=3, months=1)
"""Orders are over by then, invoices are not."""

SWEEP = f"{daily.PREFIX}retention.sweep"


def released() -> bool:
    """Whether every order has lost what it said of somebody."""
    return not Order.objects.exclude(street="", name="", guest_email="").exists()


def nightly(now: datetime, *, tries: int = 1) -> Job:
    """The sweep as the daily job that it is, with the attempts of the next hours."""
    job = jobs.put(SWEEP, {}, key="tonight", now=now)
    for number in range(tries):
        run_due(now=now + timedelta(hours=number))
    job.refresh_from_db()
    return job


@pytest.mark.fault("R04")
def test_two_sweeps_at_once_release_each_row_once_and_lose_no_file() -> None:
    """Two machines, the same night, in ranges of a few rows."""
    make_guest("one@example.com", orders=6)
    make_guest("two@example.com", orders=6)
    due = DAY + relativedelta(years=12)
    files = [one.pdf.path for one in Invoice.objects.all()]
    results = together(lambda: sweep(now=due, size=2), lambda: sweep(now=due, size=2))

    assert not [one for one in results if isinstance(one, Exception)], results
    sweep(now=due)
    assert released()
    assert not Invoice.objects.exists()
    deleted = [one.done.deleted.get("invoices.Invoice", 0) for one in results]
    assert sum(deleted) <= 12
    run_due(now=due)
    assert not [path for path in files if Path(path).exists()]
    assert not Job.objects.exclude(state__in=[State.DONE, State.GONE]).exists()
    assert not sweep(now=due).done.rows


@pytest.mark.fault("R02")
def test_an_order_placed_during_a_sweep_waits_for_nothing_and_stays() -> None:
    """Even one of the customer whose old orders just go."""
    user = make_customer(email="buyer@example.com")
    product = ProductFactory()
    with stopped("orders_order") as stop:
        sweeping, swept = beside(lambda: sweep(now=DUE))
        assert stop.reached()

        def order() -> Order:
            with transaction.atomic():
                return OrderFactory(
                    customer=user, lines__product=product, placed_at=DUE, street="1 new street"
                )

        ordering, ordered = beside(order)
        ordering.join(5)
        assert not ordering.is_alive(), "a sweep locks nobody's account"
        stop.go_on()
        sweeping.join(PATIENCE)

    assert not swept[0].failed
    left = Order.objects.exclude(street="").get()
    assert (left.pk, left.street, left.customer) == (ordered[0].pk, "1 new street", user)


@pytest.mark.fault("R14")
@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_a_sweep_that_the_database_gave_up_is_done_again(code: str) -> None:
    """A serialization failure or a deadlock: the same range again, at once or with the next attempt of the night."""
    make_guest("late@example.com")
    with refused_once("orders_order", code):
        job = nightly(DUE, tries=3)

    assert job.state == State.DONE
    assert released()


@pytest.mark.fault("R14")
def test_an_erasure_and_a_sweep_that_wait_for_each_other_both_end() -> None:
    """Whichever the database kills is done again; nothing is lost and nothing done by halves."""
    person = people.person_of(make_customer(email="her@example.com"), now=DAY)
    people.prove(people.note("email", "her@example.com", person=person, now=DAY), how="link", now=DAY)
    make_guest("other@example.com", orders=2, invoiced=False)
    Order.objects.filter(guest_email="other@example.com").update(gift_email="her@example.com")

    with slowed("orders_order", "pg_sleep(0.2)"):
        results = together(lambda: erase(person, how="account", now=DUE), lambda: nightly(DUE))
    run_due(now=DUE + timedelta(hours=1))
    run_due(now=DUE + timedelta(hours=2))

    assert isinstance(results[0], Erasure), results
    assert isinstance(results[1], Job), results
    assert released()
    assert Job.objects.get(name=SWEEP).state == State.DONE


def ending() -> tuple[User, Person, datetime]:
    """An account that was warned of twice and whose last day has come."""
    user = UserFactory(email="asleep@example.com")
    person = people.person_of(user, now=DAY)
    people.prove(people.note(Kind.EMAIL, user.email, person=person, now=DAY), how="click", now=DAY)
    people.contact(person.uuid, at=DAY)
    end = DAY + relativedelta(years=3)
    for days in (30, 7):
        assert accounts.warn(now=end - timedelta(days=days)) == 1
        run_due(now=end - timedelta(days=days))
    return user, person, end


def log_in(email: str) -> Client:
    """What a browser does; an error page is an answer too."""
    client = Client(raise_request_exception=False)
    client.post(reverse("accounts:login"), {"username": email, "password": PASSWORD})
    return client


@pytest.mark.fault("R11")
def test_a_login_just_before_the_end_of_the_account_wins() -> None:
    """The end had picked her already, and looks again once it has her row."""
    user, person, end = ending()
    with transaction.atomic():
        people.lock(person)
        people.contact(person.uuid, at=end)
        closing, closed = beside(lambda: accounts.end(now=end))
        closing.join(0.7)
        assert closing.is_alive(), "the end does not wait for the login"
    closing.join(PATIENCE)

    assert closed == [0]
    assert User.objects.filter(pk=user.pk).exists()
    assert not Erasure.objects.exists()


@pytest.mark.fault("R11")
def test_a_login_while_the_account_ends_finds_no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits, and is then nobody's: no session, no entry in the index of logins, no last contact."""
    user, person, end = ending()
    monkeypatch.setattr(clock, "now", lambda: end)
    gone: list[Any] = []

    def stop(**_: object) -> None:
        thread, result = beside(lambda: log_in(user.email))
        thread.join(1)
        gone.append((thread, result, thread.is_alive()))

    signals.person_erased.connect(stop)
    try:
        assert accounts.end(now=end) == 1
    finally:
        signals.person_erased.disconnect(stop)
    [(thread, result, waited)] = gone
    thread.join(PATIENCE)
    assert waited, "the login did not wait for the end"
    for minutes in (0, 11):
        run_due(now=end + timedelta(minutes=minutes))

    [client] = result
    page = client.get(reverse("accounts:account"))
    assert page.status_code == 302
    assert reverse("accounts:login") in page["Location"]
    assert not User.objects.filter(pk=user.pk).exists()
    assert not SignIn.objects.exists()
    person.refresh_from_db()
    assert person.user_key is None


@pytest.mark.fault("R04")
def test_two_runs_at_once_do_each_duty_and_each_job_once() -> None:
    """Cron fired twice, or on two machines."""
    now = datetime.now(UTC)
    for number in range(20):
        outbox.send("export/ready", to=f"guest{number}@example.com", context={"expires_at": now}, now=now)
    out = [StringIO(), StringIO()]
    results = together(
        *[lambda each=each: call_command("rgpd_run", stdout=each, stderr=each) for each in out]
    )

    assert results == [None, None], [each.getvalue() for each in out]
    assert Counter(message.to[0] for message in mail.outbox) == {
        f"guest{n}@example.com": 1 for n in range(20)
    }
    duties = Counter(Job.objects.filter(name__startswith=daily.PREFIX).values_list("name", flat=True))
    assert duties
    assert set(duties.values()) == {1}
    assert not Job.objects.exclude(state__in=[State.DONE, State.GONE]).exists()
    assert not Job.objects.filter(attempts__gt=1).exists()
