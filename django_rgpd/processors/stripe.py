"""Stripe: what it holds of a customer, and the end of it as the shop chose; decides nothing about who and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.processors import stripe_business, stripe_client, stripe_correction, stripe_payments
from django_rgpd.processors.base import Call, Capability, Contact, Evidence, Problems, Processor, Unreachable
from django_rgpd.processors.stripe_redaction import redact

ANONYMISE, DELETE, REDACT, KEEP = "anonymise", "delete", "redact", "keep"
ERASURES = (ANONYMISE, DELETE, REDACT, KEEP)

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_KEYS = ("sk_live_", "sk_test_", "rk_live_", "rk_test_")
_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Stripe(Processor):
    """One Stripe account.

    ``erasure``: what becomes of a customer: "anonymise", "delete", "redact" or "keep". ``reason``: why "keep", for the person.
    ``webhook_secrets``: those of the endpoint, several while one takes over from another. ``proxy``: of an outgoing proxy; the
    environment's is not read. ``host``: another server that speaks the same API, for tests.
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {Capability.ERASE, Capability.EXPORT, Capability.UPDATE}
    )

    api_key: str = field(repr=False)
    erasure: str = ANONYMISE
    reason: str = ""
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    proxy: str = field(default="", repr=False)
    host: str = ""

    def problems(self) -> Problems:
        """What would be found out at the first call only, or never."""
        if not self.api_key.startswith(_KEYS):
            yield "has no secret key: it begins with sk_live_, sk_test_, rk_live_ or rk_test_."
        if self.erasure not in ERASURES:
            yield f"has no erasure {self.erasure!r}; there are: {', '.join(ERASURES)}."
        if self.erasure == KEEP and not str(self.reason).strip():
            yield 'lacks a reason: say to the person why nothing is deleted there (reason="…").'
        if not all(one.strip() for one in self.webhook_secrets):
            yield "has an empty text among its webhook_secrets: anybody could sign with it."
        if strange := sorted(set(self.fields) - stripe_correction.NAMES):
            names = ", ".join(sorted(stripe_correction.NAMES))
            yield f"has no field {strange[0]!r} of a customer; there are: {names}."
        place = urlsplit(self.host)
        if self.host and place.scheme != "https" and place.hostname not in _LOOPBACK:
            yield "has a host without https."

    @property
    def live(self) -> bool:
        """Whether the key is one that moves money: a test key finds nobody of the live mode."""
        return "_live_" in self.api_key[:8]

    def keeps(self) -> str:
        """The shop's reason, where it has Stripe keep what it holds."""
        return str(self.reason) if self.erasure == KEEP else ""

    def leaves(self) -> str:
        """Payments and invoices, unless they are redacted: nothing but a redaction takes away what was given with a card."""
        if self.erasure not in {ANONYMISE, DELETE}:
            return ""
        return _("payments and invoices, with the name and address that were given for paying")

    @sensitive_variables()
    def erase(self, contact: Contact, *, call: Call) -> Evidence:
        """Carry out the shop's choice for every customer that the contact is, and every payment that she names.

        Raises ``NeedsSomeone`` where a subscription of hers lives, which nobody ends silently, ``Later`` where something else
        about money is open, ``Declined`` where Stripe lets a payment be emptied in part only.
        """
        api = self._client()
        found = list(self._customers(api, contact, call))
        payments = list(stripe_payments.named(api, contact, call=call))
        stripe_business.refuse_open_payments(api, payments, now=call.now)
        if self.erasure == REDACT:
            return redact(api, [one.id for one in found], payments, call=call)
        for customer in found:
            stripe_business.refuse_open(api, customer.id, now=call.now)
        emptied, refused = stripe_payments.empty(api, payments, call=call)
        step = _delete if self.erasure == DELETE else anonymise
        answers = [*emptied, *(step(api, one, call=call) for one in found)]
        if refused:
            raise stripe_payments.refusal()
        return together(answers)

    @sensitive_variables()
    def export(self, contact: Contact, *, call: Call) -> Iterator[tuple[str, Mapping[str, object]]]:
        """The customer, her payment methods, charges, payment intents, invoices and subscriptions, page by page; then the
        payments that she names and that are no customer's of hers.
        """
        api, seen = self._client(), set()
        for customer in self._customers(api, contact, call):
            seen.add(customer.id)
            yield "customer", customer.to_dict()
            of_hers: dict[str, Any] = {"customer": customer.id, "limit": _MOST}
            lists = {
                "charge": (api.v1.charges, of_hers),
                "payment_intent": (api.v1.payment_intents, of_hers),
                "invoice": (api.v1.invoices, of_hers),
                "subscription": (api.v1.subscriptions, {**of_hers, "status": "all"}),
            }
            for one in methods(api, customer.id, call=call):
                yield "payment_method", one.to_dict()
            for kind, (service, params) in lists.items():
                rows = stripe_client.pages(
                    lambda service=service, params=params: service.list(params=params),  # type: ignore[misc]
                    now=call.now,
                )
                for one in rows:
                    yield kind, one.to_dict()
        for one in stripe_payments.named(api, contact, but_of=seen, call=call):
            yield one.object, one.to_dict()

    @sensitive_variables()
    def update(self, former: Contact, contact: Contact, *, call: Call) -> Evidence:
        """Correct the fields of the setting, and a former address of hers, at every customer that she is.

        What is finalised keeps the name and address that it was made with.
        """
        api = self._client()
        known = {one.lower() for one in (former.address, *former.references) if "@" in one}
        answers = []
        for customer in self._customers(api, former, call):
            params = stripe_correction.of(customer, contact, known)
            # What is told may be another at the next attempt, and not every attempt is counted.
            options = _key(call, f"correct-{call.now:%Y%m%d%H%M%S%f}", customer.id)
            answers.append(
                _evidence(
                    stripe_client.ask(
                        lambda name=customer.id, params=params, options=options: api.v1.customers.update(  # type: ignore[misc]
                            name, params=params, options=options
                        ),
                        now=call.now,
                    )
                )
                if params
                else Evidence()
            )
        return together(answers)

    def _client(self) -> Any:
        return stripe_client.made(self.api_key, base=self.host, proxy=self.proxy)

    @sensitive_variables()
    def _customers(self, api: Any, contact: Contact, call: Call) -> Iterator[Any]:
        """Each customer once: those whose ids the shop has, then those with the address, whose capitals Stripe tells apart."""
        seen = set()
        for name in [
            one for one in contact.references if "@" not in one and not stripe_payments.kind_of(one)
        ]:
            customer = stripe_client.ask(lambda name=name: api.v1.customers.retrieve(name), now=call.now)  # type: ignore[misc]
            if customer is not None and not getattr(customer, "deleted", False) and customer.id not in seen:
                seen.add(_checked(customer).id)
                yield customer
        typed = [one for one in contact.references if "@" in one]
        for address in dict.fromkeys([*typed, contact.address, contact.address.lower()]):
            if not address:
                continue  # an empty filter would be everybody
            params = {"email": address, "limit": _MOST}
            for customer in stripe_client.pages(
                lambda params=params: api.v1.customers.list(params=params),  # type: ignore[misc]
                now=call.now,
            ):
                if customer.id not in seen:
                    seen.add(customer.id)
                    yield customer


