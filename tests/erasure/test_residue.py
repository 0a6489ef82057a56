"""The search for what is left: every table, file and session, in every spelling; what the rule keeps is told apart."""

from __future__ import annotations

import io
import json
import unicodedata
from datetime import datetime
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command
from django.db import connection, connections

from django_rgpd.erasure import residue
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.residue.fragments import fragments
from django_rgpd.outbox import jobs
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.accounts.models import User
from example_shop.factories import ProductFactory, make_customer
from example_shop.invoices.models import Invoice, private_storage

pytestmark = pytest.mark.django_db

NAME = "Élodie Émond"
EMAIL = "elodie.emond@example.com"


@pytest.mark.parametrize(
    "written",
    [
        NAME,
        NAME.upper(),
        NAME.lower(),
        unicodedata.normalize("NFD", NAME),
        unicodedata.normalize("NFD", NAME.upper()),
        f"Parcel for {NAME}, 3rd floor",
        quote(NAME),
        json.dumps({"who": NAME}),
    ],
)
def test_a_name_is_found_however_it_is_written(written: str, now: datetime) -> None:
    """In a table that nobody declared."""
    product = ProductFactory(description=written)

    (found,) = residue.search({"name": [NAME]}, now=now)

    assert (found.label, found.column, found.pk) == ("catalogue.Product", "description", str(product.pk))
    assert (found.kind, found.kept) == ("name", "")
    assert NAME not in str(found)


def test_a_database_that_cannot_be_read_is_named_and_the_others_are_searched(
    now: datetime, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    legacy = SimpleNamespace(alias="legacy", vendor="mysql", display_name="MySQL")
    monkeypatch.setattr(connections, "all", lambda **_how: [legacy, connection])
    ProductFactory(description=NAME)

    (found,) = residue.search({"name": [NAME]}, now=now)

    assert found.label == "catalogue.Product"
    assert residue.not_searched()[-1] == "database legacy (MySQL)"
    call_command("rgpd_residue", "--email", "nobody@example.com")
    assert "database legacy (MySQL)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "written", ["+33 6 39 98 11 22", "+33639981122", "06 39 98 11 22", "06.39.98.11.22", "0033639981122"]
)
def test_a_phone_number_is_found_however_it_is_grouped(written: str, now: datetime) -> None:
    """By its last nine digits."""
    ProductFactory(description=f"call {written} first")

    assert len(residue.search({"phone": ["+33639981122"]}, now=now)) == 1


def test_short_values_and_lone_names_are_never_looked_for(now: datetime) -> None:
    """They would be found everywhere and say nothing."""
    ProductFactory(description="Marie was here, in Lyon")

    assert residue.search({"name": ["Marie"], "city": ["Lyon"]}, now=now) == []


def test_a_table_that_no_model_knows_is_searched(now: datetime) -> None:
    """Other programs write into the same database."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE crm_leads (code varchar(10) PRIMARY KEY, notes text)")
        cursor.execute("INSERT INTO crm_leads VALUES ('A1', %s)", [f"wrote from {EMAIL.upper()}"])
    try:
        (found,) = residue.search({"email": [EMAIL]}, now=now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE crm_leads")

    assert (found.label, found.column, found.pk) == ("crm_leads", "notes", "A1")


def test_a_key_that_is_the_value_is_masked(now: datetime) -> None:
    """The place is told, the value is not."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE crm_people (mail varchar(100) PRIMARY KEY)")
        cursor.execute("INSERT INTO crm_people VALUES (%s)", [EMAIL])
    try:
        (found,) = residue.search({"email": [EMAIL]}, now=now)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE crm_people")

    assert found.pk == "…"
    assert EMAIL not in str(found)


def test_sessions_are_read(now: datetime) -> None:
    """Their data is packed, so that no search of the column would find it."""
    store = SessionStore()
    store["address"] = f"{NAME}, 12 rue des Guirlandes"
    store.save()

    assert [one.label for one in residue.search({"name": [NAME]}, now=now)] == ["sessions"]


def test_declared_storages_are_walked(now: datetime) -> None:
    """Names of files, and the text of small ones; orphans too."""
    storage = private_storage()
    name = storage.save("2026/elodie.emond.txt", ContentFile(b"for 12 rue des Guirlandes"))
    try:
        found = residue.search({"street": ["12 rue des Guirlandes"]}, now=now)
    finally:
        storage.delete(name)

    assert {(one.label, one.column, one.kind) for one in found if one.label == "invoices.Invoice"} == {
        ("invoices.Invoice", "pdf", "street")
    }


