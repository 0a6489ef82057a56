"""What a public review says of who wrote it: no more than the name chosen, and nothing once she is gone."""

import json

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.reviews.public_name import public_name
from django_rgpd.testing import assert_erased
from example_shop import factories
from example_shop.reviews.models import Review
from tests.journeys.test_by_pages import log_in

pytestmark = pytest.mark.django_db

TOWN = "Saint-Quentin-Fallavier"


@pytest.fixture
def author(db):
    """A customer from a small town."""
    user = factories.UserFactory(first_name="Maryvonne", last_name="Quillemot", email="maryvonne@example.com")
    factories.AddressFactory(user=user, city=TOWN, postcode="38070")
    return user


@pytest.fixture
def review(author):
    """Hers, written by the page under ``publish_as``."""

    def write(publish_as: str = "name") -> Review:
        product = factories.ProductFactory()
        client = Client()
        log_in(client, author)
        page = f"/en/products/{product.slug}/review/"
        text = client.get(page).context["form"]["publish_wording"].value()
        said = {"rating": "4", "title": "Lovely", "text": "It glows.", "publish_agreed": "on"}
        client.post(page, {**said, "publish_as": publish_as, "publish_wording": text})
        return Review.objects.get(product=product)

    return write


def everywhere(review: Review) -> dict[str, str]:
    """What a stranger reads of ``review``, place by place."""
    slug = review.product.slug
    places = (
        f"/en/products/{slug}/",
        f"/fr/products/{slug}/",
        "/en/reviews.atom",
        f"/en/products/{slug}/reviews.atom",
        "/api/reviews/",
    )
    return {place: Client().get(place).content.decode() for place in places}


@pytest.mark.fault("N14")
@pytest.mark.parametrize(("publish_as", "name"), [("name", "Maryvonne Q."), ("neutral", public_name("", ""))])
def test_a_neutral_label_is_offered_and_no_town_is_shown(review, publish_as: str, name: str) -> None:
    written = review(publish_as)
    for place, text in everywhere(written).items():
        assert name in text, place
        assert TOWN not in text, place
        assert "38070" not in text, place
        assert ("Maryvonne" in text) is (publish_as == "name"), place


@pytest.mark.fault("N15")
def test_after_an_erasure_every_place_shows_the_neutral_label_and_no_way_back(author, review) -> None:
    written = review()
    assert all("Maryvonne Q." in text for text in everywhere(written).values())
    person = people.person_of(author, now=clock.now())
    erase(person, how="account", choices={"reviews": "keep"}, now=clock.now())
    run_due(now=clock.now())
    mail.outbox.clear()

    for place, text in everywhere(written).items():
        assert "It glows." in text, place
        assert public_name("", "") in text, place
        assert "Maryvonne" not in text, place
    page = BeautifulSoup(everywhere(written)[written.product.get_absolute_url()], "html.parser")
    block = page.find("script", type="application/ld+json")
    assert block is not None
    (told,) = json.loads(str(block.string))["review"]
    assert told["author"]["name"] == public_name("", "")

    written.refresh_from_db()
    assert (written.author_id, written.public_name) == (None, "")
    assert not Event.objects.filter(person=person.uuid, payload__icontains="Maryvonne").exists()
    assert_erased("maryvonne@example.com", values={"text": ["Maryvonne Q", "Quillemot"]})
