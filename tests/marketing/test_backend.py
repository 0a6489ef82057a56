"""The mail backend that asks: what the shop builds itself reaches those alone who may be written to, with a way out each."""

from __future__ import annotations

import copy
import pickle
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.utils import parseaddr

import pytest
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends import locmem
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_rgpd import signals
from django_rgpd.consent import decisions, state
from django_rgpd.core import mail_class
from django_rgpd.core.errors import Misconfigured, Refused
from django_rgpd.marketing import backend, classes, links, send
from django_rgpd.outbox import door
from django_rgpd.outbox import mail as outbox_mail
from django_rgpd.registry.models import Person

from .conftest import link_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_asked")]
NEWS = ("newsletter", "email")
PAGE = "<html><body><p>Lanterns.</p></body></html>"
Subscribe = Callable[[str], Person]


@pytest.fixture
def _asked(asking: Callable[..., None]) -> None:
    asking()


def letter(*to: str, html: str = PAGE, body: str = "Lanterns.", **more: object) -> EmailMultiAlternatives:
    """A mail as the shop builds it, marked as its newsletter."""
    message = EmailMultiAlternatives("Lanterns", body, to=list(to), **more)
    message.attach_alternative(html, "text/html")
    return classes.marketing(message, "newsletter")


def sent_to() -> list[str]:
    return [address for message in mail.outbox for address in message.recipients()]


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.fault("L12")
def test_each_reader_gets_a_mail_of_her_own_with_her_own_way_out(
    subscribe: Subscribe, client: Client
) -> None:
    ada, bea = subscribe("ada@example.com"), subscribe("bea@example.com")
    assert letter("ada@example.com", "bea@example.com").send() == 2
    for person, message in zip((ada, bea), mail.outbox, strict=True):
        assert len(message.recipients()) == 1
        url = links.unsubscribe_url(person.uuid, *NEWS)
        raw = message.message()
        assert raw.get_all("List-Unsubscribe") == [
            f"<{url}>, <mailto:privacy@example.com?subject=unsubscribe%20newsletter>"
        ]
        assert raw.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
        assert len(raw.get_all("List-Id")) == 1
        assert "you agreed" in str(message.body)
        html = message.alternatives[0][0]
        assert html.index(f'href="{url}"') < html.index("</body>")
    path = link_in(mail.outbox[1], "/leave/")
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert state.live(ada, *NEWS)
    assert not state.live(bea, *NEWS)


@pytest.mark.promise("P10")
@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_left_since_it_was_built_is_left_out_and_counted(
    subscribe: Subscribe, make_person: Callable, today: datetime
) -> None:
    told: list[dict[str, object]] = []
    signals.marketing_sent.connect(lambda **news: told.append(news), dispatch_uid="test", weak=False)
    bea = [subscribe("ada@example.com"), subscribe("bea@example.com")][1]
    make_person("stranger@example.com")
    message = letter(
        "ada@example.com", "bea@example.com", "stranger@example.com", "unknown@example.com", "no address"
    )
    decisions.leave(bea, *NEWS, how="one_click", now=today)
    assert message.send() == 1
    signals.marketing_sent.disconnect(dispatch_uid="test")
    assert sent_to() == ["ada@example.com"]
    outcome = classes.outcome(message)
    assert outcome is not None
    assert outcome.sent == 1
    assert outcome.dropped == {"refused": 1, "no_basis": 1, "no_address": 2}
    (news,) = told
    assert (news["purpose"], news["sent"], news["dropped"]) == ("newsletter", 1, dict(outcome.dropped))
    assert "@" not in str(news)


def test_who_is_left_out_alone_gets_nothing_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    assert letter("stranger@example.com").send() == 0
    assert mail.outbox == []
    assert "stranger" not in caplog.text


def test_the_shops_own_message_stays_as_it_was(subscribe: Subscribe) -> None:
    subscribe("ada@example.com")
    headers = {"X-Shop": "1", "List-Id": "<mine>", "Message-ID": "<same@example.com>"}
    message = letter("ada@example.com", "bea@example.com", headers=headers)
    before = copy.deepcopy(vars(message))
    message.send()
    after = {
        name: value for name, value in vars(message).items() if name not in {"connection", classes.OUTCOME}
    }
    assert after == {name: value for name, value in before.items() if name != "connection"}
    (made,) = mail.outbox
    raw = made.message()
    assert raw["X-Shop"] == "1"
    assert raw.get_all("List-Id") == ["<newsletter.email.127.0.0.1>"]
    assert raw["Message-ID"] != "<same@example.com>"


