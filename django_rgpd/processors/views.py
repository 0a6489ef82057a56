"""Where processors tell us of what happened there."""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock, pages
from django_rgpd.processors import heard, roads

log = logging.getLogger(__name__)

LARGEST = 512 * 1024
"""Bytes of an event: Stripe's are some kilobytes."""


@csrf_exempt
@pages.public
@sensitive_variables()
def stripe_webhook(request: HttpRequest) -> HttpResponse:
    """Hear one event of Stripe: 200 for all that Stripe signed, whatever it is, or it would be sent again for days."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        from django_rgpd.processors import stripe_events
        from django_rgpd.processors.stripe import Stripe
    except ImportError:
        raise Http404 from None
    found = [(one.key, one.processor) for one in roads.every() if isinstance(one.processor, Stripe)]
    listening = [(key, one) for key, one in found if isinstance(one, Stripe) and one.webhook_secrets]
    if not listening:
        raise Http404
    body = _body(request)
    if body is None:
        return HttpResponse(status=413)
    header, now = request.headers.get("Stripe-Signature", ""), clock.now()
    for key, processor in listening:
        try:
            stripe_events.check(body, header, processor.webhook_secrets, now=now)
            news = stripe_events.read(body)
        except stripe_events.Forged:
            continue
        except stripe_events.Odd as odd:
            log.warning("%s sent something that is no event (%s): it is ignored.", key, odd)
            return HttpResponse()
        if news.live != processor.live:
            log.warning("%s sent an event of its %s mode: it is ignored.", key, _mode(news.live))
            return HttpResponse()
        heard.hear(key, news.event, news.kind, about=news.about, now=now)
        return HttpResponse()
    return HttpResponse(status=400)


def _body(request: HttpRequest) -> bytes | None:
    """The raw body, as it was signed; None where it is too large."""
    try:
        if int(request.META.get("CONTENT_LENGTH") or 0) > LARGEST:
            return None
        body = request.body
    except RequestDataTooBig:
        return None
    except (UnreadablePostError, ValueError):
        return b""
    return body if len(body) <= LARGEST else None


def _mode(live: bool) -> str:
    return "live" if live else "test"