def methods(api: Any, customer: str, *, call: Call) -> Iterator[Any]:
    """The means of payment that a customer has left there."""
    return stripe_client.pages(
        lambda: api.v1.customers.payment_methods.list(customer, params={"limit": _MOST}), now=call.now
    )


@sensitive_variables()
def anonymise(api: Any, customer: Any, *, call: Call) -> Evidence:
    """Detach her means of payment, delete her tax ids, then empty the customer: last, for its address finds it again."""
    name = customer.id
    for one in methods(api, name, call=call):
        stripe_client.ask(
            lambda one=one: api.v1.payment_methods.detach(one.id, options=_key(call, "detach", one.id)),  # type: ignore[misc]
            now=call.now,
        )
    for one in stripe_client.pages(
        lambda: api.v1.customers.tax_ids.list(name, params={"limit": _MOST}), now=call.now
    ):
        stripe_client.ask(lambda one=one: api.v1.customers.tax_ids.delete(name, one.id), now=call.now)  # type: ignore[misc]
    known = customer.metadata.to_dict() if getattr(customer, "metadata", None) else {}
    params: dict[str, Any] = dict.fromkeys(("name", "phone", "description", "address", "shipping"), "")
    params["email"] = f"erased-{call.job.uuid.hex}@erased.invalid"
    if known:
        params["metadata"] = dict.fromkeys(known, "")
    options = _key(call, ANONYMISE, name)
    answer = stripe_client.ask(
        lambda: api.v1.customers.update(name, params=params, options=options), now=call.now
    )
    return _evidence(answer)


@sensitive_variables()
def _delete(api: Any, customer: Any, *, call: Call) -> Evidence:
    return _evidence(stripe_client.ask(lambda: api.v1.customers.delete(customer.id), now=call.now))


def together(answers: list[Evidence]) -> Evidence:
    """What was answered about several customers."""
    there = [one for one in answers if not one.absent]
    if not there:
        return Evidence(absent=True)
    return Evidence(reference=there[-1].reference, status=there[-1].status, places=len(there))


def _evidence(answer: Any) -> Evidence:
    if answer is None:
        return Evidence(absent=True)
    told = _checked(answer).last_response
    return Evidence(reference=str(told.request_id or ""), status=told.code, places=1)


def _checked(answer: Any) -> Any:
    """``answer``, if it is a customer. A success whose body is none is of somebody between."""
    if getattr(answer, "object", "") != "customer":
        raise Unreachable
    return answer


def _key(call: Call, step: str, about: str) -> dict[str, str]:
    # One key an attempt: Stripe repeats its answer to a key for a day, a failure's too; these steps may be repeated.
    return {"idempotency_key": f"rgpd-{call.key}-{step}-{about}-{call.job.attempts}"}
