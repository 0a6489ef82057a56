"""What may be sent, chosen in the account."""

import pytest

from django_rgpd.consent.models import ConsentState
from django_rgpd.core import clock
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.newsletter.letter import send_letter
from tests.journeys.conftest import Visit, mail_about

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def boxes(visit: Visit) -> dict[str, bool]:
    """What is ticked on the page, by purpose and channel."""
    found = visit.driver.find_elements("css selector", "main input[name=on]")
    return {str(one.get_attribute("value")): one.is_selected() for one in found}


def click(visit: Visit, name: str) -> None:
    visit.into_view(visit.find("css selector", f"main input[value='{name}']")).click()


def letters_sent(user: User) -> int:
    return send_letter([people.person_of(user, now=clock.now())], now=clock.now()).queued


@pytest.mark.promise("P12")
@pytest.mark.promise("P13")
def test_leaving_takes_as_many_steps_as_joining_in_the_same_place(visit: Visit, known: User) -> None:
    visit.log_in(known).open("/privacy/").follow("Choose what we may send you")
    click(visit, "newsletter.email")
    visit.press("Save my choices")
    assert boxes(visit)["newsletter.email"]
    assert letters_sent(known) == 1

    click(visit, "newsletter.email")
    visit.press("Save my choices")
    assert not boxes(visit)["newsletter.email"]
    assert letters_sent(known) == 0


@pytest.mark.promise("P16")
def test_email_sms_and_post_are_chosen_one_by_one(visit: Visit, known: User) -> None:
    visit.log_in(known).open("/privacy/choices/")
    before = boxes(visit)
    channels = [name for name in before if name.startswith("offers.")]
    assert len(channels) == 3
    for name in channels:
        click(visit, name)
        visit.press("Save my choices")
        after = boxes(visit)
        assert after[name] is not before[name]
        assert {key: on for key, on in after.items() if key != name} == {
            key: on for key, on in before.items() if key != name
        }
        before = after


@pytest.mark.promise("P12")
@pytest.mark.promise("P23")
def test_messages_about_an_order_go_on_after_no_to_all_marketing(visit: Visit, known: User) -> None:
    visit.log_in(known).open("/privacy/choices/").press("No marketing at all")
    assert not any(boxes(visit).values())
    assert not ConsentState.objects.filter(live=True).exists()

    visit.open("/en/").follow("Paper lantern").press("Put into the basket")
    visit.open("/en/checkout/")
    for label, text in {"Street": "1 rue Neuve", "Postcode": "69001", "City": "Lyon"}.items():
        visit.fill(label, text)
    visit.tick("I accept the terms").press("Order and pay")
    assert "Thank you for your order" in visit.text
    number = visit.path.rstrip("/").split("/")[-2]
    assert mail_about(number).to == [known.email]
    assert letters_sent(known) == 0
