"""The marketer's way: she writes texts in each language, sees which is shown and what stands on the others."""

from __future__ import annotations

from datetime import datetime

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from django_rgpd.consent import decisions, wordings, writing
from django_rgpd.consent.models import Wording
from example_shop.factories import UserFactory

from .conftest import MakePerson

pytestmark = pytest.mark.django_db
ADD = "/admin/django_rgpd/wording/add/"
LIST = "/admin/django_rgpd/wording/"


@pytest.fixture
def marketer(client: Client) -> Client:
    """Somebody who may write texts and see them, and nothing else."""
    user = UserFactory(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["add_wording", "view_wording"]))
    client.force_login(user)
    return client


def test_a_marketer_writes_in_both_languages_and_pages_show_it(marketer: Client, now: datetime) -> None:
    assert "Wordings" in marketer.get("/admin/").content.decode()
    answer = marketer.post(
        ADD, {"purpose": "newsletter", "language": "en", "text": " Letters, once a month. "}, follow=True
    )
    page = answer.content.decode()
    assert "Newsletter (French)" in page
    assert "made from the label" in page
    marketer.post(ADD, {"purpose": "newsletter", "language": "fr", "text": "Une lettre par mois."})
    assert "made from the label" not in marketer.get(LIST).content.decode()
    assert wordings.current("newsletter", "en").text == "Letters, once a month."
    assert wordings.current("newsletter", "fr").text == "Une lettre par mois."
    assert "Letters, once a month." in marketer.get("/privacy/marketing/newsletter/").content.decode()


@pytest.mark.parametrize(
    "text",
    ["", "  \n ", "\u200b", "x" * 1_001, "<b>Yes</b>", "Yes <script>x</script>", "Yes &nbsp;", "<!-- -->"],
)
def test_a_text_that_is_empty_long_or_html_is_refused(marketer: Client, text: str) -> None:
    answer = marketer.post(ADD, {"purpose": "newsletter", "language": "en", "text": text})
    assert answer.status_code == 200
    assert "errorlist" in answer.content.decode()
    assert not Wording.objects.exists()


def test_a_text_with_a_price_or_an_ampersand_is_no_html(now: datetime) -> None:
    for text in ("Presents < 20 EUR & ideas", "a<b"):
        if text == "a<b":
            with pytest.raises(ValidationError):
                writing.cleaned(text)
        else:
            assert writing.cleaned(text) == text
    assert writing.cleaned("Ye\u202es\u0000") == "Yes"


def test_which_version_is_shown_and_what_stands_on_each(
    marketer: Client, make_person: MakePerson, now: datetime
) -> None:
    old = writing.write("newsletter", "en", "First", now=now)
    for index in range(3):
        person = make_person(f"p{index}@example.com")
        decisions.give(person, "newsletter", "email", how="account", now=now, wording=old)
    decisions.withdraw(person, "newsletter", "email", how="link", now=now)
    new = writing.write("newsletter", "en", "Second", now=now)
    assert writing.standing_on([old.uuid, new.uuid]) == {old.uuid: 2}
    assert writing.in_force(now=now) == {new.uuid}
    soup = BeautifulSoup(marketer.get(LIST).content, "html.parser")
    cells = {
        row.select_one(".field-version").get_text(): (
            row.select_one(".field-standing").get_text(),
            row.select_one(".field-shown_now img")["alt"],
        )
        for row in soup.select("#result_list tbody tr")
    }
    assert cells == {"1": ("2", "False"), "2": ("0", "True")}
    page = marketer.get(reverse("admin:django_rgpd_wording_change", args=[old.pk])).content.decode()
    assert "First" in page
    assert "the newsletter form" in page


def test_the_list_asks_as_many_questions_for_many_versions_as_for_few(
    marketer: Client, now: datetime
) -> None:
    def asked(number: int) -> int:
        for index in range(number):
            writing.write("newsletter", "en", f"Text {number} {index}", now=now)
        with CaptureQueriesContext(connection) as captured:
            marketer.get(LIST)
        return len(captured)

    asked(1)
    assert asked(2) == asked(20)


def test_a_text_that_nobody_sees_any_more_is_not_shown(make_person: MakePerson, now: datetime) -> None:
    made = wordings.freeze(wordings.current("newsletter", "en", now=now))
    assert writing.in_force(now=now) == {made.uuid}
    written = writing.write("newsletter", "en", "Ours", now=now)
    assert writing.in_force(now=now) == {written.uuid}
