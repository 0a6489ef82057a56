"""The download: asked for in the account, built in the background, handed over to its owner."""

import json
import zipfile
from pathlib import Path

import pytest

from example_shop.accounts.models import User
from example_shop.factories import make_customer
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.journeys.conftest import Visit, mail_about

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def document(path: Path) -> str:
    """What the file says."""
    if path.suffix == ".json":
        return path.read_text()
    with zipfile.ZipFile(path) as archive:
        return archive.read("export.json").decode()


@pytest.mark.promise("P28")
@pytest.mark.promise("P30")
@pytest.mark.promise("P34")
@pytest.mark.parametrize("which", ["access", "portability"])
def test_customer_downloads_what_the_shop_has_of_her(visit: Visit, known: User, which: str) -> None:
    other = make_customer(email="other@example.com", first_name="Ottoline", last_name="Otherby")
    visit.log_in(known).open("/privacy/").follow("Download my data")
    visit.into_view(visit.find("id", f"document-{which}")).click()
    visit.press("Prepare it")
    assert "Collect it" not in visit.text

    assert mail_about("Your data can be collected").to == [known.email]
    visit.open("/privacy/export/").press("Collect it").prove()
    visit.into_view(visit.button("Collect it")).click()
    text = document(visit.downloaded())

    found = json.loads(text)
    assert found
    review = Review.objects.get(author=known)
    numbers = Order.objects.filter(customer=known).values_list("number", flat=True)
    for told in (known.email, known.last_name, review.text.splitlines()[0], *numbers):
        assert json.dumps(told)[1:-1] in text or told in text
    assert other.email not in text
    assert "Otherby" not in text
    assert "fraud_score" not in text
    assert known.password not in text
