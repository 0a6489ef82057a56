"""What the contract has every object of Stripe's hold, with values of nobody's."""

from __future__ import annotations

from typing import Any

BORN = 1_760_000_000

_ANY: dict[str, Any] = {"created": BORN, "livemode": False}
_MONEY: dict[str, Any] = {**_ANY, "currency": "eur", "metadata": {}}
_NO_ROWS: dict[str, Any] = {"object": "list", "data": [], "has_more": False, "url": "/v1"}

CUSTOMER: dict[str, Any] = {**_ANY, "object": "customer"}
METHOD: dict[str, Any] = {**_ANY, "object": "payment_method", "billing_details": {}}
TAX_ID: dict[str, Any] = {**_ANY, "object": "tax_id", "type": "eu_vat"}

OF: dict[str, dict[str, Any]] = {
    "charges": {
        **_MONEY,
        **dict.fromkeys(("amount", "amount_captured", "amount_refunded"), 0),
        **dict.fromkeys(("captured", "disputed", "paid", "refunded"), False),
        "billing_details": {},
        "status": "succeeded",
    },
    "payment_intents": {
        **_MONEY,
        "amount": 0,
        "capture_method": "automatic",
        "confirmation_method": "automatic",
        "payment_method_types": ["card"],
        "status": "succeeded",
    },
    "invoices": {
        **_MONEY,
        **dict.fromkeys(
            ("amount_due", "amount_paid", "amount_remaining", "amount_shipping", "attempt_count"), 0
        ),
        **dict.fromkeys(("starting_balance", "subtotal", "total"), 0),
        **dict.fromkeys(("pre_payment_credit_notes_amount", "post_payment_credit_notes_amount"), 0),
        **dict.fromkeys(("attempted", "paid", "paid_out_of_band"), False),
        **dict.fromkeys(("default_tax_rates", "total_tax_amounts"), []),
        **dict.fromkeys(("period_start", "period_end"), BORN),
        "automatic_tax": {"enabled": False},
        "collection_method": "charge_automatically",
        "lines": _NO_ROWS,
        "payment_settings": {},
        "status": "paid",
        "status_transitions": {},
    },
    "subscriptions": {
        **_MONEY,
        **dict.fromkeys(
            ("billing_cycle_anchor", "current_period_start", "current_period_end", "start_date"), BORN
        ),
        "automatic_tax": {"enabled": False},
        "cancel_at_period_end": False,
        "collection_method": "charge_automatically",
        "items": _NO_ROWS,
        "status": "active",
    },
    "disputes": {
        **_MONEY,
        "amount": 0,
        "balance_transactions": [],
        "charge": "ch_00001",
        "evidence": {},
        "evidence_details": {"has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": False,
        "reason": "general",
        "status": "needs_response",
    },
}
"""By the name of their list."""
