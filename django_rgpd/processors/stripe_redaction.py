"""Stripe's redaction (a public preview): the customer goes at once, and her payments ninety days after the last of them.

https://docs.stripe.com/privacy/redaction
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext as _

from django_rgpd.outbox import jobs
from django_rgpd.outbox.outcomes import Later, NeedsSomeone
from django_rgpd.processors import stripe_business, stripe_client
from django_rgpd.processors.base import Call, Evidence, Unreachable

VERSION = "2026-09-30.preview"
PATH = "/v1/privacy/redaction_jobs"
AFTER = relativedelta(days=91)
"""They take payments after ninety days; the day more is for their clock and ours."""

CUSTOMERS, JOBS = "stripe_customers", "stripe_redactions"
_KINDS = {"payment_intent": "payment_intents", "charge": "charges"}
_SOON = timedelta(hours=1)


def redact(api: Any, found: Sequence[str], payments: Sequence[Any] = (), *, call: Call) -> Evidence:
    """Anonymise ``found`` now, then have their payments redacted when that is allowed, and the ``payments`` of a guest.

    Which customers they are is kept with the job until then, for their address is gone. Raises ``Later`` for the date, or while
    Stripe is at it.
    """
    from django_rgpd.processors.stripe import anonymise

    known = _texts(call, CUSTOMERS)
    names = sorted({*known, *found})
    guests = [one for one in payments if (getattr(one, "customer", None) or "") not in names]
    if not (names or guests):
        return Evidence(absent=True)
    for name in found:
        stripe_business.refuse_open(api, name, now=call.now)
    if names != known:
        _keep(call, {CUSTOMERS: names})
    for name in found:
        customer = stripe_client.ask(lambda name=name: api.v1.customers.retrieve(name), now=call.now)  # type: ignore[misc]
        if customer is not None and not getattr(customer, "deleted", False):
            anonymise(api, customer, call=call)
    days = [at for one in names if (at := _last_payment(api, one, now=call.now)) is not None]
    days += [_made(one) for one in guests]
    allowed = max((at + AFTER for at in days), default=call.now)
    if allowed > call.now:
        raise Later(allowed, _("The customer is emptied; Stripe redacts payments after 90 days."))
    objects = {"customers": names} if names else {}
    for kind, plural in _KINDS.items():
        if ids := sorted(one.id for one in guests if one.object == kind):
            objects[plural] = ids
    return _carried_out(api, objects, call=call)


def _carried_out(api: Any, objects: dict[str, list[str]], *, call: Call) -> Evidence:
    started = _texts(call, JOBS)
    if not started:
        # The same key at each attempt: a worker that dies before it kept the number makes no second job there.
        made = _post(
            api,
            PATH,
            call,
            objects=objects,
            validation_behavior="fix",
            idempotency_key=f"rgpd-{call.key}-redact",
        )
        started = [made["id"]]
        _keep(call, {JOBS: started})
    status = _asked(api, "get", f"{PATH}/{started[0]}", call)["status"]
    if status == "ready":
        _post(api, f"{PATH}/{started[0]}/run", call, idempotency_key=f"rgpd-{call.key}-redact-run")
        status = "redacting"
    if status == "succeeded":
        _keep(call, {CUSTOMERS: [], JOBS: []})
        return Evidence(reference=started[0], status=200, places=sum(map(len, objects.values())))
    if status in {"failed", "canceled", "canceling"}:
        _keep(call, {JOBS: []})
        raise NeedsSomeone(_("Stripe could not redact this: look at the redaction job in its dashboard."))
    raise Later(call.now + _SOON, _("Stripe is redacting."))


def _last_payment(api: Any, customer: str, *, now: datetime) -> datetime | None:
    page = stripe_client.ask(lambda: api.v1.charges.list(params={"customer": customer, "limit": 1}), now=now)
    # Newest first.
    return _made(page.data[0]) if page is not None and page.data else None


def _made(payment: Any) -> datetime:
    return datetime.fromtimestamp(payment.created, tz=UTC)


def _post(api: Any, path: str, call: Call, **params: Any) -> dict[str, Any]:
    return _asked(api, "post", path, call, **params)


def _asked(api: Any, method: str, path: str, call: Call, **params: Any) -> dict[str, Any]:
    answer = stripe_client.ask(
        lambda: api.deserialize(
            api.raw_request(method, path, stripe_version=VERSION, **params), api_mode="V1"
        ),
        now=call.now,
    )
    if answer is None:
        raise NeedsSomeone(_("They do not know of this redaction, or of its customer, any more."))
    told: dict[str, Any] = answer.to_dict()
    if not isinstance(told.get("id"), str):
        raise Unreachable
    return told


def _texts(call: Call, name: str) -> list[str]:
    kept = call.job.progress.get(name)
    return [str(one) for one in kept] if isinstance(kept, list) else []


def _keep(call: Call, changes: dict[str, list[str]]) -> None:
    progress = {**call.job.progress, **changes}
    jobs.renew(call.job, now=call.now, progress={name: one for name, one in progress.items() if one})
