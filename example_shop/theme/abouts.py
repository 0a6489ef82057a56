"""What an export says about each of the shop's tables."""

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("Your account."),
    _("Your delivery addresses."),
    _("Birthdays of people close to you, which you chose to tell us: optional data on somebody else."),
    _("Your basket: kept until it has not been touched for three months."),
    _("What is in your basket."),
    _("Your orders: they go with you; what the books need is on the invoice."),
    _("What you ordered: exported with the order, and nobody's once the order is."),
    _("Your invoices: name and address for ten years, then the row and its file go."),
    _("Your payments."),
    _("Your reviews, under your first name and an initial; with your account they go, or stay nobody's."),
    _("Your wish list."),
    _("Your messages to us."),
)
"""Gathered for translators, who cannot see docstrings: the first line of each declaration's."""
