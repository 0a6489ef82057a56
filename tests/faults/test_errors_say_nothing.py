"""What fails says where and what kind of fault, and nothing of the row: to callers, logs, staff and the admins' mailbox."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DataError, connection, transaction
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils.log import AdminEmailHandler

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.core.errors import RgpdError
from django_rgpd.core.failures import EngineFailed
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.export import request as exports
from django_rgpd.export.models import Document
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job
from django_rgpd.registry import Declaration, KeepFacts, Null, Personal, Rewrite, Who, people, registry
from django_rgpd.registry.models import Person
from django_rgpd.registry.site import Entry
from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import changed, snapshot
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.factories import PASSWORD, make_customer, make_guest
from example_shop.orders.models import Order
from tests.centre.conftest import give_password
from tests.centre.test_deleting import DELETE, fields

pytestmark = [
    pytest.mark.fault("G01"),
    pytest.mark.fault("G02"),
    pytest.mark.django_db(transaction=True),
]

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
CANARY = "canary-zq7"
ADDRESS = f"{CANARY}@example.com"


@pytest.fixture
def person() -> Person:
    """A customer whose rows hold the canary in every text, her address proven."""
    user = make_customer(email=ADDRESS, first_name=CANARY, last_name=CANARY)
    Order.objects.update(**dict.fromkeys(("name", "street", "city", "delivery_note"), CANARY))
    ContactMessage.objects.update(text=CANARY)
    found = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=found, now=NOW), how="link", now=NOW)
    return found


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture, settings: Any) -> Iterator[Callable[..., str]]:
    """Everything that somebody could read of a fault: the error with its chain, the logs, the admins' mails."""
    settings.ADMINS = [("Admin", "admin@example.com")]
    settings.DEBUG = False
    handler = AdminEmailHandler(include_html=True)
    handler.setLevel(logging.WARNING)
    logging.getLogger().addHandler(handler)
    caplog.set_level(logging.INFO)

    def heard(error: BaseException | None = None) -> str:
        told = [caplog.text, *(part for record in caplog.records for part in map(str, record.args or ()))]
        for message in mail.outbox:
            if message.to == ["admin@example.com"]:
                told += [str(message.subject), str(message.body)]
                told += [str(body) for body, _type in getattr(message, "alternatives", ())]
        while error is not None:
            told += [str(error), repr(error.args), *traceback.format_exception(error)]
            error = error.__cause__ or error.__context__
        return "\n".join([*told, *Job.objects.values_list("note", flat=True)])

    yield heard
    logging.getLogger().removeHandler(handler)


