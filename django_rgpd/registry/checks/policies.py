"""Checks of the policy by itself: its keys, what its conditions read, and the usual limits of its terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from django.core.checks import CheckMessage

from django_rgpd.policy import (
    FISCAL_YEAR_END,
    LAST_CONTACT,
    LAST_SALE,
    PAYMENT,
    Consent,
    Contract,
    LegalClaims,
    LegalObligation,
    LegitimateInterest,
    months,
    years,
)
from django_rgpd.registry.checks.messages import caution, error
from django_rgpd.registry.looks import words
from django_rgpd.registry.site import registry

if TYPE_CHECKING:
    from django_rgpd.policy import Policy, Purpose, Term
    from django_rgpd.policy.purposes import Text

INVOICES = {"accounting", "accounts", "invoice", "invoices", "billing", "compta", "comptabilite", "factures"}
CALLS = {"phone", "calls", "telephone"}
_ANY_DAY = date(2024, 1, 1)


def findings(policy: Policy) -> Iterator[CheckMessage]:
    """What is wrong with ``policy``."""
    yield from _controller(policy)
    yield from _keys(policy)
    yield from _sales(policy)
    for purpose in policy.purposes:
        yield from _active(purpose)
        yield from _invoices(purpose)
        if not purpose.reason:
            yield from _limits(purpose)
            yield from _payments(purpose)


def _controller(policy: Policy) -> Iterator[CheckMessage]:
    """Art. 13.1 a: who answers for the data, and how to reach them."""
    one = policy.controller
    if not (_written(one.name) and (_written(one.address) or _written(one.email))):
        message = "The controller has no name, or neither an address nor an email: nobody could write there."
        hint = 'Say controller=Controller(name="My shop", address="1 rue du Port, Lyon", email="privacy@…").'
        yield caution("W059", "RGPD policy", message, hint)


def _keys(policy: Policy) -> Iterator[CheckMessage]:
    counted = Counter(purpose.key for purpose in policy.all_purposes)
    for key, times in counted.items():
        if times > 1:
            message = f"{times} purposes are called {key!r}."
            hint = "Give each its own key; those that begin with rgpd_ are the library's."
            yield error("E047", "RGPD policy", message, hint)
    for purpose in policy.purposes:
        if not _written(purpose.key):
            message = (
                f"The purpose {str(purpose.label)!r} has no key: declarations and ledgers could not name it."
            )
            hint = 'Give it one, and never change it: Purpose("orders", …).'
            yield error("E039", "RGPD policy", message, hint)
        if not tuple(purpose.bases):
            hint = "Give it one of art. 6: Contract(), Consent(), LegalObligation(…), LegitimateInterest(…)."
            yield error("E046", _named(purpose), "It has no legal basis.", hint)
    for recipient in policy.recipients:
        for key in recipient.purposes:
            if key not in counted:
                message = f"The recipient {recipient.key!r} gets data for {key!r}, which is no purpose."
                yield error("E048", "RGPD policy", message, f"The purposes are: {', '.join(counted)}.")


def _active(purpose: Purpose) -> Iterator[CheckMessage]:
    active, term = purpose.active, purpose.term
    if active is None or not (active.endless or (not term.endless and _longer(active, term, at_least=True))):
        return
    message = "Its active part is as long as its term: nothing would ever be in the archive."
    yield error("E049", _named(purpose), message, "Say how much of the term staff need it: active=years(1).")


def _sales(policy: Policy) -> Iterator[CheckMessage]:
    if any(entry.declaration.sales is not None for entry in registry):
        return
    for purpose in policy.purposes:
        if purpose.clock is LAST_SALE or any(basis.when is not None for basis in purpose.bases):
            message = "It asks who has bought, and no declaration says where sales are."
            hint = 'In the declaration of the orders: sales = Sales(paid_at="paid_at").'
            yield error("E036", _named(purpose), message, hint)


def _invoices(purpose: Purpose) -> Iterator[CheckMessage]:
    """Code de commerce, L123-22: ten years, which practice counts from the end of the fiscal year."""
    duties = [basis for basis in purpose.bases if isinstance(basis, LegalObligation)]
    by_law = any("L123-22" in basis.reference for basis in duties)
    if not duties or not (by_law or INVOICES.intersection(words(purpose.key))):
        return
    if purpose.term.endless or _longer(purpose.term, years(10), at_least=True):
        if purpose.clock is not FISCAL_YEAR_END and not purpose.reason:
            hint = "Say clock=FISCAL_YEAR_END, or why not: reason=."
            message = "Invoices are kept from the end of the fiscal year, and its clock is another one."
            yield caution("W057", _named(purpose), message, hint)
        return
    hint = "Say term=years(10), clock=FISCAL_YEAR_END (Code de commerce, L123-22)."
    yield error("E052", _named(purpose), "Invoices are kept for less than ten years.", hint)


def _limits(purpose: Purpose) -> Iterator[CheckMessage]:
    limit = _limit(purpose)
    if limit is None:
        return
    term, why = limit
    if purpose.term.endless:
        message = f"Its term never ends; usual are {_told(term)} ({why})."
    elif _longer(purpose.term, term):
        message = f"Its term is longer than the usual {_told(term)} ({why})."
    else:
        return
    yield caution("W057", _named(purpose), message, "Shorten it, or say why in one sentence: reason=.")


def _limit(purpose: Purpose) -> tuple[Term, str] | None:
    """The longest usual term and where it is written; none for what a law keeps or consent alone carries."""
    kinds = {type(basis) for basis in purpose.bases}
    if CALLS.intersection(purpose.channels) and Consent in kinds:
        return months(12), "consent to calls, Code de la consommation L223-1"
    if kinds & {LegalObligation, LegalClaims} or kinds == {Consent}:
        return None
    if purpose.marketing or LegitimateInterest in kinds:
        return months(36), "CNIL, deliberation 2021-131"
    if Contract in kinds and purpose.clock is LAST_CONTACT:
        return months(24), "CNIL on inactive accounts"
    return years(5), "limitation period, Code civil 2224"


def _payments(purpose: Purpose) -> Iterator[CheckMessage]:
    """CNIL 2018-303, art. 4: thirteen months for disputes, fifteen with deferred debit."""
    if any(isinstance(basis, LegalObligation | Consent) for basis in purpose.bases):
        return
    if not (purpose.term.endless or _longer(purpose.term, months(15))):
        return
    for entry in registry:
        for name, personal in entry.declaration.fields.items():
            if personal.category is PAYMENT and purpose.key in personal.purpose_keys:
                message = f"It keeps {entry.label}.{name} for more than 15 months (CNIL 2018-303)."
                hint = "Give payment data a purpose of its own, or say why: reason=."
                yield caution("W058", _named(purpose), message, hint)


def _written(text: Text) -> bool:
    return bool(str(text or "").strip())


def _longer(term: Term, limit: Term, *, at_least: bool = False) -> bool:
    one, other = term.due(_ANY_DAY), limit.due(_ANY_DAY)
    return one >= other if at_least else one > other


def _told(term: Term) -> str:
    if term.years:
        return f"{term.years} years"
    return f"{term.months} months"


def _named(purpose: Purpose) -> str:
    return f"Purpose {purpose.key!r}"
