"""An older dump is restored while marketing was under way: who left is not mailed, and what nobody can know waits for staff."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.cache import cache

from django_rgpd.consent import decisions, kinds, wordings
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core.errors import BadLink
from django_rgpd.erasure.execute import erase
from django_rgpd.imports import batches, trial
from django_rgpd.imports.models import Stage
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import building, campaigns, double_optin, ends, repermission
from django_rgpd.marketing.models import Campaign, CampaignRecipient
from django_rgpd.marketing.send import send
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job
from django_rgpd.policy import EMAIL
from django_rgpd.registry.models import Address, Person
from tests.faults import dumps
from tests.faults.conftest import Run
from tests.imports.conftest import good, sheet
from tests.ledger.restoring import HOUR, LATER, NOW, proven, seal_and_mirror
from tests.marketing.conftest import link_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("mirror"),
    pytest.mark.timeout(180),
    pytest.mark.promise("P84"),
    pytest.mark.fault("B01"),
]
NEWS = ("newsletter", EMAIL)
CAMPAIGN = frozenset({building.JOB, "marketing.campaign.part"})
MINUTE = timedelta(minutes=1)
NAMES = ("ada", "bea", "cleo", "dora")


def readers(names: tuple[str, ...] = NAMES) -> list[Person]:
    """Guests who agreed to the newsletter an hour before the dump."""
    found = [proven(f"{name}@example.com") for name in names]
    for one in found:
        decisions.give(one, *NEWS, how="form", now=NOW - HOUR)
    return found


def got() -> list[str]:
    """To whom a mail went, since the last question."""
    found = sorted(to for one in mail.outbox for to in one.to)
    mail.outbox.clear()
    return found


def started() -> Campaign:
    """A campaign in ranges of two."""
    campaign = campaigns.draft(
        "May", "newsletter", {"en": {"subject": "News", "text": "Hello."}}, now=NOW - HOUR
    )
    campaigns.start(campaign, now=NOW - HOUR)
    return campaign


def holder(number: int) -> Person:
    """Whom the list brought."""
    return Address.objects.get(canonical=f"p{number}@example.com").person


def work(now: datetime, limit: int | None = None) -> None:
    """Let the outbox work on campaigns."""
    deliver.run_due(now=now, limit=limit, names=CAMPAIGN)


@pytest.fixture(autouse=True)
def ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people each."""
    monkeypatch.setattr("django_rgpd.marketing.building.PART", 2)


@pytest.mark.promise("P12")
def test_a_campaign_half_handed_over_waits_for_a_person(dump: Path, command: Run) -> None:
    """It went on after the dump, and people left; resumed, it asks about each of them again."""
    ada, bea, cleo, dora = readers()
    campaign = started()
    work(NOW - HOUR + MINUTE, limit=2)  # the list, and the first range
    assert got() == ["ada@example.com", "bea@example.com"]
    seal_and_mirror(NOW)
    dumps.take(dump)

    work(LATER)
    assert got() == ["cleo@example.com", "dora@example.com"]
    decisions.leave(cleo, *NEWS, how="one_click", now=LATER)
    erase(ada, how="link", now=LATER)
    seal_and_mirror(LATER)
    dumps.restore(dump)
    assert CampaignRecipient.objects.filter(state="waiting").count() == 2

    command("rgpd_run", hours=2)
    assert got() == [], "the door is shut"
    said = command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert "Campaigns that wait for your decision, to resume or to stop: 1." in said
    assert got() == []
    campaign.refresh_from_db()
    assert (campaign.state, campaign.ended_at) == ("paused", None)
    assert "may have got it already" in campaign.note
    campaigns.resume(campaign, now=NOW + 5 * HOUR)
    work(NOW + 5 * HOUR)
    assert got() == ["dora@example.com"], (
        "whoever resumes it knows that she may have it; nobody who left gets it"
    )
    campaign.refresh_from_db()
    assert campaign.totals == {"sent": 2, "dropped:refused": 1}, "who was erased is in no list any more"


def test_a_campaign_waits_also_where_the_mirror_has_nothing_more(dump: Path, command: Run) -> None:
    """The dump and the loss lay in one campaign, and nobody decided anything meanwhile."""
    readers()
    campaign = started()
    work(NOW - HOUR + MINUTE, limit=2)
    seal_and_mirror(NOW)
    dumps.take(dump)
    deliver.run_due(now=LATER, limit=1, names=CAMPAIGN)
    dumps.restore(dump)
    got()

    said = command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert "The mirror has nothing that this database has not." in said
    assert "Campaigns that wait for your decision, to resume or to stop: 1." in said
    assert got() == []
    campaign.refresh_from_db()
    assert campaign.state == "paused"
    assert "decision" not in command("rgpd_replay", "--dry-run")