def test_a_part_that_shows_her_link_gets_no_footer(subscribe: Subscribe) -> None:
    ada = subscribe("ada@example.com")
    url = links.unsubscribe_url(ada.uuid, *NEWS)
    letter("ada@example.com", body=f"Stop: {url}", html=f"<p><a href='{url}'>Stop</a>").send()
    letter("ada@example.com", body=f"Stop: {url}", html=f"<p>{url}").send()
    shown, named = mail.outbox
    assert shown.body == f"Stop: {url}"
    assert shown.alternatives[0][0] == f"<p><a href='{url}'>Stop</a>"
    assert f'href="{url}"' in named.alternatives[0][0]


@pytest.mark.parametrize(
    ("html", "footed"),
    [
        ("<p>Hi", "<p>Hi<hr>"),
        ("<BODY>Hi</BODY ></html>", "Hi<hr>"),
        ("<body>Hi</body><!-- </body> -->", "--><hr>"),
        ("<body>a</body><body>b</body>", "b<hr>"),
        ("", "<hr>"),
    ],
)
def test_the_footer_stands_where_it_is_seen(subscribe: Subscribe, html: str, footed: str) -> None:
    subscribe("ada@example.com")
    letter("ada@example.com", html=html, body="").send()
    (message,) = mail.outbox
    assert footed in message.alternatives[0][0]
    assert "/leave/newsletter/" in str(message.body)


def test_a_mail_that_is_nothing_but_a_page_gets_its_footer_too(subscribe: Subscribe) -> None:
    subscribe("ada@example.com")
    message = EmailMessage("Lanterns", PAGE, to=["ada@example.com"])
    message.content_subtype = "html"
    classes.marketing(message, "newsletter").send()
    html = str(mail.outbox[0].body)
    assert html.index("/leave/newsletter/") < html.index("</body>")


def test_a_page_that_cannot_show_the_link_is_refused(subscribe: Subscribe) -> None:
    subscribe("ada@example.com")
    with pytest.raises(Misconfigured, match="text/html"):
        letter("ada@example.com", html="<p>Hi <!-- <b>").send()
    assert mail.outbox == []


@pytest.mark.fault("M04")
def test_the_footer_is_in_the_readers_language(subscribe: Subscribe) -> None:
    for email, language in (("ada@example.com", "fr"), ("bea@example.com", "en")):
        Person.objects.filter(pk=subscribe(email).pk).update(language=language)
    letter("ada@example.com", "bea@example.com").send()
    assert ["Unsubscribe" in str(message.body) for message in mail.outbox] == [False, True]


@pytest.mark.parametrize(
    "written",
    [
        "ada@example.com",
        "ADA@Example.COM",
        " Ada Lovelace <Ada@example.com> ",
        '"Lovelace, Ada" <ada@EXAMPLE.com>',
    ],
)
def test_however_the_address_is_written_it_is_hers(subscribe: Subscribe, written: str) -> None:
    subscribe("ada@example.com")
    assert letter(written).send() == 1
    assert mail.outbox[0].message()["To"].endswith("ada@example.com>") or "<" not in written


def test_an_international_address_is_hers_in_both_spellings(subscribe: Subscribe) -> None:
    subscribe("ada@bücher.example")
    message = letter("Ada <ada@bücher.example>", "ada@xn--bcher-kva.example")
    assert message.send() == 1
    assert classes.outcome(message).dropped == {"twice": 1}
    assert parseaddr(mail.outbox[0].message()["To"]) == ("Ada", "ada@xn--bcher-kva.example")


@pytest.mark.fault("M01")
@pytest.mark.fault("M03")
@pytest.mark.fault("M05")
def test_a_name_does_no_harm(subscribe: Subscribe) -> None:
    subscribe("ada@example.com")
    subscribe("bea@example.com")
    names = [
        '"Eve\r\nBcc: all@example.com\x00\u202e" <ada@example.com>',
        "Eve, all@example.com <bea@example.com>",
    ]
    message = letter(*names, "cyd@example.com")
    message.subject = "Lanterns\nBcc: all@example.com"
    assert message.send() == 1
    (made,) = mail.outbox
    raw = made.message()
    assert (raw["Bcc"], raw["Subject"]) == (None, "Lanterns Bcc: all@example.com")
    assert raw["To"] == '"Eve Bcc: all@example.com" <ada@example.com>'
    assert classes.outcome(message).dropped == {"no_address": 2}


