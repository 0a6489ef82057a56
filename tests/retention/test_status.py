"""The one command that monitoring asks: is all well?"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from django_rgpd.consent import suppress
from django_rgpd.core import clock, conf
from django_rgpd.marketing.models import Campaign
from django_rgpd.outbox import daily, deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold
from django_rgpd.retention.status import findings

pytestmark = pytest.mark.django_db


def _keys(now: datetime) -> list[str]:
    return [one.key for one in findings(now=now)]


@pytest.fixture
def done(now: datetime) -> datetime:
    """A day whose duties were done."""
    daily.put_today(now=now)
    deliver.run_due(now=now)
    return now + timedelta(minutes=1)


def test_status_is_well_after_a_day_was_done(done: datetime) -> None:
    assert _keys(done) == []


@pytest.mark.fault("C05")
def test_status_notices_that_cron_has_gone_silent(done: datetime) -> None:
    assert _keys(done + timedelta(hours=37)) == ["silent"]


def test_status_before_the_first_run_says_that_nothing_was_ever_done(now: datetime) -> None:
    assert _keys(now) == ["silent"]


def test_status_notices_a_stuck_outbox_and_a_worker_that_died(done: datetime) -> None:
    jobs.put("status.test", {}, now=done)
    assert _keys(done + timedelta(minutes=59)) == []
    assert _keys(done + timedelta(minutes=61)) == ["stuck"]
    Job.objects.filter(name="status.test").update(state=State.RUNNING, attempts=1, leased_until=done)
    assert _keys(done + timedelta(minutes=61)) == ["stuck"]


def test_status_notices_what_waits_for_someone_and_what_is_late(done: datetime) -> None:
    job = jobs.put("status.test", {}, now=done, due_at=done)
    Job.objects.filter(pk=job.pk).update(state=State.NEEDS)
    assert _keys(done + timedelta(minutes=1)) == ["needs", "late"]


def test_command_answers_people_and_programs(done: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: done)
    out = StringIO()
    call_command("rgpd_status", stdout=out)
    assert out.getvalue().strip() == "All is well."

    monkeypatch.setattr(clock, "now", lambda: done + timedelta(days=3))
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("rgpd_status", json=True, stdout=out)
    answer = json.loads(out.getvalue())
    assert answer["ok"] is False
    assert [one["key"] for one in answer["findings"]] == ["silent"]


def test_a_campaign_that_nobody_works_on_is_named(now: datetime) -> None:
    Campaign.objects.create(name="November", purpose="newsletter", state="sending", created_at=now)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("rgpd_status", stdout=said)
    assert "“November” is not being worked on" in said.getvalue()


def test_status_notices_that_a_key_whose_digests_are_in_use_was_taken_away(done: datetime, settings) -> None:
    old = conf.get().DIGEST_KEYS
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("2024:the key of two years ago", *old)}
    for number in range(2):
        people.note("email", f"p{number}@example.com", now=done)
    suppress.suppress("email", "never@example.com", reason=suppress.ASKED, now=done)
    ends = {"reason": suppress.OBJECTED, "until": done + timedelta(days=1)}
    suppress.suppress("email", "for.a.while@example.com", now=done, **ends)
    settings.RGPD = {
        **settings.RGPD,
        "DIGEST_KEYS": ("2026:the key of today", "2024:the key of two years ago", *old),
    }
    assert _keys(done) == []
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("2026:the key of today", *old)}
    assert people.known("email", "p0@example.com") is None
    (told,) = findings(now=done)
    assert told.key == "keys"
    assert told.text.startswith("4 digests of addresses were made by the key 2024,")
    assert "example.com" not in told.text
    (later,) = [one for one in findings(now=done + timedelta(days=2)) if one.key == "keys"]
    assert later.text.startswith("3 digests"), "what ended is in use no more"


def test_status_names_a_table_that_holds_know_by_another_name(done: datetime) -> None:
    """A model that was renamed: no sweep finds the rows of its holds."""
    told = {"kind": "dispute", "reason": "x", "owner": "1", "since": done, "key": "1"}
    review_on = (done + timedelta(days=90)).date()
    Hold.objects.create(**told, label="orders.Order", review_on=review_on)
    assert _keys(done) == []
    Hold.objects.update(label="sales.Purchase")
    (found,) = findings(now=done)
    assert found.key == "hold"
    assert "sales.Purchase" in found.text
