"""Signing up by double opt-in: one answer for all, and nothing before the holder of the mailbox confirms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.conf import settings as django_settings
from django.core import mail
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from django_rgpd.consent import decisions, kinds, state, suppress, wordings
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadLink
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import double_optin, unconfirmed
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Challenge, Person
from example_shop.factories import UserFactory

from .conftest import fingerprint, link_in

pytestmark = pytest.mark.django_db
FORM = "/privacy/marketing/newsletter/"
NEWS = ("newsletter", "email")
ADA = "ada@example.com"


def _token(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


@pytest.fixture
def asked(sign_up: Callable, delivered: Callable) -> str:
    """The path of the link that Ada got by mail."""
    sign_up(ADA)
    (message,) = delivered()
    return link_in(message, "/confirm/")


@pytest.mark.promise("P10")
def test_nothing_stands_before_the_click_and_all_is_proven_after_it(
    sign_up: Callable, delivered: Callable, client: Client
) -> None:
    response = sign_up(ADA)
    asked_page = f"{reverse('django_rgpd:newsletter_asked')}?language=en"
    assert (response.status_code, response["Location"]) == (302, asked_page)
    (message,) = delivered()
    assert message.to == [ADA]
    assert not Event.objects.exclude(person=None).exists()
    assert not ConsentState.objects.exists()
    path = link_in(message, "/confirm/")
    page = client.get(path)
    assert page.status_code == 200
    assert "Newsletter" in page.content.decode()
    assert not ConsentState.objects.exists()
    assert client.post(path).status_code == 200
    person = people.known("email", ADA)
    assert person is not None
    assert state.live(person, *NEWS)
    asked, confirmed = Event.objects.exclude(person=None).order_by("at")
    assert (asked.kind, confirmed.kind) == (kinds.ASKED, kinds.CONFIRMED)
    assert confirmed.payload["form"] == "newsletter"
    assert Wording.objects.get().uuid == state.rows(person)[NEWS].wording
    assert person.language == "en"
    assert person.last_contact is not None
    assert delivered() == [], "no welcome mail: a page said it"


def test_the_form_has_one_unticked_box_a_purpose(client: Client) -> None:
    page = client.get(FORM).content.decode()
    boxes = re.findall(r"<input[^>]*type=\"checkbox\"[^>]*>", page)
    names = {re.search(r'name="([^"]+)"', box).group(1) for box in boxes}
    assert {"agree_newsletter", "agree_offers"} <= names
    assert not any("checked" in box for box in boxes)


def test_who_reads_a_page_in_another_language_than_her_browsers_signs_up_for_what_she_read(
    sign_up: Callable, delivered: Callable, client: Client
) -> None:
    Wording.objects.create(
        purpose="newsletter", language="fr", version=1, text="Oui, écrivez-moi.", valid_from=clock.now()
    )
    shown = wordings.reference_of(wordings.current("newsletter", "fr"))
    assert sign_up(ADA, agree_newsletter_text=shown).status_code == 302
    (message,) = delivered()
    assert "Bonjour" in message.body
    client.post(link_in(message, "/confirm/"))
    assert Wording.objects.get(uuid=ConsentState.objects.get().wording).text == "Oui, écrivez-moi."


def french_form() -> dict[str, str]:
    """What the form on a page of the shop's under /fr/ posts."""
    with translation.override("fr"):
        form = BeautifulSoup(render_to_string("newsletter/footer.html"), "html.parser").form
    assert form is not None
    fields = {
        str(one["name"]): str(one.get("value", "")) for one in form.find_all("input") if one.get("name")
    }
    return {**fields, "agree_newsletter": "on"}


