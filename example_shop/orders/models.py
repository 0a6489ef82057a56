"""Orders: the buyer's own address beside the recipient's of a gift."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from example_shop.accounts.models import Country
from example_shop.accounts.names import one_line
from example_shop.catalogue.models import Product


class Status(models.TextChoices):
    """How far an order has come."""

    PLACED = "placed", _("placed")
    PAID = "paid", _("paid")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")


OPEN = [Status.PAID, Status.SHIPPED]
"""What is paid and not yet in the customer's hands: the shop owes something."""


class Order(models.Model):
    """What a customer, or a guest by her address, has bought."""

    number = models.CharField(_("order number"), max_length=24, unique=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("customer"),
    )
    guest_email = models.EmailField(_("email address of a guest"), blank=True)

    name = models.CharField(_("name"), max_length=120, blank=True, validators=[one_line])
    street = models.CharField(_("street"), max_length=200, blank=True, validators=[one_line])
    postcode = models.CharField(_("postcode"), max_length=16, blank=True, validators=[one_line])
    city = models.CharField(_("city"), max_length=100, blank=True, validators=[one_line])
    country = models.CharField(_("country"), max_length=2, blank=True, choices=Country.choices)
    phone = models.CharField(_("phone number"), max_length=30, blank=True, validators=[one_line])
    delivery_note = models.CharField(_("note for the carrier"), max_length=300, blank=True)

    gift_email = models.EmailField(_("recipient's email address"), null=True, blank=True)
    gift_name = models.CharField(_("recipient's name"), max_length=120, blank=True, validators=[one_line])
    gift_street = models.CharField(_("recipient's street"), max_length=200, blank=True, validators=[one_line])
    gift_postcode = models.CharField(
        _("recipient's postcode"), max_length=16, blank=True, validators=[one_line]
    )
    gift_city = models.CharField(_("recipient's city"), max_length=100, blank=True, validators=[one_line])
    gift_message = models.TextField(_("message for the recipient"), max_length=500, blank=True)

    status = models.CharField(
        _("status"), max_length=10, choices=Status.choices, default=Status.PLACED, db_index=True
    )
    placed_at = models.DateTimeField(_("placed on"), default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(_("paid on"), null=True, blank=True)
    expected_on = models.DateField(_("delivery expected on"), null=True, blank=True)
    delivered_on = models.DateField(_("delivered on"), null=True, blank=True)
    closed_on = models.DateField(_("closed on"), null=True, blank=True)
    terms_accepted_on = models.DateField(_("terms of sale accepted on"))
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    fraud_score = models.PositiveSmallIntegerField(_("fraud score"), default=0)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-placed_at"]
        indexes = [
            models.Index(Lower("guest_email"), name="orders_order_guest_lower"),
            models.Index(Lower("gift_email"), name="orders_order_gift_lower"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_gift(self) -> bool:
        """Whether it goes to somebody else."""
        return bool(self.gift_name or self.gift_street)

    @property
    def email(self) -> str:
        """Where mails about this order go."""
        return self.customer.email if self.customer else self.guest_email


class OrderLine(models.Model):
    """One product of an order, at the price of that day."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines", verbose_name=_("order"))
    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="order_lines", verbose_name=_("product")
    )
    name = models.CharField(_("name"), max_length=120)
    quantity = models.PositiveSmallIntegerField(_("quantity"), default=1, validators=[MinValueValidator(1)])
    unit_price = models.DecimalField(_("unit price"), max_digits=9, decimal_places=2)

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")

    def __str__(self) -> str:
        return f"order line {self.pk}"
