"""Key rings: the first key signs, all verify; the only module that compares secrets."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from django.conf import settings
from django.core.signals import setting_changed
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import conf
from django_rgpd.core.errors import Misconfigured

_URL_SAFE = re.compile(r"[0-9A-Za-z_-]+")
_HEX = re.compile(r"[0-9a-f]+")
_BITS = 128
_LETTERS = 8


@dataclass(frozen=True, slots=True)
class Digest:
    """A keyed digest and the id of the key that made it."""

    key_id: str
    hex: str


@dataclass(frozen=True, slots=True)
class Key:
    """One secret with its public id, at most 16 characters long."""

    id: str
    secret: bytes = field(repr=False)

    @sensitive_variables()
    def mac(self, purpose: str, value: bytes) -> str:
        """HMAC-SHA256 of ``value`` for ``purpose``, as 64 hexadecimal digits."""
        label = purpose.encode()
        framed = len(label).to_bytes(4, "big") + label + value
        return hmac.new(self.secret, framed, hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one use, newest first."""

    name: str
    keys: tuple[Key, ...]

    @sensitive_variables()
    def digest(self, purpose: str, value: bytes) -> Digest:
        """The digest under the newest key. ``purpose`` keeps digests of different uses apart."""
        newest = self.keys[0]
        return Digest(newest.id, newest.mac(purpose, value))

    @sensitive_variables()
    def digests(self, purpose: str, value: bytes) -> tuple[Digest, ...]:
        """The digests under every key, newest first: what to look up in a table that outlives a key."""
        return tuple(Digest(key.id, key.mac(purpose, value)) for key in self.keys)

    @sensitive_variables()
    def verify(self, purpose: str, value: bytes, mac: str, key_id: str | None = None) -> bool:
        """Whether a key of this ring (``key_id`` alone, if given) made ``mac`` of this value and purpose."""
        # Every key is tried, so that the time tells nothing about which one fits.
        found = [
            same(key.mac(purpose, value), mac) for key in self.keys if key_id is None or same(key.id, key_id)
        ]
        return any(found)


@sensitive_variables()
def same(one: str, other: str) -> bool:
    """Whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))


@sensitive_variables()
def among(given: str, secrets: Iterable[str]) -> bool:
    """Whether ``given`` is one of ``secrets``: all are compared, in a time that does not tell which fits."""
    found = [same(one, given) for one in secrets]
    return any(found)


@sensitive_variables()
def plain_mac(secret: str, message: bytes) -> str:
    """HMAC-SHA256 as vendors sign with a secret that they share with the shop, as 64 hexadecimal digits."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


@sensitive_variables()
def is_strong(secret: str) -> bool:
    """Whether ``secret`` can stand in a URL, and a random one of its length and letters has 128 bits or more."""
    if not _URL_SAFE.fullmatch(secret) or len(set(secret)) < _LETTERS:
        return False
    return len(secret) * (4 if _HEX.fullmatch(secret) else 6) >= _BITS


def digest_ring() -> Ring:
    """The ring of address digests, ``RGPD["DIGEST_KEYS"]``.

    Raises ``Misconfigured`` without keys in production.
    """
    return _ring("DIGEST_KEYS")


def link_ring() -> Ring:
    """The ring of the links in mails, ``RGPD["LINK_KEYS"]``.

    Raises ``Misconfigured`` without keys in production.
    """
    return _ring("LINK_KEYS")


def seal_ring() -> Ring:
    """The ring of the ledgers' seals, ``RGPD["SEAL_KEYS"]``.

    Raises ``Misconfigured`` without keys in production.
    """
    return _ring("SEAL_KEYS")


@sensitive_variables()
def parse(text: str) -> Key:
    """A key from ``"id:secret"``, or from a bare secret, whose id is then derived from it."""
    name, colon, secret = text.partition(":")
    if colon and name and secret and len(name) <= 16:
        return Key(name, secret.encode())
    derived = hmac.new(text.encode(), b"django_rgpd key id", hashlib.sha256).hexdigest()[:8]
    return Key(derived, text.encode())


@cache
def _ring(name: str) -> Ring:
    given: tuple[str, ...] = getattr(conf.get(), name)
    if given:
        return Ring(name, tuple(parse(text) for text in given))
    if settings.DEBUG:
        return Ring(name, (parse(f"debug:{name}:{settings.SECRET_KEY!s}"),))
    msg = f'RGPD["{name}"] is not set: without keys nothing may be signed in production.'
    raise Misconfigured(msg)


def _forget(*, setting: str, **_: object) -> None:
    if setting == "RGPD" or setting in conf.RINGS_READ:
        _ring.cache_clear()


setting_changed.connect(_forget, dispatch_uid="django_rgpd.core.keys")
