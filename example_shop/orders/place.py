"""Placing an order: the basket becomes an order that is paid and invoiced, in one transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import transaction
from django.utils import timezone

from django_rgpd.registry import contacted, people
from example_shop.accounts import mails
from example_shop.accounts.models import User
from example_shop.basket.models import Basket, BasketLine
from example_shop.invoices.issue import issue
from example_shop.orders.models import Order, OrderLine, Status
from example_shop.payments.models import Payment, PaymentStatus

DAYS_TO_DELIVER = 4


class EmptyBasket(Exception):
    """There is nothing to order: it was ordered a moment ago, or taken out in another window."""


@transaction.atomic
def place(order: Order, basket: Basket, *, customer: User | None, language: str, now: datetime) -> Order:
    """Turn ``basket`` into ``order``, whose addresses the form has filled in.

    The person and the account are locked first, in the library's order: a deletion under way finishes before
    the order, and then there is nobody to order. Raises ``EmptyBasket`` and ``User.DoesNotExist``, with
    nothing changed.
    """
    if customer is not None:
        people.lock(people.person_of(customer, now=now))
        order.customer = User.objects.select_for_update(no_key=True).get(pk=customer.pk, is_active=True)
    Basket.objects.select_for_update().filter(pk=basket.pk).first()
    lines = list(BasketLine.objects.filter(basket=basket).select_related("product").order_by("pk"))
    if not lines:
        raise EmptyBasket
    _fill(order, lines, now=now)
    order.save(force_insert=True)
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            product=line.product,
            name=line.product.name,
            quantity=line.quantity,
            unit_price=line.product.price,
        )
        for line in lines
    )
    _pay(order, now=now)
    issue(order, on=timezone.localdate(now))
    basket.delete()
    got_in_touch(order, now=now)
    transaction.on_commit(partial(_thank, order, language))
    return order


def got_in_touch(order: Order, *, now: datetime) -> None:
    """Tell the library that the buyer was here: her terms count from her last contact."""
    contacted(order.customer or order.guest_email, at=now)


def _fill(order: Order, lines: Sequence[BasketLine], *, now: datetime) -> None:
    today = timezone.localdate(now)
    order.number = f"R{today:%y%m}-{secrets.token_hex(4).upper()}"
    order.placed_at = now
    order.terms_accepted_on = today
    order.expected_on = today + timedelta(days=DAYS_TO_DELIVER)
    order.total = sum((line.quantity * line.product.price for line in lines), Decimal(0))
    order.gift_email = order.gift_email or None
    order.status, order.paid_at = Status.PAID, now


def _pay(order: Order, *, now: datetime) -> None:
    """What Stripe would answer; a demonstration takes no money."""
    Payment.objects.create(
        order=order,
        stripe_customer=f"cus_{secrets.token_hex(7)}",
        stripe_payment_intent=f"pi_{secrets.token_hex(12)}",
        amount=order.total,
        currency=order.currency,
        status=PaymentStatus.SUCCEEDED,
        created_at=now,
    )


def _thank(order: Order, language: str) -> None:
    mails.send(
        "orders/mail/placed", to=order.email, language=language, order=order, lines=list(order.lines.all())
    )
