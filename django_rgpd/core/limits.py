"""Rate limits, counted in the shop's cache under keyed digests: who is asked to be mailed, and by whom."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Sequence

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import addresses, conf, keys
from django_rgpd.core.errors import StoreDown

log = logging.getLogger(__name__)

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PER_ADDRESS: tuple[tuple[int, int], ...] = ((1, 15 * MINUTE), (3, DAY))
"""Mails that an address may be sent on a stranger's word: (times, seconds)."""

PER_IP: tuple[tuple[int, int], ...] = ((10, 10 * MINUTE), (50, DAY))
"""Mails that one network may ask for: (times, seconds)."""

OVERALL: tuple[tuple[int, int], ...] = ((2_000, HOUR),)
"""The breaker: mails that strangers may ask of the whole site: (times, seconds)."""

_SLOTS = 20  # up to here a limit holds over every window; above, over windows that begin with a first hit


@sensitive_variables()
def allowed(name: str, key: str, per: Sequence[tuple[int, int]]) -> bool:
    """Count one hit of ``key`` on the limit ``name``; say whether it is within every ``(times, seconds)``.

    ``key`` may be personal: the store sees its keyed digest only.
    Raises ``StoreDown`` where the store does not answer; whoever sends must then not send.
    """
    counted = keys.digest_ring().digest(f"limit:{name}", key.encode(errors="surrogatepass")).hex
    try:
        store = caches[conf.get().CACHE]
        return all(_take(store, f"rgpd:{name}:{counted}", times, seconds) for times, seconds in per)
    except Exception as error:  # every store has errors of its own, and none may decide to send
        log.error("The rate limits' store (cache %r) fails: %s.", conf.get().CACHE, type(error).__name__)
        raise StoreDown from None


@sensitive_variables()
def mail_allowed(email: str, ip: str | None = None, *, what: str = "address") -> bool:
    """Whether one more mail may go to ``email`` on a stranger's word: by mailbox, by network, and overall.

    ``ip`` is ``client_ip(request)``. ``what`` is the kind of mail: each has its own count, so that a stranger's sign-up
    keeps nobody from a new password. Raises ``BadAddress`` and ``StoreDown``.
    """
    mailbox = addresses.limiter_key(email)
    if ip is not None and not allowed("ip", ip, PER_IP):
        return False
    return allowed(what, mailbox, PER_ADDRESS) and allowed("overall", "", OVERALL)


def client_ip(request: HttpRequest) -> str:
    """The network a request comes from: an IPv4 address, or the /64 of an IPv6 one; empty without one.

    ``X-Forwarded-For`` is read only as far as our own ``RGPD["PROXIES"]`` wrote it (ASVS 15.3.4).
    """
    hops = conf.get().PROXIES
    told = request.META.get("REMOTE_ADDR", "")
    if hops:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        told = forwarded[-hops].strip() if len(forwarded) >= hops else told
    return _network(told) or _network(request.META.get("REMOTE_ADDR", ""))


def _network(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.IPv6Network((int(address) >> 64 << 64, 64)))
    return str(address)


def _take(store: BaseCache, key: str, times: int, seconds: int) -> bool:
    """Take one of ``times`` places, each free again after ``seconds``; False where none is free."""
    if times <= _SLOTS:
        return any(store.add(f"{key}:{seconds}:{place}", 1, seconds) for place in range(times))
    counter = f"{key}:{seconds}"
    if store.add(counter, 1, seconds):
        return True
    return store.incr(counter) <= times
