"""In which order models are worked on, which columns count, and what refers to a model."""

from __future__ import annotations

import pytest
from django.db.models import Q

from django_rgpd.registry import Follows, OpenBusiness, When, Who
from django_rgpd.registry.columns import columns, references_to, unique_by_itself
from django_rgpd.registry.order import children_first, models_read, readers_first
from django_rgpd.registry.paths import BadPath, follow, passed
from example_shop.accounts.models import Address, User
from example_shop.basket.models import Basket, BasketLine
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, OrderLine

from .conftest import personal


def names(entries):
    return [entry.model.__name__ for entry in entries]


def test_children_come_before_what_they_refer_to(declare):
    entries = [declare(model) for model in (User, Order, Invoice, OrderLine, BasketLine, Basket, Address)]
    found = names(children_first(entries))
    for child, parent in [
        ("Invoice", "Order"),
        ("OrderLine", "Order"),
        ("Order", "User"),
        ("BasketLine", "Basket"),
    ]:
        assert found.index(child) < found.index(parent)
    assert names(children_first(reversed(entries))) == found
    assert children_first([]) == []


def test_who_reads_a_path_comes_before_it_is_cut(declare):
    declare(User, people={"self": Who(user="pk")}, clocks={"contract": "orders__placed_at"})
    declare(Invoice, people={"buyer": Who(user="order__customer")})
    entries = [declare(Order), *map(declare, [])]
    from django_rgpd.registry import registry

    found = names(readers_first(registry))
    assert found.index("User") < found.index("Order")
    assert found.index("Invoice") < found.index("Order")
    assert names(children_first(registry)).index("Order") < names(children_first(registry)).index("User")
    assert len(entries) == 1


def test_a_declaration_reads_the_tables_of_its_conditions(declare):
    entry = declare(
        Invoice,
        people={"buyer": Who(user="order__customer__pk", where=Q(order__status="paid"))},
        fields={"billing_name": personal(When("x", ~(Q(number="") | Q(order__lines__name__in=["a"]))))},
        open_business=Follows("order"),
    )
    assert models_read(entry) == {Order, User, OrderLine}
    other = declare(Order, open_business=OpenBusiness(Q(status="paid"), until="invoice__issued_on"))
    assert models_read(other) == {Invoice}


def test_a_declaration_reads_what_the_row_reads_that_it_follows(declare):
    declare(Order, open_business=OpenBusiness(Q(lines__quantity__gt=0)))
    follower = declare(Invoice, open_business=Follows("order"))
    assert models_read(follower) == {Order, OrderLine}


def test_a_cycle_of_keys_ends(declare, monkeypatch):
    from django_rgpd.registry import order

    one, two = declare(Order), declare(User)
    monkeypatch.setattr(order, "_referred", lambda entry: {User if entry is one else Order})
    assert set(children_first([one, two])) == {one, two}


def test_a_path_is_followed_forwards_and_backwards():
    assert follow(Invoice, "order__customer").key == "order__customer"
    assert follow(Invoice, "order__customer").target is User
    assert follow(Invoice, "order__customer__email").field.name == "email"
    assert follow(User, "pk").key_field.name == "id"
    assert follow(User, "orders").key == "orders__pk"
    assert follow(User, "orders__placed_at").many
    assert not follow(Order, "invoice__issued_on").many
    assert follow(Order, "customer_id").key == "customer_id"
    assert passed(Order, "invoice__number__startswith") == (Invoice,)
    assert passed(Order, "nothing__at_all") == ()


@pytest.mark.parametrize(
    ("path", "word"),
    [("nothing", "'nothing'"), ("order__nothing", "'nothing'"), ("number__x", "after 'number'"), ("", "''")],
)
def test_a_path_that_leads_nowhere_says_at_which_word(path, word):
    with pytest.raises(BadPath, match=rf"invoices\.Invoice.*{word}"):
        follow(Invoice, path)


def test_every_column_counts_but_the_key():
    found = {field.name for field in columns(BasketLine)}
    assert found == {"basket", "product", "quantity"}


def test_hidden_references_and_those_of_through_tables_are_found():
    from django.contrib.auth.models import Group

    from example_shop.catalogue.models import Product

    assert "basket.BasketLine.product" in {str(key) for key in references_to(Product)}  # related_name="+"
    assert User.groups.through in {key.model for key in references_to(Group)}
    assert {key.name for key in references_to(User)} >= {"customer", "author", "user"}


def test_a_column_is_unique_by_a_constraint_of_it_alone():
    assert unique_by_itself(User._meta.get_field("email"))
    assert unique_by_itself(Order._meta.get_field("number"))
    assert not unique_by_itself(BasketLine._meta.get_field("product"))
    assert not unique_by_itself(Order._meta.get_field("name"))
