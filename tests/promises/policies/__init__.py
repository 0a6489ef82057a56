"""The published policies of five shops, each as one declaration: what it promises, and where its data would live.

The tables are the example shop's. A paper (anything written down: a quote, a chat, a survey) is a message whose
subject says what it is, so that each purpose of a policy is a condition on one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Q

from django_rgpd.policy import (
    CONTACT,
    FISCAL_YEAR_END,
    LAST_CONTACT,
    Contract,
    Controller,
    LegalObligation,
    Policy,
    Purpose,
    Term,
    years,
)
from django_rgpd.registry import (
    Blank,
    Declaration,
    DeleteFile,
    DeleteRow,
    Follows,
    KeepFacts,
    Null,
    OpenBusiness,
    Personal,
    Placeholder,
    Sales,
    When,
    Who,
)

BUYER = Who(user="order__customer", email="order__guest_email")


def promised(name: str, *purposes: Purpose, **values: Any) -> Policy:
    """The policy of one shop."""
    controller = Controller(name=name, address="1 street", email="privacy@example.com")
    return Policy(version=date(2026, 1, 1), controller=controller, purposes=purposes, **values)


def account(term: Term) -> Purpose:
    """P50: while active, then a term from the last action."""
    return Purpose(
        "account", "Your account", bases=[Contract()], clock=LAST_CONTACT, term=term, reason="As published."
    )


def books(**values: Any) -> Purpose:
    """P51: invoices, ten years from the end of the fiscal year, out of sight after one."""
    said = {"clock": FISCAL_YEAR_END, "term": years(10), "active": years(1), **values}
    return Purpose("accounting", "Invoices", bases=[LegalObligation("Code de commerce, L123-22")], **said)


def declared(name: str, **attributes: Any) -> type[Declaration]:
    """A declaration made of its attributes."""
    return type(name, (Declaration,), {"__module__": __name__, "__doc__": name, **attributes})


def accounts() -> type[Declaration]:
    """Accounts, which end whole."""
    return declared(
        "Accounts",
        who=Who(user="pk"),
        contacts=["date_joined", "last_login"],
        fields={
            "email": Personal("account", erase=Placeholder(), category=CONTACT),
            "first_name": Personal("account", erase=Blank()),
            "last_name": Personal("account", erase=Blank()),
            "phone": Personal("account", erase=Blank(), category=CONTACT),
            "birth_date": Personal("account", erase=Null()),
            "last_login": Personal("account", erase=Null()),
        },
        facts=["language", "date_joined"],
        internal=["password", "is_active", "is_staff", "is_superuser", "pending_since"],
    )


def orders(purpose: str, clock: str = "placed_at") -> type[Declaration]:
    """Orders, which stay without their people."""
    texts = ("guest_email", "name", "street", "postcode", "city", "country", "phone", "delivery_note")
    gifts = ("gift_message", "gift_name", "gift_street", "gift_postcode", "gift_city")
    return declared(
        "Orders",
        who=Who(user="customer", email="guest_email"),
        clocks={purpose: clock},
        contacts=["placed_at"],
        open_business=OpenBusiness(Q(status__in=["paid", "shipped"]), until="expected_on"),
        sales=Sales(paid_at="paid_at"),
        fields={
            "customer": Personal(purpose, erase=Null()),
            "gift_email": Personal(purpose, erase=Null()),
            **{name: Personal(purpose, erase=Blank()) for name in (*texts, *gifts)},
        },
        facts=["number", "status", "placed_at", "paid_at", "expected_on", "delivered_on", "closed_on"],
        internal=["fraud_score", "terms_accepted_on", "total", "currency"],
        at_end=KeepFacts(),
    )


def invoices(clock: str = "issued_on") -> type[Declaration]:
    """Invoices, which go with their file."""
    names = ("name", "street", "postcode", "city", "country")
    return declared(
        "Invoices",
        who=BUYER,
        clocks={"accounting": clock},
        fields={
            **{f"billing_{name}": Personal("accounting", erase=Blank()) for name in names},
            "pdf": Personal("accounting", erase=DeleteFile()),
        },
        facts=["order", "number", "issued_on", "total", "currency", "terms_accepted_on"],
    )


def payments(purposes: Mapping[str, tuple[Q, str]]) -> type[Declaration]:
    """Payments: purpose → the rows that it is about, and its clock."""
    served = [When(key, rows) for key, (rows, _clock) in purposes.items()]
    return declared(
        "Payments",
        who=BUYER,
        clocks={key: clock for key, (_rows, clock) in purposes.items()},
        open_business=Follows("order"),
        fields={
            "stripe_customer": Personal(*served, erase=Blank()),
            "stripe_payment_intent": Personal(*served, erase=Blank()),
        },
        facts=["order", "amount", "currency", "status", "created_at", "counts_from"],
        at_end=KeepFacts(),
    )


def papers(purposes: Mapping[str, str], *, at_end: Any = None, **attributes: Any) -> type[Declaration]:
    """Papers: purpose (which is the subject) → its clock; an empty one where the person carries it."""
    served = [When(key, Q(subject=key)) for key in purposes]
    said = {
        "who": Who(user="user", email="email"),
        "clocks": {key: clock for key, clock in purposes.items() if clock},
        "contacts": ["received_at"],
        "fields": {
            "name": Personal(*served, erase=Blank()),
            "email": Personal(*served, erase=Blank(), category=CONTACT),
            "text": Personal(*served, erase=Blank()),
            "user": Personal(*served, erase=Null()),
        },
        "facts": ["subject", "received_at", "answered_at"],
        "at_end": at_end or DeleteRow(),
    }
    return declared("Papers", **{**said, **attributes})
