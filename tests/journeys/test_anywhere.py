"""The pages on a phone and without scripts."""

import pytest

from example_shop.accounts.models import User
from example_shop.factories import make_guest
from tests.journeys.conftest import Visit, link_in, mail_about

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = (
    "/en/",
    "/privacy/",
    "/privacy/prove/",
    "/privacy/choices/",
    "/privacy/export/",
    "/privacy/addresses/",
    "/privacy/delete/",
    "/privacy/deleted/",
    "/privacy/marketing/newsletter/",
)


def test_no_page_is_wider_than_a_phone(visit: Visit, customer: User) -> None:
    visit.phone().log_in(customer).open("/privacy/delete/").prove()
    for page in PAGES:
        visit.open(page)
        content, window = visit.width()
        assert content <= window, page
        assert window <= 360, page


@pytest.mark.promise("P32")
def test_guest_deletes_on_a_phone_without_scripts(visit: Visit, transactional_db: None) -> None:
    [order] = make_guest("guest@example.com")
    visit.phone().without_scripts().open("/privacy/")
    visit.fill("Your email address", "guest@example.com").press("Send me the link")
    visit.open(link_in(mail_about("The link to your data"))).press("Open my page")
    visit.follow("Delete my data").press("Delete my data now")
    assert "Your data is deleted" in visit.text
    order.refresh_from_db()
    assert order.guest_email == ""
