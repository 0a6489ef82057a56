"""Invoices: name and address copied at issue, numbers without a gap, a PDF whose bytes never change."""

from typing import Any

from django.core.files.storage import Storage, storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from django_rgpd.retention.archive import ArchiveQuerySetMixin
from example_shop.orders.models import Order


class IssuedInvoiceChanged(Exception):
    """Somebody tried to change an invoice after its issue; cancel it by a credit note instead."""


def private_storage() -> Storage:
    """Where the PDFs are: outside MEDIA, reached by a view that asks who wants one."""
    return storages["invoices"]


class InvoiceCounter(models.Model):
    """The last number of a year; its row is locked during an issue, so that no number is lost or doubled."""

    year = models.PositiveSmallIntegerField(_("year"), unique=True)
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("invoice counter")
        verbose_name_plural = _("invoice counters")

    def __str__(self) -> str:
        return str(self.year)


class InvoiceQuerySet(ArchiveQuerySetMixin, models.QuerySet["Invoice"]):
    """Invoices: in everyday use, or in the archive."""


class Invoice(models.Model):
    """What the books need of an order."""

    number = models.CharField(_("invoice number"), max_length=24, unique=True)
    order = models.OneToOneField(
        Order, on_delete=models.PROTECT, related_name="invoice", verbose_name=_("order")
    )
    billing_name = models.CharField(_("name"), max_length=120, blank=True)
    billing_street = models.CharField(_("street"), max_length=200, blank=True)
    billing_postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    billing_city = models.CharField(_("city"), max_length=100, blank=True)
    billing_country = models.CharField(_("country"), max_length=2, blank=True)
    issued_on = models.DateField(_("issued on"), db_index=True)
    total = models.DecimalField(_("total"), max_digits=10, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    terms_accepted_on = models.DateField(_("terms of sale accepted on"))
    pdf = models.FileField(_("document"), storage=private_storage, upload_to="%Y", blank=True)

    objects = InvoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-number"]
        indexes = [models.Index(fields=["billing_name"], name="invoices_invoice_name")]

    def __str__(self) -> str:
        return self.number

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new invoice; raises ``IssuedInvoiceChanged`` for one that exists (art. 289 CGI)."""
        if not self._state.adding:
            raise IssuedInvoiceChanged(
                f"Invoice {self.pk} is issued and stays as it is: write a credit note."
            )
        super().save(*args, **kwargs)
