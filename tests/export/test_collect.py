"""What a document holds: the person's own, all of it, and nothing of anybody else."""

import gc
import io
import json
import os
import tracemalloc
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import jsonschema
import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from django_rgpd.consent import decisions
from django_rgpd.export import collect, request, schema
from django_rgpd.export.columns import columns
from django_rgpd.export.models import Document
from django_rgpd.policy import CONTENT, IDENTITY
from django_rgpd.registry import (
    DERIVED,
    Blank,
    Declaration,
    Entry,
    Null,
    Personal,
    Subject,
    Who,
    people,
    registry,
)
from django_rgpd.registry.models import Person
from example_shop import factories
from example_shop.accounts.models import User
from example_shop.orders.models import Order, OrderLine
from example_shop.reviews.models import Review
from tests.export.conftest import document, prove, strict, tables

pytestmark = pytest.mark.django_db
GOLDEN = Path(__file__).parent / "golden"


class OrderData(Declaration):
    """An order of these tests.

    Not of interest to readers.
    """

    people = {"buyer": Who(user="customer", email="guest_email"), "recipient": Who(email="gift_email")}
    clocks = {"orders": "placed_at"}
    currency = "currency"
    fields = {
        "customer": Personal("orders", erase=Null()),
        "guest_email": Personal("orders", erase=Blank()),
        "name": Personal("orders", erase=Blank(), label="name of the buyer"),
        "phone": Personal("accounting", erase=Blank()),
        "city": Personal("orders", erase=Blank(), origin=DERIVED),
        "street": Personal("orders", erase=Blank(), export=False),
        "gift_email": Personal("orders", erase=Null(), of="recipient"),
        "gift_name": Personal("orders", erase=Blank(), of="recipient"),
    }
    facts = ["number", "placed_at", "paid_at", "total", "currency", "status"]
    internal = ["fraud_score"]


class LineData(Declaration):
    """A line of these tests."""

    who = Who(user="order__customer", email="order__guest_email")
    currency = "order__currency"
    facts = ["order", "product", "quantity", "unit_price"]


class ReviewData(Declaration):
    """A review of these tests: the author's, and shown to whoever looks after the product."""

    people = {
        "author": Who(user="author"),
        "receiver": Who(email="product__slug", sees=("text", "rating", "created_at")),
    }
    fields = {
        "author": Personal("reviews", erase=Null(), category=IDENTITY),
        "text": Personal("reviews", erase=Blank(), category=CONTENT),
    }
    facts = ["rating", "created_at"]


OWN = [
    Entry(model=Order, declaration=OrderData, origin="tests"),
    Entry(model=OrderLine, declaration=LineData, origin="tests"),
    Entry(model=Review, declaration=ReviewData, origin="tests"),
]


@pytest.fixture
def known(now) -> Person:
    """A person of whom every key is fixed."""
    user = factories.UserFactory(pk=7, email="marie@example.com", first_name="Marie", last_name="Dupont")
    found = people.person_of(user, now=now)
    Person.objects.filter(pk=found.pk).update(uuid=UUID(int=7))
    known = prove(Person.objects.get(pk=found.pk), "marie@example.com", now=now)
    category = factories.CategoryFactory(pk=3)
    lantern = factories.ProductFactory(pk=5, name="Lantern", category=category)
    order = {"placed_at": factories.DAY, "lines": 0, "total": Decimal("12.90"), "country": "FR"}
    bought = factories.OrderFactory(
        pk=11,
        number="R1",
        customer=user,
        name="Marie Dupont",
        phone="1",
        city="Lyon",
        gift_email="zoe@example.com",
        gift_name="Zoé",
        **order,
    )
    factories.OrderLineFactory(pk=21, order=bought, product=lantern, quantity=2, unit_price=Decimal("6.45"))
    factories.GuestOrderFactory(
        pk=12, number="R2", name="Marie D.", guest_email="Marie@Example.com", phone="", city="", **order
    )
    factories.GuestOrderFactory(
        pk=13,
        number="R3",
        guest_email="other@example.com",
        gift_email="marie@example.com",
        gift_name="Marie ☂",
        **order,
    )
    factories.ReviewFactory(pk=31, author=user, product=lantern, text='Fine. "Very"\n', public_name="M.")
    return known


