"""Marketing that ends by itself: asked about once by mail, gone on with by one button, ended by silence on its day."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from dateutil.relativedelta import relativedelta
from django.test import Client

from django_rgpd.consent import decisions, state, using
from django_rgpd.registry import people
from example_shop.accounts.models import User

from .conftest import START, Day

pytestmark = pytest.mark.django_db
OFFERS = ("offers", "email")


def _agree(browser: Client, *names: str) -> None:
    page = browser.get("/privacy/choices/").content.decode()
    texts = re.findall(r'name="text" value="([^"]+)"', page)
    browser.post("/privacy/choices/", {"on": list(names), "text": texts})


@pytest.mark.promise("P15")
@pytest.mark.promise("P24")
@pytest.mark.parametrize("answers", [True, False])
def test_offers_end_in_silence_or_go_on_by_one_button(
    browser: Client, marie: User, day: Day, answers: bool
) -> None:
    _agree(browser, "offers.email")
    person = people.users_person(str(marie.pk))
    assert person is not None
    end = START + relativedelta(years=3)
    asked = [one for one in day(end - timedelta(days=60)) if "/go-on/" in str(one.body)]
    assert [one.to for one in asked] == [["marie@example.com"]]
    assert not any("/go-on/" in str(one.body) for one in day(end - timedelta(days=59)))
    if answers:
        link = next(one for one in re.findall(r"https?://[^\s<>]+", str(asked[0].body)) if "/go-on/" in one)
        page = Client().get(urlsplit(link).path).content.decode()
        text = re.search(r'name="text" value="([^"]+)"', page)
        assert text is not None
        Client().post(urlsplit(link).path, {"text": text[1]})
    day(end)
    assert decisions.may_send(person, *OFFERS, now=end).yes is answers
    assert state.live(person, *OFFERS) is answers


@pytest.mark.promise("P17")
def test_a_partner_gets_nothing_without_its_own_consent(browser: Client, marie: User, day: Day) -> None:
    _agree(browser, "newsletter.email", "offers.email")
    person = people.users_person(str(marie.pk))
    assert person is not None
    assert not using.may_use(person, "partners", now=START)
    _agree(browser, "partners.")
    assert using.may_use(person, "partners", now=START + timedelta(seconds=1))
    browser.post("/privacy/choices/", {"stop": "partners."})
    assert not using.may_use(person, "partners", now=START + timedelta(seconds=1))
