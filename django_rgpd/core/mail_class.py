"""What a mail is: about its reader's own business, or marketing of a purpose; a mark that the message carries."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.mail import EmailMessage

from django_rgpd.core.errors import Misconfigured

ATTRIBUTE = "rgpd_class"
"""The attribute of the message; Django copies and pickles it along."""


@dataclass(frozen=True, slots=True)
class Service:
    """A mail about its reader's own business: an order, a password, a request of hers."""


@dataclass(frozen=True, slots=True)
class Marketing:
    """Marketing of ``purpose``, not yet asked about; ``template_shows_link``: the provider's template has the link."""

    purpose: str
    template_shows_link: bool = False


@dataclass(slots=True)
class Asked:
    """Marketing of ``purpose`` that was asked about and sealed a moment ago, for ``to`` alone; ``opens``: they may be tracked.

    It is good for this process, this moment and one mail (``broken``, once that has passed; shallow copies share it): what is
    copied deeply, or pickled to be sent later, is to be asked about again.
    """

    purpose: str
    to: str
    opens: bool = False
    broken: bool = False

    def __repr__(self) -> str:
        return f"Asked({self.purpose!r})"

    def __reduce__(self) -> tuple[type[Marketing], tuple[str]]:
        return Marketing, (self.purpose,)


MailClass = Service | Marketing | Asked


def mark(message: EmailMessage, what: MailClass) -> None:
    """Say what ``message`` is; the last word counts."""
    setattr(message, ATTRIBUTE, what)


def of(message: EmailMessage) -> MailClass | None:
    """What ``message`` is; None where nobody said. Raises ``Misconfigured`` for a mark that is none of ours."""
    found = getattr(message, ATTRIBUTE, None)
    if found is None or isinstance(found, Service | Marketing | Asked):
        return found
    msg = f"{ATTRIBUTE} of a mail is no class of mail: mark it by marketing.classes.marketing() or service()."
    raise Misconfigured(msg)
