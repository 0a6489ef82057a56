"""Statements that are left out: each only where nothing was left for it to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from django_rgpd import signals
from django_rgpd.erasure import freed
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.plan import draw
from django_rgpd.erasure.proving import Outcome
from django_rgpd.erasure.reach import Group, narrowed
from django_rgpd.erasure.references import Reference
from django_rgpd.erasure.statements import leaving, pending, rows_in
from django_rgpd.outbox import mail
from django_rgpd.outbox.models import Job, State
from django_rgpd.registry import people
from django_rgpd.registry.conditions import ALWAYS
from django_rgpd.registry.models import Address as Known
from django_rgpd.registry.models import Challenge, Person
from example_shop.accounts.models import Address, User
from example_shop.factories import make_customer
from example_shop.orders.models import Order
from example_shop.wishes.models import Wish

pytestmark = pytest.mark.django_db


def keep(table: str, condition: str) -> None:
    """Have the database leave such a row where it is when it is deleted, as a soft deletion does."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "CREATE FUNCTION kept() RETURNS trigger AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql"
            )
            doing = f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION kept()"
        else:
            doing = f"WHEN {condition} BEGIN SELECT RAISE(IGNORE); END"
        cursor.execute(f"CREATE TRIGGER kept BEFORE DELETE ON {table} {doing}")


def test_rows_that_the_database_keeps_lose_their_fields(user: User, person: Person, now: datetime) -> None:
    """A trigger holds one of her addresses: it is emptied, the others go, and the account, still referred to, opens nothing."""
    kept = Address.objects.create(
        user=user, name="Élodie Émond", street="1 rue du Test", postcode="69001", city="Lyon"
    )
    assert Address.objects.filter(user=user).count() > 1
    keep(Address._meta.db_table, "OLD.street = '1 rue du Test'")

    erasure = erase(person, how="account", now=now)

    assert list(Address.objects.values_list("pk", "user", "name", "street", "city")) == [
        (kept.pk, user.pk, "", "", "")
    ]
    user.refresh_from_db()
    assert (user.first_name, user.is_active, user.has_usable_password()) == ("", False, False)
    assert erasure.receipt["changed"]["accounts.Address"] == 1
    assert "accounts.User" not in erasure.receipt["deleted"]


def test_rows_that_went_are_not_changed_as_well(user: User, person: Person, now: datetime) -> None:
    """One DELETE where the plan counted as many rows as went; the account's asks no table that was emptied of her."""
    with CaptureQueriesContext(connection) as queries:
        erase(person, how="account", now=now)

    sent = [one["sql"] for one in queries]
    for model in (Address, Wish, User):
        table = connection.ops.quote_name(model._meta.db_table)
        assert sum(table in sql.split(" WHERE ")[0] and "DELETE" in sql for sql in sent) == 1
        assert not any(f"UPDATE {table}" in sql for sql in sent)
    account = next(sql for sql in sent if f'DELETE FROM "{User._meta.db_table}"' in sql)
    for model in (Address, Wish):
        assert f'"{model._meta.db_table}"' not in account
    assert f'"{Order._meta.db_table}"' in account, "an order that is open would hold the account"


def test_a_reference_is_gone_only_where_all_of_its_rows_are(
    user: User, person: Person, now: datetime
) -> None:
    """Counted, taken or changed to the last, and checked by the database: anything less is asked again."""
    subject = people.subject(person)
    reaches = draw(subject, now=now).reaches
    by_account = {Q(user=user.pk): Wish, Q(customer=user.pk): Order, Q(pk=user.pk): User}
    found = {one.entry.model: one for one in reaches if by_account.get(one.where) is one.entry.model}
    wishes, orders, account = found[Wish], replace(found[Order], counted=3), found[User]
    assert wishes.counted
    key = Reference(Wish, Wish._meta.get_field("user"))

    assert freed.freed_by(wishes, subject, Outcome(), wishes.counted) == {key}
    assert freed.freed_by(wishes, subject, Outcome(), wishes.counted - 1) == set()
    assert freed.freed_by(orders, subject, Outcome(rows=3), 0) == set(), "some orders may be open"
    always = Group(released=ALWAYS, fields={"customer": orders.fields["customer"]})
    cut = replace(orders, groups=(always,), deletes=False)
    assert freed.freed_by(cut, subject, Outcome(rows=3), 0) == {
        Reference(Order, Order._meta.get_field("customer"))
    }
    assert freed.freed_by(cut, subject, Outcome(rows=3, unproven=1), 0) == set()
    assert freed.freed_by(replace(cut, counted=None), subject, Outcome(rows=3), 0) == set()
    stranger = people.subject(people.person_of(make_customer(email="other@example.com"), now=now))
    assert freed.freed_by(wishes, stranger, Outcome(), wishes.counted) == set()
    assert freed.knowing(account, subject, {key}).freed == {key}
    assert freed.knowing(account, stranger, {key}).freed == frozenset()
    assert freed.knowing(wishes, subject, {key}).freed == frozenset()


