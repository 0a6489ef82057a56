"""The address at which Mailchimp tells what people did there: its secret is in the path, and the body may be signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.http.request import RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import clock, keys, pages
from django_rgpd.processors import inbound, mailchimp_news, roads

LARGEST = 64 * 1024
"""Bytes of a body; theirs have one or two thousand."""

TOLERANCE = 300
"""Seconds that a signature may be old, or ahead of our clock."""

SIGNATURE = "X-Mailchimp-Signature"
_TEXT = "text/plain; charset=utf-8"
_SIGNED = re.compile(r"t=(?P<at>[0-9]{1,12}),v1=(?P<mac>[0-9A-Fa-f]{64})")


@runtime_checkable
class Told(Protocol):
    """A processor that is told by webhooks; asked for by its shape, so that no request imports a vendor's client."""

    webhook_secrets: Sequence[str]
    signing_secrets: Sequence[str]
    audiences: Mapping[str, str]


@csrf_exempt
@pages.public
@sensitive_variables()
def webhook(request: HttpRequest, secret: str) -> HttpResponse:
    """200 for what was understood, also where there is nothing to do; 404 for another secret, 403 without a signature that fits.

    Mailchimp asks by GET, and by POST without a body, whether the address answers: neither has a signature.
    """
    road, told = _road(secret)
    if request.method in {"GET", "HEAD"}:
        return _answer(200)
    if request.method != "POST":
        return HttpResponse(status=405, headers={"Allow": "GET, HEAD, POST"})
    body = _body(request)
    if body is None:
        return _answer(413)
    if not body:
        return _answer(200)
    now = clock.now()
    if told.signing_secrets and not _signed(
        request.headers.get(SIGNATURE, ""), body, told.signing_secrets, now
    ):
        return _answer(403)
    try:
        fields = QueryDict(body, encoding="utf-8").dict()
    except SuspiciousOperation:  # more fields than the shop's settings allow
        return _answer(400)
    purposes = {audience: purpose for purpose, audience in told.audiences.items()}
    news = mailchimp_news.read(_texts(fields), processor=road.key, purposes=purposes)
    if news is not None:
        inbound.tell(news, now=now)
    return _answer(200)


@sensitive_variables()
def _road(secret: str) -> tuple[roads.Road, Told]:
    """The road whose setting has ``secret``; every one is compared. Raises ``Http404``."""
    found = [
        (road, road.processor)
        for road in roads.every()
        if isinstance(road.processor, Told)
        and keys.among(secret, [one for one in road.processor.webhook_secrets if keys.is_strong(one)])
    ]
    if not found:
        raise Http404
    return found[0]


@sensitive_variables()
def _body(request: HttpRequest) -> bytes | None:
    """The bytes as they came, which the signature is of; None where they are too many, or cannot be read."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not str(length).isdigit() or int(str(length)[:12]) > LARGEST:
        return None
    try:
        body = request.body
    except (RequestDataTooBig, UnreadablePostError, RawPostDataException):
        return None
    return body if len(body) <= LARGEST else None


@sensitive_variables()
def _signed(header: str, body: bytes, secrets: Sequence[str], now: datetime) -> bool:
    """Whether one of ``secrets`` signed ``body`` not long ago: HMAC-SHA256 of the time, a dot and the body."""
    found = _SIGNED.fullmatch(header.replace(" ", ""))
    if found is None or abs(now.timestamp() - int(found["at"])) > TOLERANCE:
        return False
    message = found["at"].encode() + b"." + body
    return keys.among(found["mac"].lower(), [keys.plain_mac(one, message) for one in secrets])


def _texts(fields: Mapping[str, object]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if isinstance(value, str)}


def _answer(status: int) -> HttpResponse:
    return HttpResponse(b"", status=status, content_type=_TEXT)
