"""Leaving while a mailing goes out: who leaves before it is her turn gets nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend
from django.db import connection

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.marketing import backend, classes
from django_rgpd.registry.models import Person

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


class Slow(EmailBackend):
    """While it sends to the first, the second leaves on another connection, and that is committed."""

    leaving: Person

    def send_messages(self, messages: list[EmailMessage]) -> int:
        if "first" in messages[0].to[0]:
            thread = threading.Thread(target=self._leave)
            thread.start()
            thread.join(timeout=60)
        return super().send_messages(messages)

    def _leave(self) -> None:
        decisions.leave(
            self.leaving.uuid, "newsletter", "email", how="one_click", now=clock.now() + timedelta(seconds=1)
        )
        connection.close()


@pytest.mark.promise("P12")
@pytest.mark.fault("R09")
def test_who_leaves_while_others_are_served_gets_none(
    subscribe: Callable[[str], Person], asking: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "PAGE", 1)
    asking(f"{__name__}.Slow")
    subscribe("first@example.com")
    Slow.leaving = subscribe("second@example.com")
    subscribe("third@example.com")
    to = [f"{name}@example.com" for name in ("first", "second", "third")]
    message = classes.marketing(EmailMessage("Hi", "Hi", to=to), "newsletter")
    assert message.send() == 2
    assert [address for made in mail.outbox for address in made.recipients()] == [to[0], to[2]]
    assert classes.outcome(message).dropped == {"refused": 1}
