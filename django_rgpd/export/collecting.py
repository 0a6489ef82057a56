"""Collecting an export: by its owner, in time, once it is whole; written down, and told her by mail."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import IO

from django.db import transaction

from django_rgpd.export import storage
from django_rgpd.export.models import ExportRequest, ExportState
from django_rgpd.ledger.record import record
from django_rgpd.outbox import mail


class Over(Exception):  # noqa: N818
    """The export cannot be collected any more: its time is over, or it was cancelled."""


def collect(one: ExportRequest, *, now: datetime, ip: str = "") -> IO[bytes]:
    """Open the file of a request for its owner, whom the caller has made sure of.

    ``ip`` is written down cut to its network. Raises ``Over``.
    """
    if one.state != ExportState.READY or one.expires_at is None or one.expires_at <= now:
        raise Over
    try:
        file = storage.place().open(one.name)
    except FileNotFoundError:
        ExportRequest.objects.filter(pk=one.pk, state=ExportState.READY).update(state=ExportState.EXPIRED)
        raise Over from None
    with transaction.atomic():
        ExportRequest.objects.filter(pk=one.pk).update(collected_at=now)
        details = {"request": str(one.uuid), "document": one.document, "network": network(ip)}
        record("export.collected", person=one.person, payload=details, now=now)
        mail.send("export/collected", person=one.person, context={"at": now}, language=one.language, now=now)
    return file


def network(ip: str) -> str:
    """The network of an address, as far as a ledger may say it: /24, or /48 of IPv6; empty if it is none."""
    try:
        address = ipaddress.ip_interface(ip).ip
    except ValueError:
        return ""
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