def test_the_answer_the_mail_and_its_pages_are_in_the_language_of_the_page_whatever_the_browser_asks_for(
    client: Client, delivered: Callable
) -> None:
    english = {"HTTP_ACCEPT_LANGUAGE": "en-GB,en"}
    answer = client.post(FORM, {**french_form(), "email": ADA}, follow=True, **english)
    assert answer.headers["Content-Language"] == "fr"
    assert '<html lang="fr"' in answer.content.decode()
    assert "Encore une étape" in answer.content.decode()
    (message,) = delivered()
    path = link_in(message, "/confirm/")
    for page in (client.get(path, **english), client.post(path, **english), client.get(path, **english)):
        assert page.headers["Content-Language"] == "fr"
        assert '<html lang="fr"' in page.content.decode()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"  # what she chooses goes before
    assert client.get(path).headers["Content-Language"] == "en"
    person = people.known("email", ADA)
    assert person is not None
    assert person.language == "fr"


def test_what_is_wrong_with_a_form_is_said_in_its_own_language(client: Client) -> None:
    page = client.post(FORM, {"language": "fr", "email": ADA}, HTTP_ACCEPT_LANGUAGE="en")
    assert "Cochez" in page.content.decode()
    assert BeautifulSoup(page.content, "html.parser").find("input", {"name": "language"})["value"] == "fr"


@pytest.mark.parametrize("odd", ["xx", "../fr", "", "fr\x00", "x" * 5_000])
def test_a_language_that_is_none_of_the_sites_is_that_of_the_browser(client: Client, odd: str) -> None:
    asked = reverse("django_rgpd:newsletter_asked")
    assert client.get(asked, {"language": odd}, HTTP_ACCEPT_LANGUAGE="fr").headers["Content-Language"] == "fr"
    page = client.post(FORM, {"language": odd, "email": ADA}, HTTP_ACCEPT_LANGUAGE="fr")
    assert page.headers["Content-Language"] == "fr"
    assert "Cochez" in page.content.decode()
    assert BeautifulSoup(page.content, "html.parser").find("input", {"name": "language"})["value"] == "fr"
    answer = client.post(FORM, {**french_form(), "language": odd, "email": ADA}, HTTP_ACCEPT_LANGUAGE="fr")
    assert answer.url == f"{asked}?language=fr"


def test_who_signs_up_again_in_another_language_reads_that_one_from_now_on(
    client: Client, delivered: Callable, make_person: Callable
) -> None:
    person = make_person(ADA)
    Person.objects.update(language="en")
    client.post(FORM, {**french_form(), "email": ADA})
    (message,) = delivered()
    person.refresh_from_db()
    assert person.language == "en", "anybody can type an address"
    client.post(link_in(message, "/confirm/"))
    person.refresh_from_db()
    assert person.language == "fr"


def test_a_wish_for_two_purposes_is_two_consents(
    sign_up: Callable, delivered: Callable, client: Client
) -> None:
    sign_up(ADA, "newsletter", "offers")
    (message,) = delivered()
    client.post(link_in(message, "/confirm/"))
    assert set(ConsentState.objects.filter(live=True).values_list("purpose", "channel")) == {
        ("newsletter", "email"),
        ("offers", "email"),
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"agree_newsletter": ""}, "Tick the box"),
        ({"agree_newsletter_text": "0" * 16}, "has changed"),
        ({"email": "nobody"}, "Enter an email address"),
    ],
)
def test_what_is_missing_is_said_and_nothing_is_sent(
    sign_up: Callable, delivered: Callable, data: dict[str, str], words: str
) -> None:
    response = sign_up(ADA, **data)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert not Job.objects.exists()


@pytest.mark.fault("E13")
@pytest.mark.parametrize(
    "email", ["a@[127.0.0.1]", "x" * 320 + "@example.com", '"a b"@example.com', "a@b@example.com"]
)
def test_addresses_that_are_none_are_refused(sign_up: Callable, email: str) -> None:
    assert sign_up(email).status_code == 200
    assert not Job.objects.exists()


