"""The end of an account that nobody used: warned of at 30 and 7 days, kept by an answer, else erased."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.mail.backends import locmem
from django.test import Client
from django.urls import reverse

from django_rgpd.core import links
from django_rgpd.erasure.failures import EngineFailed
from django_rgpd.outbox import daily, deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Kind, Person
from django_rgpd.retention import accounts
from example_shop.accounts.models import User
from example_shop.factories import DAY, UserFactory

pytestmark = pytest.mark.django_db

END = DAY + relativedelta(years=3)


def _account(**fields: Any) -> tuple[User, Person]:
    user = UserFactory(**fields)
    person = people.person_of(user, now=DAY)
    people.prove(people.note(Kind.EMAIL, user.email, person=person, now=DAY), how="click", now=DAY)
    people.contact(person.uuid, at=DAY)
    return user, person


def _day(now: datetime) -> tuple[int, int]:
    """One day of retention, with its mails."""
    told = accounts.warn(now=now)
    done = accounts.end(now=now), told
    deliver.run_due(now=now)
    return done


@pytest.mark.promise("P50")
def test_account_is_warned_of_twice_and_then_ends() -> None:
    user, _person = _account()
    warned = {}
    day = END - timedelta(days=40)
    while day < END:
        ended, told = _day(day)
        assert not ended
        if told:
            warned[(END - day).days] = told
        day += timedelta(days=1)
    assert warned == {30: 1, 7: 1}
    assert [message.to for message in mail.outbox] == [[user.email]] * 2

    assert accounts.end(now=END) == 1
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.mark.promise("P50")
def test_account_is_kept_by_a_click_and_a_button() -> None:
    user, person = _account()
    _day(END - timedelta(days=30))
    url = next(word for word in mail.outbox[0].body.split() if "/keep/" in word)
    client = Client()
    path = reverse("django_rgpd:keep_account", args=[links.sign(accounts.KEEP, person.uuid)])
    assert url.endswith(path)

    for method in (client.get, client.head):
        assert method(path).status_code == 200
    person.refresh_from_db()
    assert person.last_contact == DAY, "a mail scanner is nobody's answer"

    assert client.post(path).status_code == 200
    person.refresh_from_db()
    assert person.last_contact is not None
    assert person.last_contact > DAY


def test_account_whose_owner_answered_does_not_end() -> None:
    user, person = _account()
    _day(END - timedelta(days=30))
    _day(END - timedelta(days=7))
    people.contact(person.uuid, at=END - timedelta(days=1))
    assert _day(END + timedelta(days=1)) == (0, 0)
    assert User.objects.filter(pk=user.pk).exists()


def test_account_found_too_late_gets_its_whole_warning() -> None:
    user, _person = _account()
    late = END + timedelta(days=400)
    assert _day(late) == (0, 1)
    for shift in range(1, 23):
        assert _day(late + timedelta(days=shift)) == (0, 0)
    assert _day(late + timedelta(days=23)) == (0, 1)
    assert _day(late + timedelta(days=29)) == (0, 0)
    assert User.objects.filter(pk=user.pk).exists()
    assert _day(late + timedelta(days=30)) == (1, 0)
    assert not User.objects.filter(pk=user.pk).exists()


def test_account_is_warned_on_its_day_by_a_run_that_begins_earlier_than_the_last_one() -> None:
    user, _person = _account()
    assert _day(END - timedelta(days=30)) == (0, 1)
    assert _day(END - timedelta(days=7, seconds=40)) == (0, 1)
    assert _day(END - timedelta(seconds=80)) == (1, 0)
    assert not User.objects.filter(pk=user.pk).exists()


@pytest.fixture
def mails_leave(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Has the mail server refuse everything until it is told otherwise."""
    state = {"leave": False}
    send = locmem.EmailBackend.send_messages

    def sent(backend: locmem.EmailBackend, messages: Any) -> int:
        if not state["leave"]:
            raise ConnectionRefusedError
        return send(backend, messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", sent)
    return state


@pytest.mark.promise("P50")
def test_account_whose_warnings_never_left_stays_until_a_week_after_they_did(mails_leave: Any) -> None:
    user, _person = _account()
    for shift in range(-30, 3):
        for hour in (0, 6, 12, 18):
            deliver.run_due(now=END + timedelta(days=shift, hours=hour))
        assert _day(END + timedelta(days=shift))[0] == 0
    assert mail.outbox == []
    assert User.objects.filter(pk=user.pk).exists()

    mails_leave["leave"] = True
    back = END + timedelta(days=3)
    deliver.retry(Job.objects.filter(name="mail"), now=back)
    deliver.run_due(now=back)
    assert [message.to for message in mail.outbox] == [[user.email]] * 2
    told = back.date() + timedelta(days=7)
    assert all(f"{told:%B} {told.day}, {told.year}" in message.body for message in mail.outbox), (
        "no day gone by"
    )
    assert _day(back + timedelta(days=6)) == (0, 0)
    assert _day(back + timedelta(days=7)) == (1, 0)
    assert not User.objects.filter(pk=user.pk).exists()


def test_warning_that_lost_its_text_is_written_again(mails_leave: Any) -> None:
    _account()
    _day(END - timedelta(days=30))
    Job.objects.filter(name="mail").update(state=State.NEEDS)
    later = END + timedelta(days=20)
    daily.tidy(now=later)
    assert not Job.objects.filter(name="mail").exclude(payload={}).exists()

    mails_leave["leave"] = True
    _day(later)
    assert len(mail.outbox) == 2, "the one that was lost, and the second one"
    assert "/keep/" in mail.outbox[0].body


def test_warning_that_leaves_after_a_login_is_not_sent(mails_leave: Any) -> None:
    _user, person = _account()
    _day(END - timedelta(days=30))
    people.contact(person.uuid, at=END - timedelta(days=29))
    mails_leave["leave"] = True
    deliver.run_due(now=END - timedelta(days=28))
    assert mail.outbox == []
    assert Job.objects.get(name="mail").state == State.GONE


@pytest.mark.promise("P50")
def test_account_whose_owner_has_no_address_ends() -> None:
    user = UserFactory(email="")
    people.contact(people.person_of(user, now=DAY).uuid, at=DAY)
    for days in (30, 7):
        assert _day(END - timedelta(days=days)) == (0, 1)
    assert set(Job.objects.filter(name="mail").values_list("state", flat=True)) == {State.GONE}
    assert _day(END) == (1, 0)
    assert not User.objects.filter(pk=user.pk).exists()


def test_account_whose_warnings_were_tidied_away_ends_all_the_same() -> None:
    user, _person = _account()
    for days in (30, 7):
        _day(END - timedelta(days=days))
    later = END + relativedelta(months=5)
    daily.tidy(now=later)
    assert not Job.objects.filter(name="mail").exists()
    assert _day(later) == (1, 0)
    assert not User.objects.filter(pk=user.pk).exists()


def test_account_that_is_refused_is_told_of_and_the_others_end(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (refused, hers), (other, _his) = _account(), _account()
    for days in (30, 7):
        _day(END - timedelta(days=days))
    erase = accounts.erase

    def refuses(person: Person, **given: Any) -> Any:
        if person.pk == hers.pk:
            raise EngineFailed("accounts.User", "IntegrityError")
        return erase(person, **given)

    monkeypatch.setattr(accounts, "erase", refuses)
    monkeypatch.setattr(accounts, "AT_ONCE", 1)  # whoever is refused does not take the other's place
    with pytest.raises(accounts.AccountsLeft, match="^1$"):
        accounts.end(now=END)
    assert list(User.objects.all()) == [refused]
    assert refused.email not in caplog.text
    assert not User.objects.filter(pk=other.pk).exists()


def test_account_of_staff_and_account_that_nobody_ever_used_do_not_end() -> None:
    _account(is_staff=True)
    UserFactory()
    assert _day(END + timedelta(days=400)) == (0, 0)
    assert User.objects.count() == 2


def test_link_of_another_kind_keeps_nothing() -> None:
    _user, person = _account()
    for token in (links.sign("unsubscribe", person.uuid), "nothing", f"{person.uuid}.{'0' * 64}"):
        assert Client().post(reverse("django_rgpd:keep_account", args=[token])).status_code == 404
    person.refresh_from_db()
    assert person.last_contact == DAY
