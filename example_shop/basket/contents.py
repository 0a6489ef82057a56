"""Finding and changing somebody's basket."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Sum
from django.http import HttpRequest

from example_shop.basket.models import MOST_OF_ONE, Basket, BasketLine
from example_shop.catalogue.models import Product

KEPT = "basket"
"""Where a session remembers the key under which its basket began: logging in changes the key."""


def find(request: HttpRequest) -> Basket | None:
    """The basket of who asks, if there is one: the customer's, else the session's."""
    if request.user.is_authenticated:
        return Basket.objects.filter(user=request.user.pk).first()
    key = request.session.session_key
    return Basket.objects.filter(user=None, session_key=key).first() if key else None


def begin(request: HttpRequest) -> Basket:
    """The basket of who asks, begun where there is none."""
    if request.user.is_authenticated:
        return Basket.objects.get_or_create(user_id=request.user.pk)[0]
    if not request.session.session_key:
        request.session.create()
    key = request.session.session_key or ""
    request.session[KEPT] = key
    return Basket.objects.filter(user=None, session_key=key).first() or Basket.objects.create(session_key=key)


def count(request: HttpRequest) -> int:
    """How many things are in it."""
    basket = find(request)
    return (basket.lines.aggregate(n=Sum("quantity"))["n"] or 0) if basket else 0


@transaction.atomic
def put(basket: Basket, product: Product, quantity: int) -> None:
    """Add to what is there, up to the most of one thing that can be bought."""
    line, new = BasketLine.objects.select_for_update().get_or_create(
        basket=basket, product=product, defaults={"quantity": min(quantity, MOST_OF_ONE)}
    )
    if not new:
        line.quantity = min(line.quantity + quantity, MOST_OF_ONE)
        line.save(update_fields=["quantity"])
    basket.save(update_fields=["updated_at"])


@transaction.atomic
def change(basket: Basket, product: Product, quantity: int) -> None:
    """Have as many of a product as told; none takes it out."""
    lines = BasketLine.objects.filter(basket=basket, product=product)
    if quantity < 1:
        lines.delete()
    else:
        lines.update(quantity=min(quantity, MOST_OF_ONE))
    basket.save(update_fields=["updated_at"])


@transaction.atomic
def take_over(session_key: str, user_id: int) -> None:
    """Put what was in a session's basket into the customer's who logs in."""
    guest = Basket.objects.filter(user=None, session_key=session_key).first() if session_key else None
    if guest is None:
        return
    own = Basket.objects.get_or_create(user_id=user_id)[0]
    for line in guest.lines.select_related("product"):
        put(own, line.product, line.quantity)
    guest.delete()
