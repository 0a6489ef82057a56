"""A review, from the form to everybody's eyes."""

import pytest

from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.factories import ProductFactory
from example_shop.reviews.models import Review
from tests.journeys.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.promise("P25")
def test_review_is_published_on_consent_under_first_name_and_initial(visit: Visit, customer: User) -> None:
    product: Product = ProductFactory()
    visit.log_in(customer).open(product.get_absolute_url()).follow("Write a review")
    visit.fill("itle", "Glows for hours").fill("eview", "It outshone the cake.")
    visit.press("Look at it first")
    assert "Marie D." in visit.text or "tick the box" in visit.text
    visit.press("Publish")
    assert not Review.objects.filter(product=product).exists(), "published without the box"

    visit.into_view(visit.find("name", "publish_agreed")).click()
    visit.press("Publish")
    visit.driver.delete_all_cookies()
    visit.open(product.get_absolute_url())
    assert "Marie D." in visit.text
    for path in (product.get_absolute_url(), "/en/reviews.atom", f"/api/reviews/?product={product.slug}"):
        visit.driver.get(f"{visit.url}{path}")
        source = visit.driver.page_source
        assert "Marie D." in source, path
        assert "Dupont" not in source, path
