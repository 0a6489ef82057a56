"""Open business at Stripe: what is about money still keeps a customer, and is never ended silently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.processors import stripe_client

LIVING = frozenset({"active", "trialing", "past_due", "unpaid", "paused", "incomplete"})
"""States of a subscription that can still be charged; deleting its customer would cancel it at once."""

UNDER_WAY = frozenset({"processing", "requires_capture"})
SETTLED = frozenset({"won", "lost", "warning_closed", "prevented"})
_A_DAY = timedelta(days=1)


def refuse_open(api: Any, customer: str, *, now: datetime) -> None:
    """Raise ``NeedsSomeone`` where a subscription lives, ``Later`` where an invoice, a payment or a dispute is open."""
    hers: dict[str, Any] = {"customer": customer, "limit": 100}
    v1 = api.v1
    living = stripe_client.pages(lambda: v1.subscriptions.list(params={**hers, "status": "all"}), now=now)
    if any(one.status in LIVING for one in living):
        raise NeedsSomeone(
            _("A subscription of this person is alive there: end it, then this goes on by itself.")
        )
    unpaid = stripe_client.pages(lambda: v1.invoices.list(params={**hers, "status": "open"}), now=now)
    if any(True for _one in unpaid):
        raise Later(
            now + _A_DAY, _("An invoice there is not paid yet: it waits until that is paid or voided.")
        )
    if any(
        one.status in UNDER_WAY
        for one in stripe_client.pages(lambda: v1.payment_intents.list(params=hers), now=now)
    ):
        raise Later(now + _A_DAY, _("A payment is under way there: it waits until that is settled."))
    if any(
        _disputed(v1, one, now) for one in stripe_client.pages(lambda: v1.charges.list(params=hers), now=now)
    ):
        raise Later(now + _A_DAY, _("A payment is disputed there: it waits until that is settled."))


def refuse_open_payments(api: Any, payments: Iterable[Any], *, now: datetime) -> None:
    """Raise ``Later`` where one of these payments is under way, or disputed."""
    for one in payments:
        if getattr(one, "status", "") in UNDER_WAY:
            raise Later(now + _A_DAY, _("A payment is under way there: it waits until that is settled."))
        if _disputed(api.v1, one, now):
            raise Later(now + _A_DAY, _("A payment is disputed there: it waits until that is settled."))


def _disputed(v1: Any, charge: Any, now: datetime) -> bool:
    if not getattr(charge, "disputed", False):
        return False
    found = stripe_client.pages(lambda: v1.disputes.list(params={"charge": charge.id, "limit": 100}), now=now)
    return any(one.status not in SETTLED for one in found)
