"""What accounts hold of people."""

from django.utils.translation import gettext_lazy as _

from django_rgpd.policy import CONTACT, PREFERENCES, TECHNICAL
from django_rgpd.registry import OBSERVED, Blank, Declaration, Null, Personal, Placeholder, Who, register
from django_rgpd.registry.actions import WithRow
from django_rgpd.registry.presets import admin, auth, sessions
from example_shop.accounts.models import Address, RelativeBirthday, User

auth.declare(purpose="account")
admin.declare(purpose="log")
sessions.declare()


@register(User)
class UserData(Declaration):
    """Your account."""

    who = Who(user="pk")
    contacts = ("date_joined", "last_login")
    label = _("Your account")
    fields = {
        "email": Personal("account", erase=Placeholder(), category=CONTACT),
        "first_name": Personal("account", erase=Blank()),
        "last_name": Personal("account", erase=Blank()),
        "phone": Personal("account", erase=Blank(), category=CONTACT),
        "birth_date": Personal("account", erase=Null()),
        "last_login": Personal("account", erase=Null(), category=TECHNICAL, origin=OBSERVED),
    }
    facts = ["language", "date_joined"]
    internal = ["password", "is_active", "is_staff", "is_superuser", "pending_since"]


@register(Address)
class AddressData(Declaration):
    """Your delivery addresses."""

    who = Who(user="user")
    label = _("Your delivery addresses")
    fields = {
        "name": Personal("account", erase=Blank()),
        "street": Personal("account", erase=Blank(), category=CONTACT),
        "postcode": Personal("account", erase=Blank(), category=CONTACT),
        "city": Personal("account", erase=Blank(), category=CONTACT),
        "country": Personal("account", erase=Blank(), category=CONTACT),
        "phone": Personal("account", erase=Blank(), category=CONTACT),
    }
    internal = ["user"]


@register(RelativeBirthday)
class RelativeBirthdayData(Declaration):
    """Birthdays of people close to you, which you chose to tell us: optional data on somebody else."""

    who = Who(user="user")
    source = _("told by the customer")
    label = _("Birthdays that you told us of")
    fields = {
        "name": Personal("account", erase=Blank(), category=PREFERENCES),
        "date": Personal("account", erase=WithRow(), category=PREFERENCES),
    }
    internal = ["user"]
