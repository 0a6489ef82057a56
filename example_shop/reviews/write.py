"""Writing and taking back a review: the consent and the name that was agreed to are kept with it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from django_rgpd.consent import decisions
from django_rgpd.registry import people
from django_rgpd.reviews.public_name import public_name
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.reviews.models import Review, ReviewStatus

PURPOSE = "reviews"


def name_shown(author: User) -> str:
    """Under which name a review of this customer would be published."""
    return public_name(author.first_name, author.last_name)


def draft(author: User, product: Product) -> Review:
    """The customer's review of this product, or the beginning of one."""
    found = Review.objects.filter(author=author, product=product).first()
    return found or Review(author=author, product=product)


@transaction.atomic
def publish(review: Review, *, now: datetime) -> None:
    """Publish a review that its author has agreed to, under her public name as it is today."""
    author = review.author
    assert author is not None
    # First, because it locks the person as a deletion does: the two then wait for each other in one order.
    decisions.give(people.person_of(author, now=now), PURPOSE, "", how="review form", now=now)
    review.public_name = name_shown(author)
    review.status = ReviewStatus.PUBLISHED
    if review._state.adding:
        review.created_at = now
    review.save()


@transaction.atomic
def take_back(review: Review, *, now: datetime) -> None:
    """Delete a review, as its author wishes; with her last one goes the agreement to publish."""
    author = review.author
    assert author is not None
    person = people.lock(people.person_of(author, now=now))
    review.delete()
    if not Review.objects.filter(author=author).exists():
        decisions.withdraw(person, PURPOSE, "", how="review taken back", now=now)
