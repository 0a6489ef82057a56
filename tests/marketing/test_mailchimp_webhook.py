"""Mailchimp's webhook: who left there is not written to here from that moment on, and nobody else can tell the shop so."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from django_rgpd.consent import decisions, kinds
from django_rgpd.core import clock, keys
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, mailchimp_webhook
from django_rgpd.registry.models import Address, Person
from tests.marketing.conftest import fingerprint

pytest.importorskip("mailchimp_marketing")
pytestmark = pytest.mark.django_db

SECRET = "Vb1fT0sW7mJq3xKz9uRd5yLh2cNe8gAp"
OTHER = "Zb1fT0sW7mJq3xKz9uRd5yLh2cNe8gAq"
SIGNING = "what Mailchimp told once"
NEWS = "a6b5da1054"
FORM = "application/x-www-form-urlencoded"
EMAIL = "ada@example.com"


def path(secret: str = SECRET) -> str:
    return reverse("django_rgpd:mailchimp_webhook", args=[secret])


@pytest.fixture
def heard(settings: Any) -> Callable[..., None]:
    """Have the setting of Mailchimp, with more options."""

    def declare(**more: object) -> None:
        setting = {
            "class": "django_rgpd.processors.mailchimp.Mailchimp",
            "api_key": "0123456789abcdef0123456789abcdef-us21",
            "audiences": {"newsletter": NEWS},
            "webhook_secrets": [SECRET],
            **more,
        }
        settings.RGPD = {**settings.RGPD, "PROCESSORS": {**settings.RGPD["PROCESSORS"], "mailchimp": setting}}

    declare()
    return declare


@pytest.fixture
def reader(heard: object, subscribe: Callable[..., Person]) -> Person:
    """Ada, who agreed to the newsletter an hour ago."""
    return subscribe(EMAIL)


def body(kind: str, at: datetime | None = None, **data: str) -> str:
    """As Mailchimp writes it: no zone, brackets in the names."""
    fired = (at or clock.now()).strftime("%Y-%m-%d %H:%M:%S")
    told = {"list_id": NEWS, "email": EMAIL, **data}
    return urlencode(
        {"type": kind, "fired_at": fired, **{f"data[{name}]": one for name, one in told.items()}}
    )


def tell(told: str | bytes, secret: str = SECRET, **more: Any) -> int:
    """Post it as somebody without a login, a cookie or a CSRF token."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=True)
    told = told.encode() if isinstance(told, str) else told
    return client.generic("POST", path(secret), told, **{"content_type": FORM, **more}).status_code


def written_to(person: Person) -> bool:
    return bool(decisions.may_send(person, "newsletter", "email", now=clock.now()))


@pytest.mark.promise("P19")
@pytest.mark.parametrize(
    "more", [{"action": "unsub", "reason": "manual"}, {"action": "delete"}, {"reason": "abuse"}]
)
def test_who_leaves_there_has_left_here_at_once(reader: Person, more: dict[str, str]) -> None:
    assert written_to(reader)
    assert tell(body("unsubscribe", **more)) == 200
    assert not written_to(reader)
    event = Event.objects.get(how="processor:mailchimp")
    assert event.kind == (kinds.OBJECTED if more.get("reason") == "abuse" else kinds.WITHDRAWN)


def test_the_same_told_again_changes_nothing(reader: Person) -> None:
    told = body("unsubscribe", action="unsub")
    tell(told)
    before = fingerprint()
    assert [tell(told) for _ in range(3)] == [200] * 3
    assert fingerprint() == before


@pytest.mark.fault("R08")
def test_an_old_one_sent_again_after_she_agreed_anew_changes_nothing(reader: Person, today: datetime) -> None:
    assert tell(body("unsubscribe", today - timedelta(days=2), action="unsub")) == 200
    assert written_to(reader)
    old = body("unsubscribe", today - timedelta(minutes=30), action="unsub")
    tell(old)
    assert not written_to(reader)
    decisions.confirm(
        reader, "newsletter", "email", how="double_optin", now=today, at=today - timedelta(minutes=5)
    )
    assert written_to(reader)
    assert tell(old) == 200
    assert written_to(reader)


@pytest.mark.parametrize(
    "at", ["", "yesterday", "0001-01-01 00:00:00", "2999-01-01 00:00:00", "2026-13-45 00:00:00"]
)
def test_a_time_that_cannot_be_is_now(reader: Person, at: str) -> None:
    told = urlencode({"type": "unsubscribe", "fired_at": at, "data[email]": EMAIL, "data[list_id]": NEWS})
    assert tell(told) == 200
    assert not written_to(reader)
    assert Event.objects.get(how="processor:mailchimp").at <= clock.now()


