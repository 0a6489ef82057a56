"""What somebody means to buy: by account, or by session before logging in."""

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from example_shop.catalogue.models import Product

MOST_OF_ONE = 99


class Basket(models.Model):
    """Somebody's basket."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="basket",
        verbose_name=_("customer"),
    )
    session_key = models.CharField(_("session"), max_length=40, blank=True, db_index=True)
    created_at = models.DateTimeField(_("begun on"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed on"), auto_now=True, db_index=True)

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")

    def __str__(self) -> str:
        return f"basket {self.pk}"


class BasketLine(models.Model):
    """One product of a basket."""

    basket = models.ForeignKey(
        Basket, on_delete=models.CASCADE, related_name="lines", verbose_name=_("basket")
    )
    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product")
    )
    quantity = models.PositiveSmallIntegerField(
        _("quantity"), default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_OF_ONE)]
    )

    class Meta:
        verbose_name = _("basket line")
        verbose_name_plural = _("basket lines")
        constraints = [models.UniqueConstraint(fields=["basket", "product"], name="basket_line_once")]

    def __str__(self) -> str:
        return f"basket line {self.pk}"
