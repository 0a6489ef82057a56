"""What a mail provider tells over HTTP: opt-outs at once, a stop where an address is dead, and never a grant."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.core import mail
from django.test import Client
from django.utils.log import AdminEmailHandler
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd import signals
from django_rgpd.consent import decisions, kinds, rebuild
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import engagement, reported, tracking
from django_rgpd.marketing.models import Engagement
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

from . import providers
from .conftest import fingerprint
from .providers import (
    CLICKED,
    COMPLAINED,
    HARD,
    OPENED,
    SOFT,
    SUBSCRIBED,
    UNSUBSCRIBED,
    News,
    post,
    post_raw,
)

pytest.importorskip("anymail")
pytestmark = pytest.mark.django_db

NEWS, OFFERS = ("newsletter", "email"), ("offers", "email")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAILING = UUID("3a0f3c0e-7a44-4a3a-9d8e-0d9a3a3f7c11")
EVERY = sorted(providers.PROVIDERS)


@pytest.fixture(autouse=True)
def _secrets(settings) -> None:
    """What the shop and its providers have agreed on."""
    settings.ANYMAIL = providers.ANYMAIL


@pytest.fixture
def now() -> datetime:
    """Now, to the second, as providers tell it."""
    return clock.now().replace(microsecond=0)


@pytest.fixture
def make_reader(db: None, now: datetime) -> Callable[..., Person]:
    """Somebody who has had her address for a month, and agreed to two purposes a week ago."""

    def make(email: str = "ada@example.com") -> Person:
        since = now - 30 * DAY
        address = people.prove(people.note("email", email, now=since), how="click", now=since)
        person = Person.objects.get(pk=address.person_id)
        for key in (NEWS, OFFERS):
            decisions.give(person, *key, how="account", now=now - 7 * DAY)
        return person

    return make


@pytest.fixture
def reader(make_reader: Callable[..., Person]) -> Person:
    """Ada, who reads the letters."""
    return make_reader()


def may(person: Person, key: tuple[str, str] = NEWS) -> bool:
    return bool(decisions.may_send(person, *key, now=clock.now()))


@pytest.mark.promise("P12")
@pytest.mark.promise("P19")
@pytest.mark.parametrize("name", EVERY)
def test_a_complaint_stops_all_marketing_by_email(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    assert may(reader)
    assert may(reader, OFFERS)
    assert post(client, name, News(kind=COMPLAINED, at=now - HOUR)).status_code == 200
    assert not may(reader)
    assert not may(reader, OFFERS)
    event = Event.objects.get(kind=kinds.OBJECTED)
    assert (event.purpose, event.channel, event.at, event.how) == (
        "",
        "email",
        now - HOUR,
        f"processor:{name}",
    )


@pytest.mark.promise("P19")
@pytest.mark.parametrize("name", [one for one in EVERY if one != "mailersend"])
def test_leaving_at_the_provider_ends_the_purpose_of_the_mailing(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    told = News(kind=UNSUBSCRIBED, at=now - HOUR, metadata={"rgpd_purpose": "newsletter"})
    assert post(client, name, told).status_code == 200
    assert not may(reader)
    assert may(reader, OFFERS)
    assert Event.objects.get(kind=kinds.WITHDRAWN).at == now - HOUR


@pytest.mark.parametrize("said", [{}, {"rgpd_purpose": "no such"}, {"rgpd_purpose": "accounting"}])
def test_leaving_without_a_purpose_that_there_is_ends_all_of_it(
    client: Client, reader: Person, now: datetime, said: dict[str, str]
) -> None:
    post(client, "postmark", News(kind=UNSUBSCRIBED, at=now - HOUR, metadata=said))
    assert not may(reader)
    assert not may(reader, OFFERS)


@pytest.mark.parametrize("custom", ["[]", '"x"', "null", "7", '{"rgpd_purpose": ["newsletter"], "rgpd": {}}'])
def test_metadata_of_any_shape_is_no_reason_to_go_on_sending(
    client: Client, reader: Person, now: datetime, custom: str
) -> None:
    told = providers.brevo(News(kind=UNSUBSCRIBED, at=now - HOUR)) | {"X-Mailin-custom": custom}
    assert post_raw(client, "brevo", [told]).status_code == 200
    assert not may(reader)


@pytest.mark.fault("P13")
@pytest.mark.parametrize("name", ["postmark", "brevo"])
def test_a_provider_cannot_agree_for_anybody(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    decisions.refuse_all(reader, how="account", now=now - DAY)
    before = fingerprint()
    assert post(client, name, News(kind=SUBSCRIBED, at=now - HOUR)).status_code == 200
    assert fingerprint() == before
    assert not may(reader)


@pytest.mark.fault("P13")
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", [COMPLAINED, UNSUBSCRIBED, CLICKED, HARD])
@pytest.mark.parametrize(
    "forged", [{"secret": ""}, {"secret": "provider:guessed"}, {"key": "a key that somebody guessed"}]
)
def test_a_forged_call_changes_nothing(
    client: Client, reader: Person, now: datetime, name: str, kind: str, forged: dict[str, str]
) -> None:
    if "key" in forged and name in {"postmark", "brevo", "mailjet"}:
        return  # they sign nothing
    before = fingerprint()
    answer = post(client, name, News(kind=kind, at=now - HOUR), **forged)
    assert answer.status_code == 400
    assert fingerprint() == before


@pytest.mark.fault("H01")
@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic cHJvdmlkZXI=", "Bearer x", "Basic \xe9"])
def test_a_broken_secret_is_refused(client: Client, reader: Person, now: datetime, header: str) -> None:
    before = fingerprint()
    body = json.dumps(providers.postmark(News(kind=COMPLAINED, at=now)))
    answer = client.post(
        "/anymail/postmark/tracking/",
        body,
        content_type="application/json",
        headers={"Authorization": header},
    )
    assert answer.status_code == 400
    assert fingerprint() == before


@pytest.mark.fault("H08")
def test_an_old_secret_works_while_it_is_being_changed(client: Client, reader: Person, now, settings) -> None:
    settings.ANYMAIL = {**providers.ANYMAIL, "WEBHOOK_SECRET": ["provider:the new one", providers.SECRET]}
    assert post(client, "postmark", News(kind=COMPLAINED, at=now - HOUR)).status_code == 200
    assert not may(reader)


@pytest.mark.fault("H05")
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", [COMPLAINED, UNSUBSCRIBED, CLICKED])
def test_told_three_times_is_told_once(
    client: Client, reader: Person, now: datetime, name: str, kind: str
) -> None:
    told = News(kind=kind, at=now - HOUR, metadata={"rgpd": str(MAILING)})
    post(client, name, told)
    before = fingerprint()
    assert [post(client, name, told).status_code for _time in range(2)] == [200, 200]
    assert fingerprint() == before


@pytest.mark.fault("H03")
@pytest.mark.parametrize("kind", [COMPLAINED, UNSUBSCRIBED])
@pytest.mark.parametrize("metadata", [{}, {"rgpd_purpose": "newsletter"}])
def test_an_old_call_sent_again_after_a_fresh_agreement_changes_nothing(
    client: Client, reader: Person, now: datetime, kind: str, metadata: dict[str, str]
) -> None:
    told = News(kind=kind, at=now - DAY, metadata=metadata)
    post(client, "mailgun", told)
    decisions.confirm(reader, *NEWS, how="double_optin", now=now - HOUR)
    assert may(reader)
    before = fingerprint()
    assert post(client, "mailgun", told).status_code == 200
    assert fingerprint() == before
    assert may(reader)


def test_an_opt_out_that_arrives_after_the_agreement_that_followed_it_loses(
    client: Client, reader: Person, now: datetime
) -> None:
    decisions.confirm(reader, *NEWS, how="double_optin", now=now - HOUR)
    post(client, "postmark", News(kind=COMPLAINED, at=now - 2 * HOUR))
    assert may(reader)
    assert not may(reader, OFFERS)
    assert not list(rebuild.compare())


@pytest.mark.parametrize("at", [None, datetime(2999, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, 1, tzinfo=UTC)])
def test_an_opt_out_of_no_usable_time_counts_from_now(
    client: Client, reader: Person, at: datetime | None
) -> None:
    post(client, "postmark", News(kind=COMPLAINED, at=at))
    assert not may(reader)
    event = Event.objects.get(kind=kinds.OBJECTED)
    assert clock.now() - timedelta(minutes=1) < event.at <= clock.now()


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_arrival_does_not_matter(
    client: Client, reader: Person, now: datetime, reverse: bool
) -> None:
    told = [
        News(kind=CLICKED, at=now - 3 * HOUR),
        News(kind=UNSUBSCRIBED, at=now - 2 * HOUR, metadata={"rgpd_purpose": "newsletter"}),
        News(kind=COMPLAINED, at=now - HOUR),
    ]
    for one in reversed(told) if reverse else told:
        post(client, "postmark", one)
    assert not may(reader)
    assert not may(reader, OFFERS)
    assert Person.objects.get(pk=reader.pk).last_contact == now - 3 * HOUR
    assert not Engagement.objects.exists()
    assert not list(rebuild.compare())


@pytest.mark.fault("H07")
@pytest.mark.parametrize("kind", [COMPLAINED, UNSUBSCRIBED, HARD, SOFT, CLICKED, OPENED])
@pytest.mark.parametrize(
    "email",
    [
        None,
        "",
        "nobody@example.com",
        "ada@",
        "ad\x00a@example.com",
        "\ud800@example.com",
        "a" * 10_000 + "@example.com",
        "<ada@example.com>",
        ["ada@example.com"],
        {"email": "ada@example.com"},
        7,
        True,
    ],
)
def test_an_event_about_nobody_is_answered_and_changes_nothing(
    client: Client, reader: Person, now: datetime, kind: str, email: object
) -> None:
    before = fingerprint()
    assert post(client, "postmark", News(kind=kind, email=email, at=now - HOUR)).status_code == 200
    assert fingerprint() == before


_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.fault("H07")
@given(
    values=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ["event_type", "timestamp", "recipient", "metadata", "reject_reason", "esp_event"], _anything
        ),
    ),
    kind=st.sampled_from(
        ["complained", "unsubscribed", "bounced", "rejected", "clicked", "opened", "subscribed"]
    ),
)
def test_an_event_of_any_shape_raises_nothing_and_stores_nothing(values, kind) -> None:
    event = type("Event", (), {"event_type": kind, **values})()
    tracking.hear(event=event, esp_name="Postmark")
    assert not Event.objects.exists()
    assert not Person.objects.exists()


@pytest.mark.fault("R08")
@pytest.mark.parametrize("kind", [SUBSCRIBED, COMPLAINED, UNSUBSCRIBED, HARD, CLICKED, OPENED])
def test_nothing_of_an_erased_person_is_stored_again(
    client: Client, reader: Person, now: datetime, kind: str
) -> None:
    post(client, "postmark", News(kind=CLICKED, at=now - DAY))
    assert Engagement.objects.count() == 1
    erase(reader, how="link", now=clock.now())
    assert not Engagement.objects.exists()
    before = fingerprint()
    assert post(client, "postmark", News(kind=kind, at=now - HOUR)).status_code == 200
    assert fingerprint() == before


@pytest.mark.fault("R08")
def test_what_an_erased_person_did_is_not_her_successors(
    client: Client, reader: Person, make_reader: Callable, now: datetime
) -> None:
    erase(reader, how="link", now=now - 2 * DAY)
    successor = people.note("email", "ada@example.com", now=now - DAY).person
    before = fingerprint()
    post(client, "postmark", News(kind=CLICKED, at=now - 3 * DAY))
    assert fingerprint() == before
    assert Person.objects.get(pk=successor.pk).last_contact is None


def test_a_batch_goes_on_after_an_event_about_nobody(
    client: Client, make_reader: Callable, now: datetime
) -> None:
    ada, bob = make_reader("ada@example.com"), make_reader("bob@example.com")
    answer = post(
        client,
        "mailjet",
        News(kind=COMPLAINED, email="ada@example.com", at=now - HOUR),
        News(kind=COMPLAINED, email="no address", at=now - HOUR),
        News(kind=CLICKED, email="nobody@example.com", at=now - HOUR),
        News(kind=COMPLAINED, email="bob@example.com", at=now - HOUR),
    )
    assert answer.status_code == 200
    assert not may(ada)
    assert not may(bob)


@pytest.mark.fault("H11")
def test_a_batch_in_which_something_fails_is_sent_again_and_then_done_once(
    client: Client, make_reader: Callable, now: datetime, caplog: pytest.LogCaptureFixture
) -> None:
    """The shop's own receiver fails for one event: the provider hears of it, and sends the whole batch again."""
    ada, bob, eve = (make_reader(f"{name}@example.com") for name in ("ada", "bob", "eve"))
    batch = [
        News(kind=COMPLAINED, email=f"{name}@example.com", at=now - HOUR) for name in ("ada", "bob", "eve")
    ]
    failing = [bob.uuid]

    def refuse(*, person: UUID, **_: object) -> None:
        if person in failing:
            raise RuntimeError

    signals.consent_changed.connect(refuse)
    client.raise_request_exception = False
    try:
        assert post(client, "mailjet", *batch).status_code == 500
        assert [may(one) for one in (ada, bob, eve)] == [False, True, True]
        failing.clear()
        assert post(client, "mailjet", *batch).status_code == 200
    finally:
        signals.consent_changed.disconnect(refuse)
    assert [may(one) for one in (ada, bob, eve)] == [False, False, False]
    assert Event.objects.filter(kind=kinds.OBJECTED).count() == 3


