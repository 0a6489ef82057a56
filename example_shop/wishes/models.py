"""What customers would like to have."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from example_shop.accounts.names import one_line
from example_shop.catalogue.models import Product


class Wish(models.Model):
    """One product on a customer's wish list."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="wishes", verbose_name=_("customer")
    )
    product = models.ForeignKey(
        Product, on_delete=models.CASCADE, related_name="+", verbose_name=_("product")
    )
    created_at = models.DateTimeField(_("wished for on"), default=timezone.now)
    note = models.CharField(_("note"), max_length=200, blank=True, validators=[one_line])

    class Meta:
        verbose_name = _("wish")
        verbose_name_plural = _("wishes")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["user", "product"], name="wishes_wish_once")]

    def __str__(self) -> str:
        return f"wish {self.pk}"
