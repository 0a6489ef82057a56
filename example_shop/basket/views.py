"""The basket's page, and what its buttons do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from example_shop.basket import contents
from example_shop.basket.models import MOST_OF_ONE
from example_shop.catalogue.models import Product


@require_safe
def basket(request: HttpRequest) -> HttpResponse:
    """What is in it."""
    found = contents.find(request)
    lines = list(found.lines.select_related("product__category").order_by("pk")) if found else []
    total = sum(line.quantity * line.product.price for line in lines)
    return render(request, "basket/basket.html", {"lines": lines, "total": total})


@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a product in."""
    product = get_object_or_404(Product, slug=slug)
    quantity = _quantity(request)
    if quantity is None or quantity < 1:
        messages.error(request, _("Say how many, from 1 to %(most)d.") % {"most": MOST_OF_ONE})
        return redirect(product)
    contents.put(contents.begin(request), product, quantity)
    messages.success(request, _("In your basket: %(product)s.") % {"product": product.name})
    return redirect("basket:basket")


@require_POST
def change(request: HttpRequest, slug: str) -> HttpResponse:
    """Have more, fewer or none of a product."""
    product = get_object_or_404(Product, slug=slug)
    quantity = _quantity(request)
    found = contents.find(request)
    if quantity is None:
        messages.error(request, _("Say how many, from 1 to %(most)d.") % {"most": MOST_OF_ONE})
    elif found is not None:
        contents.change(found, product, quantity)
    return redirect("basket:basket")


def _quantity(request: HttpRequest) -> int | None:
    text = request.POST.get("quantity", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
