"""Which reviews everybody may read."""

from __future__ import annotations

from django.db.models import QuerySet

from example_shop.reviews.models import Review, ReviewStatus


def published() -> QuerySet[Review]:
    """Reviews that the shop has not refused and whose authors agreed; the latest first."""
    return Review.objects.filter(status=ReviewStatus.PUBLISHED, publish_consent=True)
