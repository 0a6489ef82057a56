"""What wish lists hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import PREFERENCES
from django_rgpd.registry import Blank, Declaration, Personal, Who, register
from example_shop.wishes.models import Wish


@register(Wish)
class WishData(Declaration):
    """Your wish list."""

    who = Who(user="user")
    contacts = ("created_at",)
    label = _("Your wish list")
    fields = {"note": Personal("account", erase=Blank(), category=PREFERENCES)}
    facts = ["product", "created_at"]
    internal = ["user"]
