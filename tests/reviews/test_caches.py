"""Cached copies of public pages are dropped when what they show ends."""

from datetime import timedelta

import pytest
from django.test import Client

from django_rgpd import signals
from django_rgpd.consent import decisions, undo
from django_rgpd.erasure.execute import erase
from django_rgpd.registry import people
from django_rgpd.retention.sweep import sweep
from django_rgpd.reviews import publication
from example_shop import factories
from example_shop.catalogue.models import Product
from example_shop.reviews.models import Review

pytestmark = [pytest.mark.django_db, pytest.mark.fault("W08")]


class Cache:
    """Copies of product pages, as a proxy in front of the shop has them."""

    def __init__(self) -> None:
        self.copies: dict[object, str] = {}

    def page(self, product: Product) -> str:
        """What a visitor sees: the copy, else the page."""
        if product.pk not in self.copies:
            self.copies[product.pk] = Client().get(product.get_absolute_url()).content.decode()
        return self.copies[product.pk]

    def drop(self, *, model: type, about: tuple, **_: object) -> None:
        """As docs/howto/reviews.md says."""
        assert model is Review
        for key in about or list(self.copies):
            self.copies.pop(key, None)


@pytest.fixture
def cached():
    """The cache, listening."""
    found = Cache()
    signals.published_changed.connect(found.drop)
    yield found
    signals.published_changed.disconnect(found.drop)


@pytest.fixture
def author(db):
    """Who wrote."""
    return factories.UserFactory(first_name="Marie", last_name="Dupont")


@pytest.fixture
def person(author, now):
    """The same as the library knows her."""
    return people.person_of(author, now=now)


@pytest.fixture
def review(author, person, now):
    """Her review, published."""
    found = factories.ReviewFactory(author=author, publish_consent=False, public_name="")
    publication.publish(found, person=person, first="Marie", last="Dupont", now=now)
    return found


@pytest.fixture
def other(now):
    """Somebody else's product, whose page nobody has a reason to drop."""
    found = factories.ReviewFactory()
    return found.product


ENDS = {
    "erased and kept": lambda review, person, now: erase(
        person, how="account", choices={"reviews": "keep"}, now=now
    ),
    "erased": lambda review, person, now: erase(
        person, how="account", choices={"reviews": "delete"}, now=now
    ),
    "withdrawn": lambda review, person, now: decisions.withdraw(
        person, "reviews", "", how="account", now=now + timedelta(hours=1)
    ),
    "taken back": lambda review, person, now: publication.unpublish(review, person=person, now=now),
}


@pytest.mark.parametrize("end", ENDS)
def test_an_old_name_is_gone_from_cached_copies(
    end, cached, review, other, person, now, django_capture_on_commit_callbacks
):
    assert "Marie D." in cached.page(review.product)
    copy = cached.page(other)
    with django_capture_on_commit_callbacks(execute=True):
        ENDS[end](review, person, now)
        assert "Marie D." in cached.page(review.product), "not before the commit"
    assert "Marie D." not in cached.page(review.product)
    assert cached.copies[other.pk] == copy


def test_a_review_of_several_taken_back_drops_its_own_page_only(
    cached, review, author, person, now, django_capture_on_commit_callbacks
):
    second = factories.ReviewFactory(author=author, publish_consent=False, public_name="")
    publication.publish(second, person=person, first="Marie", last="Dupont", now=now)
    assert cached.page(review.product)
    assert cached.page(second.product)
    with django_capture_on_commit_callbacks(execute=True):
        publication.unpublish(second, person=person, now=now)
    assert set(cached.copies) == {review.product.pk}


def test_a_review_that_comes_back_is_seen_again(
    cached, review, person, now, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        row = decisions.withdraw(person, "reviews", "", how="account", now=now + timedelta(hours=1))
    assert "Marie D." not in cached.page(review.product)
    with django_capture_on_commit_callbacks(execute=True):
        undo.undo(row.event, how="account", now=now + timedelta(hours=2))
    assert "Marie D." in cached.page(review.product)


def test_names_that_a_term_takes_are_gone_from_every_copy(
    cached, author, now, django_capture_on_commit_callbacks
):
    review = factories.ReviewFactory(author=author)  # published before the library was there: no consent
    assert "Marie D." in cached.page(review.product)
    with django_capture_on_commit_callbacks(execute=True):
        assert sweep(now=now, only=["shop_reviews.Review"]).rows == 1
    assert "Marie D." not in cached.page(review.product)


def test_names_made_short_drop_every_copy(cached, author, django_capture_on_commit_callbacks):
    review = factories.ReviewFactory(author=author, public_name="Marie Dupont")
    assert "Marie Dupont" in cached.page(review.product)
    with django_capture_on_commit_callbacks(execute=True):
        publication.name_anew(publication.of(Review), apply=True)
    assert "Marie Dupont" not in cached.page(review.product)
    with django_capture_on_commit_callbacks(execute=True):
        publication.name_anew(publication.of(Review), apply=True)
    assert cached.copies, "nothing to correct, nothing to drop"


def test_a_deletion_of_somebody_without_reviews_drops_nothing(
    cached, review, now, django_capture_on_commit_callbacks
):
    stranger = people.person_of(factories.UserFactory(), now=now)
    cached.page(review.product)
    with django_capture_on_commit_callbacks(execute=True):
        erase(stranger, how="account", now=now)
    assert cached.copies
