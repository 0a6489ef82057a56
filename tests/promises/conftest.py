"""A customer at her browser, and nights that pass: the shop as it is used, from day to day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from django_rgpd.core import clock
from example_shop.accounts.models import User
from example_shop.accounts.proof import address_clicked
from example_shop.factories import UserFactory

START = datetime(2026, 3, 10, 12, tzinfo=UTC)
"""A Tuesday noon, on which everything begins."""

Day = Callable[[datetime], list[mail.EmailMessage]]


@pytest.fixture
def day(monkeypatch: pytest.MonkeyPatch) -> Day:
    """Lets it be another day, runs the shop's nightly command on it, and gives the mails that left."""
    monkeypatch.setattr(clock, "now", lambda: START)

    def pass_to(instant: datetime) -> list[mail.EmailMessage]:
        before = len(mail.outbox)
        for seconds in (0, 1):  # what the first run wrote down leaves with the second
            now = instant + timedelta(seconds=seconds)
            monkeypatch.setattr(clock, "now", lambda now=now: now)
            call_command("rgpd_run", stdout=StringIO(), stderr=StringIO())
        return list(mail.outbox[before:])

    return pass_to


@pytest.fixture
def marie(day: Day) -> User:
    """A customer who proved her address, on the first day."""
    user = UserFactory(email="marie@example.com", first_name="Marie", last_name="Dupont-Quillemot")
    address_clicked(user)
    return user


@pytest.fixture
def browser(client: Client, marie: User) -> Client:
    """Her browser, logged in on the first day."""
    client.force_login(marie)
    return client
