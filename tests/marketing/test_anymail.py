"""Marketing by anymail: its batches, and its real clients against a provider on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from django_rgpd.consent import decisions
from django_rgpd.core.errors import Misconfigured
from django_rgpd.marketing import classes, letters, links, send
from django_rgpd.marketing.backend import EmailBackend
from django_rgpd.registry.models import Person

from . import esp as providers

anymail = pytest.importorskip("anymail")
from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused  # noqa: E402
from anymail.message import AnymailRecipientStatus  # noqa: E402

pytestmark = pytest.mark.django_db
NEWS = ("newsletter", "email")
ESPS = ("postmark", "brevo", "mailjet", "mailgun")
PLACEHOLDERS = {"brevo": "{{ params.unsubscribe_url }}", "mailgun": "%recipient.unsubscribe_url%"}
Subscribe = Callable[[str], Person]


@pytest.fixture
def esp(settings) -> Iterator[providers.Esp]:
    with providers.running() as found:
        settings.ANYMAIL = found.settings()
        yield found


@pytest.fixture
def by(asking: Callable[..., None], settings) -> Callable[..., None]:
    """Send by one of anymail's backends."""

    def wrap(name: str, **more: object) -> None:
        settings.ANYMAIL = getattr(settings, "ANYMAIL", {})
        asking(f"anymail.backends.{name}.EmailBackend", **more)

    return wrap


@pytest.fixture
def readers(subscribe: Subscribe) -> dict[str, Person]:
    emails = ["ada@example.com", "bea@example.com", "cyd@example.com"]
    return {email: subscribe(email) for email in emails}


def letter(
    *to: str, body: str = "Lanterns.", html: str = "<p>Lanterns.</p>", **more: object
) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives("Lanterns", body, to=list(to))
    if html:
        message.attach_alternative(html, "text/html")
    for name, value in more.items():
        setattr(message, name, value)
    return classes.marketing(message, "newsletter", template_shows_link="template_id" in more)


def way_out(person: Person) -> dict[str, str]:
    """The headers of one click, exactly."""
    url = links.unsubscribe_url(person.uuid, *NEWS)
    return {
        "List-Unsubscribe": f"<{url}>, <mailto:privacy@example.com?subject=unsubscribe%20newsletter>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "<newsletter.email.127.0.0.1>",
    }


def ways_out(esp: providers.Esp) -> dict[str, dict[str, str]]:
    """Those headers that the provider got for each reader; some carry metadata in another one."""
    return {
        email: {name: text for name, text in headers.items() if name.startswith("List-")}
        for email, headers in esp.headers().items()
    }


@pytest.mark.promise("P11")
@pytest.mark.fault("L12")
@pytest.mark.parametrize("name", [*ESPS, "scaleway"])
def test_each_reader_of_an_ordinary_mail_gets_her_own_headers(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], name: str
) -> None:
    by(name)
    assert letter(*readers, "stranger@example.com").send() == 3
    assert len(esp.kept) == 3  # no provider could put a link of her own into this text
    assert ways_out(esp) == {email: way_out(person) for email, person in readers.items()}
    for email, person in readers.items():
        (own,) = [str(content) for _path, content in esp.kept if email in str(content)]
        assert own.count(links.unsubscribe_url(person.uuid, *NEWS)) == 3  # header, text and HTML


@pytest.mark.promise("P11")
@pytest.mark.fault("L12")
@pytest.mark.parametrize("name", ESPS)
def test_a_template_at_the_provider_is_one_batch_with_each_readers_headers(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], name: str
) -> None:
    by(name)
    message = letter(
        "Ada <ADA@example.com>", "bea@example.com", "cyd@example.com", "stranger@example.com",
        body="", html="", template_id="7",
        merge_data={"ADA@example.com": {"name": "Ada"}, "stranger@example.com": {"name": "Eve Nobody"}},
        merge_headers={"bea@example.com": {"list-unsubscribe": "<https://elsewhere.invalid/>"}},
        extra_headers={"List-Unsubscribe": "<https://elsewhere.invalid/>"},
    )  # fmt: skip
    message.subject = ""
    assert message.send() == 3
    ((_path, content),) = esp.kept
    assert ways_out(esp) == {email: way_out(person) for email, person in readers.items()}
    for person in readers.values():
        assert links.preferences_url(person.uuid) in str(content)
    assert "elsewhere" not in str(content)
    assert "stranger" not in str(content)
    assert "Eve Nobody" not in str(content)
    assert message.anymail_status.recipients.keys() == readers.keys()