def sql(*statements: str) -> None:
    """Change the tables under everybody's feet."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


RAISING = (
    "CREATE FUNCTION trial() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'not this one: %', OLD; END $$"
)
REFUSALS = {
    "check": ["ALTER TABLE orders_order ADD CONSTRAINT trial CHECK (street <> '')"],
    "unique": [
        "CREATE UNIQUE INDEX trial ON orders_order (street, city) WHERE street = '' OR city = ''",
    ],
    "trigger": [
        RAISING,
        "CREATE TRIGGER trial BEFORE UPDATE ON orders_order FOR EACH ROW EXECUTE FUNCTION trial()",
    ],
}
UNDO = (
    "ALTER TABLE orders_order DROP CONSTRAINT IF EXISTS trial",
    "DROP INDEX IF EXISTS trial",
    "DROP TRIGGER IF EXISTS trial ON orders_order",
    "DROP FUNCTION IF EXISTS trial",
)


@pytest.fixture(params=sorted(REFUSALS))
def refused(request: pytest.FixtureRequest, person: Person) -> Iterator[str]:
    """A database that refuses the erased form of an order, and would quote the row."""
    sql(*REFUSALS[request.param])
    yield request.param
    sql(*UNDO)


@pytest.mark.postgresql
def test_an_erasure_that_the_database_refuses(refused: str, person: Person, heard: Any) -> None:
    before = snapshot()
    with pytest.raises(EngineFailed) as caught:
        erase(person, how="account", now=NOW)
    said = heard(caught.value)
    assert "orders.Order" in said
    assert CANARY not in said
    assert not changed(before, snapshot())


@pytest.mark.postgresql
def test_the_page_on_which_she_deletes_her_account(refused: str, person: Person, heard: Any) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(email=ADDRESS))
    assert give_password(client, PASSWORD).status_code == 302
    answer = client.post(DELETE, fields(client))
    assert answer.status_code == 503
    assert CANARY not in heard()
    assert not Erasure.objects.exists()
    assert User.objects.filter(email=ADDRESS).exists()


@pytest.mark.postgresql
def test_a_sweep_that_the_database_refuses_names_the_model_and_goes_on(
    refused: str, person: Person, heard: Any
) -> None:
    later = NOW + relativedelta(years=5)
    report = sweep(now=later)
    assert list(report.aside) == ["orders.Order"]
    assert not ContactMessage.objects.filter(text=CANARY).exists()
    assert Order.objects.filter(street=CANARY).exists()
    assert CANARY not in heard() + str(report)


@pytest.mark.postgresql
def test_a_sweeps_command_and_its_job(refused: str, person: Person, heard: Any, monkeypatch: Any) -> None:
    later = NOW + relativedelta(years=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    out, err = StringIO(), StringIO()
    call_command("rgpd_sweep", stdout=out, stderr=err)
    call_command("rgpd_run", stdout=out, stderr=err)
    with pytest.raises(CommandError) as caught:
        call_command("rgpd_status", stdout=out, stderr=err)
    assert "orders.Order: the database refuses to release" in out.getvalue()
    assert CANARY not in heard(caught.value) + out.getvalue() + err.getvalue()
    assert Order.objects.filter(street=CANARY).exists()


@pytest.mark.postgresql
def test_a_second_pass_that_the_database_refuses(person: Person, heard: Any) -> None:
    """An order that came late, and cannot be released: the job is tried again, and its note says what kind of fault."""
    erase(person, how="account", now=NOW)
    make_guest(ADDRESS, invoiced=False, name=CANARY, street=CANARY, placed_at=NOW)
    sql("ALTER TABLE orders_order ADD CONSTRAINT trial CHECK (street <> '') NOT VALID")
    try:
        run_due(now=NOW + timedelta(minutes=11))
        assert Job.objects.get(name="erasure.second_pass").note == "Attempt 1 failed: EngineFailed."
        assert CANARY not in heard()
    finally:
        sql(*UNDO)
    run_due(now=NOW + timedelta(hours=1))
    assert not Order.objects.filter(street=CANARY).exists()


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "decide",
    [
        lambda person: decisions.give(person, "newsletter", "email", how="account", now=NOW),
        lambda person: decisions.inform(person, "offers", "email", how="checkout", now=NOW),
        lambda person: decisions.object_to(person, "", "", how="account", now=NOW),
        lambda person: decisions.leave(person, "newsletter", "email", how="link", now=NOW),
    ],
    ids=["give", "inform", "object", "leave"],
)
def test_a_decision_that_the_database_refuses(decide: Any, person: Person, heard: Any) -> None:
    """A live consent's row carries her address, which the database would quote."""
    sql(
        "CREATE FUNCTION trial() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION 'Failing row contains ({ADDRESS}, %)', NEW; END $$",
        "CREATE TRIGGER trial BEFORE INSERT OR UPDATE ON django_rgpd_consentstate "
        "FOR EACH ROW EXECUTE FUNCTION trial()",
    )
    before = snapshot()
    try:
        with pytest.raises(RgpdError) as caught:
            decide(person)
    finally:
        sql("DROP TRIGGER trial ON django_rgpd_consentstate", "DROP FUNCTION trial")
    assert CANARY not in heard(caught.value)
    assert not changed(before, snapshot())


