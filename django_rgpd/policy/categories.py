"""Categories of personal data, as the register and the notice name them (art. 30.1 c)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_rgpd.policy.purposes import Text


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of personal data; ``sensitive`` ones fall under art. 9."""

    key: str
    label: Text
    sensitive: bool = False


IDENTITY = Category("identity", _("Identity"))
CONTACT = Category("contact", _("Contact details"))
ORDERS = Category("orders", _("Orders and deliveries"))
PAYMENT = Category("payment", _("Payment references"))
CONTENT = Category("content", _("What the person wrote"))
PREFERENCES = Category("preferences", _("Preferences"))
TECHNICAL = Category("technical", _("Technical data"))
BANK = Category("bank", _("Bank details"))
HEALTH = Category("health", _("Health data"), sensitive=True)

BUILT_IN = (IDENTITY, CONTACT, ORDERS, PAYMENT, CONTENT, PREFERENCES, TECHNICAL, BANK, HEALTH)
