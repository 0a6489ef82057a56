"""What falls due soon is said by model and purpose, and nothing is changed by asking."""

from __future__ import annotations

from datetime import datetime
from io import StringIO

import pytest
from dateutil.relativedelta import relativedelta
from django.core.management import call_command

from django_rgpd.core import clock
from django_rgpd.registry import Null, Personal, Who, contacted, registry
from django_rgpd.retention.report import Line, upcoming
from django_rgpd.retention.sweep import sweep
from example_shop.contact.models import ContactMessage
from example_shop.factories import DAY, ContactMessageFactory, GuestOrderFactory, UserFactory

pytestmark = pytest.mark.django_db

YEAR = DAY + relativedelta(years=1)


def _lines(now: object, until: object) -> list[Line]:
    return list(upcoming(now=now, until=until))  # type: ignore[arg-type]


def test_report_names_what_ends_in_the_time_asked_about() -> None:
    ContactMessageFactory(user=None)
    GuestOrderFactory(placed_at=DAY)
    before, after = YEAR - relativedelta(days=10), YEAR + relativedelta(days=10)
    assert _lines(before, after) == [
        Line(model="contact.ContactMessage", purpose="messages", due=1, not_started=0)
    ]
    assert _lines(after, after + relativedelta(months=1)) == []


def test_report_leaves_out_what_was_released() -> None:
    ContactMessageFactory(user=None)
    sweep(now=YEAR)
    assert _lines(YEAR - relativedelta(days=10), YEAR + relativedelta(days=10)) == []


def test_command_prints_a_line_a_model_and_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: YEAR - relativedelta(days=40))
    ContactMessageFactory(user=None)
    said = {}
    for months in (1, 2):
        out = StringIO()
        call_command("rgpd_report", months=months, stdout=out)
        said[months] = out.getvalue().strip()
    assert said == {
        1: "Nothing falls due.",
        2: "Until April 2, 2027, beside what is due already (rgpd_sweep --dry-run):\n"
        "contact.ContactMessage, Answering your messages: 1 due",
    }


def test_report_counts_who_was_never_in_touch_as_not_started() -> None:
    known, unknown = UserFactory(), UserFactory()
    contacted(known, at=DAY)
    expected = Line(model="accounts.User", purpose="account", due=0, not_started=1)
    assert expected in _lines(DAY, DAY + relativedelta(months=1))
    contacted(unknown, at=DAY)
    assert _lines(DAY, DAY + relativedelta(months=1)) == []


def test_report_counts_by_the_contact_of_the_person_whose_field_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A version of a row is kept for whoever made it, although the one whom it is about is gone."""
    declaration = registry.of(ContactMessage).declaration  # type: ignore[union-attr]
    monkeypatch.setattr(declaration, "people", {"about": Who(email="email"), "editor": Who(user="user")})
    monkeypatch.setattr(declaration, "who", None)
    monkeypatch.setattr(declaration, "fields", {"user": Personal("account", erase=Null(), of="editor")})
    editor = UserFactory()
    contacted(editor, at=DAY)
    ContactMessageFactory(user=editor)

    def of_messages(now: datetime) -> list[Line]:
        return [
            one for one in _lines(now, now + relativedelta(months=1)) if one.model == "contact.ContactMessage"
        ]

    assert of_messages(DAY) == []
    soon = DAY + relativedelta(years=3, days=-5)
    assert of_messages(soon) == [
        Line(model="contact.ContactMessage", purpose="account", due=1, not_started=0)
    ]
