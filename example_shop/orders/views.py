"""Ordering, and looking at one's orders."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from django_rgpd.core.limits import client_ip
from example_shop.accounts.models import User
from example_shop.basket import contents
from example_shop.basket.models import Basket
from example_shop.orders.forms import CheckoutForm
from example_shop.orders.models import Order
from example_shop.orders.place import EmptyBasket, place

PLACED = "placed_orders"
"""Where a session remembers the orders that it may look at without an account."""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@sensitive_post_parameters()
def checkout(request: HttpRequest) -> HttpResponse:
    """Who buys, where to, and off it goes."""
    basket = contents.find(request)
    lines = list(basket.lines.select_related("product")) if basket else []
    if basket is None or not lines:
        messages.warning(request, _("Your basket is empty."))
        return redirect("basket:basket")
    user = request.user if isinstance(request.user, User) else None
    form = CheckoutForm(request.POST or None, user=user, initial=_known(user))
    if request.method == "POST" and form.is_valid():
        try:
            order = _place(request, form, basket, user)
        except (EmptyBasket, User.DoesNotExist):
            return redirect("basket:basket")
        request.session[PLACED] = [*request.session.get(PLACED, [])[-9:], order.number]
        return redirect("orders:placed", order.number)
    total = sum(line.quantity * line.product.price for line in lines)
    return render(request, "orders/checkout.html", {"form": form, "lines": lines, "total": total})


@transaction.atomic
def _place(request: HttpRequest, form: CheckoutForm, basket: Basket, user: User | None) -> Order:
    """The order, and what its boxes say about hearing from the shop, or neither."""
    now = timezone.now()
    language = get_language() or "en"
    order = place(form.save(commit=False), basket, customer=user, language=language, now=now)
    form.record_marketing(email=order.email, user=user, phone=order.phone, now=now, ip=client_ip(request))
    return order


def _known(user: User | None) -> dict[str, str]:
    """What the customer has told already."""
    if user is None:
        return {"country": "FR"}
    address = user.addresses.order_by("pk").first()
    if address is None:
        return {"name": user.get_full_name(), "phone": user.phone, "country": "FR"}
    return {
        name: getattr(address, name) for name in ("name", "street", "postcode", "city", "country", "phone")
    }


@require_safe
@never_cache
def placed(request: HttpRequest, number: str) -> HttpResponse:
    """Thank you; shown to the session that has ordered."""
    if number not in request.session.get(PLACED, []):
        return redirect("orders:order", number)
    order = get_object_or_404(Order.objects.prefetch_related("lines"), number=number)
    return render(request, "orders/placed.html", {"order": order})


@require_safe
@login_required
@never_cache
def mine(request: HttpRequest) -> HttpResponse:
    """A customer's orders."""
    return render(request, "orders/list.html", {"orders": _own(request), "here": "orders"})


@require_safe
@login_required
@never_cache
def order(request: HttpRequest, number: str) -> HttpResponse:
    """One of them."""
    rows = _own(request).select_related("invoice").prefetch_related("lines")
    return render(
        request, "orders/order.html", {"order": get_object_or_404(rows, number=number), "here": "orders"}
    )


def _own(request: HttpRequest) -> QuerySet[Order]:
    return Order.objects.filter(customer=request.user.pk)
