"""A campaign in a real browser: on a phone, and in two tabs that want different things, or the same."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from django_rgpd.consent import decisions, wordings
from django_rgpd.core import clock
from django_rgpd.marketing import campaigns
from django_rgpd.marketing.models import Campaign, CampaignRecipient
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.factories import make_customer
from tests.journeys.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BASE = "/admin/django_rgpd/campaign/"
READERS = 3
LONG = "A season of lanterns, candles and everything that shines, for long evenings at home with friends"


class Desk(Visit):
    """Staff in front of the admin; each tab is a page of its own."""

    end = "#footer"

    def button(self, text: str, where: str = "main") -> WebElement:
        """The admin's buttons are inputs."""
        return self.find(By.XPATH, f"//{where}//input[@type='submit' and contains(@value, '{text}')]")

    def tab(self, path: str) -> str:
        """Another tab; returns the one to go back to."""
        before = self.driver.current_window_handle
        self.driver.switch_to.new_window("tab")
        self.open(path)
        return before

    def back(self, tab: str) -> None:
        """To a tab that is open."""
        self.driver.switch_to.window(tab)


@pytest.fixture
def desk(visit: Visit, transactional_db: None) -> Desk:
    """A marketer, logged in."""
    user = make_customer(email="marketer@example.com")
    User.objects.filter(pk=user.pk).update(is_staff=True, is_superuser=True)
    desk = Desk(visit.driver, visit.url, visit.downloads)
    visit.log_in(user)
    return desk


@pytest.fixture
def campaign(transactional_db: None) -> Campaign:
    """A draft, and some who would get it."""
    now = clock.now() - timedelta(hours=2)
    for number in range(READERS):
        address = people.note("email", f"reader{number}@example.com", now=now)
        person = people.prove(address, how="click", now=now).person
        decisions.give(person, "newsletter", "email", how="account", now=now)
    texts = {"en": {"subject": LONG, "text": f"{LONG}.\nhttps://shop.example.com/{'lanterns' * 12}"}}
    return campaigns.draft(LONG, "newsletter", texts, now=now)


def work() -> None:
    """Let the background work do all that is due."""
    for minutes in (1, 2):
        run_due(now=clock.now() + timedelta(minutes=minutes))


def letters() -> list[str]:
    return sorted(one.to[0] for one in mail.outbox if LONG in one.subject)


EVERYBODY = [f"reader{number}@example.com" for number in range(READERS)]


def test_two_tabs_of_one_preview_send_it_once(desk: Desk, campaign: Campaign) -> None:
    page = f"{BASE}{campaign.pk}/send/"
    desk.open(page)
    assert "3 people" in desk.text
    first = desk.tab(page)
    desk.press("Send the campaign")
    assert "It is being sent." in desk.find(By.TAG_NAME, "body").text
    desk.back(first)
    desk.press("Send the campaign")
    assert desk.path == f"{BASE}{campaign.pk}/report/"
    work()
    assert letters() == EVERYBODY
    assert CampaignRecipient.objects.count() == READERS


@pytest.mark.parametrize(
    ("last", "state", "said"),
    [("Resume", "sending", "It goes on."), ("Stop", "stopped", "Stopped for ever.")],
)
def test_what_one_tab_decides_the_other_is_told(
    desk: Desk, campaign: Campaign, last: str, state: str, said: str
) -> None:
    campaigns.start(campaign, now=clock.now())
    page = f"{BASE}{campaign.pk}/report/"
    desk.open(page)
    first = desk.tab(page)
    desk.press("Pause")
    desk.back(first)
    desk.press("Pause")  # of a page that is older
    assert "This campaign is not being sent." in desk.find(By.TAG_NAME, "body").text
    work()
    assert letters() == []
    if last == "Stop":
        desk.find(By.NAME, "sure").click()
    desk.press(last)
    assert said in desk.find(By.TAG_NAME, "body").text
    campaign.refresh_from_db()
    assert campaign.state == state
    work()
    assert letters() == (EVERYBODY if last == "Resume" else [])


def test_a_tab_that_still_offers_to_resume_brings_no_stopped_campaign_back(
    desk: Desk, campaign: Campaign
) -> None:
    campaigns.start(campaign, now=clock.now())
    campaigns.pause(campaign, now=clock.now())
    page = f"{BASE}{campaign.pk}/report/"
    desk.open(page)
    first = desk.tab(page)
    desk.find(By.NAME, "sure").click()
    desk.press("Stop")
    desk.back(first)
    desk.press("Resume")
    assert "This campaign is not paused." in desk.find(By.TAG_NAME, "body").text
    work()
    campaign.refresh_from_db()
    assert campaign.state == "stopped"
    assert letters() == []


def test_who_was_logged_in_anew_in_another_tab_reads_what_to_do(desk: Desk, campaign: Campaign) -> None:
    desk.open(f"{BASE}{campaign.pk}/preview/")
    desk.driver.delete_cookie("csrftoken")
    desk.press("Send a test to myself")
    assert "Nothing was done" in desk.text
    assert mail.outbox == []
    desk.follow("Open the page again")
    assert desk.path == f"{BASE}{campaign.pk}/preview/"
    desk.press("Send a test to myself")
    assert [one.to for one in mail.outbox] == [["marketer@example.com"]]


def _pages(campaign: Campaign) -> list[str]:
    own = [f"{BASE}{campaign.pk}/{page}/" for page in ("change", "preview", "send", "report", "reader")]
    imports = "/admin/django_rgpd/consentimport/"
    return [BASE, f"{BASE}add/", *own, imports, f"{imports}new/", "/admin/django_rgpd/person/find/"]


def test_no_page_of_a_marketers_is_wider_than_a_phone(desk: Desk, campaign: Campaign) -> None:
    wordings.freeze(wordings.current("newsletter", "en"))
    desk.phone()
    desk.open("/admin/django_rgpd/consentimport/new/")
    sheet = desk.downloads / "list.csv"
    sheet.write_text(
        f"email,date,how,wording_text,{'column' * 12}\nada@example.com,2024-03-31,{LONG},{LONG},x\nnonsense,,,,\n"
    )
    desk.field("File").send_keys(str(sheet))
    desk.press("Read the file")
    work()
    desk.open(desk.path)
    assert "Consents that can be taken" in desk.text
    too_wide = _too_wide(desk, [])
    too_wide += _too_wide(desk, _pages(campaign))
    campaigns.start(campaign, now=clock.now())
    work()
    campaigns.draft("Nobody", "offers", {"en": {"subject": "x", "text": "y"}}, now=clock.now())
    nobody = Campaign.objects.get(name="Nobody")
    too_wide += _too_wide(
        desk, [f"{BASE}{campaign.pk}/report/", f"{BASE}{campaign.pk}/change/", f"{BASE}{nobody.pk}/send/"]
    )
    desk.open(f"{BASE}{campaign.pk}/reader/").fill("Email address", "reader0@example.com").press("Look up")
    too_wide += _too_wide(desk, [])
    assert too_wide == []


def _too_wide(desk: Desk, pages: list[str]) -> list[str]:
    """Those of ``pages`` that do not fit into a phone; without any, the page that is open."""
    found = []
    for page in pages or [desk.path]:
        if pages:
            desk.open(page)
        content, window = desk.width()
        if content > window or window > 360:
            found.append(f"{page}: {content} in {window}")
    return found