@pytest.mark.promise("P30")
@pytest.mark.promise("P34")
@pytest.mark.fault("X16")
@pytest.mark.parametrize("which", list(Document))
def test_document_is_as_in_the_golden_file(which, known, now, settings):
    """To write them anew: GOLDEN=write pytest tests/export; then read what changed."""
    settings.RGPD = {**settings.RGPD, "POLICY": "tests.export.policy.policy"}
    written = document(known, which, now=now, entries=OWN)
    golden = GOLDEN / f"{which.value}.json"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert written == strict(golden.read_bytes()), f"see {golden.name}"


@pytest.mark.promise("P34")
@pytest.mark.fault("X16")
@pytest.mark.parametrize("which", list(Document))
def test_document_keeps_to_the_published_and_to_the_shops_schema(which, person, now):
    written = document(person, which, now=now)
    validators = [jsonschema.Draft202012Validator(one) for one in (schema.envelope(), schema.own(which))]
    for validator in validators:
        validator.check_schema(validator.schema)
        validator.validate(written)
    other = Document.ACCESS if which == Document.PORTABILITY else Document.PORTABILITY
    assert not jsonschema.Draft202012Validator(schema.own(other)).is_valid(written)


@pytest.mark.fault("X16")
def test_schema_refuses_a_document_that_is_not_as_declared(person, now):
    written = document(person, now=now)
    validator = jsonschema.Draft202012Validator(schema.own(Document.ACCESS))
    written["tables"][0]["rows"][0]["password"] = "x"  # noqa: S105
    assert not validator.is_valid(written)


@pytest.mark.promise("P30")
def test_access_holds_every_table_of_a_customer_with_its_purposes(person, now):
    found = tables(document(person, now=now))
    labels = {label for label, _role in found}
    assert {
        "accounts.User",
        "accounts.Address",
        "basket.Basket",
        "orders.Order",
        "invoices.Invoice",
        "shop_reviews.Review",
        "wishes.Wish",
        "contact.ContactMessage",
    } <= labels
    for table in found.values():
        assert table["count"] == len(table["rows"]) > 0
        assert table["purposes"] or table["table"].startswith("django_rgpd.")


@pytest.mark.promise("P28")
def test_reviews_given_and_received_are_in_the_export(known, now):
    """The receiver is found here by an address that stands in the product's slug."""
    marie = known
    hers = factories.ProductFactory(pk=6, slug="marie@example.com")
    other = factories.UserFactory(first_name="Author-Canary", email="author@example.com")
    factories.ReviewFactory(pk=32, author=other, product=hers, text="Received", public_name="Author-Canary")
    written = document(marie, now=now, entries=OWN)
    found = tables(written)
    assert [row["text"] for row in found["shop_reviews.Review", "author"]["rows"]] == ['Fine. "Very"\n']
    assert found["shop_reviews.Review", "receiver"]["rows"] == [
        {"id": 32, "text": "Received", "rating": 5, "created_at": "2026-04-03T10:30:00Z"}
    ]
    assert "Author-Canary" not in json.dumps(written)


@pytest.mark.fault("X14")
def test_nothing_of_anybody_else_is_in_a_document(person, now):
    canary = "Bystander-Canary"
    other = factories.make_customer(first_name=canary, last_name=canary, email="bystander@example.com")
    Order.objects.filter(customer=other).update(delivery_note=canary, name=canary, phone=canary)
    Order.objects.filter(customer__email="marie@example.com").update(
        gift_name=canary, gift_street=canary, gift_city=canary, gift_email="bystander@example.com"
    )
    for which in Document:
        out = io.BytesIO()
        collect.write(people.subject(person), which, out, now=now)
        text = out.getvalue().decode().lower()
        assert canary.lower() not in text
        assert "bystander@" not in text