def test_a_draft_that_was_sent_since_the_dump_is_not_taken_for_one(dump: Path, command: Run) -> None:
    """The ledger knows that it was started, and by whom."""
    readers()
    draft = campaigns.draft(
        "May", "newsletter", {"en": {"subject": "News", "text": "Hello."}}, now=NOW - HOUR
    )
    other = campaigns.draft(
        "June", "newsletter", {"en": {"subject": "News", "text": "Hello."}}, now=NOW - HOUR
    )
    seal_and_mirror(NOW)
    dumps.take(dump)
    campaigns.start(draft, now=LATER)
    for minutes in (1, 2):
        work(LATER + minutes * MINUTE)
    assert len(got()) == 4
    seal_and_mirror(LATER + 5 * MINUTE)
    assert list(Event.objects.filter(kind__startswith="campaign.").order_by("pk").values_list("kind", flat=True)) == [
        "campaign.started", "campaign.done",
    ]  # fmt: skip
    dumps.restore(dump)

    said = command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert "Campaigns that wait for your decision, to resume or to stop: 1." in said
    draft.refresh_from_db()
    assert (draft.state, draft.started_at) == ("paused", LATER)
    assert "started since" in draft.note
    other.refresh_from_db()
    assert other.state == "draft"
    assert got() == []


def test_mails_in_line_and_questions_half_asked_wait_for_a_person(dump: Path, command: Run) -> None:
    """A mailing and the question before an end: some left in the dump's line, all sent since; asked about once each."""
    found = readers()
    start = NOW - timedelta(days=3 * 365 + 1 - 30)
    asked = []
    for name in ("eva", "fay", "gil"):
        one = proven(f"{name}@example.com", at=start)
        decisions.give(one, "offers", EMAIL, how="account", now=start)
        asked.append(one)
    send("newsletter", "marketing/news", found, context={"title": "May", "text": "Hello."}, now=NOW)
    assert repermission.ask(now=NOW) == 3
    names = frozenset({"marketing.mail", repermission.JOB})
    deliver.run_due(now=NOW, limit=5, names=names)
    first = got()
    assert len(first) == 5
    seal_and_mirror(NOW)
    dumps.take(dump)
    deliver.run_due(now=LATER, names=names)
    second = got()
    assert len(second) == 2
    decisions.leave(asked[2], "offers", EMAIL, how="one_click", now=LATER)
    seal_and_mirror(LATER)
    dumps.restore(dump)

    said = command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert "Marketing mails in line that wait for your decision: 2." in said
    assert got() == []
    assert repermission.ask(now=NOW + 5 * HOUR) == 0, "the events of the questions are in the dump"
    waiting = Job.objects.filter(state="needs")
    assert {"may have been sent already" in one.note for one in waiting} == {True}
    deliver.retry(waiting, now=NOW + 6 * HOUR)
    command("rgpd_run", hours=6)
    assert set(got()) == set(second) - {"gil@example.com"}, "whoever puts them in line again"
    assert ends.end(now=NOW + timedelta(days=60)) == 2, "silence ends it all the same"


def test_questions_that_were_written_down_since_the_dump_are_not_asked_again(
    dump: Path, command: Run
) -> None:
    """Their events come back from the mirror, their jobs do not: silence ends it, and nobody is written to twice."""
    start = NOW - timedelta(days=3 * 365 + 1 - 30)
    for name in ("eva", "fay"):
        decisions.give(proven(f"{name}@example.com", at=start), "offers", EMAIL, how="account", now=start)
    seal_and_mirror(NOW)
    dumps.take(dump)
    assert repermission.ask(now=LATER) == 2
    deliver.run_due(now=LATER, names=frozenset({repermission.JOB}))
    assert len(got()) == 2
    seal_and_mirror(LATER)
    dumps.restore(dump)

    command("rgpd_replay")
    command("rgpd_run", hours=26)

    assert got() == []
    assert Event.objects.filter(kind=kinds.ASKED_AGAIN).count() == 2


