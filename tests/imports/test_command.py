"""``rgpd_import_consents``: a dry run, a real one, what it prints and how it exits."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from django_rgpd.consent import kinds
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.imports.models import ConsentImport
from django_rgpd.ledger.models import Event
from tests.imports import conftest
from tests.imports.conftest import good, sheet

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> tuple[str, CommandError | None]:
    """What it prints, and how it ends."""
    out = io.StringIO()
    try:
        call_command("rgpd_import_consents", *arguments, stdout=out, stderr=out)
    except CommandError as error:
        return out.getvalue() + str(error), error
    return out.getvalue(), None


@pytest.fixture
def path(tmp_path: Path, wording: Wording) -> Path:
    """A list of which one line is no good."""
    found = tmp_path / "list.csv"
    found.write_bytes(sheet(good(), good("eve@example.com"), good("grace.example.com")))
    return found


def test_a_dry_run_says_it_all_and_changes_nothing(path: Path, private: Path, tmp_path: Path) -> None:
    """Numbers of lines and reasons, in the report too; no address anywhere."""
    before = conftest.database()
    report = tmp_path / "report.csv"

    said, end = run(str(path), "--purpose=newsletter", "--dry-run", f"--report={report}")

    assert "Consents that can be taken: 2" in said
    assert "Nothing was changed." in said
    assert end is not None
    assert end.returncode == 3
    assert report.read_text("utf-8-sig").splitlines()[1].startswith("4,")
    for text in (said, report.read_text()):
        assert "@" not in text
        assert "grace" not in text
    assert conftest.database() == before
    assert conftest.files(private) == []


def test_a_run_takes_what_the_dry_run_said_and_can_be_taken_back(path: Path) -> None:
    """The exit code tells a script that lines were left out, and a second run that nothing was to be done."""
    said, end = run(str(path), "--purpose=newsletter", "--no-input")

    assert "2 consents were imported." in said
    assert end is not None
    assert end.returncode == 3
    assert ConsentState.objects.filter(live=True).count() == 2
    path.write_bytes(sheet(good(), good("eve@example.com")))
    said, end = run(str(path), "--purpose=newsletter", "--no-input")
    assert "0 consents were imported." in said
    assert end is None
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == 2
    batch = ConsentImport.objects.order_by("pk")[0]
    assert "2 consents ended." in run("--take-back", str(batch.uuid))[0]
    assert not ConsentState.objects.exists()


def test_without_a_terminal_nothing_is_confirmed(path: Path, private: Path) -> None:
    """A script says --no-input where it means it; the file is gone."""
    said, end = run(str(path), "--purpose=newsletter")

    assert end is not None
    assert end.returncode == 1
    assert "--no-input" in said
    assert not ConsentState.objects.exists()
    assert conftest.files(private) == []


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["LIST"],
        ["LIST", "--purpose=nothing"],
        ["LIST", "--purpose=orders"],
        ["LIST", "--purpose=newsletter", "--channel=sms"],
        ["LIST", "--purpose=newsletter", "--wording=newsletter fr 9"],
        ["LIST", "--purpose=newsletter", "--wording=fr 1", "--wording-text=Oui."],
        ["LIST", "--purpose=newsletter", "--wording-text=Oui.", "--language=xx"],
        ["missing.csv", "--purpose=newsletter"],
        ["/", "--purpose=newsletter"],
    ],
)
@pytest.mark.parametrize("mode", ["--dry-run", "--no-input"])
def test_a_call_that_means_nothing_is_refused_in_words(
    arguments: list[str], mode: str, path: Path, private: Path
) -> None:
    """Exit code 1, nothing written."""
    before = conftest.database()

    said, end = run(*[str(path) if one == "LIST" else one for one in arguments], mode)

    assert end is not None
    assert end.returncode == 1
    assert said
    assert conftest.database() == before
    assert conftest.files(private) == []


def test_a_wording_for_the_whole_file_may_be_named_or_given(path: Path) -> None:
    """For lists whose lines do not say it."""
    path.write_bytes(sheet("ada@example.com,2024-05-02,form", header="email,date,how\n"))

    assert "can be taken: 0" in run(str(path), "--purpose=newsletter", "--dry-run")[0]
    assert "can be taken: 1" in run(str(path), "--purpose=newsletter", "--wording=FR  1", "--dry-run")[0]
    assert "can be taken: 1" in run(str(path), "--purpose=newsletter", "--wording-text=Oui.", "--dry-run")[0]
