"""An older dump is restored: who was erased comes back, and goes again before anything is sent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from django_rgpd import signals
from django_rgpd.consent import decisions, kinds
from django_rgpd.core import clock
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.ledger import door, seal, tasks, verify
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.ledger.record import record
from django_rgpd.marketing import links
from django_rgpd.marketing.send import send
from django_rgpd.outbox import jobs
from django_rgpd.outbox import mail as mails
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Person, Suppression
from django_rgpd.retention.status import findings
from django_rgpd.testing import Canaries, assert_erased, changed, snapshot
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import UserFactory, make_customer, make_guest
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.reviews.models import Review
from tests.faults import dumps

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
"""Two months after the made-up orders, so that no term is over. The dump is of that morning."""
HOUR = timedelta(hours=1)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

Run = Callable[..., str]


@pytest.fixture(autouse=True)
def mirror(tmp_path: Path, settings) -> Path:
    """A mirror of its own."""
    if missing := dumps.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path / "mirror"), "PRODUCTION": True}
    return tmp_path / "mirror"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Where the dump is."""
    return tmp_path / "dump"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command at an hour after ``NOW``, and gives all that it says."""

    def run(name: str, *arguments: str, hours: float = 3) -> str:
        monkeypatch.setattr(clock, "now", lambda: NOW + hours * HOUR)
        said = StringIO()
        call_command(name, *arguments, stdout=said, stderr=said)
        return said.getvalue()

    return run


def customer(email: str, **fields: object) -> Person:
    """An account with everything, its address proven, and a live consent to the newsletter."""
    user = make_customer(email=email, **fields)
    person = people.person_of(user, now=NOW - HOUR)
    proven(email, person)
    decisions.give(person, "newsletter", EMAIL, how="account", now=NOW - HOUR)
    return person


def proven(email: str, person: Person | None = None, *, at: datetime = NOW - HOUR) -> Person:
    """Whoever has the address, proven by a click."""
    return people.prove(people.note("email", email, person=person, now=at), how="link", now=at).person


def seal_and_mirror(now: datetime) -> None:
    """What ``rgpd_run`` does with the ledger."""
    tasks.seal_what_came(now=now)
    run_due(now=now, names=frozenset({"ledger.mirror"}))
    assert not Seal.objects.filter(mirrored_at=None).exists()


def books() -> dict[str, object]:
    """The rows of the shop itself, but for what the database drew at random."""
    orders = [
        {name: None if str(value).endswith("@erased.invalid") else value for name, value in row.items()}
        for row in Order.objects.order_by("pk").values()
    ]
    return {
        "users": list(User.objects.order_by("pk").values()),
        "orders": orders,
        "invoices": list(Invoice.objects.order_by("pk").values()),
        "messages": list(ContactMessage.objects.order_by("pk").values()),
        "reviews": list(Review.objects.order_by("pk").values()),
    }


@jobs.job("tests.outward", outward=True)
def tell_a_vendor(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Reaches somebody else's system."""