def _become(what: str, make_person: Callable, today: datetime) -> None:
    if what == "unknown":
        return
    if what == "suppressed":
        suppress.suppress("email", ADA, reason=suppress.ASKED, now=today)
        return
    if what == "pending":
        double_optin.ask(ADA, {}, now=today, form="newsletter", language="en")
        Job.objects.all().delete()
        people.note("email", ADA, now=today)
        return
    person = make_person(ADA, user=UserFactory(email=ADA) if what == "account" else None)
    decisions.give(person, *NEWS, how="account", now=today - timedelta(hours=1))
    if what == "left":
        decisions.withdraw(person, *NEWS, how="link", now=today)
    if what == "erased":
        Person.objects.filter(pk=person.pk).update(erased_at=today)
        Address.objects.filter(person=person).update(canonical=None)


@pytest.mark.fault("E01")
@pytest.mark.fault("E02")
@pytest.mark.fault("E03")
def test_the_answer_and_the_work_are_the_same_whoever_asks(
    sign_up: Callable, make_person: Callable, today: datetime, client: Client
) -> None:
    from django.core.cache import cache
    from django.db import transaction

    wordings.freeze(wordings.current("newsletter", "en"))
    seen = {}
    for what in ("unknown", "known", "account", "left", "suppressed", "pending", "erased"):
        point = transaction.savepoint()
        _become(what, make_person, today)
        cache.clear()
        jobs, letters = Job.objects.count(), len(mail.outbox)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            response = sign_up(ADA)
        page = client.get(response["Location"])
        body = re.sub(r'(csrfmiddlewaretoken" value=")[^"]+', r"\1", page.content.decode())
        seen[what] = (
            response.status_code,
            sorted(
                one for one in response.headers.items() if one[0] != "Expires"
            ),  # the second of the answer
            sorted(response.cookies),
            response.content,
            len(queries),
            Job.objects.count() - jobs,
            len(mail.outbox) - letters,
            body,
        )
        transaction.savepoint_rollback(point)
    assert seen["unknown"][5:7] == (1, 0), "one job, and no mail while the visitor waits"
    for what, found in seen.items():
        assert found == seen["unknown"], what


@pytest.mark.fault("E05")
def test_bombing_one_mailbox_sends_one_mail_in_a_quarter_of_an_hour(
    sign_up: Callable, delivered: Callable
) -> None:
    answers = {
        (answer.status_code, answer["Location"])
        for answer in (sign_up(one) for one in (ADA, ADA.upper(), "a.d.a+x@example.com", *[ADA] * 40))
    }
    assert len(answers) == 1
    assert len(delivered()) == 1


@pytest.mark.fault("E05")
def test_bombing_from_one_network_stops_at_its_limit(sign_up: Callable, delivered: Callable) -> None:
    for number in range(40):
        assert sign_up(f"victim-{number}@example.com").status_code == 302
    assert len(delivered()) == 10


