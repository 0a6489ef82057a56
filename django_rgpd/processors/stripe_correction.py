"""What a correction changes at a customer of Stripe's (art. 16): the fields of the setting, and an address that was hers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.views.decorators.debug import sensitive_variables

from django_rgpd.processors.base import Contact

_ADDRESS = "address"
_LINES = ("line1", "line2", "postal_code", "city", "state", "country")

NAMES = frozenset({"name", "phone", *(f"{_ADDRESS}.{one}" for one in _LINES)})
"""What of a customer may be given by the setting's ``fields``."""


@sensitive_variables()
def of(customer: Any, contact: Contact, known: Collection[str]) -> dict[str, Any]:
    """The parameters of an update; none where everything is right already.

    ``known``: her addresses of before, in lower case: another one than these was entered at Stripe itself, and stays. Of a
    postal address all given lines are sent where one differs.
    """
    found: dict[str, Any] = {
        name: text
        for name, text in contact.fields.items()
        if "." not in name and text != _held(customer, name)
    }
    lines = {
        name.removeprefix(f"{_ADDRESS}."): text
        for name, text in contact.fields.items()
        if name.startswith(f"{_ADDRESS}.")
    }
    place = getattr(customer, _ADDRESS, None)
    if any(text != _held(place, name) for name, text in lines.items()):
        found[_ADDRESS] = lines
    email = _held(customer, "email")
    if contact.address and email.lower() in known and email.lower() != contact.address:
        found["email"] = contact.address
    return found


def _held(what: Any, name: str) -> str:
    return str(getattr(what, name, None) or "")
