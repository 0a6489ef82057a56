"""The door: the same answer whoever asks, and a link that opens one page once, for a quarter of an hour."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_rgpd.centre import challenges, entrance, identity
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Challenge, Kind, Person
from example_shop.accounts.models import User
from example_shop.factories import make_guest
from tests.centre.conftest import GUEST, ask_in, path_in

Deliver = Callable[[], list[str]]
CENTRE = "/privacy/"


def _unknown() -> None:
    """Nobody has ever written this address."""


def _with_orders() -> None:
    make_guest("someone@example.com")


def _with_account() -> None:
    user = User.objects.create_user("someone@example.com", "x")
    person = people.person_of(user, now=clock.now())
    people.prove(
        people.note(Kind.EMAIL, user.email, person=person, now=clock.now()), how="test", now=clock.now()
    )


def _noted() -> None:
    people.note(Kind.EMAIL, "someone@example.com", now=clock.now())


def _erased() -> None:
    now = clock.now()
    person = people.note(Kind.EMAIL, "someone@example.com", now=now).person
    erase(person, how="test", choices={"suppress": True}, now=now)
    Job.objects.all().delete()


STATES = [_unknown, _with_orders, _with_account, _noted, _erased]


@pytest.mark.fault("E01")
@pytest.mark.fault("E02")
@pytest.mark.fault("E03")
@pytest.mark.fault("S04")
@pytest.mark.fault("E10")
def test_asking_for_a_link_looks_and_costs_the_same_whoever_asks(db: None) -> None:
    answers = []
    for prepare in STATES:
        cache.clear()
        prepare()
        client = Client()
        with CaptureQueriesContext(connection) as queries:
            asked = ask_in(client, "someone@example.com")
            work = len(queries)
        sent = client.get(asked["Location"])
        body = str(BeautifulSoup(sent.content, "html.parser").main)  # the shop's shelves around it may differ
        headers = {
            name: value for name, value in asked.headers.items() if name not in {"Set-Cookie", "Expires"}
        }
        answers.append((asked.status_code, headers, sent.status_code, body, work, Job.objects.count()))
        Job.objects.all().delete()
        Address.objects.all().delete()
        User.objects.filter(email="someone@example.com").delete()
    for answer in answers:
        assert answer == answers[0]


@pytest.mark.fault("E10")
def test_asking_for_a_stranger_discloses_and_changes_nothing(
    client: Client, customer: User, deliver: Deliver
) -> None:
    before = User.objects.values().get(pk=customer.pk)
    ask_in(client, customer.email)
    deliver()
    assert client.get(CENTRE).context["form"] is not None
    assert User.objects.values().get(pk=customer.pk) == before
    assert not Address.objects.filter(proven_at__isnull=False).exists()


def test_no_mail_goes_to_an_address_of_which_nothing_is_held(
    client: Client, db: None, deliver: Deliver
) -> None:
    ask_in(client, "nobody@example.com")
    assert deliver() == []
    assert not Person.objects.exists()


@pytest.mark.fault("S04")
def test_no_mail_goes_to_somebody_who_was_erased(client: Client, db: None, deliver: Deliver) -> None:
    _erased()
    ask_in(client, "someone@example.com")
    assert deliver() == []


@pytest.mark.fault("L01")
@pytest.mark.fault("L11")
def test_guest_comes_in_by_the_button_and_not_by_looking(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    link = path_in(deliver()[0])
    for method in (client.get, client.head, client.options, client.get):
        method(link)
    assert Challenge.objects.get().used_at is None
    assert not Address.objects.filter(proven_at__isnull=False).exists()
    assert client.get(CENTRE).templates[0].name == "django_rgpd/centre/door.html"
    assert client.post(link)["Location"] == CENTRE
    page = client.get(CENTRE)
    assert page.templates[0].name == "django_rgpd/centre/overview.html"
    assert any("orders" in line.label for line in page.context["held"])
    assert Address.objects.get(canonical=GUEST).proven_how == "link"


@pytest.mark.fault("T10")
@pytest.mark.fault("T09")
def test_link_holds_nothing_personal_and_is_not_kept(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    token = path_in(deliver()[0]).rstrip("/").rpartition("/")[2]
    assert "guest" not in token
    assert len(token) >= 43
    assert Challenge.objects.get().hashed != token
    assert not Challenge.objects.filter(details__icontains=token).exists()
    assert not Job.objects.filter(payload__icontains="guest").exists()


@pytest.mark.fault("T06")
@pytest.mark.fault("T03")
def test_link_opens_once(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    link = path_in(deliver()[0])
    client.post(link)
    other = Client()
    assert other.post(link).status_code == 404
    assert identity.GUEST not in other.session


@pytest.mark.fault("T03")
@pytest.mark.parametrize(("late", "works"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_link_ends_to_the_second(db: None, late: timedelta, works: bool) -> None:
    now = clock.now()
    address = people.note(Kind.EMAIL, GUEST, now=now)
    token = challenges.link(challenges.OPENS, person=address.person.uuid, address=address, now=now)
    at = now + challenges.LINK_LIFE + late
    assert (challenges.standing(challenges.OPENS, token, now=at) is not None) is works


@pytest.mark.fault("T02")
def test_link_of_one_kind_opens_nothing_of_another(proved: Client, customer: User) -> None:
    now = clock.now()
    person = people.person_of(customer, now=now)
    address = people.note(Kind.EMAIL, GUEST, person=person, now=now)
    opens = challenges.link(challenges.OPENS, person=person.uuid, address=address, now=now)
    adds = challenges.link(challenges.ADDS, person=person.uuid, address=address, now=now)
    assert proved.post(reverse("django_rgpd:centre_address", args=[opens])).status_code == 404
    assert Client().post(reverse("django_rgpd:centre_open", args=[adds])).status_code == 404
    assert not Address.objects.filter(proven_at__isnull=False).exists()


@pytest.mark.fault("T01")
def test_spoilt_link_gets_the_one_page_of_links_that_do_not_work(client: Client, db: None) -> None:
    now = clock.now()
    address = people.note(Kind.EMAIL, GUEST, now=now)
    token = challenges.link(challenges.OPENS, person=address.person.uuid, address=address, now=now)
    spoilt = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    spoilt += [
        token[:-1],
        token + "=",
        token + "\x00",
        " " + token,
        token.swapcase(),
        "é" + token,
        "-1",
        "None",
    ]
    for one in spoilt:
        for send in (client.get, client.post):
            answer = send(reverse("django_rgpd:centre_open", args=[one]))
            assert answer.status_code == 404, one
    assert Challenge.objects.get().used_at is None


@pytest.mark.fault("T05")
def test_link_of_somebody_erased_meanwhile_opens_nothing(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    link = path_in(deliver()[0])
    erase(people.known(Kind.EMAIL, GUEST), how="test", now=clock.now())
    assert client.post(link).status_code == 404
    assert people.known(Kind.EMAIL, GUEST) is None


def test_visit_ends_after_a_quarter_of_an_hour(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    session = client.session
    mark = session[identity.GUEST]
    session[identity.GUEST] = {**mark, "until": clock.now().isoformat()}
    session.save()
    assert client.get(CENTRE).templates[0].name == "django_rgpd/centre/door.html"


def test_visit_ends_when_the_guest_says_so(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    client.post(reverse("django_rgpd:centre_leave"))
    assert client.get(CENTRE).templates[0].name == "django_rgpd/centre/door.html"


def test_opening_a_page_changes_the_key_of_the_session(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    session = client.session
    session["basket"] = "full"
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before
    client.post(path_in(deliver()[0]))
    assert client.session.session_key != before
    assert client.session["basket"] == "full"


@pytest.mark.fault("S07")
def test_account_that_only_typed_an_address_is_not_opened_by_its_mailbox(
    client: Client, customer: User, deliver: Deliver
) -> None:
    """Or somebody who signs up with a stranger's address would be given what the stranger bought as a guest."""
    typed = people.person_of(customer, now=clock.now())
    people.note(Kind.EMAIL, GUEST, person=typed, now=clock.now())
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    page = client.get(CENTRE)
    assert page.context["visitor"].person != typed
    assert people.subject(typed).emails == frozenset()
    assert people.subject(page.context["visitor"].person).emails == {GUEST}


