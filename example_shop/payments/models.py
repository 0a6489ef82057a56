"""Payments: the provider has the card, the shop only the provider's ids."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from example_shop.orders.models import Order


class PaymentStatus(models.TextChoices):
    """What became of a payment."""

    PENDING = "pending", _("pending")
    SUCCEEDED = "succeeded", _("succeeded")
    FAILED = "failed", _("failed")
    REFUNDED = "refunded", _("refunded")
    DISPUTED = "disputed", _("disputed")


class Payment(models.Model):
    """One payment of an order."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="payments", verbose_name=_("order")
    )
    stripe_customer = models.CharField(_("customer at Stripe"), max_length=64, blank=True)
    stripe_payment_intent = models.CharField(_("payment at Stripe"), max_length=64, blank=True, db_index=True)
    amount = models.DecimalField(_("amount"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    status = models.CharField(
        _("status"), max_length=10, choices=PaymentStatus.choices, default=PaymentStatus.PENDING
    )
    created_at = models.DateTimeField(_("made on"), default=timezone.now, db_index=True)
    counts_from = models.DateTimeField(_("counts from"), default=timezone.now, db_index=True)
    """When its term begins: with the payment, or when a dispute about it was settled."""

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")

    def __str__(self) -> str:
        return f"payment {self.pk}"
