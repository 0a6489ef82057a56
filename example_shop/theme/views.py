"""The front page and the terms of sale."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from example_shop.catalogue.models import Product


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """What is for sale."""
    products = Product.objects.select_related("category").order_by("-pk")[:12]
    return render(request, "theme/home.html", {"products": products})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """The terms of sale."""
    return render(request, "theme/terms.html")
