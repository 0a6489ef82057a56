"""What the shop's templates ask for on every page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django import template
from django.db.models import QuerySet
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.safestring import SafeString, mark_safe

from example_shop.basket.contents import count
from example_shop.catalogue.models import Category, Product
from example_shop.mailbox import received

register = template.Library()

_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}
ART = frozenset(path.stem for path in (Path(__file__).parents[1] / "static" / "theme" / "art").glob("*.svg"))
"""The drawings that there are: some of a product, one of each shelf."""


@register.simple_tag(takes_context=True)
def basket_count(context: template.Context) -> int:
    """How many things are in the basket of who asks."""
    request = context.get("request")
    return count(request) if request is not None else 0


@register.simple_tag
def shelves() -> QuerySet[Category]:
    """All shelves."""
    return Category.objects.all()


@register.simple_tag
def privacy_url() -> str:
    """Where customers see to their data."""
    try:
        return reverse("django_rgpd:centre")
    except NoReverseMatch:
        return ""


@register.simple_tag
def mailbox_url() -> str:
    """Where the mails of the demonstration are; nothing where mails really leave."""
    return reverse("mailbox:list") if received.kept_here() else ""


@register.filter
def picture(product: Product) -> str:
    """The URL of a product's picture, or of a drawing of it or of its shelf."""
    if product.image:
        return product.image.url
    drawn = next((name for name in (product.slug, product.category.slug) if name in ART), "gifts")
    return static(f"theme/art/{drawn}.svg")


@register.filter
def json_ld(value: Any) -> SafeString:
    """A value as structured data; ``<``, ``>`` and ``&`` are escaped, so that no text can end the block."""
    text = json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 - escaped above
