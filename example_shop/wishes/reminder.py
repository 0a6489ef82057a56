"""A mail of the shop's own making: what somebody wished for is to be had. Who may get it is the library's to say."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from django_rgpd.core import links
from django_rgpd.marketing.classes import Outcome, marketing, outcome
from example_shop.catalogue.models import Product
from example_shop.wishes.models import Wish


def remind(product: Product) -> Outcome:
    """Write to everybody who wished for ``product``; says how many got it, and why the others are left out."""
    wishing = Wish.objects.filter(product=product).order_by("pk").values_list("user__email", flat=True)
    message = EmailMessage(
        _("On your wish list: %(product)s") % {"product": product},
        _("%(product)s is waiting for you.") % {"product": product}
        + f"\n\n{links.absolute(product.get_absolute_url())}",
        to=list(wishing),
    )
    marketing(message, "offers").send()
    return outcome(message) or Outcome()
