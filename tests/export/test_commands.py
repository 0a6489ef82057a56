"""The commands of exports."""

import json
import stat
import zipfile

import jsonschema
import pytest
from django.core.management import CommandError, call_command

from django_rgpd.export import schema
from django_rgpd.export.models import Document
from django_rgpd.ledger.models import Event
from example_shop.factories import UserFactory
from tests.export.conftest import strict


@pytest.mark.parametrize("by", ["email", "user", "person"])
def test_staff_write_the_export_of_one_person_to_a_new_file(by, person, customer, tmp_path, capsys):
    path = tmp_path / "out.zip"
    given = {"email": "Marie@Example.com", "user": str(customer.pk), "person": str(person.uuid)}[by]
    call_command("rgpd_export", f"--{by}", given, "--output", str(path), "--actor", "user:3")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as packed:
        assert strict(packed.read("export.json"))["person"]["id"] == str(person.uuid)
    event = Event.objects.get()
    assert (event.kind, event.person, event.how, event.actor) == (
        "export.collected",
        person.uuid,
        "staff",
        "user:3",
    )
    assert "example.com" not in capsys.readouterr().out


def test_file_that_exists_is_left_as_it_is(person, tmp_path):
    path = tmp_path / "out.json"
    path.write_text("mine")
    with pytest.raises(CommandError):
        call_command("rgpd_export", "--person", str(person.uuid), "--output", str(path))
    assert path.read_text() == "mine"
    assert not Event.objects.exists()


def test_an_address_that_only_an_account_says_leads_to_its_key(db, tmp_path):
    customer = UserFactory()
    with pytest.raises(
        CommandError, match=f"the account {customer.pk}: .* name the account by --user"
    ) as refused:
        call_command("rgpd_export", "--email", customer.email.upper(), "--output", str(tmp_path / "out"))
    assert customer.email.lower() not in str(refused.value).lower()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given", [("--email", "nobody@example.com"), ("--user", "0"), ("--person", "x")])
def test_nobody_is_told_from_somebody_else(given, db, tmp_path):
    with pytest.raises(CommandError):
        call_command("rgpd_export", *given, "--output", str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("which", [one.value for one in Document])
def test_schema_of_the_shop_is_printed(which, capsys):
    call_command("rgpd_export_schema", "--document", which)
    printed = json.loads(capsys.readouterr().out)
    assert printed == schema.own(Document(which))
    jsonschema.Draft202012Validator.check_schema(printed)


def test_envelope_is_printed(capsys):
    call_command("rgpd_export_schema", "--envelope")
    assert json.loads(capsys.readouterr().out) == schema.envelope()


@pytest.mark.promise("P46")
def test_staff_are_told_whose_data_the_file_lacks(person, tmp_path, capsys, settings):
    """The file is made at once, and nobody is asked while somebody waits at the counter."""
    dummy = {"class": "django_rgpd.processors.dummy.Dummy"}
    processors = {**settings.RGPD["PROCESSORS"], "stripe": dummy}
    settings.RGPD = {**settings.RGPD, "PRODUCTION": True, "PROCESSORS": processors}
    for document in Document.values:
        place = str(tmp_path / document)
        call_command("rgpd_export", "--person", str(person.uuid), "--document", document, "--output", place)
        told = "ask them: Stripe (payments)." in capsys.readouterr().err
        assert told is (document == Document.ACCESS)