@pytest.mark.parametrize("kept", [True, False], ids=["file there", "file gone"])
def test_an_import_half_done_brings_nobody_back_who_left_since(
    dump: Path, command: Run, settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    """Whom it had taken when the dump was made, and whom only later: the one left, the other was erased, and both stay so."""
    root = tmp_path / "private"
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": str(root), "EXPORT_STORAGE": ""}
    monkeypatch.setattr("django_rgpd.imports.trial.PAGE", 2)
    Wording.objects.create(
        purpose="newsletter", language="fr", text="Oui.", valid_from=NOW - timedelta(days=3000)
    )
    content = sheet(*[good(f"p{number}@example.com") for number in range(8)])
    batch = batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=NOW - HOUR)
    names = frozenset({batches.JUDGE, batches.TAKE})
    deliver.run_due(now=NOW - HOUR, names=names)
    batches.confirm(batch.uuid, actor="user:1", now=NOW - HOUR)
    batch.refresh_from_db()
    accepted = (root / batch.accepted).read_bytes()

    def half_done(number: int) -> None:
        if number == 2:
            seal_and_mirror(NOW)
            dumps.take(dump)

    token = trial.hearing.set(half_done)
    deliver.run_due(now=NOW - HOUR, names=names)
    trial.hearing.reset(token)
    batch.refresh_from_db()
    assert (batch.stage, batch.taken) == (Stage.DONE, 8)
    for number in (0, 4):
        decisions.leave(holder(number), *NEWS, how="one_click", now=LATER)
    for number in (1, 5):
        erase(holder(number), how="link", now=LATER)
    seal_and_mirror(LATER)
    dumps.restore(dump)
    batch.refresh_from_db()
    assert (batch.stage, batch.taken) == (Stage.CONFIRMED, 2)
    if kept:
        (root / batch.accepted).write_bytes(accepted)

    command("rgpd_replay")
    command("rgpd_run", hours=4)

    batch.refresh_from_db()
    live = {
        str(Address.objects.get(person__uuid=one.person, until=None).canonical)
        for one in ConsentState.objects.filter(live=True)
    }
    if kept:
        assert (batch.stage, batch.taken) == (Stage.DONE, 6)
        assert batch.changed == {"suppressed": 1, "erased": 1}
        assert live == {f"p{number}@example.com" for number in (2, 3, 6, 7)}
    else:
        assert (batch.stage, batch.taken) == (Stage.ENDED, 2)
        assert live == set()


@pytest.mark.fault("R08")
@pytest.mark.parametrize("where", ["in line", "not clicked"])
def test_a_wish_that_was_pending_brings_nobody_back_who_confirmed_and_left_since(
    dump: Path, command: Run, where: str
) -> None:
    """Neither the mail, which was in line, nor its link, which the dump takes for new."""
    text = wordings.freeze(wordings.current("newsletter", "en", now=NOW))
    double_optin.ask("hal@example.com", {"newsletter": text}, now=NOW - MINUTE, form="page", language="en")
    if where == "not clicked":
        deliver.run_due(now=NOW - MINUTE)
    seal_and_mirror(NOW)
    dumps.take(dump)
    deliver.run_due(now=LATER)
    (message,) = [one for one in mail.outbox if one.to == ["hal@example.com"]]
    token = link_in(message, "/confirm/").rstrip("/").rpartition("/")[2]
    double_optin.confirm(token, now=LATER)
    hal = Address.objects.get(canonical="hal@example.com").person
    decisions.leave(hal, *NEWS, how="one_click", now=LATER + MINUTE)
    seal_and_mirror(LATER + MINUTE)
    got()
    dumps.restore(dump)

    command("rgpd_replay")
    command("rgpd_run", hours=4)

    assert "hal@example.com" not in got()
    with pytest.raises(BadLink):
        double_optin.confirm(token, now=NOW + 4 * HOUR)
    assert not ConsentState.objects.filter(live=True).exists()
    cache.clear()  # the limits count by a clock of their own
    double_optin.ask("hal@example.com", {"newsletter": text}, now=NOW + 5 * HOUR, form="page", language="en")
    command("rgpd_run", hours=5)
    assert got() == ["hal@example.com"], "a wish of today is a fresh one"


def test_a_link_that_was_pending_still_works_for_who_has_not_used_it(dump: Path, command: Run) -> None:
    """Nothing that she did is lost."""
    text = wordings.freeze(wordings.current("newsletter", "en", now=NOW))
    double_optin.ask("hal@example.com", {"newsletter": text}, now=NOW - MINUTE, form="page", language="en")
    deliver.run_due(now=NOW - MINUTE)
    (message,) = [one for one in mail.outbox if one.to == ["hal@example.com"]]
    seal_and_mirror(NOW)
    dumps.take(dump)
    decisions.give(proven("ada@example.com", at=LATER), *NEWS, how="form", now=LATER)
    seal_and_mirror(LATER)
    dumps.restore(dump)
    command("rgpd_replay")
    double_optin.confirm(link_in(message, "/confirm/").rstrip("/").rpartition("/")[2], now=NOW + 4 * HOUR)
    hal = Address.objects.get(canonical="hal@example.com").person
    assert decisions.may_send(hal, *NEWS, now=NOW + 4 * HOUR)