@contextmanager
def _nothing_leaves(error: type[Exception], match: str) -> Iterator[None]:
    with pytest.raises(error, match=match) as caught:
        yield
    assert mail.outbox == []
    assert "@" not in str(caught.value)


@pytest.mark.fault("M07")
@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ({"extra_headers": {"list-unsubscribe": "<https://example.com/>"}}, "List-Unsubscribe"),
        ({"extra_headers": {"Precedence": " Bulk"}}, "Precedence"),
        ({"extra_headers": {"precedence": "list"}}, "Precedence"),
        ({"to": ["a@example.com", "b@example.com"], "merge_data": {}}, "batch"),
        ({"to": ["a@example.com", "b@example.com"], "merge_metadata": {"a@example.com": {}}}, "batch"),
        ({"bcc": [f"{number}@example.com" for number in range(11)]}, "more than 10"),
    ],
)
def test_a_mailing_without_a_class_is_refused_and_so_are_the_mails_beside_it(
    change: dict[str, object], sign: str
) -> None:
    plain = EmailMessage("Your order", "It left.", to=["a@example.com"])
    mailing = EmailMessage("News", "Lanterns.", to=["a@example.com"])
    for name, value in change.items():
        setattr(mailing, name, value)
    with _nothing_leaves(Misconfigured, sign):
        backend.EmailBackend(fail_silently=True).send_messages([plain, mailing])
    assert backend.EmailBackend().send_messages([plain, classes.service(mailing)]) == 2


def test_a_mail_without_a_class_passes_as_it_is() -> None:
    merged = EmailMessage("Your order", "It left.", to=["a@example.com"])
    merged.merge_data = {"a@example.com": {"number": 3}}
    staff = EmailMessage("Error", "Oops.", to=[f"{number}@example.com" for number in range(10)], cc=[])
    assert backend.EmailBackend().send_messages([merged, staff]) == 2
    assert [message.message()["List-Unsubscribe"] for message in mail.outbox] == [None, None]


@pytest.mark.fault("M07")
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cc": ["b@example.com"]}, "cc, bcc"),
        ({"bcc": ["b@example.com"]}, "cc, bcc"),
        ({"extra_headers": {"cc": "b@example.com"}}, "cc, bcc"),
        ({"extra_headers": {"To": "friends@example.com"}}, "cc, bcc"),
        ({"extra_headers": {"Resent-Bcc": "b@example.com"}}, "cc, bcc"),
        *(
            ({"merge_headers": {"ada@example.com": {name: "b@example.com"}}}, "merge_headers")
            for name in ("To", "cc", "BCC", "Resent-To")
        ),
        (
            {"merge_headers": {"elsewhere@example.com": {"X-Own": "1", "Bcc": "b@example.com"}}},
            "merge_headers",
        ),
        ({"send_at": 1_900_000_000}, "send_at"),
        ({mail_class.ATTRIBUTE: mail_class.Marketing("orders")}, "no marketing purpose"),
        ({mail_class.ATTRIBUTE: mail_class.Marketing("nothing")}, "no marketing purpose"),
        ({mail_class.ATTRIBUTE: "newsletter"}, "no class of mail"),
    ],
)
def test_marketing_that_cannot_be_asked_about_is_refused(
    subscribe: Subscribe, change: dict[str, object], says: str
) -> None:
    subscribe("ada@example.com")
    good, bad = letter("ada@example.com"), letter("ada@example.com")
    for name, value in change.items():
        setattr(bad, name, value)
    with _nothing_leaves(Misconfigured, says):
        backend.EmailBackend(fail_silently=True).send_messages([good, bad])
    assert backend.EmailBackend().send_messages([good]) == 1


@pytest.mark.parametrize("purpose", ["orders", "reviews", "nothing", ""])
def test_what_is_no_marketing_cannot_be_marked_as_such(purpose: str) -> None:
    message = EmailMessage("Hi", to=["ada@example.com"])
    with pytest.raises(Misconfigured, match="no marketing purpose"):
        classes.marketing(message, purpose)
    assert mail_class.of(message) is None


def test_the_class_stays_with_a_mail_that_is_queued(subscribe: Subscribe, today: datetime) -> None:
    ada = subscribe("ada@example.com")
    message = letter("ada@example.com")
    for queued in (pickle.loads(pickle.dumps(message)), copy.copy(message), copy.deepcopy(message)):
        assert mail_class.of(queued) == mail_class.Marketing("newsletter")
    decisions.leave(ada, *NEWS, how="link", now=today)
    assert pickle.loads(pickle.dumps(message)).send() == 0