def test_a_hard_bounce_stops_the_address_and_ends_no_consent(reader: Person) -> None:
    assert tell(body("cleaned", reason="hard")) == 200
    assert Address.objects.get(person=reader).unreachable_at
    assert not written_to(reader)
    assert not Event.objects.filter(how="processor:mailchimp").exists()


def test_a_bounce_by_abuse_is_a_complaint(reader: Person) -> None:
    assert tell(body("cleaned", reason="abuse")) == 200
    assert Event.objects.get(how="processor:mailchimp").kind == kinds.OBJECTED


def test_another_address_there_is_a_task_for_somebody_and_moves_nobody(reader: Person) -> None:
    told = body("upemail", email="", new_email="new@example.com", old_email=EMAIL, new_id="x")
    assert [tell(told), tell(told)] == [200, 200]
    job = Job.objects.get(name=calling.MOVED)
    assert (job.person, job.payload) == (reader.uuid, {"processor": "mailchimp"})
    deliver.run_due(now=clock.now(), names=frozenset({calling.MOVED}))
    job.refresh_from_db()
    assert job.state == State.NEEDS
    assert not Address.objects.exclude(person=reader).exists()
    assert "new@example.com" not in f"{job.note}{job.payload}{job.progress}"
    tell(told)
    assert Job.objects.filter(name=calling.MOVED).count() == 1
    assert written_to(reader)
    erase(reader, how="link", now=clock.now())
    deliver.retry(Job.objects.filter(name=calling.MOVED), now=clock.now())
    deliver.run_due(now=clock.now(), names=frozenset({calling.MOVED}))
    assert not Job.objects.filter(name=calling.MOVED, state=State.NEEDS).exists()


@pytest.mark.fault("P13")
@pytest.mark.parametrize("kind", ["subscribe", "profile", "campaign", "nonsense", ""])
def test_nobody_is_subscribed_by_what_they_say(reader: Person, kind: str) -> None:
    before = fingerprint()
    assert tell(body(kind)) == 200
    assert fingerprint() == before
    decisions.withdraw(reader, "newsletter", "email", how="account", now=clock.now())
    before = fingerprint()
    for email in (EMAIL, "nobody@example.com"):
        assert tell(body(kind, email=email)) == 200
    assert fingerprint() == before


@pytest.mark.fault("P13")
@pytest.mark.parametrize("secret", [OTHER, SECRET[:-1], SECRET.lower(), "x", "é" * 32, SECRET + "0"])
def test_who_does_not_know_the_secret_changes_nothing(reader: Person, secret: str) -> None:
    before = fingerprint()
    assert tell(body("unsubscribe"), secret) == 404
    assert Client().get(path(secret)).status_code == 404
    assert fingerprint() == before


@pytest.mark.fault("P13")
@pytest.mark.parametrize("secrets", [[], ["short"], ["a" * 64], ["0123456789abcdef"]])
def test_a_secret_that_can_be_guessed_opens_nothing(
    reader: Person, heard: Callable[..., None], secrets: list[str]
) -> None:
    heard(webhook_secrets=secrets)
    before = fingerprint()
    for secret in (*secrets, SECRET):
        assert tell(body("unsubscribe"), secret) == 404
    assert fingerprint() == before


def test_while_a_secret_changes_both_are_heard(reader: Person, heard: Callable[..., None]) -> None:
    heard(webhook_secrets=[OTHER, SECRET])
    assert tell(body("unsubscribe"), OTHER) == tell(body("unsubscribe"), SECRET) == 200
    assert not written_to(reader)


@pytest.mark.parametrize("signing", [[], [SIGNING]])
def test_the_address_answers_when_mailchimp_asks_whether_it_is_there(
    reader: Person, heard: Callable[..., None], signing: list[str]
) -> None:
    heard(signing_secrets=signing)
    client = Client(enforce_csrf_checks=True)
    for answer in (client.get(path()), client.head(path()), client.post(path(), b"", content_type=FORM)):
        assert answer.status_code == 200
        assert SECRET not in f"{answer.content!r}{answer.headers}"
    assert client.put(path()).status_code == 405
    assert written_to(reader)


