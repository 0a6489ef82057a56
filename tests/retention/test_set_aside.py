"""One row that the database refuses is set aside and named, without a word of what it holds; the rest goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.erasure import release as release_room
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job, State
from django_rgpd.retention import ranges, releasing
from django_rgpd.retention.models import SetAside, SweepMark
from django_rgpd.retention.status import findings
from django_rgpd.retention.sweep import sweep
from example_shop.contact.models import ContactMessage
from example_shop.factories import DAY, ContactMessageFactory, GuestOrderFactory
from example_shop.orders.models import Order

pytestmark = pytest.mark.django_db

MESSAGE = "contact.ContactMessage"
ORDER = "orders.Order"
NOW = DAY + relativedelta(years=4)
SECRET = "poisoned-canary"  # noqa: S105

REFUSED = {
    "sqlite": """CREATE TRIGGER poison BEFORE DELETE ON contact_contactmessage
        WHEN OLD.subject = 'poisoned-canary' BEGIN SELECT RAISE(ABORT, 'poisoned-canary'); END""",
    "postgresql": """
        CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF OLD.subject = 'poisoned-canary' THEN
                RAISE EXCEPTION 'poisoned-canary' USING ERRCODE = 'check_violation';
            END IF;
            RETURN OLD;
        END $$;
        CREATE TRIGGER poison BEFORE DELETE ON contact_contactmessage FOR EACH ROW EXECUTE FUNCTION poison()""",
}
HEALED = {
    "sqlite": "DROP TRIGGER poison",
    "postgresql": "DROP TRIGGER poison ON contact_contactmessage; DROP FUNCTION poison()",
}


@pytest.fixture
def heal() -> Iterator[Callable[[], None]]:
    """The database refuses to delete a message with a certain subject, until this is called."""
    with connection.cursor() as cursor:
        cursor.execute(REFUSED[connection.vendor])

    def away() -> None:
        with connection.cursor() as cursor:
            cursor.execute(HEALED[connection.vendor])

    return away


def _messages(*subjects: str) -> list[ContactMessage]:
    return [ContactMessageFactory(user=None, received_at=DAY, subject=subject) for subject in subjects]


@pytest.mark.fault("G02")
def test_refused_row_is_set_aside_and_the_rest_goes_on(heal: Any, caplog: Any) -> None:
    poisoned = _messages("a", "b", SECRET, "c", "d")[2]
    order = GuestOrderFactory(placed_at=DAY)

    report = sweep(now=NOW)
    assert list(ContactMessage.objects.values_list("pk", flat=True)) == [poisoned.pk]
    assert Order.objects.get(pk=order.pk).name == ""
    assert (report.aside, report.failed) == ({MESSAGE: [str(poisoned.pk)]}, {})
    assert report.done.deleted == {MESSAGE: 4}

    aside = SetAside.objects.get()
    assert (aside.mark.label, aside.key, aside.since) == (MESSAGE, str(poisoned.pk), NOW)
    assert "IntegrityError" in aside.why
    assert SECRET not in f"{aside.why} {caplog.text} {report}"


def test_row_set_aside_is_tried_again_each_night(heal: Callable[[], None]) -> None:
    _messages("a", SECRET)
    sweep(now=NOW)
    again = sweep(now=NOW + relativedelta(days=1))
    assert (again.rows, list(again.aside)) == (0, [MESSAGE])
    assert SetAside.objects.get().since == NOW

    heal()
    assert sweep(now=NOW + relativedelta(days=2)).done.deleted == {MESSAGE: 1}
    assert not SetAside.objects.exists()
    assert not ContactMessage.objects.exists()


def test_row_that_is_not_there_any_more_is_not_set_aside_any_more(heal: Callable[[], None]) -> None:
    _messages(SECRET)
    sweep(now=NOW)
    heal()
    ContactMessage.objects.all().delete()
    assert sweep(now=NOW + relativedelta(days=1)).aside == {}
    assert not SetAside.objects.exists()


def test_refused_row_in_a_range_does_not_end_its_job(heal: Any) -> None:
    poisoned = _messages("a", SECRET, "b", "c", "d")[1]
    sweep(now=NOW, share=True, size=2)
    deliver.run_due(now=NOW, names=frozenset({ranges.JOB}))
    assert list(ContactMessage.objects.values_list("pk", flat=True)) == [poisoned.pk]
    assert not Job.objects.filter(name=ranges.JOB).exclude(state=State.DONE).exists()
    assert SetAside.objects.get().key == str(poisoned.pk)


def test_many_refused_rows_are_the_tables_fault(heal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releasing, "MOST_ASIDE", 2)
    order = GuestOrderFactory(placed_at=DAY)
    _messages(*[SECRET] * 4)
    report = sweep(now=NOW)
    assert report.failed == {MESSAGE: "RowsRefused"}
    assert ContactMessage.objects.count() == 4
    assert SweepMark.objects.get(label=MESSAGE).full_at is None
    assert Order.objects.get(pk=order.pk).name == ""


def test_what_was_released_before_too_many_rows_were_refused_is_told(
    heal: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(releasing, "MOST_ASIDE", 1)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    _messages("a", "b", SECRET, SECRET)
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as refusal:
        call_command("rgpd_sweep", stdout=out, stderr=err)
    assert ContactMessage.objects.count() == 2
    assert f"{MESSAGE}: 0 released, 2 deleted" in out.getvalue()
    assert "failed (RowsRefused)" in err.getvalue()
    assert "as they were" not in str(refusal.value)


def test_what_no_row_is_to_blame_for_sets_no_row_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    _messages("a", "b")

    def away(*_: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(release_room.statements, "delete", away)
    report = sweep(now=NOW)
    assert report.failed == {MESSAGE: "OperationalError"}
    assert not SetAside.objects.exists()
    assert ContactMessage.objects.count() == 2


def test_status_and_command_name_the_row(heal: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (poisoned,) = _messages(SECRET)
    monkeypatch.setattr(clock, "now", lambda: NOW)
    out, err = StringIO(), StringIO()
    call_command("rgpd_sweep", stdout=out, stderr=err)
    assert f"{MESSAGE}: the database refuses these rows" in err.getvalue()
    assert str(poisoned.pk) in err.getvalue()
    assert SECRET not in out.getvalue() + err.getvalue()

    (finding,) = (one for one in findings(now=NOW) if one.key == "set_aside")
    assert MESSAGE in finding.text
    assert str(poisoned.pk) in finding.text
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("rgpd_status", json=True, stdout=out)
    assert "set_aside" in {one["key"] for one in json.loads(out.getvalue())["findings"]}


def test_staff_read_it_in_the_admin_and_change_nothing(heal: Any, client: Client) -> None:
    (poisoned,) = _messages(SECRET)
    sweep(now=NOW)
    mark = SweepMark.objects.get(label=MESSAGE)
    path = reverse("admin:django_rgpd_sweepmark_change", args=[mark.pk])
    assert client.get(path).status_code == 302

    client.force_login(get_user_model().objects.create_superuser("staff@example.com"))
    page = client.get(path)
    assert page.status_code == 200
    assert SetAside.objects.get().why in page.content.decode()
    assert SECRET not in page.content.decode()
    assert client.post(path, {"label": "x"}).status_code == 403
    assert SweepMark.objects.get(pk=mark.pk).label == MESSAGE
    assert ContactMessage.objects.filter(pk=poisoned.pk).exists()


def test_error_of_the_shops_own_code_is_a_rows_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is saved row by row may raise anything."""
    poisoned = _messages("a", SECRET, "b")[1]
    carry_out = releasing.carry_out

    def raises(part: Any, *given: Any, **named: Any) -> Any:
        from django_rgpd.retention.whole import rows_due

        if rows_due(part).filter(pk=poisoned.pk).exists():
            raise ValueError(SECRET)
        return carry_out(part, *given, **named)

    monkeypatch.setattr(releasing, "carry_out", raises)
    report = sweep(now=NOW)
    assert report.aside == {MESSAGE: [str(poisoned.pk)]}
    assert SetAside.objects.get().why == "ValueError"
    assert IntegrityError.__name__ not in SetAside.objects.get().why
