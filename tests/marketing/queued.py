"""Run by a test in a process of its own: mails that our door sealed go through the queue of a task backend before they leave.

``python -m tests.marketing.queued``. One of the readers leaves while they are in the queue. Prints one line of JSON.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from importlib import import_module
from pathlib import Path

os.environ["QUEUED_MAILS"] = tempfile.mkdtemp(prefix="queued-")
os.environ["WORKERS_SETTINGS"] = "tests.marketing.queued_settings"

workers = import_module("tests.retention.workers")  # it sets Django up

from django.core.mail import EmailMessage  # noqa: E402
from django.utils import timezone  # noqa: E402

from django_rgpd.consent import decisions  # noqa: E402
from django_rgpd.marketing import links, send  # noqa: E402
from django_rgpd.registry import people  # noqa: E402
from django_rgpd.registry.models import Person  # noqa: E402
from tests.marketing import queued_tasks  # noqa: E402

NEWS = ("newsletter", "email")
MAILS = Path(os.environ["QUEUED_MAILS"])


def reader(name: str) -> Person:
    """Who agreed to the newsletter."""
    now = timezone.now()
    person = people.prove(people.note("email", f"{name}@example.com", now=now), how="click", now=now).person
    decisions.give(person, *NEWS, how="form", now=now)
    return person


def sealed(person: Person, name: str) -> EmailMessage:
    """Asked about, and on its way."""
    url = links.unsubscribe_url(person.uuid, *NEWS)
    message = EmailMessage("Lanterns", f"Stop: {url}", to=[f"{name}@example.com"])
    send.seal(message, person=person.uuid, purpose="newsletter")
    return message


def left() -> list[str]:
    """To whom a mail went."""
    return sorted(
        one for path in MAILS.iterdir() for one in re.findall(r"^To: (.*)$", path.read_text(), re.M)
    )


def main() -> dict[str, object]:
    """Seal, queue, leave, work, and say what left."""
    results = []
    for name in ("ada", "bea"):
        person = reader(name)
        results.append(queued_tasks.send_pickled.enqueue(queued_tasks.pickled(sealed(person, name))))
        results.append(queued_tasks.send_fields.enqueue(queued_tasks.fields(sealed(person, name))))
    decisions.leave(person, *NEWS, how="one_click", now=timezone.now())
    with workers.workers():
        workers.wait(lambda: all(_ended(one) for one in results))
    return {
        "sent": left(),
        "refused": sorted({one.errors[0].exception_class_path for one in results if one.errors}),
        "states": [one.status.name for one in results],
    }


def _ended(result: object) -> bool:
    result.refresh()  # type: ignore[attr-defined]
    return bool(result.is_finished)  # type: ignore[attr-defined]


if __name__ == "__main__":
    with workers.database():
        sys.stdout.write(json.dumps(main()) + "\n")