@pytest.mark.fault("E07")
def test_a_forged_header_does_not_widen_the_limit(
    client: Client, sign_up: Callable, delivered: Callable
) -> None:
    for number in range(15):
        sign_up(f"victim-{number}@example.com", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert len(delivered()) == 10


@pytest.mark.fault("E08")
def test_without_a_store_nothing_is_sent_and_everyone_may_leave(
    sign_up: Callable, client: Client, person: Person, today: datetime
) -> None:
    from django_rgpd.marketing import links

    decisions.give(person, *NEWS, how="account", now=today - timedelta(hours=1))
    with patch("django.core.cache.backends.locmem.LocMemCache.add", side_effect=OSError):
        response = sign_up("bea@example.com")
        assert response.status_code == 503
        assert not Job.objects.exists()
        url = links.unsubscribe_url(person.uuid, *NEWS).partition("8000")[2]
        assert client.post(url, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not state.live(person, *NEWS)


@pytest.mark.fault("E12")
def test_a_program_gets_the_same_answer_and_nothing_more(sign_up: Callable) -> None:
    honest, program = sign_up(ADA), sign_up("bea@example.com", website="https://spam.invalid")
    assert (honest.status_code, honest["Location"]) == (program.status_code, program["Location"])
    assert Job.objects.count() == 1


@pytest.mark.fault("E09")
def test_entries_that_nobody_confirmed_go_after_seven_days(asked: str, today: datetime) -> None:
    late = today + double_optin.LIVES
    assert unconfirmed.purge(now=late - timedelta(minutes=1)) == 0
    assert unconfirmed.purge(now=late + timedelta(minutes=1)) == 1
    assert not Challenge.objects.exists()
    assert not Address.objects.exists()
    assert not Person.objects.exists()


def test_purging_leaves_people_who_are_known_otherwise(
    sign_up: Callable, delivered: Callable, make_person: Callable, today: datetime
) -> None:
    person = make_person(ADA)
    sign_up(ADA)
    delivered()
    assert unconfirmed.purge(now=today + timedelta(days=8)) == 1
    assert Person.objects.get() == person
    assert people.known("email", ADA) == person


@pytest.mark.fault("T03")
def test_a_link_works_to_its_last_second(asked: str, today: datetime) -> None:
    challenge = Challenge.objects.get()
    with pytest.raises(BadLink):
        double_optin.confirm(_token(asked), now=challenge.expires_at + timedelta(seconds=1))
    assert not ConsentState.objects.exists()
    double_optin.confirm(_token(asked), now=challenge.expires_at)
    assert ConsentState.objects.get().live


@pytest.mark.fault("T03")
def test_an_old_link_says_how_to_get_a_new_one(asked: str, client: Client, today: datetime) -> None:
    Challenge.objects.update(expires_at=today - timedelta(seconds=1))
    for response in (client.get(asked), client.post(asked)):
        assert response.status_code == 404
        assert FORM in response.content.decode()
    assert not ConsentState.objects.exists()


@pytest.mark.fault("T05")
@pytest.mark.parametrize(
    "what", ["moved", "erased", "entry gone", "refused since", "merely claimed by another"]
)
def test_a_link_whose_ground_is_gone_brings_nobody_back(
    asked: str, client: Client, today: datetime, what: str
) -> None:
    address = Address.objects.get()
    soon = today + timedelta(minutes=1)
    if what == "moved":
        address.until = soon
        address.save()
    elif what == "erased":
        Person.objects.update(erased_at=soon)
        Address.objects.update(canonical=None)
    elif what == "entry gone":
        Challenge.objects.all().delete()
    elif what == "refused since":
        decisions.refuse_all(address.person, how="staff:letter", now=soon)
    else:
        rival = people.person_of(UserFactory(email=ADA), now=soon)
        people.note("email", ADA, person=rival, now=soon)
        assert client.post(asked).status_code == 200
        assert not state.live(rival, *NEWS)
        return
    assert client.post(asked).status_code == 404
    assert not ConsentState.objects.filter(live=True).exists()


@pytest.mark.fault("T06")
def test_confirming_twice_is_once(asked: str, client: Client, delivered: Callable) -> None:
    first, second = client.post(asked), client.post(asked)
    assert (first.status_code, second.status_code) == (200, 200)
    assert "Already confirmed" in second.content.decode()
    assert "Already confirmed" in client.get(asked).content.decode()
    assert Event.objects.filter(kind=kinds.CONFIRMED).count() == 1
    assert delivered() == []


@pytest.mark.fault("T06")
def test_a_used_link_brings_nobody_back_who_left_since(asked: str, client: Client, today: datetime) -> None:
    client.post(asked)
    person = people.known("email", ADA)
    assert person is not None
    decisions.withdraw(person, *NEWS, how="link", now=today + timedelta(minutes=5))
    assert client.post(asked).status_code == 200
    assert not state.live(person, *NEWS)


@pytest.mark.fault("T01")
def test_a_changed_token_is_one_generic_page_and_changes_nothing(asked: str, client: Client) -> None:
    token, before = _token(asked), fingerprint()
    changed = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        for place in range(len(token))
    ]
    changed += [
        token[:-1],
        token + "A",
        token + "=",
        token[::-1],
        token.upper() + "x",
        token + "%00",
        token + "é",
    ]
    pages = {client.post(f"{FORM}confirm/{one}/").status_code for one in changed}
    assert pages == {404}
    assert fingerprint() == before


@pytest.mark.fault("T11")
@pytest.mark.parametrize(
    "token", ["9999999999999999999", "-1", "None", "00000000-0000-0000-0000-000000000000", "%F0%9F%8E%88"]
)
def test_what_is_no_token_is_a_generic_page(client: Client, token: str) -> None:
    for place in (
        f"{FORM}confirm/",
        "/privacy/marketing/undo/",
        "/privacy/marketing/preferences/",
        "/privacy/marketing/leave/newsletter/email/",
    ):
        for method in (client.get, client.post):
            assert method(f"{place}{token}/").status_code == 404


@pytest.mark.fault("T09")
def test_no_table_holds_a_token_that_works(asked: str) -> None:
    from django.apps import apps
    from django.core import serializers

    token = _token(asked)
    for model in apps.get_models():
        if model._meta.managed and not model._meta.abstract:
            assert token not in serializers.serialize("json", model._base_manager.all())


@pytest.mark.fault("T10")
def test_no_link_tells_who_it_is_for(asked: str) -> None:
    import base64

    token = _token(asked)
    padded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert b"example" not in padded
    assert "@" not in asked
    assert addresses.digest("email", ADA).hex not in asked


@pytest.mark.fault("T13")
def test_the_page_of_a_link_tells_its_token_to_nobody(asked: str, client: Client) -> None:
    for response in (client.get(asked), client.post(asked)):
        assert response["Referrer-Policy"] in {"no-referrer", "strict-origin"}
        assert "no-store" in response["Cache-Control"]
        assert "noindex" in response["X-Robots-Tag"]
        page = response.content.decode()
        assert not re.findall(r"(?:src|href|action)=\"(?:https?:)?//(?!127\.0\.0\.1)", page)


@pytest.mark.fault("T14")
def test_a_link_of_one_site_is_none_of_another(asked: str, client: Client, settings) -> None:
    settings.RGPD = {**settings.RGPD, "SITE": 2}
    assert client.post(asked).status_code == 404
    assert not ConsentState.objects.exists()


@pytest.mark.fault("L01")
@pytest.mark.fault("L11")
def test_scanners_that_open_the_link_confirm_nothing(asked: str, client: Client) -> None:
    before = fingerprint()
    for method in (client.get, client.head, client.options, client.trace):
        method(asked)
    assert fingerprint() == before
    assert client.post(asked).status_code == 200
    assert ConsentState.objects.get().live


@pytest.mark.fault("L02")
def test_a_scanner_that_confirms_leaves_the_page_for_the_person(asked: str, client: Client) -> None:
    page = client.get(asked).content.decode()
    assert "<script" not in page
    assert "onload" not in page
    client.post(asked)
    client.post(asked)
    assert "confirmed" in Client().post(asked).content.decode().lower()


def test_a_standing_objection_lets_one_confirmation_through_that_the_person_asked_for(
    sign_up: Callable, delivered: Callable, client: Client, today: datetime
) -> None:
    suppress.suppress("email", ADA, reason=suppress.OBJECTED, now=today - timedelta(days=9))
    sign_up(ADA)
    (message,) = delivered()
    client.post(link_in(message, "/confirm/"))
    person = people.known("email", ADA)
    assert person is not None
    assert decisions.may_send(person, *NEWS, now=today + timedelta(minutes=1))
    assert not decisions.may_send(person, "offers", "email", now=today + timedelta(minutes=1))


def test_who_asked_never_to_be_written_to_gets_no_confirmation_either(
    sign_up: Callable, delivered: Callable, client: Client, today: datetime
) -> None:
    suppress.suppress("email", ADA, reason=suppress.ASKED, now=today)
    response = sign_up(ADA)
    assert delivered() == []
    assert Job.objects.get().state == "gone"
    assert not Address.objects.exists()
    assert "never to write" in client.get(response["Location"]).content.decode()


def test_an_account_that_merely_claims_an_address_gets_nothing_by_its_holders_click(
    sign_up: Callable, delivered: Callable, client: Client, today: datetime
) -> None:
    attacker = people.person_of(UserFactory(email=ADA), now=today)
    people.note("email", ADA, person=attacker, now=today)
    sign_up(ADA)
    (message,) = delivered()
    assert client.post(link_in(message, "/confirm/")).status_code == 200
    assert people.subject(attacker).emails == frozenset()
    assert not state.live(attacker, *NEWS)
    holder = people.known("email", ADA)
    assert holder is not None
    assert holder != attacker
    assert state.live(holder, *NEWS)


def test_signing_up_somebody_elses_address_changes_nothing_of_hers(
    sign_up: Callable, delivered: Callable, client: Client, make_person: Callable, today: datetime
) -> None:
    victim = make_person(ADA, user=UserFactory(email=ADA))
    decisions.withdraw(victim, *NEWS, how="link", now=today - timedelta(hours=1))
    client.force_login(UserFactory())
    events = Event.objects.exclude(person=None).count()
    sign_up(ADA)
    delivered()
    assert Event.objects.exclude(person=None).count() == events
    assert not state.live(victim, *NEWS)


@pytest.mark.fault("W01")
def test_the_form_needs_its_csrf_token(visitor: Client) -> None:
    assert visitor.post(FORM, {"email": ADA}).status_code == 403
    assert not Job.objects.exists()


@pytest.mark.fault("W10")
def test_fields_that_the_form_does_not_have_are_ignored(sign_up: Callable, delivered: Callable) -> None:
    extra = {
        "person": "1",
        "standing": "live",
        "live": "1",
        "confirmed": "1",
        "user_key": "1",
        "used_at": "2020-01-01",
    }
    assert sign_up(ADA, **extra).status_code == 302
    delivered()
    assert not ConsentState.objects.exists()
    assert Challenge.objects.get().used_at is None


@pytest.mark.fault("W14")
def test_odd_requests_are_refused_and_never_break(client: Client) -> None:
    for place in (FORM, f"{FORM}asked/"):
        assert client.put(place).status_code == 405
        assert client.delete(place).status_code == 405
    assert client.post(FORM, "{}", content_type="application/json").status_code == 415
    big = "email=" + "x" * (django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    assert client.post(FORM, big, content_type="application/x-www-form-urlencoded").status_code == 400


@pytest.mark.fault("W05")
def test_links_in_mails_come_from_the_settings(
    client: Client, sign_up: Callable, delivered: Callable, settings
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.RGPD = {**settings.RGPD, "BASE_URL": "https://shop.example.com"}
    client.defaults |= {"HTTP_HOST": "evil.invalid:8000", "HTTP_X_FORWARDED_HOST": "evil.invalid"}
    sign_up(ADA)
    (message,) = delivered()
    everything = message.message().as_string()
    assert "evil.invalid" not in everything
    assert "https://shop.example.com/" in str(message.body)


@pytest.mark.fault("W09")
def test_a_fault_tells_no_address_to_whoever_reads_error_mails(
    client: Client, sign_up: Callable, settings
) -> None:
    settings.ADMINS = [("Admin", "admin@example.com")]
    client.raise_request_exception = False
    with patch("django_rgpd.core.limits.mail_allowed", side_effect=RuntimeError("boom")):
        assert sign_up(ADA).status_code == 500
    (report,) = mail.outbox
    assert "boom" in str(report.body)
    assert ADA not in report.message().as_string()
