"""How a shop's own tasks send mails from a queue that carries JSON: a pickle in a text, or the fields of the mail."""

from __future__ import annotations

import base64
import pickle
from typing import Any

from django.core.mail import EmailMessage
from django_tasks import task


def pickled(message: EmailMessage) -> str:
    """``message`` in a text."""
    return base64.b64encode(pickle.dumps(message)).decode()


def fields(message: EmailMessage) -> dict[str, Any]:
    """``message`` as a form of its fields, which knows nothing of what it is."""
    return {
        "subject": str(message.subject),
        "body": str(message.body),
        "to": list(message.to),
        "headers": dict(message.extra_headers),
    }


@task()
def send_pickled(text: str) -> None:
    """As it was pickled."""
    pickle.loads(base64.b64decode(text)).send()


@task()
def send_fields(told: dict[str, Any]) -> None:
    """A new one of the same fields."""
    EmailMessage(**told).send()
