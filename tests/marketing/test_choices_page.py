"""The page of choices tells why each thing is on and until when, and stops it in one step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from dateutil.relativedelta import relativedelta
from django.test import Client
from django.utils import translation

from django_rgpd.consent import decisions, permission, state, using
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import links, preferences
from django_rgpd.policy import LegitimateInterest, Purpose, current, years
from django_rgpd.policy.own import CHOICES
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import OrderFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/privacy/choices/"
PARTNERS = ("partners", "")
PICKED = ("picked", "")


@pytest.fixture
def user(db: None) -> User:
    """Bea's account."""
    return UserFactory(email="bea@example.com")


@pytest.fixture
def bea(user: User, make_person: Callable) -> Person:
    """Bea, whose address is proven."""
    return make_person("bea@example.com", user=user)


@pytest.fixture
def profiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop picks goods for people, on its interest in marketing."""
    policy = current()
    picked = Purpose("picked", "Goods picked for you", bases=[LegitimateInterest()], term=years(3))
    made = replace(policy, purposes=[*policy.purposes, picked])
    for place in ("consent.deciding", "consent.using", "consent.state", "marketing.preferences"):
        monkeypatch.setattr(f"django_rgpd.{place}.current", lambda: made)
    monkeypatch.setattr("django_rgpd.consent.wordings.current_policy", lambda: made)


def told(person: Person, now: datetime) -> dict[str, str]:
    with translation.override("en"):
        return {one.name: one.why for one in preferences.choices(person, now=now)}


@pytest.mark.promise("P16")
def test_each_choice_says_why_it_is_on_or_off(bea: Person, user: User, today: datetime) -> None:
    decisions.give(bea, "newsletter", "email", how="account", now=today)
    decisions.inform(bea, "offers", "email", how="checkout", now=today - timedelta(days=9))
    decisions.object_to(bea, "offers", "sms", how="account", now=today)
    OrderFactory(customer=user, placed_at=today, paid_at=datetime(2026, 5, 4, 12, tzinfo=today.tzinfo))
    words = told(bea, today)
    assert words["newsletter.email"].startswith("You agreed on")
    assert words["offers.email"].startswith("You bought from us on May 4, 2026, and did not say no.")
    assert words["offers.email"].endswith("It ends by itself on May 4, 2029.")
    assert words["offers.sms"].startswith("You said no on")
    assert words["offers.post"] == "You have not agreed to it."
    assert words["partners."] == "You have not agreed to it."


def test_each_choice_says_when_it_ends_by_itself(bea: Person, user: User, today: datetime) -> None:
    decisions.give(bea, "newsletter", "email", how="account", now=today)
    decisions.give(bea, "partners", "", how="account", now=today)
    decisions.inform(bea, "offers", "email", how="checkout", now=today)
    paid = today - relativedelta(years=2)
    OrderFactory(customer=user, placed_at=paid, paid_at=paid)
    until = {one.name: one.until for one in preferences.choices(bea, now=today)}
    assert until["newsletter.email"] is None
    assert until["partners."] == clock.legal_day(today) + relativedelta(years=1)
    assert until["offers.email"] == clock.legal_day(paid) + relativedelta(years=3)


def test_what_ended_is_off_before_the_night_has_said_so(bea: Person, today: datetime) -> None:
    decisions.give(bea, "partners", "", how="account", now=today)
    later = today + relativedelta(years=1, days=1)
    (partners,) = [one for one in preferences.choices(bea, now=later) if one.name == "partners."]
    assert state.live(bea, "partners")
    assert not partners.on
    assert "ended" in partners.why


@pytest.mark.promise("P17")
@pytest.mark.promise("P37")
def test_passing_data_to_a_partner_has_its_own_consent_and_its_own_withdrawal(
    client: Client, user: User, bea: Person, today: datetime
) -> None:
    client.force_login(user)
    decisions.give(bea, "newsletter", "email", how="account", now=today - timedelta(days=1))
    assert not using.may_use(bea, "partners", now=today)
    soup = BeautifulSoup(client.get(PAGE).content, "html.parser")
    texts = [one["value"] for one in soup.select("[name=text]")]
    client.post(PAGE, {"shown": ["newsletter.email"], "on": ["newsletter.email", "partners."], "text": texts})
    assert using.may_use(bea, "partners", now=today + timedelta(minutes=1))
    client.post(PAGE, {"none": "1"})
    assert using.may_use(bea, "partners", now=today + timedelta(minutes=1)), "a yes of its own"
    client.post(PAGE, {"stop": "partners."})
    assert not using.may_use(bea, "partners", now=today + timedelta(minutes=1))


@pytest.mark.promise("P13")
@pytest.mark.parametrize("by_link", [True, False])
def test_one_button_stops_one_thing_and_touches_no_other(
    client: Client, user: User, bea: Person, today: datetime, by_link: bool
) -> None:
    for key in (("newsletter", "email"), ("offers", "post"), ("surveys", "email")):
        decisions.give(bea, *key, how="account", now=today - timedelta(hours=1))
    client.force_login(user)
    place = urlsplit(links.preferences_url(bea.uuid)).path if by_link else PAGE
    soup = BeautifulSoup(client.get(place).content, "html.parser")
    (button,) = soup.select('button[name=stop][value="offers.post"]')
    assert "Offers for similar products by post" in " ".join(button.get_text().split())
    (form,) = soup.select(f"form#{button['form']}")
    fields = {one["name"]: one["value"] for one in form.select("input")}
    client.post(place, {**fields, "stop": "offers.post"})
    client.post(place, {**fields, "stop": "offers.post"})
    assert {key for key, row in state.rows(bea).items() if row.live} == {
        ("newsletter", "email"),
        ("surveys", "email"),
    }
    assert Event.objects.filter(kind="consent.withdrawn").count() == 1


@pytest.mark.fault("W10")
def test_a_button_that_the_page_does_not_have_stops_nothing(
    client: Client, user: User, bea: Person, today: datetime
) -> None:
    decisions.give(bea, "newsletter", "email", how="account", now=today - timedelta(hours=1))
    client.force_login(user)
    for odd in ("", ".", "orders.", "newsletter", "newsletter.sms", f"{CHOICES}.", "newsletter.email.x"):
        client.post(PAGE, {"stop": odd})
        client.post(urlsplit(links.preferences_url(bea.uuid)).path, {"stop": odd})
    assert Event.objects.count() == 1


@pytest.mark.promise("P36")
@pytest.mark.promise("P21")
def test_who_objects_to_profiling_ends_it_and_no_marketing_at_all_ends_it_too(
    profiling: None, client: Client, user: User, bea: Person, today: datetime
) -> None:
    client.force_login(user)
    assert using.may_use(bea, "picked", now=today).reason == permission.INTEREST
    page = client.get(PAGE).content.decode()
    assert "We have an interest in it, and you did not object." in page
    client.post(PAGE, {"stop": "picked."})
    later = today + timedelta(hours=1)
    assert using.may_use(bea, "picked", now=later).reason == permission.REFUSED
    assert state.rows(bea)[PICKED].standing == "objected"


@pytest.mark.promise("P12")
def test_no_marketing_at_all_ends_profiling(profiling: None, bea: Person, today: datetime) -> None:
    assert using.may_use(bea, "picked", now=today)
    decisions.refuse_all(bea, how="link", now=today)
    assert not using.may_use(bea, "picked", now=today)
    assert not using.may_use(bea.uuid, "partners", now=today)
    assert "orders" not in {one.purpose.key for one in preferences.choices(bea, now=today)}


def test_using_is_asked_about_what_people_choose_and_nothing_else(bea: Person, today: datetime) -> None:
    for purpose in ("newsletter", "orders", "messages", "nothing"):
        with pytest.raises(ValueError, match="no purpose"):
            using.may_use(bea, purpose, now=today)


def test_by_link_nothing_is_offered_that_the_link_cannot_give(
    client: Client, bea: Person, today: datetime
) -> None:
    place = urlsplit(links.preferences_url(bea.uuid)).path
    soup = BeautifulSoup(client.get(place).content, "html.parser")
    assert {one["value"] for one in soup.select("[name=on]")} == {
        "newsletter.email",
        "offers.email",
        "surveys.email",
    }
    before = ConsentState.objects.count()
    client.post(
        place,
        {"on": ["partners.", "offers.post"], "text": [one["value"] for one in soup.select("[name=text]")]},
    )
    assert ConsentState.objects.count() == before


def test_every_field_has_a_label_and_every_group_a_legend(client: Client, user: User, bea: Person) -> None:
    client.force_login(user)
    soup = BeautifulSoup(client.get(PAGE).content, "html.parser")
    ids = [one["id"] for one in soup.select("[id]")]
    assert len(ids) == len(set(ids))
    for box in soup.select("main input[type=checkbox]"):
        assert soup.select(f'label[for="{box["id"]}"]')
        assert set(box["aria-describedby"].split()) <= set(ids)
        assert box.find_parent("fieldset").find("legend").get_text(strip=True)
    own = [one.get_text(strip=True) for one in soup.select("main button") if not one.has_attr("form")]
    assert own == ["Save my choices"], "the return key saves, and stops nothing"
