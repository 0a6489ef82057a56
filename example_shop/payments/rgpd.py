"""What payments hold of people: the provider's ids, never a card."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import PAYMENT
from django_rgpd.registry import OBSERVED, Blank, Declaration, Follows, KeepFacts, Personal, Who, register
from example_shop.payments.models import Payment


@register(Payment)
class PaymentData(Declaration):
    """Your payments."""

    who = Who(user="order__customer", email="order__guest_email")
    clocks = {"payments": "created_at"}
    open_business = Follows("order")
    currency = "currency"
    label = _("Your payments")
    fields = {
        "stripe_customer": Personal("payments", erase=Blank(), category=PAYMENT, origin=OBSERVED),
        "stripe_payment_intent": Personal("payments", erase=Blank(), category=PAYMENT, origin=OBSERVED),
    }
    facts = ["order", "amount", "currency", "status", "created_at"]
    at_end = KeepFacts()
