"""Stripe's own client, made careful: no telemetry, no file, no redirect, no address in a log, our outcomes for its errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.outbox.outcomes import Declined, NeedsSomeone
from django_rgpd.processors import absences, patience
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Unreachable
from django_rgpd.processors.unheard import unheard

try:
    import stripe

    from django_rgpd.processors import wire
except ImportError as missing:
    msg = 'Stripe needs its client: pip install "django-rgpd[stripe]"'
    raise ImportError(msg) from missing

TIMEOUT = (3.05, 30)
"""Seconds to connect, and to wait for the next byte; the client's own is 80."""

RETRIES = 2
"""Of the client itself, within one attempt of a job; by default it makes none."""

T = TypeVar("T")

# The client would send how long our calls took, under an id that it keeps in a file of the user's home.
stripe.enable_telemetry = False


def made(api_key: str, *, base: str, proxy: str) -> Any:
    """A client whose calls go to ``base``, or to Stripe where that is empty."""
    places: Any = dict.fromkeys(("api", "connect", "files", "meter_events"), base) if base else None
    return stripe.StripeClient(
        api_key,
        base_addresses=places,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT, session=wire.session(proxy)),
    )


@sensitive_variables()
def ask(what: Callable[[], T], *, now: datetime, absent: T | None = None) -> T | None:
    """Make a call; ``absent`` where there is nobody like that.

    Raises ``Unreachable``, ``NeedsSomeone`` and ``Declined``, without their text.
    """
    try:
        with unheard():
            return what()
    except stripe.StripeError as error:
        meaning = absences.stripe(error.http_status, error.code)
        if meaning is Meaning.ABSENT:
            return absent
        headers = getattr(error, "headers", None) or {}
        raise _outcome(meaning, error.http_status, headers.get("Retry-After"), now) from None


@sensitive_variables()
def pages(what: Callable[[], Any], *, now: datetime) -> Iterator[Any]:
    """Every object of a list, page by page; none where what it is about is not there."""
    page = ask(what, now=now)
    last = None
    while page is not None:
        if getattr(page, "object", "") != "list":
            raise Unreachable  # a page of somebody between
        yield from page.data
        if not page.has_more or not page.data:
            return
        if page.data[-1].id == last:
            raise Unreachable  # the page that was asked for before: there would be no end
        last = page.data[-1].id
        page = ask(page.next_page, now=now)


def _outcome(
    meaning: Meaning, status: int | None, after: str | None, now: datetime
) -> Unreachable | NeedsSomeone | Declined:
    if meaning is Meaning.PASSING:
        return Unreachable(after=patience.asked(after, now=now))
    if meaning is Meaning.REFUSED:
        return Declined(_("They do not let this be changed any more."))
    if meaning is Meaning.CLOSED:
        return NeedsSomeone(
            _("They refuse the key, or the account does not allow it: look at the account, renew the key.")
        )
    return NeedsSomeone(
        _("They answered %(status)d, which nobody expected: look at the account.") % {"status": status or 0}
    )
