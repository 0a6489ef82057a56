"""What comes back from the mail provider, over its webhooks: kept to, exported, and ended with the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from django.core.management import call_command
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.erasure.execute import erase
from django_rgpd.marketing.models import Engagement
from django_rgpd.marketing.send import send
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from tests.marketing import providers
from tests.marketing.providers import CLICKED, COMPLAINED, HARD, OPENED, UNSUBSCRIBED, News, post
from tests.promises.conftest import START, Day

pytest.importorskip("anymail")
pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MAILING = UUID("3a0f3c0e-7a44-4a3a-9d8e-0d9a3a3f7c11")
LETTER = {"title": "Lanterns", "text": "New ones"}
Tell = Callable[..., None]


@pytest.fixture
def reader(marie: User) -> Person:
    """Marie, who agreed to the newsletter, to offers, and to be seen opening them."""
    person = people.users_person(marie.pk)
    assert person is not None
    for key in (("newsletter", "email"), ("offers", "email"), ("openings", "")):
        decisions.give(person, *key, how="account", now=START)
    return person


@pytest.fixture
def tell(client: Client, settings) -> Tell:
    """Let the provider tell something about Marie."""
    settings.ANYMAIL = providers.ANYMAIL

    def told(kind: str, at: datetime, **metadata: str) -> None:
        news = News(kind=kind, email="marie@example.com", at=at, metadata={"rgpd": str(MAILING), **metadata})
        assert post(client, "postmark", news).status_code == 200

    return told


def _sent(purpose: str, person: Person, now: datetime) -> int:
    return send(purpose, "marketing/news", [person.uuid], now=now, context=LETTER).queued


@pytest.mark.promise("P12")
@pytest.mark.promise("P19")
def test_a_spam_complaint_stops_what_waits_to_leave_too(day: Day, reader: Person, tell: Tell) -> None:
    assert _sent("newsletter", reader, START) == 1
    tell(COMPLAINED, START)
    assert not [one for one in day(START + HOUR) if "Lanterns" in one.body]
    assert [_sent(one, reader, START + HOUR) for one in ("newsletter", "offers")] == [0, 0]


@pytest.mark.promise("P19")
def test_who_leaves_at_the_provider_has_left_the_shop_and_comes_back_by_herself(
    day: Day, reader: Person, tell: Tell
) -> None:
    day(START + HOUR)
    tell(UNSUBSCRIBED, START + HOUR, rgpd_purpose="newsletter")
    assert [_sent(one, reader, START + HOUR) for one in ("newsletter", "offers")] == [0, 1]
    day(START + 3 * HOUR)
    decisions.confirm(reader, "newsletter", "email", how="double_optin", now=START + 2 * HOUR)
    tell(UNSUBSCRIBED, START + HOUR, rgpd_purpose="newsletter")
    assert _sent("newsletter", reader, START + 3 * HOUR) == 1


@pytest.mark.promise("P19")
def test_nothing_goes_to_an_address_that_is_dead(day: Day, reader: Person, tell: Tell) -> None:
    day(START + HOUR)
    tell(HARD, START + HOUR)
    assert _sent("newsletter", reader, START + HOUR) == 0


@pytest.mark.promise("P15")
def test_a_click_begins_the_three_years_anew_and_an_opening_does_not(
    day: Day, reader: Person, tell: Tell
) -> None:
    later = START + relativedelta(years=2)
    people.contact(reader.uuid, at=START)
    day(later)
    tell(OPENED, later)
    assert _sent("offers", reader, START + relativedelta(years=3)) == 0
    tell(CLICKED, later)
    assert _sent("offers", reader, START + relativedelta(years=3)) == 1
    assert _sent("offers", reader, later + relativedelta(years=3)) == 0


@pytest.mark.promise("P18")
def test_openings_are_a_box_of_their_own_on_her_page_and_off_at_first(browser: Client, day: Day) -> None:
    page = BeautifulSoup(browser.get("/privacy/choices/").content, "html.parser")
    box = page.find("input", {"name": "on", "value": "openings."})
    assert box is not None
    assert not box.has_attr("checked")


@pytest.mark.promise("P18")
@pytest.mark.parametrize("document", ["access", "portability"])
def test_clicks_and_openings_are_in_her_copy(
    day: Day, reader: Person, tell: Tell, tmp_path: Path, document: str
) -> None:
    day(START + 2 * HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + 2 * HOUR)
    path = tmp_path / "out.json"
    call_command("rgpd_export", "--person", str(reader.uuid), "--document", document, "--output", str(path))
    (table,) = [
        one for one in json.loads(path.read_text())["tables"] if one["table"] == "django_rgpd.Engagement"
    ]
    assert [(row["kind"], row["mailing"]) for row in table["rows"]] == [
        ("clicked", str(MAILING)),
        ("opened", str(MAILING)),
    ]


@pytest.mark.promise("P18")
def test_clicks_and_openings_end_after_a_year(day: Day, reader: Person, tell: Tell) -> None:
    day(START + HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + HOUR)
    day(START + relativedelta(years=1, days=-1))
    assert Engagement.objects.count() == 2
    day(START + relativedelta(years=1))
    assert not Engagement.objects.exists()


@pytest.mark.promise("P18")
def test_where_a_shop_keeps_marketing_for_a_shorter_time_clicks_and_openings_end_with_it(
    day: Day, reader: Person, tell: Tell, settings
) -> None:
    settings.RGPD = {
        **settings.RGPD,
        "POLICY": "tests.consent.policy.policy",
    }  # news of a season, kept for six months
    day(START + HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + HOUR)
    day(START + relativedelta(months=6, days=-1))
    assert Engagement.objects.count() == 2
    day(START + relativedelta(months=6))
    assert not Engagement.objects.exists()


@pytest.mark.promise("P18")
def test_openings_end_with_the_consent_to_them_and_clicks_with_an_objection(
    day: Day, reader: Person, tell: Tell
) -> None:
    day(START + HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + HOUR)
    decisions.withdraw(reader, "openings", "", how="account", now=START + 2 * HOUR)
    day(START + timedelta(days=1))
    assert list(Engagement.objects.values_list("kind", flat=True)) == ["clicked"]
    decisions.refuse_all(reader, how="account", now=START + timedelta(days=2))
    assert not Engagement.objects.exists()


@pytest.mark.promise("P18")
def test_an_erasure_takes_clicks_and_openings(day: Day, reader: Person, tell: Tell) -> None:
    day(START + HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + HOUR)
    erase(reader, how="account", now=START + HOUR)
    tell(CLICKED, START + HOUR)
    tell(OPENED, START + HOUR)
    assert not Engagement.objects.exists()
