"""Links that people find in mails: signed ones that nothing is stored for, and random ones kept as a hash."""

from __future__ import annotations

import hashlib
import re
import secrets
from uuid import UUID

from django_rgpd.core import conf, keys
from django_rgpd.core.errors import BadLink, Misconfigured

_SHAPE = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9a-f]{64})", re.ASCII)


def sign(purpose: str, uuid: UUID) -> str:
    """The token ``<uuid>.<mac>`` for ``purpose`` on this site; it holds nothing personal and never ends."""
    return f"{uuid}.{keys.link_ring().digest(_label(purpose), uuid.bytes).hex}"


def read(purpose: str, token: str) -> UUID:
    """The UUID of a token that ``sign`` made for the same purpose and site, under any key of the ring.

    Raises ``BadLink`` for every other text, without telling why.
    """
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise BadLink
    uuid = UUID(shape[1])
    if not keys.link_ring().verify(_label(purpose), uuid.bytes, shape[2]):
        raise BadLink
    return uuid


def fresh() -> tuple[str, str]:
    """A random token of 256 bits and the hash to keep: ``(token, hash)``. The token is never stored."""
    token = secrets.token_urlsafe(32)
    return token, hashed(token)


def hashed(token: str) -> str:
    """The hash under which a random token is looked up, as 64 hexadecimal digits (ASVS 6.5.2)."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def absolute(path: str) -> str:
    """The full URL of a path of this site, from ``RGPD["BASE_URL"]`` and never from a request.

    Raises ``Misconfigured`` where the setting is missing, ``ValueError`` where ``path`` is none of this site.
    """
    if not path.startswith("/") or path.startswith(("//", "/\\")):
        msg = "An absolute link is built from a path that begins with one slash."
        raise ValueError(msg)
    base = conf.get().BASE_URL
    if not base:
        msg = 'RGPD["BASE_URL"] is not set: the links in mails are built from it.'
        raise Misconfigured(msg)
    return base + path


def _label(purpose: str) -> str:
    return f"link:{conf.get().SITE}:{purpose}"