@pytest.mark.promise("P30")
def test_what_she_agreed_to_and_asked_for_is_in_her_export(person, now):
    decisions.give(person, "newsletter", "email", how="account", now=now)
    request.ask(person, Document.ACCESS, now=now)
    found = tables(document(person, now=now))
    consent = found["django_rgpd.ConsentState", "subject"]["rows"][0]
    assert (consent["purpose"], consent["standing"], consent["since"]) == (
        "newsletter",
        "live",
        "2026-03-10T12:00:00Z",
    )
    kinds = [row["kind"] for row in found["django_rgpd.Event", "subject"]["rows"]]
    assert {"consent.given", "export.asked"} <= set(kinds)
    assert found["django_rgpd.Address", "subject"]["rows"][0]["canonical"] == "marie@example.com"
    portable = tables(document(person, Document.PORTABILITY, now=now))
    assert portable["django_rgpd.ConsentState", "subject"]["rows"][0]["purpose"] == "newsletter"


@pytest.mark.fault("X14")
def test_recipient_of_a_gift_sees_her_own_columns_alone(now, db):
    order = factories.OrderFactory(
        gift=True, gift_email="zoe@example.com", gift_name="Zoé", name="Buyer-Canary"
    )
    guest = prove(people.note("email", "zoe@example.com", now=now).person, "zoe@example.com", now=now)
    written = document(guest, now=now)
    assert "Buyer-Canary" not in json.dumps(written)
    table = tables(written)["orders.Order", "recipient"]
    assert table["rows"][0]["gift_name"] == "Zoé"
    assert set(table["rows"][0]) == {"id", *(name for name in table["rows"][0] if name.startswith("gift_"))}
    assert order.number not in json.dumps(written)


@pytest.mark.fault("X14")
def test_secrets_are_left_out_whatever_a_declaration_says(person, now):
    class Careless(Declaration):
        who = Who(user="pk")
        fields = {"email": Personal("account", erase=Blank())}
        facts = ["password"]

    entry = Entry(model=User, declaration=Careless, origin="tests")
    assert "password" not in {column.key for column in columns(entry, "subject", Document.ACCESS)}
    user = User.objects.get(email="marie@example.com")
    assert user.password not in json.dumps(document(person, now=now))


def test_internal_columns_are_in_neither_document(person, now):
    for which in Document:
        for table in document(person, which, now=now)["tables"]:
            entry = registry.labelled(table["table"])
            for row in table["rows"]:
                assert not set(entry.declaration.internal) & set(row)


@pytest.mark.promise("P34")
def test_portability_leaves_out_what_the_law_makes_us_keep_and_what_we_concluded(person, now):
    found = tables(document(person, Document.PORTABILITY, now=now))
    assert ("invoices.Invoice", "buyer") not in found
    assert ("orders.Order", "buyer") in found
    assert {one["basis"] for t in found.values() for p in t["purposes"] for one in p["bases"]} & {
        "consent",
        "contract",
    }
    shown = {column.key for column in columns(OWN[0], "buyer", Document.PORTABILITY)}
    assert "city" not in shown  # concluded
    assert "phone" not in shown  # accounting
    assert "total" in shown


def test_guest_orders_come_along_once_their_address_is_proven(person, now):
    factories.make_guest("marie.guest@example.com")
    before = tables(document(person, now=now))["orders.Order", "buyer"]["count"]
    proven = prove(person, "marie.guest@example.com", now=now)
    assert tables(document(proven, now=now))["orders.Order", "buyer"]["count"] == before + 1


@pytest.mark.fault("X14")
def test_order_of_another_account_at_her_address_stays_the_others(person, now):
    other = factories.make_customer()
    Order.objects.filter(customer=other).update(guest_email="marie@example.com")
    numbers = set(Order.objects.filter(customer=other).values_list("number", flat=True))
    text = json.dumps(document(person, now=now))
    assert not any(number in text for number in numbers)


@pytest.mark.fault("X10")
def test_queries_do_not_grow_with_rows(person, customer, now):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            document(person, now=now)
        return len(found)

    before = queries()
    factories.OrderFactory.create_batch(60, customer=customer)
    assert queries() == before