def test_what_our_own_door_sealed_is_not_asked_about_twice(
    subscribe: Subscribe, today: datetime, settings, django_assert_num_queries: Callable
) -> None:
    ada = subscribe("ada@example.com")
    _of_the_door()

    def built() -> EmailMessage:
        return EmailMessage("Hi", f"Stop: {links.unsubscribe_url(ada.uuid, *NEWS)}")

    with CaptureQueriesContext(connection) as through:
        assert send.send_message(built(), person=ada, purpose="newsletter", now=today)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    with django_assert_num_queries(len(through) - _of_the_door()):
        assert send.send_message(built(), person=ada, purpose="newsletter", now=today)
    assert sent_to() == ["ada@example.com", "ada@example.com"]


def _of_the_door() -> int:
    """The queries that asking whether the door is shut takes."""
    with CaptureQueriesContext(connection) as asked:
        door.shut()
    return len(asked)


@pytest.mark.fault("R09")
def test_a_sealed_mail_that_was_queued_or_readdressed_is_asked_about_again(
    subscribe: Subscribe, make_person: Callable, today: datetime
) -> None:
    ada = subscribe("ada@example.com")
    make_person("stranger@example.com")
    sealed = EmailMessage("Hi", f"Stop: {links.unsubscribe_url(ada.uuid, *NEWS)}", to=["ada@example.com"])
    send.seal(sealed, person=ada.uuid, purpose="newsletter")
    queued, elsewhere = pickle.loads(pickle.dumps(sealed)), copy.copy(sealed)
    elsewhere.to = ["stranger@example.com"]
    decisions.leave(ada, *NEWS, how="link", now=today)
    assert backend.EmailBackend().send_messages([queued, elsewhere]) == 0
    assert "ada" not in repr(mail_class.of(sealed))


@pytest.mark.fault("R09")
@pytest.mark.parametrize("at_once", [True, False])
def test_of_a_sealed_mail_and_its_copies_one_passes_unasked(
    subscribe: Subscribe, today: datetime, at_once: bool
) -> None:
    """Who left between the first and the second gets no second one."""
    ada = subscribe("ada@example.com")
    sealed = EmailMessage("Hi", f"Stop: {links.unsubscribe_url(ada.uuid, *NEWS)}", to=["ada@example.com"])
    send.seal(sealed, person=ada.uuid, purpose="newsletter")
    copies = [sealed, copy.copy(sealed), copy.copy(sealed)]
    decisions.leave(ada, *NEWS, how="link", now=today)
    for some in [copies] if at_once else [[one] for one in copies]:
        backend.EmailBackend().send_messages(some)
    assert sent_to() == ["ada@example.com"], "the one that was asked about before she left"


@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_leaves_while_the_others_are_sent_theirs_gets_none(
    subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch, today: datetime
) -> None:
    readers = [subscribe(f"{name}@example.com") for name in ("ada", "bea", "eve")]
    handed = locmem.EmailBackend.send_messages

    def slow(self: locmem.EmailBackend, messages: list[EmailMessage]) -> int:
        decisions.leave(readers[1], *NEWS, how="one_click", now=today)
        return handed(self, messages)

    monkeypatch.setattr(locmem.EmailBackend, "send_messages", slow)
    monkeypatch.setattr(backend, "FRESH", timedelta(microseconds=1))
    message = letter("ada@example.com", "bea@example.com", "eve@example.com", "nobody@example.com")
    assert message.send() == 2
    assert sent_to() == ["ada@example.com", "eve@example.com"]
    assert classes.outcome(message) == classes.Outcome(
        sent=2, dropped=Counter({"refused": 1, "no_address": 1})
    )


@pytest.mark.fault("R09")
def test_a_mail_that_our_door_let_pass_is_asked_about_when_it_is_sent_again(
    subscribe: Subscribe, today: datetime
) -> None:
    ada = subscribe("ada@example.com")
    message = EmailMessage("Hi", f"Stop: {links.unsubscribe_url(ada.uuid, *NEWS)}")
    assert send.send_message(message, person=ada, purpose="newsletter", now=today)
    assert message.send() == 1
    decisions.leave(ada, *NEWS, how="link", now=today)
    assert message.send() == 0
    assert sent_to() == ["ada@example.com", "ada@example.com"]


