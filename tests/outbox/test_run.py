"""Daily duties, the command, and the jobs in the admin."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.core.management.base import SystemCheckError
from django.urls import reverse

from django_rgpd.core import clock
from django_rgpd.outbox import daily, deliver, jobs
from django_rgpd.outbox.models import Job, State

pytestmark = pytest.mark.django_db


@pytest.fixture
def duties(monkeypatch):
    """No duties but those of the test."""
    monkeypatch.setattr(daily, "_daily", {})
    monkeypatch.setattr(daily, "_each_run", {})
    monkeypatch.setattr(jobs, "_registered", {})


def test_a_daily_duty_is_done_once_a_legal_day(duties, now, settings):
    settings.RGPD = {**settings.RGPD, "TIME_ZONE": "Europe/Paris"}
    seen = []
    daily.daily("look")(lambda *, now: seen.append(now))
    for hours in (0, 1, 10.9, 11.1, 12, 36):
        moment = now + timedelta(hours=hours)
        daily.put_today(now=moment)
        deliver.run_due(now=moment)
    assert len(seen) == 3


@pytest.mark.fault("K06")
def test_a_daily_duty_that_fails_is_tried_again_and_not_doubled_the_next_day(duties, now):
    fail, seen = [True], []

    @daily.daily("look")
    def look(*, now):
        if fail:
            raise RuntimeError
        seen.append(now)

    daily.put_today(now=now)
    assert deliver.run_due(now=now).counts == {"failed": 1}
    tomorrow = now + timedelta(days=1)
    assert daily.put_today(now=tomorrow) == []
    fail.clear()
    assert deliver.run_due(now=tomorrow).counts == {"done": 1}
    assert daily.put_today(now=tomorrow) == ["daily.look"]


def test_two_duties_of_one_name_are_a_mistake(duties):
    daily.each_run("look")(test_two_duties_of_one_name_are_a_mistake)
    with pytest.raises(ImproperlyConfigured, match="look"):
        daily.each_run("look")(test_a_daily_duty_is_done_once_a_legal_day)


def test_each_run_does_the_others_when_one_fails(duties, now):
    seen = []

    @daily.each_run("a")
    def fails(*, now):
        raise RuntimeError

    daily.each_run("b")(lambda *, now: seen.append(now))
    assert daily.run_each(now=now) == {"a": "RuntimeError"}
    assert seen == [now]


def test_tidy_lets_old_jobs_go_and_empties_what_nobody_read(now):
    old, young = now - timedelta(days=120), now - timedelta(days=5)
    for at in (old, young):
        for state in State.values:
            job = jobs.put("x", {"n": 1}, now=at)
            Job.objects.filter(pk=job.pk).update(state=state, finished_at=at)
    daily.tidy(now=now)
    left = set(Job.objects.filter(run_at=old).values_list("state", flat=True))
    assert left == {"waiting", "running", "refused", "needs"}
    emptied = set(Job.objects.filter(payload={}).values_list("state", "run_at"))
    assert emptied == {("refused", old), ("needs", old)}
    assert Job.objects.filter(run_at=young).count() == len(State.values)


def run(**options):
    """The command's two outputs."""
    out, err = StringIO(), StringIO()
    call_command("rgpd_run", stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_rgpd_run_says_what_it_did(duties):
    jobs.job("hello")(lambda payload, *, job, now: None)
    now = clock.now()
    jobs.put("hello", {}, now=now)
    jobs.put("hello", {}, now=now)
    jobs.put("hello", {}, now=now, run_at=now + timedelta(days=1))
    out, err = run()
    assert "hello: 2 done" in out
    assert "Waiting for their time: 1." in out
    assert err == ""
    assert "Nothing was due." in run()[0]


def test_rgpd_run_exits_with_an_error_where_something_failed(duties):
    jobs.put("removed.app", {}, now=clock.now())
    with pytest.raises(CommandError, match="Something failed"):
        run()
    out, err = run()
    assert (err, "Waiting for someone: 1" in out) == ("", True)  # told once, not at each run


@pytest.mark.parametrize(("kind", "stops"), [(checks.Warning, False), (checks.Error, True)])
def test_rgpd_run_leaves_the_warnings_of_the_checks_to_check(duties, monkeypatch, kind, stops):
    """What somebody has still to index is no reason for cron to write every five minutes; an error ends the run."""
    monkeypatch.setattr(checks, "run_checks", lambda **_: [kind("Something of the shop.", id="shop.X001")])
    err = StringIO()
    with pytest.raises(SystemCheckError, match="Something of the shop") if stops else nullcontext():
        call_command("rgpd_run", skip_checks=False, stdout=StringIO(), stderr=err)
    assert err.getvalue() == ""


def test_rgpd_run_of_the_example_shop_has_nothing_to_complain_of():
    run()
    run()


@pytest.fixture
def staff(client):
    """A member of staff who may see and change jobs, logged in."""
    user = get_user_model().objects.create_superuser("staff@example.com", "a-password-of-staff")
    client.force_login(user)
    return client


@pytest.mark.fault("S09")
def test_admin_shows_a_job_without_its_payload(staff, now):
    job = jobs.put("x", {"to": "marie@example.com"}, now=now)
    for url in (
        reverse("admin:django_rgpd_job_changelist"),
        reverse("admin:django_rgpd_job_change", args=[job.pk]),
    ):
        page = staff.get(url)
        assert page.status_code == 200
        assert b"marie" not in page.content
    assert staff.get(reverse("admin:django_rgpd_job_add")).status_code == 403
    assert staff.post(reverse("admin:django_rgpd_job_delete", args=[job.pk])).status_code == 403
    assert Job.objects.filter(pk=job.pk).exists()


def test_admin_tries_again_what_needs_someone(staff, now):
    job = jobs.put("x", {}, now=now)
    Job.objects.filter(pk=job.pk).update(state=State.NEEDS, attempts=12)
    data = {"action": "try_again", "_selected_action": [job.pk]}
    assert staff.post(reverse("admin:django_rgpd_job_changelist"), data).status_code == 302
    job.refresh_from_db()
    assert (job.state, job.attempts) == (State.WAITING, 0)


@pytest.mark.fault("S08")
def test_admin_without_the_permission_to_change_tries_nothing_again(client, now):
    from django.contrib.auth.models import Permission

    user = get_user_model().objects.create_user("reader@example.com", "a-password-of-staff", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_job"))
    client.force_login(user)
    job = jobs.put("x", {}, now=now)
    Job.objects.filter(pk=job.pk).update(state=State.NEEDS)
    client.post(
        reverse("admin:django_rgpd_job_changelist"), {"action": "try_again", "_selected_action": [job.pk]}
    )
    job.refresh_from_db()
    assert job.state == State.NEEDS
