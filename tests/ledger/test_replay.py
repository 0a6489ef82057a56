"""Bringing a restored database up to its mirror: what is believed, what is refused, what comes back."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError

from django_rgpd import signals
from django_rgpd.consent import decisions
from django_rgpd.core import conf
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger import door, guard, record, seal, terms, verify
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.outbox.deliver import run_due
from django_rgpd.policy import EMAIL
from django_rgpd.registry.models import Person
from django_rgpd.retention.status import findings
from django_rgpd.testing import changed, snapshot
from example_shop.factories import make_guest
from tests.ledger.conftest import Replay
from tests.ledger.restoring import BACK, HOUR, LATER, NOW, customer, lost, proven, seal_and_mirror

pytestmark = pytest.mark.django_db


def test_a_second_replay_and_a_dry_one_change_nothing(replay: Replay) -> None:
    marie = customer("marie@example.com")
    with lost():
        erase(marie, how="account", now=LATER)
    before = snapshot()

    assert "erased: 1" in replay("--dry-run")
    assert not changed(before, snapshot())

    heard: list[object] = []
    signals.restored.connect(lambda **news: heard.append(news["at"]), weak=False, dispatch_uid="tests")
    try:
        assert "up to date" in replay()
        before = snapshot()
        assert "nothing that this database has not" in replay()
    finally:
        signals.restored.disconnect(dispatch_uid="tests")
    assert not changed(before, snapshot())
    assert heard == [BACK]
    assert Event.objects.get(kind="replayed").payload == {"first": 2, "last": 2, "events": 2}


def test_events_and_seals_come_back_as_they_were(replay: Replay, mirror_root: Path) -> None:
    """Also those that the dump has unsealed; what happened meanwhile goes into the next seal."""
    early = record.record("x", person=None, now=NOW, payload={"n": 1}, actor="user:1")
    seal_and_mirror(NOW)
    unsealed = record.record("x", person=None, now=NOW + HOUR / 2)
    columns = ("uuid", "kind", "at", "recorded_at", "payload", "payload_hash", "actor", "seal__number")
    with lost(sealed=False):
        record.record("x", person=None, now=LATER, at=NOW, payload={"n": 2}, actor="user:2", how="letter")
        seal_and_mirror(LATER)
        events = sorted(Event.objects.values_list(*columns))
        seals = list(Seal.objects.order_by("number").values_list("number", "digest", "previous", "sealed_at"))
    meanwhile = record.record("x", person=None, now=BACK - HOUR)
    assert Event.objects.get(uuid=unsealed.uuid).seal is None

    replay()

    there = Event.objects.exclude(kind="replayed").exclude(uuid=meanwhile.uuid)
    assert sorted(there.values_list(*columns)) == events
    assert (
        list(Seal.objects.order_by("number").values_list("number", "digest", "previous", "sealed_at"))
        == seals
    )
    assert early.seal_id is None, "read before it was sealed"
    seal_and_mirror(BACK)
    assert Event.objects.get(uuid=meanwhile.uuid).seal == seal.last()
    assert list(verify.verify(now=BACK)) == []
    assert (mirror_root / "000000000003.json").exists()


@pytest.mark.fault("G05")
@pytest.mark.django_db(transaction=True)
def test_a_tail_that_was_cut_off_comes_back(replay: Replay) -> None:
    """Whoever administers the database deleted its last seals, with their events."""
    for number in range(3):
        record.record("x", person=None, now=NOW, payload={"n": number})
        seal_and_mirror(NOW)
    before = list(Event.objects.order_by("at").values_list("uuid", flat=True))
    with guard.lifted():
        Event.objects.filter(seal__number__gt=1).delete()
        Seal.objects.filter(number__gt=1).delete()
    assert len(list(verify.verify(now=NOW))) == 1

    replay()

    assert set(Event.objects.exclude(kind="replayed").values_list("uuid", flat=True)) == set(before)
    assert list(verify.verify(now=BACK)) == []


def edited(mirror: Path, name: str, old: bytes, new: bytes) -> None:
    """Change a file that is never changed."""
    path = mirror / name
    content = path.read_bytes()
    assert old in content
    path.chmod(0o600)
    path.write_bytes(content.replace(old, new, 1))


def cut(path: Path) -> None:
    """Leave the end of a file out."""
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-40])


SECOND, THIRD, PAYLOADS = "000000000002.json", "000000000003.json", "000000000003.payloads.json"
DAMAGES = {
    "another kind": lambda root: edited(root, THIRD, b'"kind":"erased"', b'"kind":"kept!!"'),
    "another person": lambda root: edited(root, THIRD, b'"person":"', b'"person":"0'),
    "another digest": lambda root: edited(root, PAYLOADS, b'"digest":"', b'"digest":"0'),
    "other choices": lambda root: edited(root, PAYLOADS, b'"reviews":"keep"', b'"reviews":"delete"'),
    "cut short": lambda root: cut(root / THIRD),
    "payloads cut short": lambda root: cut(root / PAYLOADS),
    "no JSON": lambda root: (root / PAYLOADS).write_bytes(b"\xff{"),
    "a list": lambda root: (root / PAYLOADS).write_bytes(b"[]"),
    "a gap": lambda root: (root / SECOND).unlink(),
    "no payloads": lambda root: (root / PAYLOADS).unlink(),
    "twice the same": lambda root: shutil.copy(root / THIRD, root / SECOND),
    "a fork": lambda root: edited(root, "000000000001.json", b'"count":', b'"count":1'),
    "no mirror": lambda root: shutil.rmtree(root),
}


WORDS = {"a gap": "lacks seal 2", "no mirror": "is its disk there", "a fork": "not the mirror's"}


@pytest.mark.fault("B04")
@pytest.mark.fault("G05")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_mirror_that_was_tampered_with_is_refused_and_nothing_changes(
    damage: str, replay: Replay, mirror_root: Path
) -> None:
    """Edited, forged, cut short, with a gap, forked, lost: it is named, and the door stays shut."""
    marie = customer("marie@example.com")
    with lost():
        decisions.refuse_all(marie, how="link", now=LATER)
        seal_and_mirror(LATER)
        erase(marie, how="account", choices={"reviews": "keep"}, now=LATER)
    DAMAGES[damage](mirror_root)
    before = snapshot()

    with pytest.raises(CommandError, match=f"{WORDS.get(damage, '')}.*Nothing was changed"):
        replay()

    assert not changed(before, snapshot())
    door.forget()
    assert [one.key for one in findings(now=BACK)][-1] == "replay"
    if damage != "a gap":
        assert decisions.may_send(marie, "newsletter", EMAIL, now=BACK).reason == "shut"


@pytest.mark.fault("B04")
def test_a_key_that_was_thrown_away_is_named(replay: Replay, settings) -> None:
    with lost():
        record.record("x", person=None, now=LATER)
    settings.RGPD = {**settings.RGPD, "SEAL_KEYS": ("new:another key altogether",)}
    with pytest.raises(CommandError, match="SEAL_KEYS"):
        replay()
    assert not Event.objects.exists()


@pytest.mark.fault("B04")
@pytest.mark.parametrize("act", ["erase", "object", "keep"])
def test_a_key_of_digests_that_was_thrown_away_is_named(act: str, replay: Replay, settings) -> None:
    """Without it nobody would be found by her addresses, and the replay would say that it found nobody."""
    make_guest("guest@example.com")
    marie = customer("marie@example.com")
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("old:an old key", *conf.get().DIGEST_KEYS)}
    with lost():
        if act == "erase":
            erase(proven("guest@example.com", at=LATER), how="link", now=LATER)
        elif act == "object":
            decisions.refuse_all(customer("paul@example.com"), how="link", now=LATER)
        else:
            erase(marie, how="account", choices={"suppress": True}, now=LATER)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": conf.get().DIGEST_KEYS[1:]}
    before = snapshot()
    for arguments in ([], ["--dry-run"], ["--all"]):
        with pytest.raises(
            CommandError, match=r"the key old, which is not in DIGEST_KEYS.*Nothing was changed"
        ):
            replay(*arguments)
    assert not changed(before, snapshot())
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": (*conf.get().DIGEST_KEYS, "old:an old key")}
    assert "up to date" in replay()
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": conf.get().DIGEST_KEYS[:-1]}
    with pytest.raises(CommandError, match="the key old"):
        replay("--all")


@pytest.mark.fault("B04")
def test_a_dump_that_went_on_by_itself_is_refused(replay: Replay, mirror_root: Path, settings) -> None:
    """Another chain grew from the same dump: which of them is true, only people know."""
    marie = customer("marie@example.com")
    with lost():
        erase(marie, how="account", now=LATER)
        seal_and_mirror(LATER)
        record.record("x", person=None, now=LATER)
    record.record("y", person=None, now=LATER)
    mirrored = dict(Seal.objects.values_list("pk", "mirrored_at"))
    Seal.objects.update(mirrored_at=None)  # somebody gave the mirror up
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": ""}
    assert seal.seal(now=LATER) == 1
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(mirror_root)}
    for key, at in mirrored.items():
        Seal.objects.filter(pk=key).update(mirrored_at=at)
    before = snapshot()

    with pytest.raises(CommandError, match="gone on by itself"):
        replay()

    assert not changed(before, snapshot())
    assert Person.objects.get(uuid=marie.uuid).erased_at is None


@pytest.mark.fault("B04")
def test_a_batch_of_another_branch_is_refused(replay: Replay, mirror_root: Path) -> None:
    """Sealed with the right key and numbered as it should be, but by a database that went another way."""
    with lost():
        record.record("x", person=None, now=LATER)
        seal_and_mirror(LATER)
        record.record("x", person=None, now=LATER)
    other = (mirror_root / "000000000001.json").rename(mirror_root / "kept")
    (mirror_root / SECOND).rename(mirror_root / "second")
    with lost():
        record.record("y", person=None, now=LATER)
    other.unlink()
    (mirror_root / "second").rename(mirror_root / SECOND)

    with pytest.raises(CommandError, match="does not follow"):
        replay()

    assert not Event.objects.exists()


@pytest.mark.fault("B04")
def test_an_event_that_the_database_knows_otherwise_is_refused(replay: Replay) -> None:
    with lost():
        told = record.record("x", person=None, now=LATER)
    Event(uuid=told.uuid, kind="y", at=LATER, recorded_at=LATER, payload_hash=told.payload_hash).save()
    with pytest.raises(CommandError, match="another one in the database"):
        replay()
    assert not Seal.objects.exists()


@pytest.mark.fault("B04")
def test_two_chains_of_the_same_length_have_forked(replay: Replay, mirror_root: Path) -> None:
    """The dump sealed one batch by itself: neither has more, and still they are not the same."""
    with lost():
        record.record("x", person=None, now=LATER)
    (mirror_root / "000000000001.json").rename(mirror_root / "kept")
    record.record("y", person=None, now=LATER)
    assert seal.seal(now=LATER) == 1
    (mirror_root / "kept").rename(mirror_root / "000000000001.json")
    with pytest.raises(CommandError, match="Seal 1 of the database is not the mirror's"):
        replay()


@pytest.mark.fault("B04")
def test_a_stray_file_with_a_far_number_is_named_at_once(replay: Replay, mirror_root: Path) -> None:
    with lost():
        record.record("x", person=None, now=LATER)
    (mirror_root / "900000000003.json").write_bytes(b"")
    with pytest.raises(CommandError, match="lacks seal 2, and goes on to seal 900000000003"):
        replay()
    assert not Event.objects.exists()


def test_without_a_mirror_a_replay_says_what_to_set(replay: Replay, settings) -> None:
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": ""}
    with pytest.raises(CommandError, match="MIRROR_ROOT"):
        replay()


def test_payloads_that_ended_are_not_missed(replay: Replay) -> None:
    """An event past the term of proofs comes back with the hash of what it said."""
    with lost():
        record.record(
            "x", person=None, now=LATER, at=NOW.replace(year=2010), payload={"n": 1}, actor="user:1"
        )
        seal_and_mirror(LATER)
        assert terms.end_payloads(now=LATER) == 1
        run_due(now=LATER)
    replay()
    event = Event.objects.get(kind="x")
    assert (event.payload, event.actor) == (None, "")
    assert list(verify.verify(now=BACK)) == []


def test_what_a_dump_has_and_the_mirror_lacks_is_mirrored_later(replay: Replay, mirror_root: Path) -> None:
    """The mirror was behind: nothing is due, and the job goes on."""
    record.record("x", person=None, now=NOW)
    seal.seal(now=NOW)
    assert "nothing that this database has not" in replay()
    assert door.replay_due() == ""
    seal_and_mirror(NOW + timedelta(days=1))
    assert (mirror_root / "000000000001.json").exists()
