"""Reviews for feed readers and for other programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.syndication.views import Feed
from django.core.paginator import Paginator
from django.core.validators import slug_re
from django.db.models import QuerySet
from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from example_shop.catalogue.models import Product
from example_shop.reviews.models import Review
from example_shop.reviews.show import published
from example_shop.theme.context import SHOP

PAGE = 50


class ReviewFeed(Feed):
    """The latest reviews: of all products, or of one."""

    feed_type = Atom1Feed

    def get_object(self, request: HttpRequest, slug: str = "") -> Product | None:
        """The product, where the address names one."""
        return get_object_or_404(Product, slug=slug) if slug else None

    def title(self, product: Product | None) -> str:
        """What the reader's list says."""
        return _("Reviews at %(shop)s") % {"shop": SHOP if product is None else f"{SHOP}: {product.name}"}

    def link(self, product: Product | None) -> str:
        """Where the reviews are."""
        return product.get_absolute_url() if product else "/"

    def items(self, product: Product | None) -> QuerySet[Review]:
        """The latest."""
        rows = published().select_related("product")
        return (rows.filter(product=product) if product else rows)[:30]

    def item_title(self, item: Review) -> str:
        """Its title."""
        return item.title

    def item_description(self, item: Review) -> str:
        """Its text."""
        return item.text

    def item_link(self, item: Review) -> str:
        """Where it stands."""
        return f"{item.product.get_absolute_url()}#review-{item.pk}"

    def item_author_name(self, item: Review) -> str:
        """By whom, as everywhere."""
        return item.shown_name

    def item_pubdate(self, item: Review) -> datetime:
        """When."""
        return item.created_at


@require_safe
def api(request: HttpRequest) -> JsonResponse:
    """Published reviews as JSON; ``product`` takes a slug, ``page`` a number."""
    rows = published().select_related("product")
    if slug := request.GET.get("product"):
        rows = rows.filter(product__slug=slug) if slug_re.match(slug) else rows.none()
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    return JsonResponse(
        {
            "count": page.paginator.count,
            "page": page.number,
            "pages": page.paginator.num_pages,
            "reviews": [_as_json(review) for review in page],
        }
    )


def _as_json(review: Review) -> dict[str, Any]:
    return {
        "product": review.product.slug,
        "author": review.shown_name,
        "title": review.title,
        "text": review.text,
        "rating": review.rating,
        "published_at": review.created_at.isoformat(),
        "experienced_on": review.experienced_on.isoformat() if review.experienced_on else None,
    }
