"""The rule's table, line by line; terms; several purposes; who stands for what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db.models import Case, F, Q, Value
from django.db.models import When as Where
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.core.errors import Misconfigured
from django_rgpd.erasure import reach
from django_rgpd.policy import HEALTH, Occasion, days
from django_rgpd.registry import Follows, OpenBusiness, When, Who, agreed, rule
from django_rgpd.registry.conditions import ALWAYS, NEVER
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order

from .conftest import make_order, personal

pytestmark = pytest.mark.usefixtures("own_policy", "no_consents")

PLACED = datetime(2025, 1, 1, 12, tzinfo=UTC)
BEFORE = datetime(2025, 12, 31, 12, tzinfo=UTC)
DUE = datetime(2026, 1, 1, 12, tzinfo=UTC)
TERM, ERASURE, WITHDRAWAL, OBJECTION = Occasion
OPEN = OpenBusiness(Q(status__in=["paid", "shipped"]))


def falls(entry, field, occasion, now, **options):
    """The numbers of the orders on which the field falls, asked in WHERE and in CASE WHEN."""
    condition = rule.released(entry, field, occasion, now=now, **options)
    rows = entry.model._base_manager
    found = set(rows.filter(condition).values_list("number", flat=True))
    cases = rows.annotate(goes=Case(Where(condition, then=Value(True)), default=Value(False)))
    assert {row.number for row in cases if row.goes} == found
    return found


TABLE = [
    # purpose, occasion, falls on a closed row, falls on a row of open business
    ("obligation", TERM, False, False),
    ("obligation", ERASURE, False, False),
    ("obligation", WITHDRAWAL, False, False),
    ("obligation", OBJECTION, False, False),
    ("claims", TERM, False, False),
    ("claims", ERASURE, False, False),
    ("claims", WITHDRAWAL, False, False),
    ("claims", OBJECTION, False, False),
    ("contract", TERM, False, False),
    ("contract", ERASURE, True, False),
    ("contract", WITHDRAWAL, False, False),
    ("contract", OBJECTION, False, False),
    ("consent", TERM, False, False),
    ("consent", ERASURE, True, True),
    ("consent", WITHDRAWAL, True, True),
    ("consent", OBJECTION, True, True),
    ("marketing", TERM, False, False),
    ("marketing", ERASURE, True, True),
    ("marketing", WITHDRAWAL, False, False),
    ("marketing", OBJECTION, True, True),
    ("interest", TERM, False, False),
    ("interest", ERASURE, True, True),
    ("interest", WITHDRAWAL, False, False),
    ("interest", OBJECTION, False, False),
    ("surviving", TERM, False, False),
    ("surviving", ERASURE, False, False),
    ("surviving", WITHDRAWAL, False, False),
    ("surviving", OBJECTION, False, False),
]


@pytest.mark.parametrize(("purpose", "occasion", "closed", "still_open"), TABLE, ids=str)
def test_what_an_occasion_does_to_a_basis(declare, order, purpose, occasion, closed, still_open):
    agreed.register(lambda entry, role, key, *, now: ALWAYS)
    entry = declare(clocks={purpose: "placed_at"}, open_business=OPEN)
    order(number="closed")
    order(number="open", status="paid")
    order(number="not started", status="paid", placed_at=BEFORE)
    field = personal(purpose)
    expected = ({"closed"} if closed else set()) | ({"open", "not started"} if still_open else set())
    assert falls(entry, field, occasion, BEFORE) == expected
    assert falls(entry, field, occasion, DUE) == expected | {"closed", "open"}


def test_a_consent_purpose_stands_only_while_a_live_consent_exists(declare, order):
    entry = declare()
    order(number="agreed", name="yes")
    order(number="silent", name="no")
    field = personal("endless")
    assert falls(entry, field, TERM, BEFORE) == {"agreed", "silent"}
    asked = []

    @agreed.register
    def answer(entry, role, purpose, *, now):
        asked.append((entry.label, role, purpose, now))
        return Q(name="yes")

    assert falls(entry, field, TERM, BEFORE) == {"silent"}
    assert asked == [("orders.Order", "buyer", "endless", BEFORE)]


def test_a_field_falls_only_when_none_of_its_purposes_stands(declare, order):
    entry = declare(clocks={"contract": "placed_at", "obligation": "terms_accepted_on"})
    order(number="both over", terms_accepted_on="2024-12-31")
    order(number="one over", terms_accepted_on="2026-01-01")
    assert falls(entry, personal("contract", "obligation"), TERM, DUE) == {"both over"}
    assert falls(entry, personal("contract"), TERM, DUE) == {"both over", "one over"}


def test_withdrawing_one_purpose_leaves_the_others_alone(declare, order):
    agreed.register(lambda entry, role, key, *, now: ALWAYS)
    entry = declare()
    order(number="A")
    field = personal("consent", "endless")
    assert falls(entry, field, WITHDRAWAL, BEFORE, about={"endless"}) == set()
    assert falls(entry, field, WITHDRAWAL, BEFORE, about={"endless", "consent"}) == {"A"}
    assert falls(entry, field, WITHDRAWAL, BEFORE) == {"A"}


def test_a_purpose_under_a_condition_serves_those_rows_only(declare, order):
    entry = declare()
    order(number="gift", gift_name="Ada")
    order(number="own", gift_name="")
    assert falls(entry, personal(When("contract", ~Q(gift_name=""))), TERM, BEFORE) == {"own"}


def test_a_condition_that_crosses_tables_is_asked_of_the_row(declare, order, customer):
    entry = declare()
    order(number="hers", customer=customer)
    order(number="a guest's")
    assert falls(entry, personal(When("contract", Q(customer__email="marie@example.com"))), TERM, BEFORE) == {
        "a guest's"
    }
    assert (
        falls(entry, personal(When("contract", ~Q(customer__email="x@example.com"))), TERM, BEFORE) == set()
    )


def test_health_data_stands_on_consent_alone(declare, order):
    entry = declare()
    order(number="A")
    field = personal("obligation", "consent", category=HEALTH)
    assert falls(entry, field, TERM, BEFORE) == {"A"}
    agreed.register(lambda entry, role, key, *, now: ALWAYS)
    assert falls(entry, field, TERM, BEFORE) == set()
    assert falls(entry, personal("obligation", category=HEALTH), TERM, BEFORE) == {"A"}


def test_a_clock_that_has_not_started_keeps_the_value(declare, order):
    entry = declare(clocks={"contract": "delivered_on"})
    order(number="never delivered", delivered_on=None)
    order(number="delivered", delivered_on="2025-01-01")
    assert falls(entry, personal("contract"), TERM, DUE) == {"delivered"}


def test_a_term_without_a_clock_is_never_over(declare, order):
    entry = declare()
    order(number="A")
    assert rule.term_over(entry, rule.purpose_of(entry, "contract"), now=DUE) == NEVER


@pytest.mark.fault("K04")
@pytest.mark.parametrize(
    ("placed", "now", "over"),
    [
        # 23:30 in London on 31 December is new year's day in Paris.
        (datetime(2024, 12, 31, 23, 30, tzinfo=UTC), datetime(2025, 12, 31, 22, 59, tzinfo=UTC), False),
        (datetime(2024, 12, 31, 23, 30, tzinfo=UTC), datetime(2025, 12, 31, 23, 0, tzinfo=UTC), True),
        (datetime(2024, 12, 31, 22, 59, tzinfo=UTC), datetime(2025, 12, 31, 22, 59, tzinfo=UTC), True),
        (datetime(2025, 6, 30, 21, 59, tzinfo=UTC), datetime(2026, 6, 29, 22, 0, tzinfo=UTC), True),
        (datetime(2025, 6, 30, 22, 0, tzinfo=UTC), datetime(2026, 6, 29, 22, 0, tzinfo=UTC), False),
    ],
)
def test_a_term_is_counted_in_days_of_the_legal_zone(declare, order, placed, now, over):
    entry = declare(clocks={"contract": "placed_at"})
    order(number="A", placed_at=placed)
    assert falls(entry, personal("contract"), TERM, now) == ({"A"} if over else set())


def test_a_fiscal_clock_counts_from_the_end_of_the_year(declare, order):
    entry = declare(clocks={"fiscal": "terms_accepted_on"})
    order(number="A", terms_accepted_on="2025-01-01")
    assert falls(entry, personal("fiscal"), TERM, datetime(2026, 12, 30, 12, tzinfo=UTC)) == set()
    assert falls(entry, personal("fiscal"), TERM, datetime(2026, 12, 31, 12, tzinfo=UTC)) == {"A"}
    fiscal = rule.purpose_of(entry, "fiscal")
    assert rule.until(fiscal, datetime(2025, 1, 1, 12, tzinfo=UTC)).isoformat() == "2026-12-31"
    assert rule.until(fiscal, None) is None
    assert rule.until(rule.purpose_of(entry, "endless"), DUE) is None


def invoice(of, **fields):
    values = {"issued_on": "2025-01-01", "terms_accepted_on": "2025-01-01", "total": 1}
    return Invoice.objects.create(**{**values, "number": f"I-{of.number}", "order": of, **fields})


def test_a_clock_may_be_on_another_table(declare, order):
    entry = declare(
        Invoice, people={"buyer": Who(user="order__customer")}, clocks={"contract": "order__placed_at"}
    )
    invoice(order(number="old"))
    invoice(order(number="new", placed_at=BEFORE))
    assert falls(entry, personal("contract"), TERM, DUE) == {"I-old"}


def test_a_clock_with_many_hands_is_over_with_the_last(declare, order, customer):
    other = type(customer).objects.create_user("paul@example.com")
    type(customer).objects.create_user("never@example.com")
    entry = declare(
        type(customer), people={"buyer": Who(user="pk")}, clocks={"contract": "orders__placed_at"}
    )
    order(customer=customer)
    order(customer=customer, placed_at=BEFORE)
    order(customer=other)
    condition = rule.released(entry, personal("contract"), TERM, now=DUE)
    assert list(type(customer)._base_manager.filter(condition)) == [other]


def test_open_business_is_borrowed_from_the_row_that_is_followed(declare, order):
    declare(open_business=OpenBusiness(Q(status="paid"), until="expected_on"))
    entry = declare(Invoice, people={"buyer": Who(user="order__customer")}, open_business=Follows("order"))
    invoice(order(number="open", status="paid"))
    invoice(order(number="closed"))
    assert falls(entry, personal("contract"), ERASURE, BEFORE) == {"I-closed"}
    assert rule.open_until(entry) == "order__expected_on"


def test_open_business_can_be_followed_backwards(declare, order, customer):
    declare(open_business=OPEN)
    entry = declare(type(customer), people={"buyer": Who(user="pk")}, open_business=Follows("orders"))
    other = type(customer).objects.create_user("paul@example.com")
    order(customer=customer, status="paid")
    order(customer=customer)
    order(customer=other)
    condition = rule.released(entry, personal("contract"), ERASURE, now=BEFORE)
    assert list(type(customer)._base_manager.filter(condition)) == [other]


def test_following_something_undeclared_says_what_to_do(declare):
    entry = declare(Invoice, people={"buyer": Who(user="order__customer")}, open_business=Follows("order"))
    with pytest.raises(Misconfigured, match="declare it"):
        rule.open_rows(entry)


def test_open_business_past_its_time_is_a_case_for_staff(declare, order):
    entry = declare(
        open_business=OpenBusiness(Q(status="paid"), until="expected_on", at_most=days(20)),
    )
    order(number="late", status="paid", expected_on="2025-11-01")
    order(number="in time", status="paid", expected_on="2025-12-20")
    order(number="closed", expected_on="2025-11-01")
    order(number="no day", status="paid", expected_on=None)

    def late(asked):
        condition = rule.open_too_long(entry, asked=asked.date(), now=BEFORE)
        return set(Order._base_manager.filter(condition).values_list("number", flat=True))

    assert late(BEFORE) == {"late"}
    assert late(BEFORE - timedelta(days=20)) == {"late", "no day"}


def test_a_declaration_without_open_business_has_none(declare, order):
    entry = declare()
    order(number="A", status="paid")
    assert rule.open_rows(entry) is None
    assert falls(entry, personal("contract"), ERASURE, BEFORE) == {"A"}


def test_a_field_without_purposes_is_refused_rather_than_destroyed(declare):
    with pytest.raises(Misconfigured, match=r"orders\.Order .*names no purpose"):
        rule.released(declare(), personal(), TERM, now=BEFORE)


def test_fields_under_conditions_that_python_finds_equal_fall_each_by_its_own(declare, order):
    """1 == True, and a text that says so does not."""
    number, truth = (personal(When("claims", Q(street=value))) for value in (1, True))
    entry = declare(fields={"name": number, "city": truth}, clocks={"claims": "placed_at"})
    order(number="number", street="1")
    order(number="truth", street="True")

    groups = reach.grouped(entry, entry.declaration.fields, TERM, now=BEFORE)

    found = {
        name: set(Order.objects.filter(group.released).values_list("number", flat=True))
        for group in groups
        for name in group.fields
    }
    assert found == {"name": {"truth"}, "city": {"number"}}


def test_an_unknown_purpose_is_refused(declare):
    with pytest.raises(Misconfigured, match=r"orders\.Order .*'whatever'"):
        rule.released(declare(), personal("whatever"), TERM, now=BEFORE)


def test_the_condition_can_be_put_into_an_update(declare, order, customer):
    """Paths that leave the table are subqueries: an UPDATE joins nothing."""
    declare(open_business=OPEN)
    entry = declare(
        Invoice,
        people={"buyer": Who(user="order__customer", email="order__guest_email")},
        clocks={"contract": "order__placed_at"},
        open_business=Follows("order"),
    )
    invoice(order(number="old", customer=customer), billing_name="Marie")
    invoice(order(number="open", status="paid", placed_at=BEFORE), billing_name="Paul")
    condition = rule.released(entry, personal("contract"), ERASURE, now=DUE)
    rows = Invoice._base_manager.filter(condition)
    case = Case(Where(condition, then=Value("")), default=F("billing_name"))
    assert rows.update(billing_name=case) == 1
    assert sorted(Invoice._base_manager.values_list("billing_name", flat=True)) == ["", "Paul"]


def instants(first_year, last_year):
    seconds = [int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (first_year, last_year)]
    return st.integers(*seconds).map(lambda second: datetime.fromtimestamp(second, UTC))


@given(
    starts=st.lists(instants(2024, 2026), max_size=4),
    first=instants(2024, 2028),
    later=st.timedeltas(timedelta(0), timedelta(days=900)),
    purposes=st.lists(
        st.sampled_from(["obligation", "contract", "fiscal", "interest", "account", "customer"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    occasion=st.sampled_from(list(Occasion)),
)
@pytest.mark.django_db
def test_what_was_released_once_stays_released_as_time_goes_by(
    declare, starts, first, later, purposes, occasion
):
    entry = declare(clocks=dict.fromkeys([*purposes, "account", "customer"], "placed_at"), open_business=OPEN)
    Order.objects.all().delete()
    for number, start in enumerate(starts):
        make_order(number=str(number), placed_at=start, status=["paid", "delivered"][number % 2])
    field = personal(*purposes)
    assert falls(entry, field, occasion, first) <= falls(entry, field, occasion, first + later)
