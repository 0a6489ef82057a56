"""The newsletter, from the box in the footer to the way out and back."""

import pytest

from django_rgpd.core import clock
from django_rgpd.ledger.models import Event
from django_rgpd.registry import people
from example_shop.newsletter.letter import send_letter
from tests.journeys.conftest import Visit, link_in, mail_about, mails

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

READER = "lou@example.com"


def letters_sent() -> int:
    reader = people.known("email", READER)
    return send_letter([reader] if reader else [], now=clock.now()).queued


@pytest.mark.promise("P10")
@pytest.mark.promise("P11")
@pytest.mark.promise("P22")
def test_newsletter_comes_after_the_confirmation_and_until_the_reader_leaves(visit: Visit) -> None:
    visit.open("/en/").fill("email address", READER)
    box = visit.find("css selector", "footer input[type=checkbox]")
    assert not box.is_selected()
    visit.into_view(box).click()
    visit.press("Sign up", "footer")
    assert "One more step" in visit.text
    assert letters_sent() == 0

    visit.open(link_in(mail_about("Please confirm your address"), "/confirm/"))
    assert letters_sent() == 0
    visit.press("Yes, confirm")
    assert "Confirmed" in visit.text
    assert letters_sent() == 1
    letter = mail_about("News from Ribambelle")
    assert letter.to == [READER]

    visit.open(link_in(letter, "/leave/")).press("Unsubscribe")
    assert "Nothing is sent to you" in visit.text
    assert letters_sent() == 0

    visit.press("Undo")
    assert "Undone" in visit.text
    assert letters_sent() == 1
    assert [one.subject for one in mails()].count("News from Ribambelle") == 2

    kinds = set(Event.objects.values_list("kind", flat=True))
    assert len(kinds) >= 3, kinds