def test_what_the_rule_keeps_is_no_residue(user: User, person: Person, now: datetime) -> None:
    """The invoice bears the name for ten years, and says why."""
    values = residue.gather(people.subject(person))
    erase(person, how="account", now=now)

    found = residue.search(values, now=now)

    kept = [one for one in found if one.kept]
    assert {one.label for one in kept} == {"invoices.Invoice", "django_rgpd.Job"}
    assert {one.kept for one in kept if one.label == "invoices.Invoice"} == {"Invoices and accounts"}
    assert [one for one in found if not one.kept and one.label != "sessions"] == []


def test_another_job_that_holds_the_address_is_residue(now: datetime) -> None:
    """Only the receipt and the second pass are about to end by themselves."""
    jobs.put("some.other", {"to": EMAIL}, now=now)

    assert len(residue.residue_of({"email": [EMAIL]}, now=now)) == 1


def test_gathering_finds_the_values_of_her_rows(user: User, person: Person) -> None:
    """Addresses, the full name, what is typed into orders; no lone names."""
    texts = {value.text for value in residue.gather(people.subject(person))}

    assert {user.email, "Élodie Émond", "Émond Élodie", user.phone} <= texts
    assert "Élodie" not in texts
    assert user.orders.first().street in texts


def test_the_search_reads_each_table_once(django_assert_max_num_queries: object, now: datetime) -> None:
    """However many values are looked for, and however many rows there are."""
    from django.test.utils import CaptureQueriesContext

    def statements(values: dict[str, list[str]]) -> int:
        with CaptureQueriesContext(connection) as queries:
            residue.search(values, now=now)
        return len(queries)

    few = statements({"email": ["nobody-0@example.com"]})
    make_customer()
    many = statements({"email": [f"nobody-{number}@example.com" for number in range(40)]})

    assert few == many


def test_the_command_names_places_and_fails(user: User, capsys: pytest.CaptureFixture[str]) -> None:
    """Before an erasure everything is found; no value is printed."""
    out = io.StringIO()

    with pytest.raises(SystemExit) as ended:
        call_command("rgpd_residue", email=user.email, stdout=out)

    text = out.getvalue()
    assert ended.value.code == 1
    assert "accounts.User.email" in text
    assert user.email not in text
    assert "PDF" in text


def test_the_command_is_content_after_an_erasure(user: User, person: Person, now: datetime) -> None:
    """What waits to be sent and what the law keeps is named as such."""
    email = user.email
    erase(person, how="account", now=now)
    out = io.StringIO()

    call_command("rgpd_residue", email=email, stdout=out)

    assert "Nothing is left." in out.getvalue()


def test_the_command_reads_the_address_from_standard_input(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it stands in no list of processes."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{user.email}\n"))

    with pytest.raises(SystemExit):
        call_command("rgpd_residue", email="-", stdout=io.StringIO())


@pytest.mark.parametrize("given", ["", "no address"])
def test_the_command_says_what_it_needs(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal it cannot ask."""
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(CommandError):
        call_command("rgpd_residue", email=given, stdout=io.StringIO())


def test_invoices_are_not_opened(user: User, now: datetime) -> None:
    """The text inside a PDF is not searched, and the answer says so."""
    assert Invoice.objects.exists()
    assert any("PDF" in str(one) for one in residue.NOT_SEARCHED)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("name", NAME),
        ("name", "Hans Großmann"),
        ("street", "1 place de l'Église"),
        ("phone", "+33639981122"),
        ("email", EMAIL),
        ("email", "amy@example.com"),
    ],
)
def test_every_form_of_a_value_has_a_fragment_which_is_no_mail_host(kind: str, text: str) -> None:
    """Or the rows that hold that form would never be read."""
    value = residue.Value(kind, text)

    found = fragments([value])

    assert found
    assert all(any(one in needle for one in found) for needle in value.needles)
    assert not any(one in "example.com" for one in found)


@pytest.mark.parametrize(
    ("sought", "written"),
    [
        ("Αλέξανδρος Παπαδόπουλος", "ΑΛΈΞΑΝΔΡΟΣ ΠΑΠΑΔΌΠΟΥΛΟΣ"),  # no fragment: the whole text is folded
        ("Hans Großmann", "HANS GROSSMANN"),
        ("12 rue des Guirlandes", "12 RUE DES GUIRLANDES, bâtiment B"),
    ],
)
def test_a_value_is_found_with_and_without_a_fragment(sought: str, written: str, now: datetime) -> None:
    """One of a Greek name too, beside one that has fragments."""
    product = ProductFactory(description=written)

    for others in ([], [EMAIL]):
        found = residue.search({"text": [sought], "email": others}, now=now)
        assert [one.pk for one in found if one.kind == "text"] == [str(product.pk)]


def test_a_fragment_alone_is_no_finding(now: datetime) -> None:
    """It only says where to read on."""
    ProductFactory(description="A melody: balodie, guirlandes")

    assert residue.search({"name": [NAME], "street": ["12 rue des Guirlandes"]}, now=now) == []
