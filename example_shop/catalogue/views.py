"""A shelf, and a product with what customers say of it."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from example_shop.catalogue.models import Category, Product
from example_shop.reviews.models import Review
from example_shop.reviews.show import published


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    """A shelf."""
    shelf = get_object_or_404(Category, slug=slug)
    products = shelf.products.select_related("category")
    return render(request, "catalogue/category.html", {"category": shelf, "products": products})


@require_safe
def product(request: HttpRequest, slug: str) -> HttpResponse:
    """A product."""
    found = get_object_or_404(Product.objects.select_related("category"), slug=slug)
    reviews = list(published().filter(product=found)[:50])
    average = round(sum(one.rating for one in reviews) / len(reviews), 1) if reviews else None
    context = {
        "product": found,
        "reviews": reviews,
        "average": average,
        "structured": structured(found, reviews, average),
    }
    return render(request, "catalogue/product.html", context)


def structured(product: Product, reviews: Sequence[Review], average: float | None) -> dict[str, object]:
    """What search engines read of a product (schema.org), with the names that the page shows."""
    found: dict[str, object] = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": product.name,
        "description": product.description,
        "offers": {
            "@type": "Offer",
            "price": str(product.price),
            "priceCurrency": product.currency,
            "availability": "https://schema.org/InStock",
        },
    }
    if reviews:
        found["aggregateRating"] = {
            "@type": "AggregateRating",
            "ratingValue": average,
            "reviewCount": len(reviews),
        }
        found["review"] = [
            {
                "@type": "Review",
                "author": {"@type": "Person", "name": one.shown_name},
                "name": one.title,
                "reviewBody": one.text,
                "datePublished": one.created_at.date().isoformat(),
                "reviewRating": {"@type": "Rating", "ratingValue": one.rating, "bestRating": 5},
            }
            for one in reviews
        ]
    return found
