"""What invoices hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import CONTACT, ORDERS
from django_rgpd.registry import Blank, Declaration, DeleteFile, Follows, Personal, Who, register
from example_shop.invoices.models import Invoice


@register(Invoice)
class InvoiceData(Declaration):
    """Your invoices: name and address for ten years, then the row and its file go."""

    people = {"buyer": Who(user="order__customer", email="order__guest_email")}
    clocks = {"accounting": "issued_on"}
    unsettled = Follows("order")
    currency = "currency"
    label = _("Your invoices")
    fields = {
        "billing_name": Personal("accounting", erase=Blank()),
        "billing_street": Personal("accounting", erase=Blank(), category=CONTACT),
        "billing_postcode": Personal("accounting", erase=Blank(), category=CONTACT),
        "billing_city": Personal("accounting", erase=Blank(), category=CONTACT),
        "billing_country": Personal("accounting", erase=Blank(), category=CONTACT),
        "pdf": Personal("accounting", erase=DeleteFile(), category=ORDERS),
    }
    facts = ["order", "number", "issued_on", "total", "currency", "terms_accepted_on"]