def test_what_has_no_field_to_erase_ends_too(user: User, person: Person, now: datetime) -> None:
    """A mail that waits, a code, a code for an address of hers: none of them works any more; a stranger's do."""
    later = now + timedelta(hours=1)
    mail.send("erasure/receipt", context={}, person=person.uuid, now=now, run_at=later)
    known = Known.objects.get(person=person)
    stranger = people.person_of(make_customer(email="other@example.com"), now=now)
    mail.send("erasure/receipt", context={}, person=stranger.uuid, now=now, run_at=later)
    for number, fields in enumerate(({"person": person.uuid}, {"address": known}, {"person": stranger.uuid})):
        Challenge.objects.create(about="code", hashed=str(number), created_at=now, expires_at=later, **fields)

    erase(person, how="account", now=now)

    assert list(Challenge.objects.values_list("hashed", flat=True)) == ["2"]
    mails = Job.objects.filter(name="mail", run_at=later)
    assert dict(mails.values_list("person", "state")) == {
        person.uuid: State.GONE,
        stranger.uuid: State.WAITING,
    }
    assert mails.get(person=person.uuid).payload == {}
    assert not Known.objects.filter(person=person, until=None).exists()
    assert Known.objects.get(pk=known.pk).until == now


def test_the_rows_of_a_part_are_asked_anew(user: User, person: Person, now: datetime) -> None:
    """What was resolved for all her rows, or for another moment's conditions, is never taken for a part of them."""
    for street in ("1 rue du Test", "2 rue du Test"):
        Address.objects.create(user=user, name="Élodie Émond", street=street, postcode="69001", city="Lyon")
    reach = next(one for one in draw(people.subject(person), now=now).reaches if one.entry.model is Address)
    first, *others = rows_in(reach, leaving(reach)).order_by("pk").values_list("pk", flat=True)
    assert others

    part = narrowed(reach, Q(pk=first))
    assert list(rows_in(part, leaving(part)).values_list("pk", flat=True)) == [first]
    assert list(rows_in(replace(reach, where=Q(pk=first))).values_list("pk", flat=True)) == [first]
    kept = tuple(replace(group, released=Q(pk=first)) for group in reach.groups)
    fewer = replace(reach, groups=kept)
    assert list(rows_in(fewer, pending(fewer.entry, kept)).values_list("pk", flat=True)) == [first]
    assert rows_in(reach, leaving(reach)).count() == 1 + len(others)


def test_ranges_take_up_what_was_resolved_for_the_table(user: User, person: Person, now: datetime) -> None:
    """The rows of each range, and nothing that is kept of a range by the table."""
    for street in ("1 rue du Test", "2 rue du Test"):
        Address.objects.create(user=user, name="Élodie Émond", street=street, postcode="69001", city="Lyon")
    reach = next(one for one in draw(people.subject(person), now=now).reaches if one.entry.model is Address)
    due = leaving(reach)
    first, *others = rows_in(reach, due).order_by("pk").values_list("pk", flat=True)
    assert others
    known = dict(reach.asked)

    for where, expected in ((Q(pk__lte=first), [first]), (Q(pk__gt=first), others), (Q(pk=0), [])):
        part = narrowed(reach, where)
        assert part.groups == reach.groups
        assert set(part.asked) == set(known)
        assert list(rows_in(part, due).order_by("pk").values_list("pk", flat=True)) == expected
    assert reach.asked == known
    assert rows_in(reach, due).count() == 1 + len(others)


@pytest.mark.postgresql
def test_erasure_asks_for_no_parallel_workers_and_compiles_nothing(person: Person, now: datetime) -> None:
    """Either takes longer than the plan's counts, and takes processors from other requests."""
    asked: list[str] = []

    def look(**given: object) -> None:
        with connection.cursor() as cursor:
            for name in ("max_parallel_workers_per_gather", "jit"):
                cursor.execute(f"SHOW {name}")
                asked.append(cursor.fetchone()[0])

    signals.person_erased.connect(look)
    try:
        erase(person, how="account", now=now)
    finally:
        signals.person_erased.disconnect(look)
    assert asked == ["0", "off"]
