"""Addresses: their one canonical form, their keyed digests, and the form that limits are counted on."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import idna
from django.views.decorators.debug import sensitive_variables

from django_rgpd.core import keys
from django_rgpd.core.errors import BadAddress
from django_rgpd.core.keys import Digest

EMAIL = "email"
PHONE = "phone"
LONGEST = 254
"""Characters of the longest address that mail servers carry (RFC 5321, 4.5.3.1.3)."""

_LONGEST_LOCAL = 64
_NOT_IN_LOCAL = frozenset('"(),:;<>[\\]')
_PHONE_MARKS = re.compile(r"[\s.\-/()]+")
_TRUNK_ZERO = re.compile(r"\(0\)")
_PHONE = re.compile(r"\+?[0-9]{4,15}", re.ASCII)


@sensitive_variables()
def canonical(kind: str, text: str) -> str:
    """The one form in which an address is kept, compared and digested.

    ``kind`` is ``"email"`` or ``"phone"``. An email is NFC, trimmed, lower case, its domain in IDNA
    (UTS 46); dots and ``+tags`` stay, for two mailboxes that differ by them may belong to two people.

    Raises ``BadAddress`` for a text that is no such address.
    """
    if kind == EMAIL:
        return _email(text)
    if kind == PHONE:
        return _phone(text)
    msg = f"{kind!r} is no kind of address: email or phone."
    raise ValueError(msg)


@sensitive_variables()
def limiter_key(email: str) -> str:
    """The mailbox that limits are counted on: without ``+tag`` and dots, so that variants share one count.

    Raises ``BadAddress``.
    """
    local, _, domain = _email(email).rpartition("@")
    return f"{local.split('+', 1)[0].replace('.', '') or local}@{domain}"


@sensitive_variables()
def digest(kind: str, canonical: str) -> Digest:
    """The digest of a canonical address under the newest key of ``DIGEST_KEYS``."""
    return keys.digest_ring().digest(_label(kind), canonical.encode(errors="surrogatepass"))


@sensitive_variables()
def digests(kind: str, canonical: str) -> tuple[Digest, ...]:
    """The digests of a canonical address under every key, newest first: what to look old rows up by."""
    return keys.digest_ring().digests(_label(kind), canonical.encode(errors="surrogatepass"))


def _label(kind: str) -> str:
    return f"address:{kind}"


@sensitive_variables()
def _email(text: str) -> str:
    trimmed = unicodedata.normalize("NFC", text.strip())
    if len(trimmed) > LONGEST:
        raise BadAddress("An email address has at most 254 characters.")
    if any(unicodedata.category(character)[0] in "CZ" for character in trimmed):
        raise BadAddress("An email address holds no spaces, control or invisible characters.")
    local, at, domain = trimmed.rpartition("@")
    if not at or not local or not domain:
        raise BadAddress("An email address has a name, an @ and a domain.")
    whole = f"{_local(local)}@{_domain(domain)}"
    if len(whole) > LONGEST:
        raise BadAddress("An email address has at most 254 characters.")
    return whole


@sensitive_variables()
def _local(local: str) -> str:
    if "@" in local or _NOT_IN_LOCAL & set(local):
        raise BadAddress("The name before the @ holds a character that is not allowed there.")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise BadAddress("The name before the @ neither begins nor ends with a dot, nor holds two in a row.")
    lower = unicodedata.normalize("NFC", local.lower())
    if len(lower.encode()) > _LONGEST_LOCAL:
        raise BadAddress("The name before the @ is too long.")
    return lower


@lru_cache(maxsize=1_024)  # most people share a few providers, and IDNA is most of the work
@sensitive_variables()
def _domain(domain: str) -> str:
    if domain.startswith("[") or ":" in domain:
        raise BadAddress("The part after the @ is a domain name, not a number of a machine.")
    try:
        ascii_form = idna.encode(domain, uts46=True).decode().lower()
    except UnicodeError as error:  # idna.IDNAError among them
        raise BadAddress("The part after the @ is no domain name.") from error
    labels = ascii_form.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or not all(labels):
        raise BadAddress("The part after the @ is no domain name.")
    return ascii_form


@sensitive_variables()
def _phone(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).strip()
    if plain.startswith(("+", "00")):
        plain = _TRUNK_ZERO.sub("", plain)  # "+33 (0)6" is written by many and dialled by none
    digits = _PHONE_MARKS.sub("", plain)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    if not _PHONE.fullmatch(digits):
        raise BadAddress("A phone number is 4 to 15 digits, with a + before the country's.")
    return digits
