"""Campaigns in the admin: somebody who knows no Python writes, looks, tries, sends and follows one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.core import mail
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.marketing import campaigns
from django_rgpd.marketing.models import Campaign, CampaignText
from example_shop.accounts.models import User
from example_shop.factories import UserFactory
from tests.faults import side_by_side

from .campaigning import BUILDING, TEXTS, drafted, run
from .conftest import fingerprint

pytestmark = pytest.mark.django_db
BASE = "/admin/django_rgpd/campaign/"


@pytest.fixture
def readers(make_person: Callable, today: datetime) -> None:
    """Two who agreed."""
    for number in range(2):
        person = make_person(f"reader{number}@example.com")
        decisions.give(person, "newsletter", "email", how="account", now=today - timedelta(hours=1))


@pytest.fixture
def log_in(client: Client) -> Callable[..., User]:
    """Log a member of staff in who may do what is named."""

    def log_in(*codes: str) -> User:
        user = UserFactory(email="marketer@example.com", is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(codename__in=[f"{code}_campaign" for code in codes])
        )
        client.force_login(user)
        return user

    return log_in


def _form(**more: str) -> dict[str, str]:
    return {
        "name": "November", "purpose": "newsletter", "texts-TOTAL_FORMS": "1", "texts-INITIAL_FORMS": "0",
        "texts-MIN_NUM_FORMS": "0", "texts-MAX_NUM_FORMS": "2", "texts-0-language": "en",
        "texts-0-subject": "Lanterns", "texts-0-text": "They are back.", "texts-0-html": "", **more,
    }  # fmt: skip


@pytest.mark.promise("P10")
def test_a_marketer_writes_tries_sends_and_follows_a_campaign(
    readers: None, client: Client, log_in: Callable
) -> None:
    log_in("add", "change", "view", "send")
    client.post(f"{BASE}add/", _form(**{"texts-0-html": "<p>Back<script>alert(1)</script></p>"}))
    campaign = Campaign.objects.get()
    page = f"{BASE}{campaign.pk}/"
    assert CampaignText.objects.get().html == "<p>Back</p>"
    assert "Lanterns" in client.get(f"{page}change/").content.decode()
    assert "They are back." in client.get(f"{page}preview/").content.decode()
    client.post(f"{page}test/")
    assert [one.to for one in mail.outbox] == [["marketer@example.com"]]
    mail.outbox.clear()
    shown = client.get(f"{page}send/").content.decode()
    assert "2 people" in shown
    seen = BeautifulSoup(shown, "html.parser").find("input", {"name": "seen"})["value"]
    for _click in range(2):
        client.post(f"{page}send/", {"seen": seen})
    under_way = client.get(f"{page}report/")
    assert under_way.headers["Refresh"] == "10"
    run(campaign.created_at)
    run(campaign.created_at + timedelta(hours=1))
    assert len(mail.outbox) == 2
    done = client.get(f"{page}report/")
    assert "Refresh" not in done.headers
    assert "Done" in done.content.decode()
    assert "reader" not in done.content.decode()


def test_a_campaign_that_was_started_is_not_changed_any_more(
    readers: None, client: Client, log_in: Callable, today: datetime
) -> None:
    log_in("add", "change", "view", "delete", "send")
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    before = fingerprint()
    text = campaign.texts.get(language="en")
    changed = _form(**{"texts-INITIAL_FORMS": "1", "texts-0-id": str(text.pk), "texts-0-text": "Other"})
    assert client.post(f"{BASE}{campaign.pk}/change/", changed).status_code == 403
    assert client.post(f"{BASE}{campaign.pk}/delete/", {"post": "yes"}).status_code == 403
    assert fingerprint() == before


def test_a_text_that_changed_since_it_was_read_is_not_sent(
    readers: None, client: Client, log_in: Callable, today: datetime
) -> None:
    log_in("view", "send")
    campaign = drafted(today)
    shown = client.get(f"{BASE}{campaign.pk}/send/").content
    seen = BeautifulSoup(shown, "html.parser").find("input", {"name": "seen"})["value"]
    campaign.texts.update(text="Something else")
    client.post(f"{BASE}{campaign.pk}/send/", {"seen": seen})
    campaign.refresh_from_db()
    assert campaign.state == "draft"


@pytest.mark.parametrize(
    ("subject", "said"),
    [("", "This field is required."), ("x" * 151, "at most 150"), ("\x01\x02", "Write a subject.")],
    ids=["none", "long", "nothing left"],
)
def test_a_subject_that_cannot_be_is_refused_once_and_rightly(
    client: Client, log_in: Callable, subject: str, said: str
) -> None:
    log_in("add", "change", "view")
    page = BeautifulSoup(
        client.post(f"{BASE}add/", _form(**{"texts-0-subject": subject})).content, "html.parser"
    )
    (error,) = page.select(".errorlist li")
    assert said in error.get_text()
    assert not Campaign.objects.exists()


def test_a_campaign_that_went_to_nobody_says_nobody(
    client: Client, log_in: Callable, today: datetime
) -> None:
    log_in("view", "send")
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    assert "Nobody yet." in client.get(f"{BASE}{campaign.pk}/report/").content.decode()
    run(today)
    run(today + timedelta(hours=1))
    assert "Nobody yet." not in client.get(f"{BASE}{campaign.pk}/report/").content.decode()


@pytest.mark.parametrize("page", ["send/", "pause/now/", "resume/now/", "stop/now/"])
def test_who_writes_may_not_send(
    readers: None, client: Client, log_in: Callable, today: datetime, page: str
) -> None:
    log_in("add", "change", "view", "delete")
    campaign = drafted(today)
    before = fingerprint()
    assert client.post(f"{BASE}{campaign.pk}/{page}", {"seen": "x", "sure": "1"}).status_code == 403
    assert fingerprint() == before


@pytest.mark.parametrize("page", ["preview/", "preview/en.html", "report/", "test/", "send/", "change/"])
def test_other_staff_see_nothing(client: Client, log_in: Callable, today: datetime, page: str) -> None:
    log_in()
    campaign = drafted(today)
    ask = client.post if page == "test/" else client.get
    assert ask(f"{BASE}{campaign.pk}/{page}").status_code == 403
    assert mail.outbox == []


def test_a_stop_asks_whether_one_is_sure_and_is_final(
    readers: None, client: Client, log_in: Callable, today: datetime
) -> None:
    log_in("view", "send")
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today, BUILDING)
    client.post(f"{BASE}{campaign.pk}/stop/now/")
    campaign.refresh_from_db()
    assert campaign.state == "sending"
    client.post(f"{BASE}{campaign.pk}/pause/now/")
    client.post(f"{BASE}{campaign.pk}/stop/now/", {"sure": "1"})
    said = client.post(f"{BASE}{campaign.pk}/resume/now/", follow=True).content.decode()
    assert "not paused" in said
    assert "The campaign was stopped before." in said
    run(today)
    assert mail.outbox == []


@pytest.mark.fault("M05")
def test_the_preview_can_run_nothing_in_the_admin(client: Client, log_in: Callable, today: datetime) -> None:
    log_in("view")
    campaign = drafted(today)
    CampaignText.objects.filter(campaign=campaign).update(html="<script>alert(1)</script><b>Hi</b>")
    page = BeautifulSoup(client.get(f"{BASE}{campaign.pk}/preview/").content, "html.parser")
    frames = page.find_all("iframe")
    assert ["".join(one["sandbox"]) for one in frames] == ["", ""]
    shown = client.get(frames[0]["src"])
    assert shown.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert shown.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert b"<script" not in shown.content
    assert b"Unsubscribe" in shown.content


@pytest.mark.parametrize(
    "wrong", [{"texts-0-text": "Hello {{ name }}"}, {"texts-0-subject": "\u202e"}, {"texts-TOTAL_FORMS": "0"},
              {"purpose": "orders"}, {"texts-0-language": "xx"}],
)  # fmt: skip
def test_what_cannot_be_sent_is_said_beside_the_form(
    client: Client, log_in: Callable, wrong: dict[str, str]
) -> None:
    log_in("add", "change", "view")
    answer = client.post(f"{BASE}add/", _form(**wrong))
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode() or "errornote" in answer.content.decode()
    assert not Campaign.objects.exists()


def test_a_campaign_that_nobody_would_get_says_why_and_stays_a_draft(
    client: Client, log_in: Callable, subscribe: Callable, make_person: Callable, today: datetime
) -> None:
    log_in("view", "send")
    campaign = drafted(today)
    page = f"{BASE}{campaign.pk}/send/"
    assert "Nobody has agreed to it yet" in client.get(page).content.decode()
    for number in range(3):
        left = subscribe(f"reader{number}@example.com")
        decisions.withdraw(left, "newsletter", "email", how="link", now=today)
    decisions.inform(make_person("buyer@example.com"), "newsletter", "email", how="checkout", now=today)
    shown = BeautifulSoup(client.get(page).content, "html.parser")
    assert "Nobody would get this now." in shown.get_text()
    reasons = [one.get_text() for one in shown.select(".rgpd-nobody li")]
    assert reasons[0] == "The person withdrew or objected. (3)"
    assert reasons[1].endswith("(1)")
    assert not shown.find("input", {"value": "Send the campaign"})
    seen = shown.find("input", {"name": "seen"})["value"]
    said = client.post(page, {"seen": seen}, follow=True).content.decode()
    assert "Nobody would get this now." in said
    campaign.refresh_from_db()
    assert campaign.state == "draft"


def test_any_campaign_is_copied_as_a_new_draft(
    readers: None, client: Client, log_in: Callable, today: datetime
) -> None:
    user = log_in("add", "change", "view", "send")
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    run(today)
    run(today)
    campaign.refresh_from_db()
    assert campaign.state == "done"
    report = BeautifulSoup(client.get(f"{BASE}{campaign.pk}/report/").content, "html.parser")
    (form,) = [one for one in report.find_all("form") if str(one.get("action")).endswith("copy/")]
    answer = client.post(form["action"])
    made = Campaign.objects.exclude(pk=campaign.pk).get()
    assert answer.headers["Location"] == f"{BASE}{made.pk}/change/"
    assert (made.name, made.purpose, made.state) == ("Copy of November", "newsletter", "draft")
    assert (made.created_by, made.started_at, made.built, made.totals) == (str(user.pk), None, False, {})
    assert list(made.texts.values_list("language", "subject", "text", "html")) == list(
        campaign.texts.values_list("language", "subject", "text", "html")
    )
    mail.outbox.clear()
    campaigns.start(made, now=today)
    run(today)
    run(today)
    assert len(mail.outbox) == 2, "it is a campaign of its own"


def test_a_copy_of_a_long_name_or_of_an_old_purpose_is_a_draft_too(today: datetime) -> None:
    campaign = drafted(today)
    Campaign.objects.update(name="x" * 100, purpose="of_last_year")
    campaign.refresh_from_db()
    made = campaigns.copy(campaign, now=today)
    made.full_clean()
    assert made.purpose == "of_last_year"


def test_who_may_not_write_copies_nothing(client: Client, log_in: Callable, today: datetime) -> None:
    log_in("view", "send", "change", "delete")
    campaign = drafted(today)
    before = fingerprint()
    assert client.post(f"{BASE}{campaign.pk}/copy/").status_code == 403
    assert client.get(f"{BASE}{campaign.pk}/copy/").headers["Location"] == f"{BASE}{campaign.pk}/change/"
    assert "copy/" not in client.get(f"{BASE}{campaign.pk}/change/").content.decode()
    assert fingerprint() == before


POSTED = ("test/", "send/", "copy/", "reader/", "pause/now/", "resume/now/", "stop/now/")


@pytest.mark.fault("W01")
@pytest.mark.parametrize("page", POSTED)
@pytest.mark.parametrize("stale", ["none", "of another session"])
def test_a_page_that_is_older_than_the_session_says_so_and_does_nothing(
    readers: None, log_in: Callable, today: datetime, page: str, stale: str
) -> None:
    strict = Client(enforce_csrf_checks=True)
    user = log_in("add", "change", "view", "send")
    user.user_permissions.add(Permission.objects.get(codename="view_person"))
    strict.force_login(user)
    campaign = drafted(today)
    strict.get(f"{BASE}{campaign.pk}/preview/")
    before = fingerprint()
    posted = {"seen": "x", "sure": "1", "address": "reader0@example.com"}
    answer = strict.post(
        f"{BASE}{campaign.pk}/{page}",
        posted if stale == "none" else {**posted, "csrfmiddlewaretoken": "x" * 64},
    )
    assert answer.status_code == 403
    shown = BeautifulSoup(answer.content, "html.parser")
    assert "Nothing was done" in shown.get_text()
    assert "reader0" not in shown.get_text()
    assert fingerprint() == before
    assert mail.outbox == []
    link = shown.find("a", string="Open the page again")
    assert strict.get(link["href"], follow=True).status_code == 200
    assert fingerprint() == before


@pytest.mark.fault("W01")
def test_with_the_token_of_its_page_a_form_does_what_it_says(
    readers: None, log_in: Callable, today: datetime
) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(log_in("add", "view"))
    campaign = drafted(today)
    report = BeautifulSoup(strict.get(f"{BASE}{campaign.pk}/report/").content, "html.parser")
    (form,) = [one for one in report.find_all("form") if str(one.get("action")).endswith("copy/")]
    token = form.find("input", {"name": "csrfmiddlewaretoken"})["value"]
    strict.post(form["action"], {"csrfmiddlewaretoken": token})
    assert Campaign.objects.count() == 2


def test_who_was_logged_out_meanwhile_comes_back_to_a_page(
    readers: None, client: Client, log_in: Callable, today: datetime
) -> None:
    user = log_in("view", "send")
    campaign = drafted(today)
    client.logout()
    for page in ("test/", "copy/", "pause/now/"):
        to_log_in = client.post(f"{BASE}{campaign.pk}/{page}").headers["Location"]
        client.force_login(user)
        then = parse_qs(urlsplit(to_log_in).query)["next"][0]
        assert client.get(then, follow=True).status_code == 200
        client.logout()


def test_a_shop_that_has_a_page_of_its_own_for_that_shows_it(
    log_in: Callable, today: datetime, settings
) -> None:
    settings.CSRF_FAILURE_VIEW = "tests.marketing.test_campaign_pages.own_failure"
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(log_in("add", "view"))
    answer = strict.post(f"{BASE}{drafted(today).pk}/copy/")
    assert (answer.status_code, answer.content) == (403, b"The shop's own page.")


def own_failure(request: object, reason: str = "") -> HttpResponse:
    """As a shop writes one."""
    return HttpResponse("The shop's own page.", status=403)


def test_a_draft_about_a_purpose_that_went_is_about_no_other_before_somebody_chooses(
    client: Client, log_in: Callable
) -> None:
    """A copy of an old campaign, say: saved as it is shown, it must not go to the readers of the first purpose there is."""
    log_in("add", "change", "view")
    campaign = drafted(clock.now(), {"en": TEXTS["en"]})
    Campaign.objects.filter(pk=campaign.pk).update(purpose="gone")

    shown = BeautifulSoup(client.get(f"{BASE}{campaign.pk}/change/").content, "html.parser")
    purposes = shown.find("select", {"name": "purpose"})
    assert purposes.find("option")["value"] == ""
    assert purposes.find("option", selected=True) is None

    said = campaign.texts.get()
    kept = {"texts-INITIAL_FORMS": "1", "texts-0-id": str(said.pk), "texts-0-campaign": str(campaign.pk)}
    refused = client.post(f"{BASE}{campaign.pk}/change/", _form(purpose="", **kept))
    assert "This field is required." in refused.content.decode()
    campaign.refresh_from_db()
    assert campaign.purpose == "gone"


def test_pages_of_a_campaign_say_in_words_what_there_is_to_say_and_nothing_else(
    client: Client, log_in: Callable, today: datetime
) -> None:
    """A language has a name, and a campaign that waits for nothing says no reason why it waits."""
    log_in("add", "change", "view")
    campaign = drafted(today)
    preview = client.get(f"{BASE}{campaign.pk}/preview/").content.decode()
    assert "Lanterns are back (English)" in preview
    assert "Les lampions sont là (French)" in preview

    for note, said in (("", False), ("A dump was restored.", True)):
        Campaign.objects.filter(pk=campaign.pk).update(state="paused", note=note)
        page = client.get(f"{BASE}{campaign.pk}/change/").content.decode()
        assert ("Why it waits" in page) is said


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.fault("R01")
@pytest.mark.usefixtures("readers")
def test_a_text_that_is_being_saved_is_not_sent_unseen(
    log_in: Callable[..., User], client: Client, today: datetime
) -> None:
    """Who presses Send while a colleague saves waits for her, and reads it again."""
    log_in("view", "send")
    campaign = drafted(today)
    page = f"{BASE}{campaign.pk}/send/"
    seen = BeautifulSoup(client.get(page).content, "html.parser").find("input", {"name": "seen"})["value"]
    with transaction.atomic():
        Campaign.objects.select_for_update().get(pk=campaign.pk)
        campaign.texts.update(subject="Another subject")
        sending, answers = side_by_side.beside(lambda: client.post(page, {"seen": seen}))
        sending.join(1)
        assert answers == []
    sending.join(side_by_side.PATIENCE)
    assert answers[0].url == page
    campaign.refresh_from_db()
    assert campaign.state == "draft"
    assert "changed meanwhile" in client.get(page).content.decode()