@pytest.mark.fault("M07")
@pytest.mark.parametrize("name", ESPS)
@pytest.mark.parametrize("copied", ["To", "cc", "BCC"])
def test_a_batch_whose_own_headers_name_another_reader_is_refused(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], name: str, copied: str
) -> None:
    by(name)
    own = {"bea@example.com": {"X-Shop": "1"}, "cyd@example.com": {copied: "spy@example.com"}}
    message = letter(*readers, body="", html="", template_id="7", merge_headers=own)
    with pytest.raises(Misconfigured, match="merge_headers") as refused:
        message.send()
    assert esp.kept == []
    assert "example.com" not in str(refused.value)
    message.merge_headers = {"bea@example.com": {"X-Shop": "1"}}
    assert message.send() == 3


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_a_text_with_the_providers_placeholder_is_one_batch(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], name: str
) -> None:
    by(name)
    here = PLACEHOLDERS[name]
    assert letter(*readers, body=f"Stop: {here}", html=f'<a href="{here}">Stop</a>').send() == 3
    assert len(esp.kept) == 1
    assert ways_out(esp) == {email: way_out(person) for email, person in readers.items()}
    assert letter(*readers, body=f"Stop: {here}", html="<p>Lanterns.</p>").send() == 3
    assert len(esp.kept) == 4  # the HTML shows nothing: one each, with a footer


@pytest.mark.parametrize("name", ["mailgun", "brevo"])
def test_a_batch_of_one_is_a_batch(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], name: str
) -> None:
    by(name)
    assert letter("ada@example.com", body="", html="", template_id="7").send() == 1
    assert esp.headers() == {"ada@example.com": way_out(readers["ada@example.com"])}


def test_an_international_address_finds_its_own_headers(
    esp: providers.Esp, by: Callable, subscribe: Subscribe
) -> None:
    person = subscribe("ada@bücher.example")
    for name in ESPS:
        by(name)
        esp.kept.clear()
        assert letter("Ada <Ada@bücher.example>", body="", html="", template_id="7").send() == 1
        assert esp.headers() == {"ada@xn--bcher-kva.example": way_out(person)}


def test_a_template_that_nobody_vouches_for_is_refused(by: Callable, readers: dict[str, Person]) -> None:
    by("test")
    message = letter(*readers, body="", html="")
    message.template_id = "7"
    with pytest.raises(Misconfigured, match="unsubscribe_url"):
        message.send()
    assert mail.outbox == []


@pytest.mark.parametrize(
    "defaults",
    [
        {"bcc": ["archive@example.com"]},
        {"extra_headers": {"X-Shop": "1", "bcc": "archive@example.com"}},
        {"send_at": 1_900_000_000},
    ],
)
def test_defaults_that_add_copies_or_a_delay_let_no_marketing_out(
    by: Callable, readers: dict[str, Person], settings, defaults: dict[str, object]
) -> None:
    settings.ANYMAIL = {"SEND_DEFAULTS": defaults}
    by("test")
    with pytest.raises(Misconfigured, match="SEND_DEFAULTS"):
        letter(*readers).send()
    assert mail.outbox == []


def test_batches_are_of_fifty(by: Callable, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "SIZE", 2)
    by("test")
    emails = [f"p{number}@example.com" for number in range(5)]
    for email in emails:
        subscribe(email)
    message = letter(*emails, body="", html="", template_id="7", merge_metadata={emails[0]: {"n": 1}})
    assert message.send() == 5
    params = [made.anymail_test_params for made in mail.outbox]
    assert [len(one["to"]) for one in params] == [2, 2, 1]
    assert all(one["is_batch_send"] for one in params)
    assert [one.get("merge_metadata") for one in params] == [{emails[0]: {"n": 1}}, None, None]
    for one in params:
        addresses = {to.addr_spec for to in one["to"]}
        assert set(one["merge_headers"]) == set(one["merge_data"]) == addresses


@pytest.mark.parametrize("fails", [401, 422, 429, 500, "reset", "html", "hang"])
@pytest.mark.parametrize("name", ESPS)
def test_a_provider_that_fails_is_heard_of_and_nothing_counts_as_sent(
    esp: providers.Esp, by: Callable, readers: dict[str, Person], settings, name: str, fails: object
) -> None:
    settings.ANYMAIL = {**settings.ANYMAIL, "REQUESTS_TIMEOUT": 0.3}
    by(name)
    esp.fails = fails
    message = letter(*readers)
    with pytest.raises(AnymailError):
        message.send()
    assert classes.outcome(message).sent == 0
    esp.fails = None
    settings.ANYMAIL = esp.settings()
    assert message.send() == 3


