"""What messages hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import CONTACT, CONTENT
from django_rgpd.registry import Blank, Declaration, Null, Personal, Who, register
from example_shop.contact.models import ContactMessage


@register(ContactMessage)
class ContactMessageData(Declaration):
    """Your messages to us."""

    who = Who(user="user", email="email")
    clocks = {"messages": "received_at"}
    contacts = ("received_at",)
    label = _("Your messages to us")
    fields = {
        "name": Personal("messages", erase=Blank()),
        "email": Personal("messages", erase=Blank(), category=CONTACT),
        "subject": Personal("messages", erase=Blank(), category=CONTENT),
        "text": Personal("messages", erase=Blank(), category=CONTENT),
        "user": Personal("messages", erase=Null(), label=_("link to your account")),
    }
    facts = ["received_at", "answered_at"]