@pytest.mark.postgresql
def test_a_reference_that_speaks_at_the_commit_of_a_sweep(person: Person, heard: Any) -> None:
    """A deferred key behind the models' backs: the row is set aside and named, the others go on."""
    row = ContactMessage.objects.get()
    sql(
        "CREATE TABLE crm_link (id serial PRIMARY KEY, "
        "who bigint REFERENCES contact_contactmessage (id) DEFERRABLE INITIALLY DEFERRED)",
        f"INSERT INTO crm_link (who) VALUES ({row.pk})",
    )
    try:
        report = sweep(now=NOW + relativedelta(years=5))
        assert report.aside == {"contact.ContactMessage": [str(row.pk)]}
        assert ContactMessage.objects.filter(text=CANARY).exists()
        assert not Order.objects.filter(street=CANARY).exists()
        assert CANARY not in heard()
    finally:
        sql("DROP TABLE crm_link")


@pytest.mark.parametrize("verb", ["job", "command"])
def test_an_export_that_the_database_refuses(verb: str, person: Person, heard: Any) -> None:
    """Reading quotes too: a value that a column's own type refuses."""

    def quotes(run: Any, statement: str, *args: Any) -> Any:
        if statement.startswith("SELECT") and 'FROM "contact_contactmessage"' in statement:
            raise DataError(f'invalid input syntax: "{CANARY}"')
        return run(statement, *args)

    exports.ask(person, Document.ACCESS, now=NOW)
    out = StringIO()
    with connection.execute_wrapper(quotes):
        if verb == "job":
            assert run_due(now=NOW).failed == 1
            error = None
        else:
            with pytest.raises(CommandError) as caught:
                call_command("rgpd_export", ADDRESS, stdout=out, stderr=out)
            error = caught.value
    assert CANARY not in heard(error).replace(ADDRESS, "") + out.getvalue().replace(ADDRESS, "")


def test_a_function_of_the_shops_that_quotes_its_value(
    person: Person, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``Rewrite`` calls the shop's own code with her text."""

    def refuses(text: str) -> str:
        raise ValueError(f"cannot shorten {text!r}")

    class MessageData(Declaration):
        """Messages."""

        who = Who(user="user", email="email")
        fields = {
            "user": Personal("messages", erase=Null()),
            "text": Personal("messages", erase=Rewrite(refuses, done=Q(text=""))),
        }
        clocks = registry.entries[ContactMessage].declaration.clocks
        at_end = KeepFacts()

    entry = Entry(model=ContactMessage, declaration=MessageData, origin=__name__)
    monkeypatch.setitem(registry.entries, ContactMessage, entry)
    before = snapshot()
    with pytest.raises(EngineFailed) as caught:
        erase(person, how="account", now=NOW)
    assert str(caught.value).startswith(
        "contact.ContactMessage.text: the shop's own code refused (ValueError)"
    )
    assert CANARY not in heard(caught.value)
    assert not changed(before, snapshot())


def test_a_save_of_the_shops_that_quotes_its_row(
    person: Person, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``row_by_row`` calls the model's own ``save()``."""

    def refuses(self: ContactMessage, **_: object) -> None:
        raise ValueError(f"{self.name} {CANARY} may not be saved")

    entry = registry.entries[ContactMessage]
    by_row = type("MessageData", (entry.declaration,), {"row_by_row": True, "at_end": KeepFacts()})
    monkeypatch.setitem(
        registry.entries,
        ContactMessage,
        Entry(model=ContactMessage, declaration=by_row, origin=__name__),
    )
    monkeypatch.setattr(ContactMessage, "save", refuses)
    with pytest.raises(EngineFailed) as caught, transaction.atomic():
        erase(person, how="account", now=NOW)
    assert CANARY not in heard(caught.value)
    assert ContactMessage.objects.filter(text=CANARY).exists()


@pytest.mark.postgresql
def test_the_staffs_page_of_jobs(refused: str, person: Person, heard: Any, admin_client: Client) -> None:
    """The admin's list and form of a failed job."""
    exports.ask(person, Document.ACCESS, now=NOW)
    Job.objects.update(note="Attempt 1 failed: EngineFailed.")
    for url in (
        reverse("admin:django_rgpd_job_changelist"),
        reverse("admin:django_rgpd_job_change", args=[Job.objects.first().pk]),  # type: ignore[union-attr]
    ):
        page = admin_client.get(url)
        assert page.status_code == 200
        assert CANARY not in page.content.decode()
    assert CANARY not in heard()
