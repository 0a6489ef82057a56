"""A mail backend that keeps every mail as a file, as if its recipient had received it."""

import time
import uuid
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class MailboxBackend(BaseEmailBackend):
    """Writes one ``.eml`` a mail into ``MAILBOX_ROOT``, named by its time so that names sort."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep the mails; returns how many."""
        root = Path(settings.MAILBOX_ROOT)
        root.mkdir(parents=True, exist_ok=True)
        for mail in email_messages:
            name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
            waiting = root / f"{name}.tmp"
            waiting.write_bytes(_on_the_wire(mail))
            waiting.rename(root / f"{name}.eml")
        return len(email_messages)


def _on_the_wire(mail: EmailMessage) -> bytes:
    """The mail with the ends of lines that a server would have received (RFC 5322, 2.1)."""
    return b"\r\n".join(mail.message().as_bytes().splitlines()) + b"\r\n"
