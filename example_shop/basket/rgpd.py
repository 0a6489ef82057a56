"""What baskets hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import PREFERENCES, TECHNICAL
from django_rgpd.registry import Blank, Declaration, Null, Personal, Who, register
from django_rgpd.registry.actions import WithRow
from example_shop.basket.models import Basket, BasketLine


@register(Basket)
class BasketData(Declaration):
    """Your basket: kept until it has not been touched for three months."""

    who = Who(user="user", session="session_key")
    clocks = {"baskets": "updated_at"}
    label = _("Your basket")
    fields = {
        "user": Personal("baskets", erase=Null(), label=_("link to your account")),
        "session_key": Personal("baskets", erase=Blank(), category=TECHNICAL, export=False),
    }
    facts = ["created_at", "updated_at"]


@register(BasketLine)
class BasketLineData(Declaration):
    """What is in your basket."""

    who = Who(user="basket__user", session="basket__session_key")
    clocks = {"baskets": "basket__updated_at"}
    label = _("What is in your basket")
    fields = {"quantity": Personal("baskets", erase=WithRow(), category=PREFERENCES)}
    facts = ["product"]
    internal = ["basket"]