def test_one_text_sent_at_once_to_many_without_a_class_is_refused() -> None:
    many = [f"reader{number}@example.com" for number in range(11)]
    with pytest.raises(Misconfigured, match="same text"):
        mail.send_mass_mail([("Sale", "Half price.", "shop@example.com", [one]) for one in many])
    assert mail.outbox == []
    alike = [("Sale", "Half price.", "shop@example.com", [one]) for one in many[:10]]
    apart = [(f"Order {one}", "It left.", "shop@example.com", [one]) for one in many]
    assert mail.send_mass_mail([*alike, *apart]) == 21


@pytest.mark.promise("P23")
def test_the_librarys_own_mails_pass(subscribe: Subscribe, today: datetime, delivered: Callable) -> None:
    ada = subscribe("ada@example.com")
    outbox_mail.send(
        "marketing/news", person=ada.uuid, context={"title": "Order", "text": "Left."}, now=today
    )
    send.send("newsletter", "marketing/news", [ada], context={"title": "N", "text": "T"}, now=today)
    assert sorted("List-Unsubscribe" in message.message() for message in delivered()) == [False, True]
    assert {type(mail_class.of(message)) for message in mail.outbox} == {
        mail_class.Service,
        mail_class.Marketing,
    }


@pytest.mark.fault("P03")
def test_a_shut_door_lets_no_marketing_out(subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe("ada@example.com")
    plain = EmailMessage("Your order", "It left.", to=["ada@example.com"])
    monkeypatch.setattr(door, "_watches", [lambda: "An older dump."])
    with _nothing_leaves(Refused, "An older dump"):
        backend.EmailBackend(fail_silently=True).send_messages([plain, letter("ada@example.com")])
    assert plain.send() == 1


@pytest.mark.fault("E08")
def test_a_database_that_does_not_answer_lets_nothing_out(subscribe: Subscribe) -> None:
    subscribe("ada@example.com")

    def down(*_: object) -> None:
        raise OperationalError("down")

    message = letter("ada@example.com")
    with connection.execute_wrapper(down), _nothing_leaves(OperationalError, "down"):
        backend.EmailBackend(fail_silently=True).send_messages([message])
    assert message.send() == 1


def test_the_number_of_queries_does_not_grow_with_the_readers(subscribe: Subscribe) -> None:
    emails = [f"p{number}@example.com" for number in range(20)]
    for email in emails:
        subscribe(email)
    counts = []
    _of_the_door()
    for number in (2, 20):
        with CaptureQueriesContext(connection) as queries:
            assert letter(*emails[:number]).send() == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


class Refusing:
    """A mail server that takes no mail for one of the readers."""

    def __init__(self, **_: object) -> None:
        self.mailbox = locmem.EmailBackend()

    def open(self) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def send_messages(self, messages: list[EmailMessage]) -> int:
        """Keep it, or refuse it as smtplib does."""
        for message in messages:
            if "bea" in message.to[0]:
                raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, b"no")})
            if "down" in message.to[0]:
                raise smtplib.SMTPServerDisconnected
        return self.mailbox.send_messages(messages)


def test_a_reader_whom_the_server_refuses_is_in_nobodys_way(
    subscribe: Subscribe, asking: Callable[..., None]
) -> None:
    asking(f"{__name__}.Refusing")
    for name in ("ada", "bea", "cyd"):
        subscribe(f"{name}@example.com")
    message = letter("ada@example.com", "bea@example.com", "cyd@example.com")
    assert message.send() == 2
    assert classes.outcome(message).dropped == {"not_accepted": 1}
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        letter("bea@example.com").send()
    assert sent_to() == ["ada@example.com", "cyd@example.com"]


def test_what_was_sent_before_the_server_went_down_is_counted(
    subscribe: Subscribe, asking: Callable[..., None]
) -> None:
    asking(f"{__name__}.Refusing")
    for name in ("ada", "down", "zoe"):
        subscribe(f"{name}@example.com")
    message = letter("ada@example.com", "down@example.com", "zoe@example.com")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        message.send()
    assert classes.outcome(message).sent == 1
    assert sent_to() == ["ada@example.com"]


@pytest.mark.parametrize("inner", ["", backend.PATH, "nowhere.Backend", "django.core.mail.send_mail"])
def test_without_a_backend_that_sends_nothing_is_sent(asking: Callable[..., None], inner: str) -> None:
    asking(inner)
    with _nothing_leaves(Misconfigured, "MAIL_BACKEND"):
        EmailMessage("Hi", to=["ada@example.com"]).send()