@pytest.mark.fault("X10")
@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 7])
def test_every_row_is_there_once_however_the_pages_fall(rows, now, monkeypatch):
    monkeypatch.setattr(collect, "PAGE", 2)
    monkeypatch.setattr(collect, "_BUFFERED", 1)
    user = factories.UserFactory()
    orders = factories.OrderFactory.create_batch(rows, customer=user, lines=0)
    subject = Subject(uuids=(UUID(int=1),), user_key=user.pk)
    out = io.BytesIO()
    done = collect.write(subject, Document.ACCESS, out, now=now, entries=OWN[:1])
    assert done.total == rows
    found = tables(strict(out.getvalue()))
    if rows:
        assert [row["id"] for row in found["orders.Order", "buyer"]["rows"]] == [order.pk for order in orders]
    else:
        assert found == {}


class Sink:
    """Takes what is written and keeps nothing."""

    size = 0

    def write(self, raw: bytes) -> int:
        self.size += len(raw)
        return len(raw)


@pytest.mark.fault("X10")
@pytest.mark.parametrize("cursors", ["server-side", "turned off"])
def test_memory_does_not_grow_with_rows(cursors, now, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "DISABLE_SERVER_SIDE_CURSORS", cursors == "turned off")
    monkeypatch.setattr(collect, "PAGE", 500)

    def peak(rows: int) -> int:
        user = factories.UserFactory()
        made = [factories.OrderFactory.build(customer=user) for _ in range(rows)]
        Order.objects.bulk_create(made, batch_size=500)
        del made
        subject = Subject(uuids=(UUID(int=1),), user_key=user.pk)
        sink = Sink()
        gc.collect()
        tracemalloc.start()
        try:
            done = collect.write(subject, Document.ACCESS, sink, now=now, entries=OWN[:1])
            found = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert done.total == rows
        return found

    peak(1)  # what is loaded once
    few, many = peak(1_000), peak(5_000)
    assert many < few * 1.3 + 100_000


@pytest.mark.fault("X10")
def test_pages_are_told_to_whoever_waits(person, now, monkeypatch):
    monkeypatch.setattr(collect, "PAGE", 1)
    ticks: list[int] = []
    out = io.BytesIO()
    collect.write(
        people.subject(person), Document.ACCESS, out, now=now, tick=lambda: ticks.append(out.tell())
    )
    assert len(ticks) > 12
    assert ticks == sorted(ticks)


@pytest.mark.fault("X09")
def test_values_that_no_json_knows_still_make_a_document(person, customer, now):
    order = customer.orders.first()
    Order.objects.filter(pk=order.pk).update(
        delivery_note='"}]\u2028</script>\x07 ☂ \U0001f382', total=F("total")
    )
    row = tables(document(person, now=now))["orders.Order", "buyer"]["rows"]
    assert '"}]\u2028</script>\x07 ☂ \U0001f382' in {one["delivery_note"] for one in row}


def test_person_without_any_row_gets_a_document_that_says_so(now):
    subject = Subject(uuids=(UUID(int=9),))
    out = io.BytesIO()
    done = collect.write(subject, Document.ACCESS, out, now=now)
    written = strict(out.getvalue())
    assert written["tables"] == []
    assert done.total == 0
    jsonschema.Draft202012Validator(schema.own(Document.ACCESS)).validate(written)


def test_words_are_in_the_readers_language_and_keys_are_not(known, now):
    english = document(known, now=now, entries=OWN)
    with translation.override("fr"):
        french = document(known, now=now, entries=OWN)
    assert french["language"] == "fr"
    for one, other in zip(english["tables"], french["tables"], strict=True):
        assert one["rows"] == other["rows"]
        assert set(one["columns"]) == set(other["columns"])


def test_instants_are_in_utc_whatever_the_shops_zone(known, now):
    Order.objects.filter(pk=11).update(paid_at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    row = tables(document(known, now=now, entries=OWN))["orders.Order", "buyer"]["rows"][0]
    assert row["paid_at"] == "2026-07-01T23:30:00Z"
