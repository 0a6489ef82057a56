"""The demonstration's Mailchimp, which here holds every request against the contract."""

from __future__ import annotations

from collections.abc import Callable

from example_shop.demo import mailchimp
from example_shop.demo.mailchimp import KEY, NEWS, hash_of, problem, serve
from tests.contracts.openapi import Contract

__all__ = [
    "CONTRACT",
    "KEY",
    "NEWS",
    "UNPUBLISHED",
    "VENDOR",
    "Mailchimp",
    "hash_of",
    "problem",
    "serve",
]

VENDOR, UNPUBLISHED = "mailchimp", ""
CONTRACT = Contract(VENDOR)


class Mailchimp(mailchimp.Mailchimp):
    """``broken``: what the contract does not allow of what it was asked."""

    contract: Callable[[str, str, bytes], list[str]] | None = staticmethod(CONTRACT.broken)
