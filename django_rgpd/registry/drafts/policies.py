"""Guessing which purpose a model serves, and which of its dates starts the term."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import DateField

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import Contract, LegalObligation, current
from django_rgpd.policy.terms import PERSONAL_CLOCKS
from django_rgpd.registry import looks
from django_rgpd.registry.columns import columns

if TYPE_CHECKING:
    from django.db.models import Field, Model

    from django_rgpd.policy import Purpose

    AnyField = Field[Any, Any]

FALLBACK = "account"
ALIKE = {
    "accounting": {"invoice", "invoices", "bill", "credit", "facture", "factures", "avoir"},
    "orders": {"order", "orderline", "line", "shipment", "delivery", "commande", "livraison", "parcel"},
    "payments": {"payment", "transaction", "refund", "paiement"},
    "reviews": {"review", "rating", "avis"},
    "messages": {"message", "contact", "ticket", "enquiry"},
    "account": {"user", "users", "account", "accounts", "profile", "address", "wish", "wishlist", "compte"},
    "baskets": {"basket", "cart", "panier"},
    "newsletter": {"newsletter", "subscriber", "subscription"},
}
STARTS = "created, created at, created on, placed, placed at, date placed, date created, issued on, received at, date"


def guess_purpose(model: type[Model]) -> tuple[str, bool]:
    """The key of the purpose, and whether the policy has it by that name for a reason that can be named."""
    known = {purpose.key: purpose for purpose in _purposes()}
    said = {*looks.words(model.__name__), *looks.words(model._meta.app_label)}
    best = max(known, key=lambda key: _score(key, said, looks.words(model.__name__)), default=None)
    if best is not None and _score(best, said, looks.words(model.__name__)):
        return best, True
    if FALLBACK in known or not known:
        return FALLBACK, False
    carried = [key for key, one in known.items() if any(isinstance(basis, Contract) for basis in one.bases)]
    return (carried or list(known))[0], False


def kept_by_law(key: str) -> bool:
    """Whether a law has the shop keep what serves the purpose: its rows go whole, at their term."""
    return any(
        isinstance(basis, LegalObligation)
        for purpose in _purposes()
        if purpose.key == key
        for basis in purpose.bases
    )


def guess_clock(model: type[Model], key: str, user: str | None) -> tuple[str | None, bool]:
    """The path of the date that starts the term, and whether one is needed."""
    purpose = next((one for one in _purposes() if one.key == key), None)
    if purpose is None or purpose.term.endless or purpose.clock in PERSONAL_CLOCKS:
        return None, False
    here, before = model, ""
    for word in ["", *(user or "").split("__")[:-1]]:
        if word:
            here, before = here._meta.get_field(word).related_model, f"{before}{word}__"  # type: ignore[assignment]
        found = _date(here)
        if found:
            return before + found, True
    return None, True


def _purposes() -> tuple[Purpose, ...]:
    try:
        return tuple(current().purposes)
    except Misconfigured:
        return ()


def _score(key: str, said: set[str], own: tuple[str, ...]) -> int:
    words = {*looks.words(key), key, key.rstrip("s"), *ALIKE.get(key, set())}
    return 3 * len(words.intersection(own)) + len(words.intersection(said))


def _date(model: type[Model]) -> str | None:
    dates = [
        one for one in columns(model) if isinstance(one, DateField) and not looks.says(one.name, looks.LIFE)
    ]
    return max(dates, key=_start).name if dates else None


def _start(column: AnyField) -> tuple[bool, bool, bool, bool]:
    made = bool(getattr(column, "auto_now_add", False)) or column.has_default()
    return made, looks.says(column.name, STARTS), not column.null, column.name != "last_login"
