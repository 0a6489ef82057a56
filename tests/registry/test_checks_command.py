"""``rgpd_check`` tells people what the checks find, and tries an erasure where it is asked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder

from django_rgpd.erasure import rehearse
from django_rgpd.registry import registry
from example_shop.wishes.models import Wish


def run(*options):
    """What the command prints, and the error that it ends with."""
    out = StringIO()
    try:
        call_command("rgpd_check", *options, stdout=out, no_color=True)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


def test_it_says_that_all_is_well():
    said, ended = run()
    assert "The declarations can be followed and carried out." in said
    assert not ended


def test_it_ends_with_an_error_where_a_column_is_forgotten(monkeypatch):
    declaration = registry.entries[Wish].declaration
    monkeypatch.setattr(declaration, "facts", ())
    said, ended = run()
    assert "django_rgpd.E024" in said
    assert ended == "2 errors."


def test_it_leaves_out_what_is_silenced(monkeypatch, settings):
    settings.SILENCED_SYSTEM_CHECKS = ["django_rgpd.E024"]
    monkeypatch.setattr(registry.entries[Wish].declaration, "facts", ())
    assert run()[1] == ""


def test_what_matters_in_production_is_asked_for_apart(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert "django_rgpd.W001" not in run()[0]
    assert "django_rgpd.W001" in run("--deploy")[0]


def alone(database: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, with another database."""
    return subprocess.run(
        [sys.executable, "-m", "django", *command],
        env={**os.environ, "DATABASE_URL": f"sqlite:///{database}"},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [("rgpd_check", "--database"), ("rgpd_run",), ("rgpd_verify",), ("rgpd_sweep", "--dry-run")],
)
def test_a_database_without_tables_is_said_in_one_line(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = alone(tmp_path / "empty.sqlite3", *command)
    *_warnings, line = [one for one in done.stderr.splitlines() if one.strip()]
    assert "migrations are missing in the database" in line
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("empty.sqlite3", "migrations are missing in the database"),
        ("nowhere/shop.sqlite3", "The database does not answer (OperationalError)."),
    ],
)
def test_monitoring_hears_of_a_database_that_is_not_ready(tmp_path: Path, where: str, words: str) -> None:
    done = alone(tmp_path / where, "rgpd_status", "--json")
    (finding,) = json.loads(done.stdout)["findings"]
    assert finding["key"] == "database"
    assert words in finding["text"]
    assert "Traceback" not in done.stderr
    assert done.returncode == 1


@pytest.mark.django_db
def test_a_migration_that_is_missing_is_said_before_anything_is_tried():
    MigrationRecorder.Migration.objects.filter(app="django_rgpd").latest("name").delete()
    said, ended = run("--database")
    assert ended == "1 migration is missing in the database: run “manage.py migrate” first."
    assert "rolled back" not in said


@pytest.mark.django_db
@pytest.mark.fault("D05")
def test_a_rehearsal_changes_nothing():
    user = get_user_model().objects.create_user("marie@example.com", first_name="Marie")
    said, ended = run("--database")
    assert "rolled back" in said
    assert not ended
    user.refresh_from_db()
    assert user.first_name == "Marie"


@pytest.mark.django_db
def test_it_ends_with_an_error_where_the_database_refuses(monkeypatch):
    monkeypatch.setattr(rehearse, "rehearse", lambda *, now: ["wishes.Wish: the database refuses."])
    said, ended = run("--database")
    assert "wishes.Wish: the database refuses." in said
    assert ended == "1 error."
