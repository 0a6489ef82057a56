"""The errors that every room may raise; none of their messages holds a personal value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Misconfigured(ImproperlyConfigured):
    """A setting is missing or wrong: outside ``RgpdError``, so that no net for faults swallows it."""


class RgpdError(Exception):
    """Anything that can go wrong while serving, and that a caller may answer."""


class BadAddress(RgpdError, ValueError):
    """A text that is no address of its kind; the message says why, never what it was."""


class BadLink(RgpdError, ValueError):
    """A link that this site did not sign for this purpose."""


class StoreDown(RgpdError):
    """The store of the rate limits does not answer: nothing may be sent, everyone may still leave."""


class StaleClaim(RgpdError):
    """A worker lost its claim on a job to another one; what it wanted to write is refused."""


class Refused(RgpdError):
    """What was asked cannot be done; ``reason`` says why, to the person who asked."""

    def __init__(self, reason: str | _StrPromise) -> None:
        super().__init__(reason)
        self.reason = reason
