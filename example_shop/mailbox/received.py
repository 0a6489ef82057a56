"""Reading the mails that the shop has sent in the demonstration."""

from __future__ import annotations

import email
import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.utils.timezone import get_current_timezone

from django_rgpd.core import mail
from django_rgpd.marketing.backend import PATH

NAME = re.compile(r"\A[0-9]{20}-[0-9a-f]{8}\Z")


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as its recipient sees it."""

    name: str
    to: str
    subject: str
    at: datetime
    text: str
    html: str
    headers: list[tuple[str, str]]


def kept_here() -> bool:
    """Whether the shop's mails are kept on this machine, instead of being sent."""
    first = mail.backend()
    sends = settings.RGPD.get("MAIL_BACKEND", "") if first == PATH else first
    return str(sends).endswith("MailboxBackend")


def names() -> list[str]:
    """The mails that there are, the latest first."""
    root = Path(settings.MAILBOX_ROOT)
    return sorted((path.stem for path in root.glob("*.eml") if NAME.match(path.stem)), reverse=True)


def read(name: str) -> Received | None:
    """One mail; nothing where there is none of this name."""
    path = Path(settings.MAILBOX_ROOT) / f"{name}.eml"
    if not NAME.match(name) or not path.is_file():
        return None
    found = email.message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    seconds = int(name[:20]) / 1e9
    return Received(
        name=name,
        to=str(found.get("To", "")),
        subject=str(found.get("Subject", "")),
        at=datetime.fromtimestamp(seconds, tz=get_current_timezone()),
        text=_part(found, "plain"),
        html=_part(found, "html"),
        headers=[(key, str(value)) for key, value in found.items()],
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""