@pytest.fixture
def _told_to_admins(settings) -> Iterator[None]:
    """Errors are mailed to the shop's admins, with every variable that Django would show."""
    settings.ADMINS = [("Admin", "admin@example.com")]
    handler, log = AdminEmailHandler(include_html=True), logging.getLogger("django.request")
    log.addHandler(handler)
    yield
    log.removeHandler(handler)


def _refuse(**_: object) -> None:
    raise RuntimeError


@pytest.mark.fault("G01")
@pytest.mark.usefixtures("_told_to_admins")
@pytest.mark.parametrize("fails", [False, True])
def test_no_address_and_no_link_is_logged_mailed_or_kept(
    client: Client, reader: Person, now: datetime, caplog: pytest.LogCaptureFixture, fails: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    client.raise_request_exception = False
    for signal in (signals.consent_changed, signals.contacted) if fails else ():
        signal.connect(_refuse)
    try:
        for kind in (COMPLAINED, UNSUBSCRIBED, SOFT, CLICKED, OPENED):
            post(client, "postmark", News(kind=kind, at=now - HOUR, metadata={"rgpd": str(MAILING)}))
            post(client, "mailgun", News(kind=kind, at=now - HOUR))
            post(client, "postmark", News(kind=kind, at=now - HOUR), secret="")
    finally:
        for signal in (signals.consent_changed, signals.contacted):
            signal.disconnect(_refuse)
    assert mail.outbox  # admins hear of forged calls, too
    said = [caplog.text, *(str(one.body) for one in mail.outbox)]
    said += [str(part) for one in mail.outbox for part in one.alternatives]
    said += map(str, Job.objects.values_list("payload", flat=True))
    said += map(str, Event.objects.values_list("payload", flat=True))
    said += map(str, Engagement.objects.values())
    for text in said:
        for secret in ("ada@example.com", "canary", "/en/orders"):
            assert secret not in text


@pytest.mark.promise("P15")
@pytest.mark.parametrize("name", EVERY)
def test_a_click_is_a_contact_at_its_own_time(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    post(client, name, News(kind=CLICKED, at=now - HOUR, metadata={"rgpd": str(MAILING)}))
    assert Person.objects.get(pk=reader.pk).last_contact == now - HOUR
    row = Engagement.objects.values().get()
    del row["id"]
    mailing = None if name == "mailersend" else MAILING
    assert row == {"site": 1, "person": reader.uuid, "mailing": mailing, "kind": "clicked", "at": now - HOUR}


@pytest.mark.promise("P15")
@pytest.mark.parametrize("name", EVERY)
def test_an_opening_is_no_contact_and_is_not_kept_without_consent(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    before = fingerprint()
    post(client, name, News(kind=OPENED, at=now - HOUR))
    assert fingerprint() == before


def test_an_opening_is_kept_while_she_agrees_to_it_and_is_no_contact(
    client: Client, reader: Person, now: datetime
) -> None:
    decisions.give(reader, "openings", "", how="account", now=now - 2 * HOUR)
    contact = Person.objects.get(pk=reader.pk).last_contact
    post(client, "postmark", News(kind=OPENED, at=now - 3 * HOUR))  # before she agreed
    post(client, "postmark", News(kind=OPENED, at=now - HOUR))
    assert list(Engagement.objects.values_list("kind", "at")) == [("opened", now - HOUR)]
    assert Person.objects.get(pk=reader.pk).last_contact == contact
    decisions.withdraw(reader, "openings", "", how="account", now=now)
    post(client, "postmark", News(kind=OPENED, at=now - HOUR + timedelta(minutes=1)))
    assert Engagement.objects.count() == 1  # which the night takes


def test_no_opening_is_kept_where_the_shop_names_no_purpose(
    client: Client, reader: Person, now: datetime, settings
) -> None:
    decisions.give(reader, "openings", "", how="account", now=now - 2 * HOUR)
    settings.RGPD = {**settings.RGPD, "OPEN_TRACKING": ""}
    post(client, "postmark", News(kind=OPENED, at=now - HOUR))
    assert not Engagement.objects.exists()


@pytest.mark.parametrize("at", [None, datetime(1971, 1, 1, tzinfo=UTC)])
def test_a_click_without_its_time_lengthens_no_term(
    client: Client, reader: Person, at: datetime | None
) -> None:
    before = fingerprint()
    assert post(client, "postmark", News(kind=CLICKED, at=at)).status_code == 200
    assert fingerprint() == before


def test_a_click_of_tomorrow_is_one_of_now(client: Client, reader: Person, now: datetime) -> None:
    post(client, "postmark", News(kind=CLICKED, at=now + DAY))
    contact = Person.objects.get(pk=reader.pk).last_contact
    assert contact is not None
    assert now - timedelta(minutes=1) < contact <= clock.now()


def test_who_objects_to_all_marketing_has_no_clicks_any_more(
    client: Client, reader: Person, now: datetime
) -> None:
    post(client, "postmark", News(kind=CLICKED, at=now - DAY))
    decisions.object_to(reader, *NEWS, how="account", now=now - 2 * HOUR)
    assert Engagement.objects.count() == 1
    decisions.refuse_all(reader, how="account", now=now - HOUR)
    assert not Engagement.objects.exists()
    post(client, "postmark", News(kind=CLICKED, at=now))
    assert not Engagement.objects.exists()
    assert Person.objects.get(pk=reader.pk).last_contact == now


@pytest.mark.promise("P19")
@pytest.mark.parametrize("name", EVERY)
def test_a_dead_address_gets_no_mail_and_keeps_its_consents(
    client: Client, reader: Person, now: datetime, name: str
) -> None:
    assert post(client, name, News(kind=HARD, at=now - HOUR)).status_code == 200
    assert not may(reader)
    assert ConsentState.objects.filter(live=True).count() == 2
    assert reader.addresses.get().unreachable_at == now - HOUR
    before = fingerprint()
    post(client, name, News(kind=HARD, at=now - HOUR))
    assert fingerprint() == before


@pytest.mark.parametrize("name", EVERY)
def test_a_full_mailbox_stops_nobody(client: Client, reader: Person, now: datetime, name: str) -> None:
    before = fingerprint()
    assert post(client, name, News(kind=SOFT, at=now - HOUR)).status_code == 200
    assert fingerprint() == before
    assert may(reader)


def test_a_fresh_proof_lets_mail_through_and_the_old_bounce_does_not_stop_it_again(
    client: Client, reader: Person, now: datetime
) -> None:
    bounce = News(kind=HARD, at=now - 2 * HOUR)
    post(client, "postmark", bounce)
    people.prove(reader.addresses.get(), how="click", now=now - HOUR)
    assert may(reader)
    before = fingerprint()
    post(client, "postmark", bounce)
    assert fingerprint() == before
    post(client, "postmark", News(kind=HARD, at=now - HOUR / 2))
    assert not may(reader)


def test_a_shop_without_a_provider_stops_a_dead_address(reader: Person, now: datetime) -> None:
    assert reported.bounced("ada@example.com", now=now)
    assert not may(reader)
    assert not reported.bounced("nobody@example.com", now=now)


def test_a_former_address_still_says_stop(client: Client, reader: Person, now: datetime) -> None:
    entry = people.note("email", "ada@example.org", person=reader, now=now - 3 * DAY)
    people.prove(entry, how="click", now=now - 3 * DAY)
    reader.addresses.filter(canonical="ada@example.com").update(until=now - 3 * DAY)
    assert may(reader)
    post(client, "postmark", News(kind=COMPLAINED, at=now - HOUR))
    assert not may(reader)


def test_a_shop_without_a_provider_records_the_same(reader: Person, now: datetime) -> None:
    assert reported.complained("Ada@Example.com ", source="our mailbox", now=now)
    assert not may(reader)
    assert Event.objects.get(kind=kinds.OBJECTED).how == "processor:our-mailbox"
    assert not reported.complained("nobody@example.com", source="our mailbox", now=now)
    with pytest.raises(ValueError, match="email address"):
        reported.unsubscribed("no address", source="our mailbox", now=now)


def test_a_mail_says_what_it_is_about_and_nothing_of_the_reader(
    reader: Person, now: datetime, delivered: Callable, settings, tmp_path
) -> None:
    from example_shop.newsletter.letter import send_letter

    settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    send_letter([reader], now=now)
    (message,) = delivered()
    job = Job.objects.get(name="marketing.mail")
    assert message.anymail_test_params["metadata"] == {"rgpd": str(job.uuid), "rgpd_purpose": "newsletter"}


@pytest.mark.parametrize("backend", ["mailersend", "postal"])
def test_a_provider_that_carries_no_metadata_gets_none(settings, backend: str) -> None:
    from django.core.mail import EmailMessage

    from django_rgpd.marketing import labels

    settings.RGPD = {**settings.RGPD, "MAIL_BACKEND": f"anymail.backends.{backend}.EmailBackend"}
    message = EmailMessage()
    labels.label(message, purpose="newsletter", mailing=uuid4())
    assert not hasattr(message, "metadata")


@pytest.mark.django_db(transaction=True)
def test_it_works_over_http(live_server, reader: Person, now: datetime) -> None:
    import requests

    body = providers.postmark(News(kind=COMPLAINED, at=now - HOUR))
    url = f"{live_server.url}/anymail/postmark/tracking/"
    assert requests.post(url, json=body, timeout=10).status_code == 400
    assert may(reader)
    user, password = providers.SECRET.split(":")
    assert requests.post(url, json=body, auth=(user, password), timeout=10).status_code == 200
    assert not may(reader)


@pytest.mark.parametrize("body", ["{", "[]", "null", "", "\x00", "[" * 10_000])
def test_a_stranger_gets_no_further_with_a_body_that_cannot_be_read_than_with_one_that_can(
    client: Client, reader: Person, settings, body: str
) -> None:
    settings.ANYMAIL = providers.ANYMAIL
    before = fingerprint()
    answer = client.post("/anymail/postmark/tracking/", body, content_type="application/json")
    assert answer.status_code == 400
    assert fingerprint() == before


def test_a_report_costs_as_many_queries_however_many_people_there_are(
    make_reader: Callable, now: datetime, django_assert_max_num_queries
) -> None:
    for number in range(5):
        make_reader(f"reader{number}@example.com")
    with django_assert_max_num_queries(14):
        engagement.clicked("reader3@example.com", at=now - HOUR, now=now, mailing=MAILING)
    assert ConsentState.objects.filter(live=True).count() == 10