def sign(told: str, *, at: int | None = None, secret: str = SIGNING) -> str:
    at = int(clock.now().timestamp()) if at is None else at
    mac = hmac.new(secret.encode(), f"{at}.{told}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={mac}"


@pytest.mark.fault("H12")
def test_with_a_signing_secret_a_body_needs_its_signature(reader: Person, heard: Callable[..., None]) -> None:
    heard(signing_secrets=["an older one", SIGNING])
    told, now = body("unsubscribe"), int(clock.now().timestamp())
    before = fingerprint()
    right = sign(told)
    forged = [
        *(
            "",
            "t=,v1=",
            "v1=00",
            "t=1,v1=é",
            "t=" + "9" * 5000 + ",v1=" + "0" * 64,
            f"t={now},v0=" + "0" * 64,
        ),
        *(sign(told + " "), sign(told, secret="another"), right[:-1], right + "0"),
        *(sign(told, at=now - 400), sign(told, at=now + 400), sign(told, at=0)),
    ]
    assert [tell(told, headers={"X-Mailchimp-Signature": one}) for one in forged] == [403] * len(forged)
    assert tell(told) == 403
    assert fingerprint() == before
    assert tell(told, headers={"X-Mailchimp-Signature": right}) == 200
    assert not written_to(reader)


@pytest.mark.fault("R07")
def test_of_an_erased_person_nothing_is_stored_and_our_own_deletion_told_back_changes_nothing(
    reader: Person,
) -> None:
    erase(reader, how="link", now=clock.now())
    before = fingerprint()
    for told in (
        body("unsubscribe", action="delete"),
        body("cleaned", reason="hard"),
        body("profile"),
        body("upemail", email="", old_email=EMAIL, new_email="new@example.com"),
    ):
        assert tell(told) == 200
    assert fingerprint() == before


ODD: list[tuple[bytes, str, int]] = [
    (b"\xff\xfe\x00", FORM, 200),
    (b"data[email]=%00%ff&type=unsubscribe&data[list_id]=" + NEWS.encode(), FORM, 200),
    (
        b"type=unsubscribe&data[email]=" + b"a" * 5_000 + b"@example.com&data[list_id]=" + NEWS.encode(),
        FORM,
        200,
    ),
    (b"type=unsubscribe&data[email]=ada%40example.com&data[list_id]=of-somebody-else", FORM, 200),
    (b"type=unsubscribe&data[email]=ada%40example.com", FORM, 200),
    (b"a=1&" * 2_000, FORM, 400),
    (b"x" * (mailchimp_webhook.LARGEST + 1), FORM, 413),
    (b"{}", "application/json", 200),
    (b"type=unsubscribe", FORM + "; charset=utf-16", 200),
    (b"type=unsubscribe", "multipart/form-data; boundary=x", 200),
    (b'--x\r\nContent-Disposition: form-data; name="type"\r\n\r\nx', "multipart/form-data; boundary=x", 200),
    (b"\x1f\x8b\x08", "application/gzip", 200),
    (b"type=unsubscribe", FORM + "; charset=nonsense", 200),
]


@pytest.mark.fault("H02")
@pytest.mark.parametrize(("told", "kind", "status"), ODD)
def test_an_odd_body_is_no_error_and_changes_nothing(
    reader: Person, told: bytes, kind: str, status: int
) -> None:
    before = fingerprint()
    assert tell(told, content_type=kind) == status
    assert fingerprint() == before


@pytest.mark.fault("H07")
@trying(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    told=st.one_of(
        st.binary(max_size=200),
        st.fixed_dictionaries(
            {
                "type": st.sampled_from(["unsubscribe", "cleaned", "upemail"]),
                "data[list_id]": st.just(NEWS),
                "data[email]": st.text(max_size=60),
                "data[old_email]": st.text(max_size=60),
                "fired_at": st.text(max_size=30),
            }
        ).map(lambda one: urlencode(one, errors="replace").encode()),
    )
)
def test_no_body_whatever_makes_an_error(reader: Person, told: bytes) -> None:
    assert tell(told) in {200, 400}
    assert written_to(reader)


def test_nobody_has_to_log_in_or_bring_a_token() -> None:
    view: Any = mailchimp_webhook.webhook
    assert view.csrf_exempt
    assert view.login_required is False


def test_a_strong_secret_has_128_bits() -> None:
    assert keys.is_strong("0123456789abcdef" * 2)
    assert not keys.is_strong("0123456789abcdef" * 2 + "/")
    assert not keys.is_strong("0123456789abcdef0123456789abcde")
    assert not keys.is_strong("")
