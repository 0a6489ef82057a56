"""Payments at Stripe that the shop names by their ids, as those of guests who are no customers there: read, and emptied as far as
its API lets them be.

https://docs.stripe.com/api/payment_intents/update, https://docs.stripe.com/api/charges/update: description, metadata, the
receipt's address and where it was sent to can be changed; what was given with the means of payment (``billing_details``) cannot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Declined
from django_rgpd.processors import stripe_client
from django_rgpd.processors.base import Call, Contact, Evidence, Unreachable

INTENT, CHARGE = "payment_intent", "charge"
_PREFIXES = {"pi_": INTENT, "ch_": CHARGE, "py_": CHARGE}
_ERASED = "erased"
_PLACE = ("line2", "postal_code", "city", "state", "country")


def kind_of(name: str) -> str:
    """What of a payment the id ``name`` is of: "payment_intent", "charge", or "" where it is of none."""
    return _PREFIXES.get(name[:3], "")


@sensitive_variables()
def named(api: Any, contact: Contact, *, but_of: Collection[str] = (), call: Call) -> Iterator[Any]:
    """The payments that ``contact`` names by their ids, each with its charges after it, each once.

    ``but_of``: ids of customers whose payments are left out.
    """
    seen: set[str] = set()
    for name in contact.references:
        kind = kind_of(name)
        if not kind or name in seen:
            continue
        service = api.v1.payment_intents if kind == INTENT else api.v1.charges
        found = stripe_client.ask(lambda service=service, name=name: service.retrieve(name), now=call.now)  # type: ignore[misc]
        if found is None:
            continue
        if getattr(found, "object", "") != kind:
            raise Unreachable  # a page of somebody between
        if (getattr(found, "customer", None) or "") in but_of:
            continue
        for one in [found, *_charges(api, name, kind, call)]:
            if one.id not in seen:
                seen.add(one.id)
                yield one


@sensitive_variables()
def empty(api: Any, payments: Iterable[Any], *, call: Call) -> tuple[list[Evidence], bool]:
    """Empty each of ``payments``; what was answered, and whether Stripe refused a part of it."""
    answers, refused = [], False
    for one in payments:
        service = api.v1.payment_intents if one.object == INTENT else api.v1.charges
        for step, params in _steps(one).items():
            options = {"idempotency_key": f"rgpd-{call.key}-{step}-{one.id}-{call.job.attempts}"}
            try:
                answer = stripe_client.ask(
                    lambda service=service, name=one.id, params=params, options=options: service.update(  # type: ignore[misc]
                        name, params=params, options=options
                    ),
                    now=call.now,
                )
            except Declined:
                refused = True
            else:
                answers.append(_evidence(answer))
    return answers, refused


def refusal() -> Declined:
    """The end of an erasure of which Stripe refused a part, in words for staff."""
    return Declined(
        _(
            "Stripe does not let all of a payment be emptied (the address of its receipt, or where it was sent to): ask Stripe to"
            " redact it, or note here that it stays, and why."
        )
    )


def _steps(payment: Any) -> dict[str, dict[str, Any]]:
    """What is set and can be emptied, in calls of their own: Stripe refuses a call whole, for one part of it."""
    found: dict[str, dict[str, Any]] = {}
    if getattr(payment, "description", None):
        found["description"] = {"description": ""}
    metadata = getattr(payment, "metadata", None)
    if known := metadata.to_dict() if metadata else {}:
        found["metadata"] = {"metadata": dict.fromkeys(known, "")}
    # No address at all: to another one on a charge, Stripe would send a receipt.
    if getattr(payment, "receipt_email", None):
        found["receipt"] = {"receipt_email": ""}
    shipping = getattr(payment, "shipping", None)
    if shipping and getattr(shipping, "name", None) != _ERASED:
        found["shipping"] = {"shipping": "" if payment.object == INTENT else _nowhere()}
    return found


def _nowhere() -> dict[str, Any]:
    """A charge's shipping can be replaced, and not taken away."""
    more = dict.fromkeys(("phone", "carrier", "tracking_number"), "")
    return {"name": _ERASED, "address": {"line1": _ERASED, **dict.fromkeys(_PLACE, "")}, **more}


def _charges(api: Any, name: str, kind: str, call: Call) -> Iterator[Any]:
    if kind == INTENT:
        params: dict[str, Any] = {"payment_intent": name, "limit": 100}
        yield from stripe_client.pages(lambda: api.v1.charges.list(params=params), now=call.now)


def _evidence(answer: Any) -> Evidence:
    if answer is None:
        return Evidence(absent=True)
    if getattr(answer, "object", "") not in {INTENT, CHARGE}:
        raise Unreachable
    told = answer.last_response
    return Evidence(reference=str(told.request_id or ""), status=told.code, places=1)
