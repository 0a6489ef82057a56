"""Stripe's webhooks: signed, of now, once, whatever order; nothing of anybody is kept, and nothing is ever a 500."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import stripe
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import reverse

from django_rgpd import signals
from django_rgpd.core import clock
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import heard
from django_rgpd.processors.models import Heard

SECRET, OLDER = "whsec_one", "whsec_two"
ADDRESS = "elodie.emond@example.com"
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.deleted",
    "livemode": False,
    "data": {"object": {"id": "cus_1", "object": "customer", "email": ADDRESS, "name": "Élodie Émond"}},
}

Post = Callable[..., Any]


@pytest.fixture
def post(roads: Any) -> Post:
    """Send a body as Stripe would: signed with ``secret`` at ``at`` seconds from now, or with another header."""
    roads(
        stripe={
            "class": "django_rgpd.processors.stripe.Stripe",
            "api_key": "sk_test_x",
            "webhook_secrets": (SECRET, OLDER),
        }
    )

    def send(body: Any = EVENT, *, secret: str = SECRET, at: int = 0, header: str | None = None) -> Any:
        raw = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        if header is None:
            text, when = raw.decode("utf-8", "replace"), int(clock.now().timestamp()) + at
            header = stripe.WebhookSignature.generate_signature_header(text, secret, when)
        client = Client(enforce_csrf_checks=True, raise_request_exception=True)
        url = reverse("django_rgpd:stripe_webhook")
        return client.post(url, raw, content_type="application/json", headers={"Stripe-Signature": header})

    return send


@pytest.fixture
def news() -> Iterator[list[dict[str, Any]]]:
    """What the signal told."""
    told: list[dict[str, Any]] = []

    def hear(**named: Any) -> None:
        told.append({name: named[name] for name in ("processor", "event", "kind", "about")})

    signals.processor_news.connect(hear)
    yield told
    signals.processor_news.disconnect(hear)


def work() -> None:
    deliver.run_due(now=clock.now(), names=frozenset({heard.NEWS}))


def test_an_event_is_heard_and_passed_on(post: Post, db: None, news: list[dict[str, Any]]) -> None:
    assert post().status_code == 200
    assert Heard.objects.values_list("processor", "event", "kind").get() == (
        "stripe",
        "evt_1",
        "customer.deleted",
    )
    work()
    assert news == [{"processor": "stripe", "event": "evt_1", "kind": "customer.deleted", "about": "cus_1"}]


def test_nothing_of_the_person_is_kept(post: Post, db: None, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    post({**EVENT, "type": "customer.updated"})
    for model in apps.get_app_config("django_rgpd").get_models():
        kept = str(list(model._base_manager.values()))
        assert [word for word in ("elodie", "lodie", ADDRESS) if word in kept] == []
    assert "elodie" not in caplog.text
    work()
    job = Job.objects.get()
    assert (job.state, job.payload) == (State.DONE, {})
    assert "cus_1" not in str(list(Heard.objects.values()))


@pytest.mark.fault("H05")
def test_a_duplicate_is_heard_once(post: Post, db: None, news: list[dict[str, Any]]) -> None:
    assert [post().status_code for _again in range(3)] == [200, 200, 200]
    work()
    assert len(news) == 1


def test_order_does_not_matter(post: Post, db: None, news: list[dict[str, Any]]) -> None:
    post({**EVENT, "id": "evt_2"})
    post({**EVENT, "id": "evt_1", "type": "customer.created", "created": 1})
    work()
    assert {one["event"] for one in news} == {"evt_1", "evt_2"}


@pytest.mark.fault("H11")
def test_a_receiver_that_fails_is_called_again(post: Post, db: None) -> None:
    told: list[str] = []

    def fails_once(event: str, **_named: object) -> None:
        told.append(event)
        if len(told) == 1:
            raise RuntimeError

    signals.processor_news.connect(fails_once)
    try:
        assert post().status_code == 200
        work()
        job = Job.objects.get()
        assert job.state == State.WAITING
        deliver.run_due(now=job.run_at)
    finally:
        signals.processor_news.disconnect(fails_once)
    assert told == ["evt_1", "evt_1"]


@pytest.mark.fault("H08")
def test_either_secret_is_taken_while_one_replaces_the_other(post: Post, db: None) -> None:
    assert post(secret=OLDER).status_code == 200
    assert post({**EVENT, "id": "evt_2"}, secret="whsec_three").status_code == 400
    assert Heard.objects.count() == 1


@pytest.mark.fault("H01")
@pytest.mark.parametrize(
    "header",
    [
        *("", "x", "t=", "t=1", "v1=", "t=x,v1=y", "=", ",,,", "t=1,t=2,v1=x", "t=9" + "9" * 40 + ",v1=x"),
        *("t={now}", "t={now},v1=", "t={now},v0=abc", "t={now},v1=" + "0" * 64, "t={now}," + "v1=0," * 1_000),
        *("t={now},v1=é", "t=١٢٣,v1=0", "t={now},v1=\x00"),
    ],
)
def test_what_is_not_signed_is_refused(post: Post, db: None, header: str) -> None:
    assert post(header=header.replace("{now}", str(int(time.time())))).status_code == 400
    assert not Heard.objects.exists()


@pytest.mark.fault("H03")
@pytest.mark.parametrize(("at", "status"), [(-400, 400), (400, 400), (-200, 200), (200, 200)])
def test_a_signature_is_of_now(post: Post, db: None, at: int, status: int) -> None:
    assert post(at=at).status_code == status
    assert Heard.objects.exists() == (status == 200)


@pytest.mark.fault("H02")
@pytest.mark.parametrize(
    ("body", "status"), [(b"", 200), (b"\xff\xfe", 400), (b" " * (513 * 1024), 413), (b" " * 3_000_000, 413)]
)
def test_a_body_that_cannot_be_read(post: Post, db: None, body: bytes, status: int) -> None:
    assert post(body).status_code == status
    assert not Heard.objects.exists()


@pytest.mark.fault("H12")
def test_the_raw_body_is_what_was_signed(post: Post, db: None) -> None:
    spaced = json.dumps(EVENT, indent=3, ensure_ascii=False).encode() + b"\n\n"
    assert post(spaced).status_code == 200
    assert Heard.objects.count() == 1


@pytest.mark.fault("H07")
@pytest.mark.parametrize(
    "body",
    [
        *(b"[]", b"null", b'"x"', b"{}", b"1", b"NaN", b"{", b"\xef\xbb\xbf{}"),
        *(b"[" * 200_000, b'{"id": ' + b"9" * 5_000 + b"}", b'{"id": 1e999, "type": "x"}'),
        *(b'{"id": "evt_\\u0000", "type": "x"}', b'{"id": "evt_\\ud800", "type": "x"}'),
        *(b'{"id": "evt_1", "type": "\\u0000"}', b'{"id": "evt_1"}', b'{"id": ["evt_1"], "type": "x"}'),
        b'{"id": "' + b"e" * 400 + b'", "type": "x"}',
    ],
)
def test_what_is_signed_and_no_event_is_ignored(
    post: Post, db: None, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert post(body).status_code == 200
    assert not Heard.objects.exists()
    assert not Job.objects.exists()
    assert "no event" in caplog.text


@pytest.mark.fault("H07")
@pytest.mark.parametrize(
    "data",
    [
        *(None, [], "x", {}, {"object": None}, {"object": []}),
        {"object": {"id": "\x00"}},
        {"object": {"id": 7}},
    ],
)
def test_an_event_about_something_odd_is_heard_without_it(
    post: Post, db: None, data: object, news: list[dict[str, Any]]
) -> None:
    assert post({**EVENT, "data": data}).status_code == 200
    work()
    assert [one["about"] for one in news] == [""]


@pytest.mark.fault("H09")
def test_an_event_of_the_other_mode_is_ignored_and_said(
    post: Post, db: None, caplog: pytest.LogCaptureFixture
) -> None:
    assert post({**EVENT, "livemode": True}).status_code == 200
    assert not Heard.objects.exists()
    assert "live mode" in caplog.text


def test_only_post_is_taken_and_no_cookie_or_login_is_needed(post: Post, db: None, settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    answer = post()
    assert (answer.status_code, dict(answer.cookies)) == (200, {})
    assert Client().get(reverse("django_rgpd:stripe_webhook")).status_code == 405


def test_there_is_no_door_without_a_secret(post: Post, db: None, roads: Any) -> None:
    roads(stripe={"class": "django_rgpd.processors.stripe.Stripe", "api_key": "sk_test_x"})
    assert post().status_code == 404


def test_numbers_go_after_sixty_days(db: None) -> None:
    now = clock.now()
    for event, days in (("evt_1", 61), ("evt_2", 59)):
        Heard.objects.create(processor="stripe", event=event, kind="x", at=now - timedelta(days=days))
    heard.forget(now=now)
    assert list(Heard.objects.values_list("event", flat=True)) == ["evt_2"]


@pytest.mark.fault("H05")
@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one(post: Post) -> None:
    barrier, answers = Barrier(4), []

    def send() -> None:
        barrier.wait()
        answers.append(post().status_code)
        connection.close()

    threads = [Thread(target=send) for _number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [200] * 4
    assert Heard.objects.count() == Job.objects.filter(name=heard.NEWS).count() == 1
