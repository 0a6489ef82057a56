"""Mails as jobs."""

from __future__ import annotations

import smtplib
import uuid
from datetime import date, timedelta

import pytest
from django.contrib.auth import get_user_model
from django.core import mail as django_mail
from django.utils.translation import gettext_lazy

from django_rgpd.core import addresses
from django_rgpd.outbox import deliver, mail
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry.models import Address, Person

pytestmark = pytest.mark.django_db

TEMPLATES = {
    "django_rgpd/test/mail/hello.subject.txt": "Hello",
    "django_rgpd/test/mail/hello.txt": "{{ language }} {{ day|date:'j F' }} {{ what }} {{ link }}",
}


@pytest.fixture(autouse=True)
def _templates(settings):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", TEMPLATES)]},
        }
    ]


@pytest.fixture
def person(now):
    """Someone with one proven address."""
    someone = Person.objects.create(created_at=now, language="fr")
    give(someone, "marie@example.com", now=now, proven_at=now)
    return someone


def give(person, text, *, now, **fields):
    """Give a person an address."""
    digest = addresses.digest("email", text)
    return Address.objects.create(
        person=person, canonical=text, digest=digest.hex, key_id=digest.key_id, since=now, **fields
    )


def only_mail():
    """The one mail that was sent."""
    (sent,) = django_mail.outbox
    return sent


def test_send_looks_the_address_and_language_up_when_the_mail_leaves(person, now):
    job = mail.send("test/hello", person=person.uuid, context={"day": date(2026, 8, 1), "at": now}, now=now)
    assert "example.com" not in str(job.payload)
    person.addresses.update(until=now)
    give(person, "marie.new@example.com", now=now, proven_at=now)
    assert django_mail.outbox == []
    deliver.run_due(now=now)
    assert only_mail().to == ["marie.new@example.com"]
    assert only_mail().body.split()[:3] == ["fr", "1", "août"]
    assert only_mail().extra_headers["Message-ID"].startswith(f"<{job.uuid}@")
    job.refresh_from_db()
    assert (job.state, job.payload) == (State.DONE, {})


@pytest.mark.fault("C04")
def test_send_to_an_address_keeps_it_until_the_mail_has_left(now):
    job = mail.send("test/hello", to="marie@example.com", context={"what": gettext_lazy("job")}, now=now)
    deliver.run_due(now=now)
    assert only_mail().to == ["marie@example.com"]
    job.refresh_from_db()
    assert "marie" not in str([job.payload, job.progress, job.note, job.key])


def test_send_to_a_merged_person_reaches_who_she_is_now(person, now):
    guest = Person.objects.create(created_at=now, merged_into=person.uuid)
    mail.send("test/hello", person=guest.uuid, context={}, now=now)
    deliver.run_due(now=now)
    assert only_mail().to == ["marie@example.com"]


UNREACHABLE = [{"canonical": None}, {"proven_at": None}, {"until": "2026-01-01T00:00Z"}, {"kind": "phone"}]


@pytest.mark.parametrize("change", UNREACHABLE)
def test_send_to_someone_without_a_proven_address_is_already_gone(person, now, change):
    person.addresses.update(**change)
    job = mail.send("test/hello", person=person.uuid, context={}, now=now)
    deliver.run_due(now=now)
    job.refresh_from_db()
    assert (django_mail.outbox, job.state, job.payload) == ([], State.GONE, {})


@pytest.fixture
def account(person):
    """The account of the same person."""
    user = get_user_model().objects.create_user("marie.account@example.com")
    Person.objects.filter(pk=person.pk).update(user_key=str(user.pk))
    return user


def test_send_prefers_the_accounts_own_address_to_one_proven_later(person, account, now):
    give(person, account.email, now=now, proven_at=now - timedelta(days=9))
    assert mail.address_of(person.uuid) == account.email


def test_send_goes_to_a_proven_address_rather_than_to_one_that_the_account_only_says(person, account):
    assert mail.address_of(person.uuid) == "marie@example.com"


@pytest.mark.parametrize("change", UNREACHABLE)
def test_send_reaches_an_account_that_proved_no_address_where_it_says(person, account, change):
    person.addresses.update(**change)
    assert mail.address_of(person.uuid) == account.email


def test_send_reaches_nobody_by_an_account_without_an_address_or_erased(person, account, now):
    person.addresses.update(proven_at=None)
    get_user_model().objects.update(email="")
    assert mail.address_of(person.uuid) is None
    get_user_model().objects.update(email=account.email)
    Person.objects.filter(pk=person.pk).update(erased_at=now)
    assert mail.address_of(person.uuid) is None


def test_send_to_nobody_known_is_already_gone(now):
    mail.send("test/hello", person=uuid.uuid4(), context={}, now=now)
    assert deliver.run_due(now=now).counts == {"gone": 1}


def test_send_without_person_or_address_is_a_mistake(now):
    with pytest.raises(ValueError, match="person or an address"):
        mail.send("test/hello", context={}, now=now)
    assert not Job.objects.exists()


@pytest.mark.fault("C08")
@pytest.mark.fault("G01")
def test_a_mail_server_that_is_down_is_tried_again_with_the_same_message_id(person, now, monkeypatch, caplog):
    sent = []

    def down(self, messages):
        sent.extend(message.extra_headers["Message-ID"] for message in messages)
        raise smtplib.SMTPRecipientsRefused({"marie@example.com": (550, b"no")})

    monkeypatch.setattr("django.core.mail.backends.locmem.EmailBackend.send_messages", down)
    job = mail.send("test/hello", person=person.uuid, context={}, now=now)
    deliver.run_due(now=now)
    job.refresh_from_db()
    deliver.run_due(now=job.run_at + timedelta(seconds=1))
    assert len(sent) == 2
    assert len(set(sent)) == 1
    job.refresh_from_db()
    assert job.state == State.WAITING
    assert "marie" not in caplog.text + job.note


@pytest.mark.fault("T09")
def test_prepares_adds_what_is_not_written_down(person, now, monkeypatch):
    monkeypatch.setattr(mail, "_preparers", {})

    @mail.prepares("test/hello")
    def prepare(context, *, job, now):
        return {"link": f"secret-{context['what']}"}

    job = mail.send("test/hello", person=person.uuid, context={"what": "x"}, now=now)
    assert "secret" not in str(job.payload)
    deliver.run_due(now=now)
    assert "secret-x" in only_mail().body


def test_prepares_may_find_that_there_is_nothing_to_say_any_more(person, now, monkeypatch):
    monkeypatch.setattr(mail, "_preparers", {})
    mail.prepares("test/hello")(lambda context, *, job, now: None)
    mail.send("test/hello", person=person.uuid, context={}, now=now)
    assert deliver.run_due(now=now).counts == {"gone": 1}
    assert django_mail.outbox == []


def test_context_comes_back_as_it_was_given(now):
    given = {"a": now, "b": [date(2026, 1, 1), {"c": now}], "d": None, "e": 1.5, "f": "2026-01-01"}
    assert mail._unpacked(mail._packed(given)) == given