def test_account_is_opened_by_an_address_that_it_has_proven(
    client: Client, customer: User, deliver: Deliver
) -> None:
    now = clock.now()
    person = people.person_of(customer, now=now)
    people.prove(people.note(Kind.EMAIL, customer.email, person=person, now=now), how="test", now=now)
    ask_in(client, customer.email)
    client.post(path_in(deliver()[0]))
    assert client.get(CENTRE).context["visitor"].person == person


def test_link_is_not_used_up_by_somebody_who_is_logged_in(logged_in: Client, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(Client(), GUEST)
    link = path_in(deliver()[0])
    assert logged_in.post(link).status_code == 409
    assert Challenge.objects.get().used_at is None


@pytest.mark.fault("E05")
def test_one_address_is_written_to_once_in_a_quarter_of_an_hour(
    client: Client, db: None, deliver: Deliver
) -> None:
    make_guest(GUEST)
    for spelling in (GUEST, GUEST.upper(), "gu.est+x@example.com", "guest@example.com"):
        assert ask_in(client, spelling)["Location"] == reverse("django_rgpd:centre_sent")
    assert len(deliver()) == 1


@pytest.mark.fault("E08")
def test_nothing_is_sent_while_nobody_counts(client: Client, db: None, deliver: Deliver, monkeypatch) -> None:
    make_guest(GUEST)

    def down(*_args: object, **_kwargs: object) -> bool:
        raise entrance.StoreDown

    monkeypatch.setattr(entrance.limits, "allowed", down)
    assert ask_in(client, GUEST)["Location"] == reverse("django_rgpd:centre_sent")
    assert deliver() == []


@pytest.mark.fault("W05")
def test_links_are_built_from_the_settings(client: Client, db: None, deliver: Deliver, settings) -> None:
    make_guest(GUEST)
    settings.ALLOWED_HOSTS = ["*"]
    client.post(
        reverse("django_rgpd:centre_enter"),
        {"email": GUEST},
        headers={"host": "evil.example.com:8000", "x-forwarded-host": "evil.example.com"},
    )
    assert settings.RGPD["BASE_URL"] in deliver()[0]


@pytest.mark.fault("E13")
@pytest.mark.parametrize(
    "text", ["a@[127.0.0.1]", "x" * 300 + "@example.com", '"a b"@example.com', "a@b\x00.com", ""]
)
def test_what_is_no_address_is_told_so(client: Client, db: None, text: str) -> None:
    assert ask_in(client, text).status_code == 400
    assert not Job.objects.exists()


def test_mail_speaks_the_language_of_the_page(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    client.post(reverse("django_rgpd:centre_enter"), {"email": GUEST}, headers={"accept-language": "fr"})
    assert Job.objects.get(name="mail").payload["language"] == "fr"