@pytest.mark.promise("P84")
@pytest.mark.fault("B01")
def test_what_was_erased_stays_erased_after_an_older_dump_is_restored(
    dump: Path, command: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Everybody who left between the dump and its restore has left afterwards, by whatever the dump knows of them."""
    canaries = Canaries()
    marie = customer(canaries.email("login"), first_name="Marie", last_name="Dupont-Quillemot")
    canaries.plant(people.subject(marie))
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    lou = make_customer(email="lou@example.com")  # nobody in the library's books yet
    make_guest("guest@example.com", orders=2)  # nor she
    make_guest("anna@example.com")
    bystander = customer("bystander@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)

    later = NOW + HOUR
    User.objects.filter(pk=lou.pk).update(email="lou.new@example.com")
    lou.refresh_from_db()
    nina = customer("nina@example.com")
    guest, anna = (proven(f"{name}@example.com", at=later) for name in ("guest", "anna"))
    erase(marie, how="account", choices={"reviews": "delete", "suppress": True}, now=later)
    erase(people.person_of(lou, now=later), how="account", choices={"reviews": "keep"}, now=later)
    for person in (guest, nina):
        erase(person, how="link", now=later)
    decisions.refuse_all(paul, how="link", now=later)
    decisions.withdraw(zoe, "newsletter", EMAIL, how="link", now=later)
    decisions.object_to(anna, "", "", how="link", now=later)
    seal_and_mirror(later)
    expected, events = books(), set(Event.objects.values_list("uuid", flat=True))
    invoices = list(Invoice.objects.order_by("pk").values())
    assert len(invoices) == 15

    dumps.restore(dump)
    nina_invoices = [row for row in invoices if not Invoice.objects.filter(pk=row["id"]).exists()]
    assert User.objects.filter(pk__in=[marie.user_key, lou.pk]).count() == 2
    assert Order.objects.filter(guest_email="guest@example.com").count() == 2
    assert not Person.objects.filter(uuid__in=[guest.uuid, anna.uuid, nina.uuid]).exists()

    said = command("rgpd_replay")

    assert "Erased again: 3 of 4" in said
    assert "up to date" in said
    assert not User.objects.filter(pk__in=[marie.user_key, lou.pk]).exists()
    now_there = books()
    assert now_there["orders"] == [row for row in expected["orders"] if _in(Order, row)]
    assert now_there["reviews"] == [row for row in expected["reviews"] if _in(Review, row)]
    assert now_there["messages"] == [row for row in expected["messages"] if _in(ContactMessage, row)]
    assert now_there["users"] == [row for row in expected["users"] if _in(User, row)]
    assert now_there["invoices"] == [row for row in invoices if row not in nina_invoices]
    assert set(Event.objects.exclude(kind="replayed").values_list("uuid", flat=True)) == events
    for person, reason in ((paul, "refused"), (zoe, "refused"), (bystander, "consent")):
        assert decisions.may_send(person, "newsletter", EMAIL, now=later).reason == reason
    anna_again = proven("anna@example.com", at=later)
    assert anna_again.uuid != anna.uuid
    decisions.inform(anna_again, "offers", EMAIL, how="checkout", now=later)
    assert decisions.may_send(anna_again, "offers", EMAIL, now=later).reason == "suppressed"
    assert Suppression.objects.filter(reason="asked").count() == 1
    assert {one.how for one in Erasure.objects.all()} == {"account", "link"}
    before = len(mail.outbox)
    for minutes in (0, 11, 22):
        run_due(now=NOW + 4 * HOUR + timedelta(minutes=minutes))
    assert not [one for one in mail.outbox[before:] if canaries.planted.keys() & set(one.to)], (
        "she has her receipt"
    )
    assert not Job.objects.filter(state=State.NEEDS).exists()
    assert_erased(marie, canaries=canaries, allow=["invoices.Invoice"], logs=caplog.text, now=later)
    seal_and_mirror(NOW + 4 * HOUR)
    command("rgpd_verify", hours=5)
    assert findings(now=NOW + 4 * HOUR) == [
        one for one in findings(now=NOW + 4 * HOUR) if one.key == "silent"
    ]


def _in(model, row: dict[str, object]) -> bool:
    return model.objects.filter(pk=row["id"]).exists()


@pytest.mark.promise("P84")
@pytest.mark.fault("B01")
def test_nothing_is_sent_before_the_replay_and_everybody_may_leave(dump: Path, command: Run) -> None:
    """Fail closed for sending, open for leaving; what happens meanwhile is kept."""
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    jobs.put("tests.outward", {}, now=NOW)
    send("newsletter", "shop/letter", [paul], now=NOW)
    seal_and_mirror(NOW)
    dumps.take(dump)
    decisions.refuse_all(paul, how="link", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    assert door.replay_due() == ""
    dumps.restore(dump)
    mail.outbox.clear()

    # A process that was there before shuts the door at once, a new one at its first question.
    assert "older dump" in door.replay_due()
    door.forget()
    assert "older dump" in door.replay_due()
    assert decisions.may_send(zoe, "newsletter", EMAIL, now=NOW + 2 * HOUR).reason == "shut"
    with pytest.raises(Refused):
        send("newsletter", "shop/letter", [zoe], now=NOW + 2 * HOUR)
    assert [one.key for one in findings(now=NOW + 2 * HOUR)][-1] == "replay"
    mails.send(
        "centre/link", context={"url": "x"}, to="zoe@example.com", now=NOW + 2 * HOUR
    )  # she asked for it just now
    Client().post(links.unsubscribe_url(zoe.uuid, "newsletter", EMAIL).partition("8000")[2])
    with pytest.raises(CommandError):
        command("rgpd_run", hours=2)
    waiting = Job.objects.filter(name__in=["tests.outward", "marketing.mail", "daily.retention.accounts"])
    assert [(job.state, "older dump" in job.note, job.attempts) for job in waiting] == [
        ("waiting", True, 0)
    ] * 3
    assert [one.to for one in mail.outbox] == [["zoe@example.com"]]
    left = Event.objects.get(person=zoe.uuid, kind=kinds.WITHDRAWN)

    command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert [one.to for one in mail.outbox] == [["zoe@example.com"]], "paul said no"
    assert {job.state for job in Job.objects.filter(pk__in=waiting)} <= {"done", "gone"}
    left.refresh_from_db()
    assert left.seal is not None
    assert left.seal.number > Event.objects.get(person=paul.uuid, kind=kinds.OBJECTED).seal.number
    for person in (paul, zoe):
        assert decisions.may_send(person, "newsletter", EMAIL, now=NOW + 5 * HOUR).reason == "refused"
    command("rgpd_verify", hours=5)


def test_a_second_replay_and_a_dry_one_change_nothing(dump: Path, command: Run) -> None:
    marie = customer("marie@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    erase(marie, how="account", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    before = snapshot()

    assert "erased: 1" in command("rgpd_replay", "--dry-run")
    assert not changed(before, snapshot())

    heard: list[object] = []
    signals.restored.connect(
        lambda **news: heard.append(news["at"]), weak=False, dispatch_uid="tests.restored"
    )
    try:
        command("rgpd_replay")
        before = snapshot()
        assert "nothing" in command("rgpd_replay", hours=4)
    finally:
        signals.restored.disconnect(dispatch_uid="tests.restored")
    assert not changed(before, snapshot())
    assert heard == [NOW + 3 * HOUR]
    assert Event.objects.get(kind="replayed").payload == {"first": 2, "last": 2, "events": 2}


def edited(mirror: Path, name: str, old: bytes, new: bytes) -> None:
    """Change a file that is never changed."""
    path = mirror / name
    content = path.read_bytes()
    assert old in content
    path.chmod(0o600)
    path.write_bytes(content.replace(old, new, 1))


DAMAGES = {
    "a kind": lambda root: edited(root, "000000000003.json", b'"kind":"erased"', b'"kind":"kept!!"'),
    "a digest": lambda root: edited(root, "000000000003.payloads.json", b'"digest":"', b'"digest":"0'),
    "choices": lambda root: edited(
        root, "000000000003.payloads.json", b'"reviews":"keep"', b'"reviews":"delete"'
    ),
    "cut short": lambda root: (root / "000000000003.json").write_bytes(
        (root / "000000000003.json").read_bytes()[:-40]
    ),
    "not JSON": lambda root: (root / "000000000003.payloads.json").write_bytes(b"\xff{"),
    "a gap": lambda root: (root / "000000000002.json").unlink(),
    "no payloads": lambda root: (root / "000000000003.payloads.json").unlink(),
    "moved": lambda root: shutil.copy(root / "000000000003.json", root / "000000000002.json"),
    "a fork": lambda root: edited(root, "000000000001.json", b'"count":', b'"count":1'),
    "no mirror": lambda root: shutil.rmtree(root),
}


@pytest.mark.fault("B04")
@pytest.mark.fault("G05")
def test_a_mirror_that_was_tampered_with_is_refused_and_nothing_changes(
    dump: Path, command: Run, mirror: Path, tmp_path: Path
) -> None:
    """Edited, forged, cut short, with a gap, forked: named, and the door stays shut."""
    marie, paul = customer("marie@example.com"), customer("paul@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    decisions.refuse_all(paul, how="link", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    erase(marie, how="account", choices={"reviews": "keep"}, now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    before, good = snapshot(), tmp_path / "good"
    shutil.copytree(mirror, good)

    for name, damage in DAMAGES.items():
        damage(mirror)
        door.forget()
        assert [one.key for one in findings(now=NOW + HOUR)][-1] == "replay", name
        with pytest.raises(CommandError, match="Nothing was changed"):
            command("rgpd_replay")
        assert not changed(before, snapshot()), name
        shutil.rmtree(mirror, ignore_errors=True)
        shutil.copytree(good, mirror)

    assert decisions.may_send(paul, "newsletter", EMAIL, now=NOW + 2 * HOUR).reason == "shut"
    assert "up to date" in command("rgpd_replay")


@pytest.mark.fault("B04")
def test_a_dump_that_went_on_by_itself_is_refused(dump: Path, command: Run, mirror: Path, settings) -> None:
    """Another chain grew from the same dump: which of them is true, only people know."""
    marie = customer("marie@example.com")
    dumps.take(dump)
    erase(marie, how="account", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    record("x", person=None, now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": ""}
    seal.seal(now=NOW + 2 * HOUR)
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(mirror)}
    before = snapshot()

    with pytest.raises(CommandError, match="gone on by itself"):
        command("rgpd_replay")

    assert not changed(before, snapshot())
    assert Person.objects.get(uuid=marie.uuid).erased_at is None
    assert any("seal" in str(fault) for fault in verify.verify(now=NOW + 2 * HOUR))


def test_an_account_that_came_back_goes_again_whoever_used_it_meanwhile(dump: Path, command: Run) -> None:
    """Her erasure holds for what the dump brought back; an order of these hours is carried out first."""
    user = make_customer(email="marie@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    erase(people.person_of(user, now=NOW + HOUR), how="account", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    assert people.users_person(user.pk) is not None, "another uuid than she was erased under"
    made = Order.objects.filter(customer=user.pk).latest("pk")
    Order.objects.filter(pk=made.pk).update(status="paid", placed_at=NOW + 2 * HOUR)

    command("rgpd_replay")

    made.refresh_from_db()
    assert made.name
    assert Order.objects.exclude(pk=made.pk).filter(name="").exists()
    (erasure,) = Erasure.objects.all()
    assert erasure.state == "open"
    assert client.get("/account/").status_code == 302
    assert not Person.objects.filter(user_key=str(user.pk)).exists()
    Order.objects.filter(pk=made.pk).update(status="delivered", delivered_on=(NOW + 3 * HOUR).date())
    run_due(now=NOW + 4 * HOUR)
    run_due(now=NOW + 30 * HOUR)
    made.refresh_from_db()
    assert made.name == ""
    assert not User.objects.filter(pk=user.pk).exists()


def test_a_newcomer_keeps_the_key_and_the_address_that_an_erased_person_had(dump: Path, command: Run) -> None:
    """Keys are given again after a restore, and a mailbox may have a new owner: neither makes somebody the erased person."""
    make_guest("shared@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    gone = UserFactory(email="gone@example.com", date_joined=NOW + HOUR)
    erase(people.person_of(gone, now=NOW + HOUR), how="account", now=NOW + HOUR)
    erase(proven("shared@example.com", at=NOW + HOUR), how="link", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    newcomer = UserFactory(pk=gone.pk, email="newcomer@example.com", date_joined=NOW + 2 * HOUR)
    mailbox = proven("shared@example.com", at=NOW + 2 * HOUR)
    (old,) = Order.objects.all()
    (new,) = make_guest("shared@example.com", placed_at=NOW + 2 * HOUR)

    command("rgpd_replay")

    assert User.objects.get() == newcomer
    mailbox.refresh_from_db()
    assert mailbox.erased_at is None
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.name, bool(new.name), new.guest_email) == ("", True, "shared@example.com")


def test_an_address_that_was_only_claimed_leads_to_nobody(dump: Path, command: Run) -> None:
    """Somebody typed her address, never proved it, and was erased: she is not."""
    yves = customer("yves@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    other = people.person_of(UserFactory(email="other@example.com"), now=NOW + HOUR)
    people.note("email", "yves@example.com", person=other, now=NOW + HOUR)
    erase(other, how="account", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)

    command("rgpd_replay")

    yves.refresh_from_db()
    assert yves.erased_at is None
    assert User.objects.filter(pk=yves.user_key).exists()
    assert decisions.may_send(yves, "newsletter", EMAIL, now=NOW + 2 * HOUR).yes


def test_what_cannot_be_erased_again_is_named_and_keeps_the_door_shut(
    dump: Path, command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others go; once it can be done, the same command does the rest."""
    marie, paul = customer("marie@example.com"), customer("paul@example.com")
    seal_and_mirror(NOW)
    dumps.take(dump)
    refused = erase(marie, how="account", now=NOW + HOUR)
    erase(paul, how="account", now=NOW + HOUR)
    seal_and_mirror(NOW + HOUR)
    dumps.restore(dump)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE unknown_notes (id integer PRIMARY KEY, about bigint REFERENCES accounts_user (id))"
        )
        cursor.execute(f"INSERT INTO unknown_notes VALUES (1, {int(str(marie.user_key))})")
    try:
        with pytest.raises(CommandError, match="wait until this is done"):
            command("rgpd_replay")
        assert User.objects.filter(pk=marie.user_key).exists()
        assert not User.objects.filter(pk=paul.user_key).exists()
        assert "older dump" in door.replay_due()
        assert refused.uuid not in set(Erasure.objects.values_list("uuid", flat=True))
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE unknown_notes")

    command("rgpd_replay", hours=4)

    assert not User.objects.exists()
    assert Erasure.objects.filter(uuid=refused.uuid).exists()
    assert door.replay_due() == ""


def test_the_ledger_keeps_digests_of_the_erased_and_no_address(now: datetime) -> None:
    """What a replay finds people by says nothing to who has no key."""
    marie = customer("marie@example.com", phone="+33612345678")
    decisions.refuse_all(marie, how="link", now=NOW)
    erase(marie, how="account", choices={"suppress": True}, now=NOW)

    told = {event.kind: event.payload for event in Event.objects.filter(person=marie.uuid)}

    assert {one["kind"] for one in told["erased"]["hers"]} == {"email"}
    assert told["erased"]["account"]["digest"]
    assert told["erased"]["choices"] == {"suppress": True}
    assert {(one["reason"], one["purpose"]) for one in told["erased"]["suppressed"]} == {
        ("asked", ""),
        ("objected", "newsletter"),
    }
    assert told["consent.objected"]["digests"]
    assert "example.com" not in json.dumps(told)
    assert "612345678" not in json.dumps(told)
