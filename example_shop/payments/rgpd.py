"""What payments hold of people: the provider's ids, never a card."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import PAYMENT
from django_rgpd.registry import (
    OBSERVED,
    Blank,
    Declaration,
    Follows,
    KeepFacts,
    Personal,
    Unsettled,
    Who,
    register,
)
from example_shop.payments.models import Payment, PaymentStatus


@register(Payment)
class PaymentData(Declaration):
    """Your payments."""

    who = Who(user="order__customer", email="order__guest_email")
    clocks = {"payments": "counts_from"}
    open_business = Follows("order")
    unsettled = Unsettled(Q(status=PaymentStatus.DISPUTED), reason=_("a payment is disputed"))
    currency = "currency"
    label = _("Your payments")
    fields = {
        "stripe_customer": Personal("payments", erase=Blank(), category=PAYMENT, origin=OBSERVED),
        "stripe_payment_intent": Personal("payments", erase=Blank(), category=PAYMENT, origin=OBSERVED),
    }
    facts = ["order", "amount", "currency", "status", "created_at", "counts_from"]
    at_end = KeepFacts()
