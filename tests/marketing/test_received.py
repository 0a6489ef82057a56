"""Staff are asked "why did I get this?", or "why not?": the answer stands beside a campaign, and on the page of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_rgpd.consent import decisions, suppress
from django_rgpd.erasure.execute import erase
from django_rgpd.marketing import campaigns, received
from django_rgpd.marketing.models import Campaign, CampaignRecipient
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import UserFactory

from .campaigning import BUILDING, drafted, run
from .conftest import fingerprint

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
Subscribe = Callable[[str], Person]


@pytest.fixture
def staff(client: Client) -> Callable[..., Client]:
    """Log somebody in who may do what is named."""

    def log_in(*codes: str) -> Client:
        user = UserFactory(email="support@example.com", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=codes))
        client.force_login(user)
        return client

    return log_in


@pytest.fixture
def support(staff: Callable[..., Client]) -> Client:
    """Who answers people: she sees campaigns and people."""
    return staff("view_campaign", "view_person")


def page(campaign: Campaign) -> str:
    return reverse("admin:django_rgpd_campaign_reader", args=[campaign.pk])


def ask(client: Client, campaign: Campaign, address: str) -> str:
    """What the page says about whoever has ``address``, as a line."""
    answer = client.post(page(campaign), {"address": address})
    assert answer.status_code == 200
    content = BeautifulSoup(answer.content, "html.parser").find(id="content")
    assert content is not None
    return " ".join(content.get_text(" ").split())


def sent(now: datetime) -> Campaign:
    """A campaign that went to everybody who agreed."""
    campaign = drafted(now)
    campaigns.start(campaign, now=now)
    run(now, BUILDING)
    run(now)
    campaign.refresh_from_db()
    return campaign


@pytest.mark.promise("P10")
def test_who_got_it_and_left_since(support: Client, subscribe: Subscribe, today: datetime) -> None:
    ada = subscribe("ada@example.com")
    campaign = sent(today)
    decisions.withdraw(ada, "newsletter", "email", how="link", now=today + HOUR)
    before = fingerprint()
    said = ask(support, campaign, " ADA@example.com ")
    assert "Handed over to the mail server The person agreed." in said
    assert "may not be written to (The person withdrew or objected.)" in said
    assert "a…@example.com" in said
    assert "ada@example.com" not in said.lower()
    assert fingerprint() == before


def test_who_was_left_out_is_told_the_reason_of_then(
    support: Client, subscribe: Subscribe, today: datetime
) -> None:
    ada = subscribe("ada@example.com")
    campaign = drafted(today)
    campaigns.start(campaign, now=today)
    assert "still being written" in ask(support, campaign, "ada@example.com")
    run(today, BUILDING)
    assert "Still to be sent" in ask(support, campaign, "ada@example.com")
    decisions.withdraw(ada, "newsletter", "email", how="link", now=today)
    run(today)
    decisions.confirm(ada, "newsletter", "email", how="double_optin", now=today + HOUR)
    said = ask(support, campaign, "ada@example.com")
    assert "Left out: The person withdrew or objected." in said
    assert "may be written to (The person agreed.)" in said


def test_who_agreed_afterwards_was_not_on_the_list(
    support: Client, subscribe: Subscribe, make_person: Callable, today: datetime
) -> None:
    subscribe("ada@example.com")
    late = make_person("late@example.com")
    campaign = sent(today)
    decisions.give(late, "newsletter", "email", how="account", now=today + HOUR)
    said = ask(support, campaign, "late@example.com")
    assert "Not on the list: when it was written she might not be written to" in said
    assert "may be written to (The person agreed.)" in said


@pytest.mark.parametrize(
    ("stood", "said"),
    [
        ({"state": "failed", "failure": "recipient_refused"}, "Failed: The mail server refuses the address."),
        ({"state": "unknown", "failure": "killed"}, "Perhaps not received: The program ended"),
        ({"state": "dropped", "reason": "stopped"}, "Left out: The campaign was stopped before."),
        ({"state": "dropped", "reason": "of a version to come"}, "Left out: of a version to come"),
    ],
    ids=["failed", "unknown", "stopped", "another reason"],
)
def test_each_end_is_said_in_words(
    support: Client, subscribe: Subscribe, today: datetime, stood: dict[str, str], said: str
) -> None:
    subscribe("ada@example.com")
    campaign = sent(today)
    CampaignRecipient.objects.update(**stood)
    assert said in ask(support, campaign, "ada@example.com")


def test_what_cannot_be_known_is_not_made_up(support: Client, subscribe: Subscribe, today: datetime) -> None:
    ada = subscribe("ada@example.com")
    assert "has not been started" in ask(support, drafted(today), "ada@example.com")
    campaign = sent(today - timedelta(days=370))
    CampaignRecipient.objects.all().delete()
    (told,) = received.of(ada, [campaign], now=today)
    assert told.words == "Nobody knows any more: who got it was kept for its time, and deleted."
    halted = drafted(today)
    campaigns.start(halted, now=today)
    campaigns.stop(halted, now=today)
    halted.refresh_from_db()
    assert "stopped before it was written" in ask(support, halted, "ada@example.com")


def test_an_address_of_before_leads_to_her_and_one_of_nobody_to_nobody(
    support: Client, subscribe: Subscribe, today: datetime
) -> None:
    ada = subscribe("ada@example.com")
    campaign = sent(today)
    new = people.note("email", "new@example.com", person=ada, now=today)
    people.prove(new, how="click", now=today + HOUR)
    ada.addresses.filter(canonical="ada@example.com").update(until=today + HOUR)
    said = ask(support, campaign, "ada@example.com")
    assert "Handed over" in said
    assert "She is written to at n…@example.com now." in said
    assert "Nobody is known by this address." in ask(support, campaign, "nobody@example.com")
    suppress.suppress("email", "nobody@example.com", reason=suppress.ASKED, now=today)
    assert "on the list of those that are not" in ask(support, campaign, "nobody@example.com")
    assert "This is no address" in ask(support, campaign, "nobody")


def test_an_erased_person_is_nobody(support: Client, subscribe: Subscribe, today: datetime) -> None:
    ada = subscribe("ada@example.com")
    campaign = sent(today)
    erase(ada, how="account", now=today + HOUR)
    assert "Nobody is known by this address." in ask(support, campaign, "ada@example.com")


def test_what_a_guest_got_is_told_of_the_account_that_she_became(
    support: Client, subscribe: Subscribe, today: datetime
) -> None:
    subscribe("ada@example.com")
    campaign = sent(today)
    person = people.person_of(UserFactory(email="ada@example.com"), now=today)
    people.prove(
        people.note("email", "ada@example.com", person=person, now=today), how="click", now=today + HOUR
    )
    assert "Handed over" in ask(support, campaign, "ada@example.com")


@pytest.mark.parametrize("lacking", [("view_person",), ("view_campaign",), ("send_campaign",), ()])
def test_who_may_not_sees_no_difference_between_a_known_and_an_unknown_address(
    staff: Callable[..., Client], subscribe: Subscribe, today: datetime, lacking: tuple[str, ...]
) -> None:
    subscribe("ada@example.com")
    campaign, client = sent(today), staff(*lacking)
    answers = [
        client.post(page(campaign), {"address": address})
        for address in ("ada@example.com", "x@example.com", "")
    ]
    assert {one.status_code for one in answers} == {403}
    assert len({one.content for one in answers}) == 1
    assert client.get(page(campaign)).status_code == 403


def test_who_acts_as_somebody_else_asks_nothing(
    support: Client, subscribe: Subscribe, today: datetime, settings: Any
) -> None:
    settings.RGPD = {**settings.RGPD, "IMPERSONATED": "tests.marketing.test_received.always"}
    campaign = sent(today)
    assert support.post(page(campaign), {"address": "ada@example.com"}).status_code == 403


def always(_request: object) -> bool:
    """Whoever asks acts as somebody else."""
    return True


def test_the_page_of_a_person_tells_of_the_last_campaigns(
    support: Client, subscribe: Subscribe, make_person: Callable, today: datetime
) -> None:
    ada = subscribe("ada@example.com")
    for number in range(3):
        sent(today + number * HOUR)
    chosen = {"action": "what_processors_hold", "_selected_action": [ada.pk]}
    shown = support.post(reverse("admin:django_rgpd_person_changelist"), chosen).content.decode()
    assert shown.count("Handed over to the mail server") == 3
    assert "No processor is told of marketing." in shown
    assert "There is neither a consent nor a recent purchase" in shown, "offers"


def test_many_campaigns_cost_no_more_queries_than_one(subscribe: Subscribe, today: datetime) -> None:
    ada = subscribe("ada@example.com")
    sent(today)
    with CaptureQueriesContext(
        connection,
    ) as one:
        assert len(received.lately(ada, now=today)) == 1
    for number in range(4):
        sent(today + number * HOUR)
    with CaptureQueriesContext(connection) as many:
        assert len(received.lately(ada, now=today)) == 5
    assert len(many) == len(one)
