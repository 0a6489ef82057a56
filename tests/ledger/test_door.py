"""The door: what it costs to ask, and what shuts it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from django_rgpd.ledger import door, mirror, places, record, tasks, verify
from django_rgpd.ledger.models import Seal
from django_rgpd.outbox import door as outbox_door
from django_rgpd.outbox.deliver import run_due
from django_rgpd.retention.status import findings
from tests.ledger.restoring import HOUR, LATER, NOW, lost, seal_and_mirror

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


def test_without_a_mirror_it_is_seldom_asked_whether_there_was_one(django_assert_num_queries) -> None:
    door.forget()
    with django_assert_num_queries(1):
        for _time in range(10):
            assert outbox_door.shut() == ""


def test_a_restored_shop_whose_settings_name_no_mirror_is_shut(
    mirror_root: Path, settings: pytest.FixtureRequest
) -> None:
    """A new machine without the environment of the old one: who was erased since the dump is in the shop again."""
    record.record("x", person=None, now=NOW)
    seal_and_mirror(NOW)
    with_it = settings.RGPD  # type: ignore[attr-defined]
    settings.RGPD = {**with_it, "MIRROR_ROOT": ""}  # type: ignore[attr-defined]

    assert "no mirror is set" in outbox_door.shut()
    assert "replay" in [one.key for one in findings(now=LATER)]
    record.record("y", person=None, now=LATER)
    with pytest.raises(mirror.MirrorUnfit):
        tasks.seal_what_came(now=LATER)
    assert Seal.objects.count() == 1

    settings.RGPD = with_it  # type: ignore[attr-defined]
    assert outbox_door.shut() == ""
    Seal.objects.update(mirrored_at=None)  # the mirror is given up
    settings.RGPD = {**with_it, "MIRROR_ROOT": ""}  # type: ignore[attr-defined]
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


@pytest.mark.fault("B04")
def test_an_unmounted_mirror_stays_shut_whatever_is_sealed_or_mirrored(mirror_root: Path) -> None:
    """An older dump beside an empty directory: the next run would begin a rival chain in it, and open the door."""
    record.record("x", person=None, now=NOW)
    seal_and_mirror(NOW)
    (away := mirror_root.with_name("unmounted")).mkdir()
    mirror_root.rename(away / "mirror")
    mirror_root.mkdir()
    door.forget()
    record.record("y", person=None, now=LATER)

    with pytest.raises(mirror.MirrorUnfit, match="lacks seal 1"):
        tasks.seal_what_came(now=LATER)
    assert "lost its end" in outbox_door.shut()
    (finding,) = [one for one in findings(now=LATER) if one.key == "replay"]
    assert "lost its end" in str(finding)

    # A seal that was made all the same, by somebody who was faster than the disk that went away.
    (mirror_root / "000000000001.json").write_bytes((away / "mirror" / "000000000001.json").read_bytes())
    assert tasks.seal_what_came(now=LATER) == 1
    (mirror_root / "000000000001.json").unlink()
    assert run_due(now=LATER, names=frozenset({"ledger.mirror"})).counts == {"waiting": 1}
    assert list(mirror_root.iterdir()) == []
    door.forget()
    assert "lost its end" in outbox_door.shut()

    mirror_root.rmdir()
    (away / "mirror").rename(mirror_root)
    run_due(now=LATER + HOUR, names=frozenset({"ledger.mirror"}))
    assert (mirror_root / "000000000002.json").exists()
    assert outbox_door.shut() == ""


@pytest.mark.fault("B04")
def test_a_path_that_is_no_directory_is_no_new_mirror(mirror_root: Path) -> None:
    """A new shop may begin with an empty or an absent directory, not with one that cannot be listed."""
    assert outbox_door.shut() == ""
    mirror_root.write_bytes(b"")
    door.forget()
    record.record("x", person=None, now=NOW)
    assert "does not answer" in outbox_door.shut()
    with pytest.raises(mirror.MirrorUnfit, match="NotADirectoryError"):
        tasks.seal_what_came(now=NOW)
    assert not Seal.objects.exists()
    assert [fault.what for fault in verify.verify(now=NOW)] == [
        "The mirror does not answer: NotADirectoryError."
    ]
    mirror_root.unlink()
    mirror_root.mkdir()
    seal_and_mirror(NOW)
    assert outbox_door.shut() == ""
