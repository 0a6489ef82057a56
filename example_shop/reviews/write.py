"""Writing and taking back a review: the library keeps the consent and the name that was agreed to with it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from django_rgpd.registry import people
from django_rgpd.reviews import publication
from django_rgpd.reviews.public_name import public_name
from example_shop.accounts.models import User
from example_shop.catalogue.models import Product
from example_shop.reviews.forms import ReviewForm
from example_shop.reviews.models import Review, ReviewStatus


def name_shown(author: User) -> str:
    """Under which name a review of this customer would be published."""
    return public_name(author.first_name, author.last_name)


def draft(author: User, product: Product) -> Review:
    """The customer's review of this product, or the beginning of one."""
    found = Review.objects.filter(author=author, product=product).first()
    return found or Review(author=author, product=product)


def publish(form: ReviewForm, *, author: User, now: datetime) -> Review:
    """Publish what a valid form says, under the name that its author chose in it."""
    review = form.save(commit=False)
    review.status = ReviewStatus.PUBLISHED
    if review._state.adding:
        review.created_at = now
    form.publish(review, person=people.person_of(author, now=now), now=now)
    return review


@transaction.atomic
def take_back(review: Review, *, now: datetime) -> None:
    """Delete a review, as its author wishes; with her last one goes the agreement to publish."""
    author = review.author
    assert author is not None
    publication.unpublish(review, person=people.person_of(author, now=now), now=now)
    review.delete()