def test_a_reader_whom_the_provider_refuses_is_in_nobodys_way(
    by: Callable, readers: dict[str, Person], monkeypatch: pytest.MonkeyPatch
) -> None:
    from anymail.backends import test

    def answer(self: object, response: object, payload: object, message: object) -> object:
        status = "rejected" if "bea" in message.to[0] else "sent"
        return {email: AnymailRecipientStatus("1", status) for email in payload.recipient_emails}

    monkeypatch.setattr(test.EmailBackend, "parse_recipient_status", answer)
    by("test")
    message = letter(*readers)
    assert message.send() == 2
    assert classes.outcome(message).dropped == {"not_accepted": 1}
    assert message.anymail_status.recipients["bea@example.com"].status == "rejected"
    with pytest.raises(AnymailRecipientsRefused):
        letter("bea@example.com").send()


def test_those_of_a_batch_whom_the_provider_refuses_are_counted(
    by: Callable, readers: dict[str, Person]
) -> None:
    by("test")
    message = letter(*readers, body="", html="", template_id="7")
    statuses = {"ada@example.com": "queued", "bea@example.com": "rejected", "cyd@example.com": "failed"}
    told = {email: AnymailRecipientStatus("1", status) for email, status in statuses.items()}
    message.anymail_test_response = {"recipient_status": told}
    assert message.send() == 1
    assert classes.outcome(message).dropped == {"not_accepted": 2}
    assert message.anymail_status.recipients == told


def test_an_error_of_the_provider_is_silent_where_it_was_asked_to_be(
    by: Callable, readers: dict[str, Person]
) -> None:
    by("test")
    message = letter("ada@example.com")
    message.anymail_test_response = AnymailAPIError("no")
    with pytest.warns(DeprecationWarning, match="fail_silently"):
        assert EmailBackend(fail_silently=True).send_messages([message]) == 0


@pytest.mark.parametrize("set_by_shop", [True, None])
def test_opens_are_not_tracked(by: Callable, readers: dict[str, Person], set_by_shop: bool | None) -> None:
    by("test")
    more = {} if set_by_shop is None else {"track_opens": set_by_shop}
    letter("ada@example.com", track_clicks=True, **more).send()
    params = mail.outbox[0].anymail_test_params
    assert (params["track_opens"], params["track_clicks"]) == (False, True)


def test_opens_are_tracked_of_those_alone_who_agreed(by: Callable, readers: dict[str, Person], now) -> None:
    from django_rgpd.core import clock

    by("test", OPEN_TRACKING="reviews")
    ada, bea = readers["ada@example.com"], readers["bea@example.com"]
    for person in (ada, bea):
        decisions.give(person, "reviews", "", how="account", now=clock.now())
    decisions.withdraw(bea, "reviews", "", how="account", now=clock.now())
    letter(*readers, track_opens=True).send()
    letter(*readers, body="", html="", template_id="7", track_opens=True).send()
    *single, tracked, untracked = [made.anymail_test_params for made in mail.outbox]
    assert [one["track_opens"] for one in single] == [True, False, False]
    assert [(one["track_opens"], len(one["to"])) for one in (tracked, untracked)] == [(True, 1), (False, 2)]


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize("wrapped", [True, False])
def test_our_own_door_tracks_no_opens_either(
    by: Callable, readers: dict[str, Person], settings, wrapped: bool, agreed: bool
) -> None:
    from django_rgpd.core import clock

    by("test", OPEN_TRACKING="reviews")
    if not wrapped:
        settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"
    ada = readers["ada@example.com"]
    if agreed:
        decisions.give(ada, "reviews", "", how="account", now=clock.now())
    message = EmailMultiAlternatives("Hi", f"Stop: {links.unsubscribe_url(ada.uuid, *NEWS)}")
    message.track_opens = True
    assert send.send_message(message, person=ada, purpose="newsletter", now=clock.now())
    assert mail.outbox[0].anymail_test_params["track_opens"] is agreed


def test_a_provider_without_the_switch_is_sent_no_switch(
    esp: providers.Esp, by: Callable, readers: dict[str, Person]
) -> None:
    by("brevo")
    assert letter("ada@example.com", track_opens=True).send() == 1
    assert "track" not in str(esp.kept).lower()
