"""The one door for marketing mail: asked at the door and when it leaves, and never without a way out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from email import message_from_string
from email.policy import default
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from django_rgpd.consent import decisions, state
from django_rgpd.core.errors import Misconfigured
from django_rgpd.marketing import links, send
from django_rgpd.outbox import mail as outbox_mail
from django_rgpd.outbox.models import Job
from django_rgpd.registry.models import Person

from .conftest import link_in

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _templates(settings) -> None:
    """The mails that the shop wrote."""
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [*engine.get("DIRS", []), Path(__file__).parent / "templates"]}]


@pytest.fixture
def subscriber(person: Person, today: datetime) -> Person:
    """Ada, who agreed to the newsletter an hour ago."""
    decisions.give(person, *NEWS, how="account", now=today - HOUR)
    return person


def _november(people: list[Person], now: datetime, **more: object) -> send.Sending:
    return send.send(
        "newsletter", "shop/november", people, now=now, context={"title": "November", "name": "you"}, **more
    )


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
def test_who_agreed_gets_a_mail_with_a_way_out(
    subscriber: Person, today: datetime, delivered: Callable, client: Client
) -> None:
    assert _november([subscriber], today).queued == 1
    (message,) = delivered()
    assert message.to == ["ada@example.com"]
    path = link_in(message, "/leave/")
    html = message.alternatives[0][0]
    assert path in html
    assert link_in(message, "/preferences/") in html
    assert client.post(path, ONE_CLICK).status_code == 200
    assert not state.live(subscriber, *NEWS)
    job = Job.objects.get()
    assert job.progress == {"reason": "consent", "basis": "consent"}


@pytest.mark.fault("L12")
def test_the_headers_are_those_of_rfc_8058(
    subscriber: Person, today: datetime, delivered: Callable, settings
) -> None:
    settings.RGPD = {
        **settings.RGPD,
        "BASE_URL": "https://" + "very-long-name-of-a-shop." * 6 + "example.com",
    }
    _november([subscriber], today)
    (message,) = delivered()
    raw = message.message().as_string()
    assert all(len(line) <= 998 for line in raw.splitlines())
    parsed = message_from_string(raw, policy=default)
    assert parsed.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    (header,) = parsed.get_all("List-Unsubscribe")
    url = links.unsubscribe_url(subscriber.uuid, *NEWS)
    assert url.startswith("https://")
    assert [one.strip() for one in header.split(",")] == [
        f"<{url}>",
        "<mailto:privacy@example.com?subject=unsubscribe%20newsletter>",
    ]
    assert "newsletter.email." in parsed["List-Id"]


@pytest.mark.promise("P10")
def test_nothing_is_sent_without_a_basis_and_those_left_out_are_counted(
    subscriber: Person, make_person: Callable, today: datetime, delivered: Callable
) -> None:
    stranger, gone, left = (make_person(f"{name}@example.com") for name in ("s", "g", "l"))
    Person.objects.filter(pk=gone.pk).update(erased_at=today)
    decisions.refuse_all(left, how="link", now=today - HOUR)
    sending = _november([subscriber, stranger, gone.uuid, left], today)
    assert sending.queued == 1
    assert sending.dropped == {"no_basis": 1, "erased": 1, "refused": 1}
    assert [one.to for one in delivered()] == [["ada@example.com"]]


@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_leaves_while_the_mail_waits_gets_none(
    subscriber: Person, today: datetime, delivered: Callable
) -> None:
    assert _november([subscriber], today).queued == 1
    decisions.leave(subscriber, *NEWS, how="one_click", now=today)
    assert delivered() == []
    job = Job.objects.get()
    assert job.state == "gone"
    assert "withdrew" in job.note
    assert "ada" not in job.note


@pytest.mark.fault("R09")
def test_the_mail_goes_to_the_address_of_the_moment_it_leaves(
    subscriber: Person, today: datetime, delivered: Callable
) -> None:
    from django_rgpd.registry import people

    _november([subscriber], today)
    assert "ada" not in str(Job.objects.get().payload)
    new = people.note("email", "new@example.com", person=subscriber, now=today)
    people.prove(new, how="click", now=today)
    assert [one.to for one in delivered()] == [["new@example.com"]]


def test_the_same_mailing_is_written_once_a_person(
    subscriber: Person, today: datetime, delivered: Callable
) -> None:
    for _ in range(2):
        _november([subscriber], today, key="november")
    assert len(delivered()) == 1


@pytest.mark.fault("M07")
@pytest.mark.parametrize("template", ["shop/no_text", "shop/no_html"])
def test_a_template_without_the_way_out_is_refused_at_the_door(
    subscriber: Person, today: datetime, template: str
) -> None:
    with pytest.raises(Misconfigured, match="unsubscribe"):
        send.send("newsletter", template, [subscriber], now=today, context={"title": "x", "name": "y"})
    assert not Job.objects.exists()


@pytest.mark.fault("M07")
@pytest.mark.parametrize(
    ("purpose", "channel"), [("orders", "email"), ("nothing", "email"), ("offers", "sms")]
)
def test_only_marketing_by_mail_passes(
    subscriber: Person, today: datetime, purpose: str, channel: str
) -> None:
    with pytest.raises(ValueError, match="no marketing purpose"):
        send.send(purpose, "shop/november", [subscriber], now=today, channel=channel)
    with pytest.raises(ValueError, match="no marketing purpose"):
        send.send_message(
            EmailMultiAlternatives(), person=subscriber, purpose=purpose, now=today, channel=channel
        )
    assert mail.outbox == []


@pytest.mark.promise("P23")
def test_notices_about_her_own_business_go_on_after_an_opt_out(
    subscriber: Person, today: datetime, delivered: Callable
) -> None:
    decisions.refuse_all(subscriber, how="account", now=today)
    outbox_mail.send(
        "marketing/news",
        person=subscriber.uuid,
        context={"title": "Your order", "text": "It left."},
        now=today,
    )
    (message,) = delivered()
    assert message.subject == "Your order"
    assert "List-Unsubscribe" not in message.message()


def test_a_mail_that_the_shop_built_itself_passes_the_same_door(
    subscriber: Person, make_person: Callable, today: datetime
) -> None:
    stranger = make_person("s@example.com")

    def built(person: Person) -> EmailMultiAlternatives:
        url = links.unsubscribe_url(person.uuid, *NEWS)
        return EmailMultiAlternatives(
            "Hi", f"News. Stop: {url}", to=["other@example.com"], bcc=["all@example.com"],
            headers={"list-unsubscribe": "<https://elsewhere.invalid/>"},
        )  # fmt: skip

    assert send.send_message(built(subscriber), person=subscriber, purpose="newsletter", now=today)
    assert not send.send_message(built(stranger), person=stranger, purpose="newsletter", now=today)
    (message,) = mail.outbox
    assert message.recipients() == ["ada@example.com"]
    assert message.message().get_all("List-Unsubscribe") is not None
    assert "elsewhere" not in message.message().as_string()
    with pytest.raises(Misconfigured):
        send.send_message(
            EmailMultiAlternatives("Hi", "News."), person=subscriber, purpose="newsletter", now=today
        )
    assert len(mail.outbox) == 1


@pytest.mark.fault("M01")
@pytest.mark.fault("M03")
@pytest.mark.fault("M05")
@pytest.mark.parametrize(
    "name", ["Eve\r\nBcc: all@example.com", "Eve\x00\u2028\u202e", "<a href='https://evil.invalid'>Eve</a>"]
)
def test_a_name_does_no_harm_in_subject_text_or_html(
    subscriber: Person, today: datetime, delivered: Callable, name: str
) -> None:
    send.send("newsletter", "shop/november", [subscriber], now=today, context={"title": name, "name": name})
    (message,) = delivered()
    assert message.recipients() == ["ada@example.com"]
    assert not set(message.subject) & set("\r\n\x00\u2028\u202e")
    assert "\x00" not in str(message.body)
    assert "<a href='https://evil.invalid'" not in message.alternatives[0][0]


@pytest.mark.fault("M04")
@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_mail_is_in_the_persons_language_with_one_line_of_subject(
    subscriber: Person, today: datetime, delivered: Callable, language: str
) -> None:
    Person.objects.filter(pk=subscriber.pk).update(language=language)
    _november([subscriber], today)
    (message,) = delivered()
    assert "\n" not in message.subject
    assert "/leave/" in str(message.body)


def test_an_anymail_backend_gets_the_headers_too(
    subscriber: Person, today: datetime, delivered: Callable, settings
) -> None:
    pytest.importorskip("anymail")
    from django_rgpd.outbox import deliver

    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    settings.ANYMAIL = {}
    _november([subscriber], today)
    deliver.run_due(now=today + HOUR)
    (message,) = mail.outbox
    headers = message.anymail_test_params["extra_headers"]
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert urlsplit(links.unsubscribe_url(subscriber.uuid, *NEWS)).path in headers["List-Unsubscribe"]
