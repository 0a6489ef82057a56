"""The door: what it costs to ask, and what shuts it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from django_rgpd.ledger import door, places, record
from django_rgpd.outbox import door as outbox_door
from tests.ledger.restoring import LATER, NOW, lost, seal_and_mirror

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(mirror_root: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the mirror was asked for what."""
    found: Counter[str] = Counter()
    for name in ("names", "has"):
        real = getattr(places.Directory, name)

        def counting(self, *values, name=name, real=real):
            found[name] += 1
            return real(self, *values)

        monkeypatch.setattr(places.Directory, name, counting)
    return found


def test_asking_is_one_statement_and_seldom_a_look_at_the_mirror(
    asked: Counter[str], django_assert_num_queries
) -> None:
    record.record("x", person=None, now=NOW)
    seal_and_mirror(NOW)
    asked.clear()
    for _time in range(10):
        with django_assert_num_queries(1):
            assert outbox_door.shut() == ""
    assert asked == {"has": 2}


def test_without_a_mirror_nothing_is_asked(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert outbox_door.shut() == ""


def test_a_process_from_before_the_restore_shuts_at_once_and_a_new_one_at_its_first_question(
    asked: Counter[str],
) -> None:
    with lost():
        record.record("x", person=None, now=LATER)
        seal_and_mirror(LATER)
        assert outbox_door.shut() == ""
    asked.clear()
    assert "older dump" in outbox_door.shut()
    assert not asked
    door.forget()
    assert "older dump" in outbox_door.shut()


def test_a_look_is_believed_for_half_a_minute(asked: Counter[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that never saw the seals which were lost finds them when it looks the next time."""
    moment = 1_000.0
    monkeypatch.setattr(door.time, "monotonic", lambda: moment)
    record.record("x", person=None, now=NOW)
    seal_and_mirror(NOW)
    assert outbox_door.shut() == ""
    with lost():
        record.record("x", person=None, now=LATER)
    door._seen.has = 1  # another process did that
    assert outbox_door.shut() == ""
    moment += door.TRUSTED
    assert "older dump" in outbox_door.shut()


@pytest.mark.fault("B04")
def test_a_mirror_that_does_not_answer_or_lost_its_end_shuts_the_door(
    mirror_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In doubt nothing is sent."""
    record.record("x", person=None, now=NOW)
    seal_and_mirror(NOW)
    mirror_root.rename(mirror_root.with_name("unmounted"))
    assert "lost its end" in outbox_door.shut()
    mirror_root.with_name("unmounted").rename(mirror_root)
    assert outbox_door.shut() == ""
    door.forget()

    def down(self: object, name: str) -> bool:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(places.Directory, "has", down)
    assert "does not answer" in outbox_door.shut()


def test_staff_read_in_the_list_of_jobs_why_they_wait(mirror_root: Path, admin_client: Client) -> None:
    page = "/admin/django_rgpd/job/"
    assert "older dump" not in admin_client.get(page).content.decode()
    with lost():
        record.record("x", person=None, now=LATER)
    assert "older dump" in admin_client.get(page).content.decode()
