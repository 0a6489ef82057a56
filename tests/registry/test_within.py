"""A range of rows is asked for the consents of its own people: the same answer as of the whole table, and no more read."""

from __future__ import annotations

import uuid
from uuid import uuid4

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import Q

from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.erasure import reach
from django_rgpd.policy import Occasion
from django_rgpd.registry import rule
from django_rgpd.registry.within import within
from example_shop.orders.models import Order

from .conftest import personal

pytestmark = pytest.mark.usefixtures("own_policy")

FIELDS = {"name": personal("endless")}


@pytest.fixture
def orders(db, order, now):
    """Orders of accounts whose keys change their length, and of guests; every second person agreed."""
    for number, key in enumerate((7, 9, 10, 99, 100, 101, 2_000)):
        user = get_user_model().objects.create_user(f"c{key}@example.com", pk=10_000_000 + key)
        if number % 2:
            agreed(now, user_key=str(user.pk))
        order(number=f"account {key}", customer=user)
    for number in range(4):
        order(number=f"guest {number}", guest_email=f"G{number}@example.com")
        if number % 2:
            agreed(now, agreed_with=f"g{number}@example.com")
    return list(Order.objects.order_by("pk"))


def agreed(now, **copies):
    """A consent that stands."""
    return ConsentState.objects.create(
        person=uuid.uuid4(), purpose="endless", standing=Standing.LIVE, live=True, since=now,
        event=uuid.uuid4(), **copies,
    )  # fmt: skip


def falling(condition, part):
    return set(Order.objects.filter(condition, part).values_list("number", flat=True))


@pytest.mark.parametrize("size", [1, 2, 3, 11])
def test_a_range_falls_as_its_rows_do_in_the_whole_table(declare, orders, now, size):
    entry = declare(fields=FIELDS)
    whole = rule.released(entry, FIELDS["name"], Occasion.TERM, now=now)
    expected = falling(whole, Q())
    assert expected == {"account 7", "account 10", "account 100", "account 2000", "guest 0", "guest 2"}

    found = set()
    for start in range(0, len(orders), size):
        part = Q(pk__in=[one.pk for one in orders[start : start + size]])
        found |= falling(within(whole, Order.objects.filter(part)), part)

    assert found == expected


def test_a_range_of_guests_alone_stands_on_their_addresses(declare, orders, now):
    """No account is in it, so that there is no lowest key."""
    entry = declare(fields=FIELDS)
    whole = rule.released(entry, FIELDS["name"], Occasion.TERM, now=now)
    part = Q(number__startswith="guest")

    assert falling(within(whole, Order.objects.filter(part)), part) == {"guest 0", "guest 2"}


@pytest.mark.postgresql
def test_a_reach_that_is_narrowed_reads_the_consents_between_its_keys(declare, orders, now):
    entry = declare(fields=FIELDS)
    groups = reach.grouped(entry, FIELDS, Occasion.TERM, now=now)
    whole = reach.Reach(entry=entry, role="buyer", where=Q(), groups=groups, deletes=False)

    part = reach.narrowed(whole, Q(pk__lte=orders[2].pk))

    condition = part.where & part.groups[0].released
    assert set(Order.objects.filter(condition).values_list("number", flat=True)) == {
        "account 7",
        "account 10",
    }
    assert " MIN(" in str(Order.objects.filter(condition).query)


@pytest.mark.parametrize(("column", "index"), [("user_key", "user"), ("agreed_with", "address")])
def test_a_consent_is_looked_up_by_an_index(db, now, column, index):
    ConsentState.objects.bulk_create(
        ConsentState(
            person=uuid4(),
            purpose="endless",
            standing="live",
            live=True,
            since=now,
            event=uuid4(),
            user_key=str(number),
            agreed_with=f"reader-{number}@example.com",
        )
        for number in range(500)
    )
    if connection.vendor == "postgresql":  # it must know its rows, or any index is as good as the other
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE django_rgpd_consentstate")
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    live = ConsentState.objects.filter(**{column: "x"}, purpose="endless", live=True)

    assert f"rgpd_consent_{index}" in live.explain()
