"""What an erased column looks like, which columns can take which action, and that a second run changes nothing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.core.validators import MinValueValidator, RegexValidator
from django.db.models import (
    Case,
    CharField,
    DateField,
    DecimalField,
    EmailField,
    F,
    FileField,
    IntegerField,
    JSONField,
    Q,
    TextField,
    URLField,
    Value,
)
from django.db.models import When as Where

from django_rgpd.outbox.models import Job
from django_rgpd.registry import Blank, DeleteFile, EmptyJson, Fixed, Null, Placeholder, Rewrite
from django_rgpd.registry.expressions import RandomAddress
from example_shop.accounts.models import User
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order

CASES = [
    (Order, "customer", Null()),
    (Order, "gift_email", Null()),
    (Order, "expected_on", Null()),
    (Order, "name", Blank()),
    (Order, "gift_email", Blank()),
    (Order, "guest_email", Placeholder()),
    (Order, "country", Fixed("FR")),
    (Order, "fraud_score", Fixed(0)),
    (Order, "gift_email", Fixed(None)),
    (User, "email", Placeholder()),
    (User, "birth_date", Null()),
    (Job, "payload", EmptyJson()),
]


@pytest.fixture
def rows(order, customer):
    order(
        customer=customer, gift_email="ada@example.com", guest_email="x@example.com", expected_on="2026-01-01"
    )
    order(customer=customer, gift_email=None, country="BE", fraud_score=4)
    User.objects.create_user("paul@example.com", birth_date="2000-01-01")
    from django.utils import timezone

    for payload in ({"to": "x@example.com"}, ["x@example.com"], {}):
        Job.objects.create(name="x", payload=payload, created_at=timezone.now(), run_at=timezone.now())


@pytest.mark.parametrize(("model", "name", "action"), CASES, ids=str)
def test_an_update_leaves_the_erased_form_and_a_second_finds_nothing(rows, model, name, action):
    field = model._meta.get_field(name)
    assert action.problems(field) == []
    left = model._base_manager.filter(~action.erased(field))
    before = left.count()
    assert before > 0
    assert left.update(**{name: action.value(field)}) == before
    assert left.update(**{name: action.value(field)}) == 0
    assert model._base_manager.filter(action.erased(field)).count() == model._base_manager.count()


@pytest.mark.parametrize(("model", "name", "action"), CASES, ids=str)
def test_the_value_can_stand_in_a_case(rows, model, name, action):
    field = model._meta.get_field(name)
    case = Case(Where(Q(pk__gte=0), then=action.value(field)), default=F(name))
    model._base_manager.update(**{name: case})
    assert not model._base_manager.filter(~action.erased(field)).exists()


def test_a_placeholder_is_another_in_each_row_and_derivable_from_none(rows):
    field = Order._meta.get_field("guest_email")
    Order.objects.update(guest_email=Placeholder().value(field))
    found = list(Order.objects.values_list("guest_email", flat=True))
    assert len(set(found)) == 2
    assert all(re.fullmatch(r"[0-9a-f]{32}@erased\.invalid", text) for text in found)


def test_a_placeholder_fits_a_short_column(order):
    row = order()
    found = (
        Order.objects.annotate(text=RandomAddress(length=31, output_field=CharField())).get(pk=row.pk).text
    )
    assert re.fullmatch(r"[0-9a-f]{16}@erased\.invalid", found)


def test_null_in_a_json_column_is_sqls_null(rows):
    field = JSONField(null=True)
    field.set_attributes_from_name("payload")
    compiled = Job.objects.annotate(none=Null().value(field)).values("none").query
    assert "NULL" in str(compiled)


def test_a_file_goes_with_its_name(order):
    field = Invoice._meta.get_field("pdf")
    assert DeleteFile.removes_file
    assert DeleteFile().problems(field) == []
    invoice = Invoice.objects.create(
        number="1",
        order=order(),
        issued_on="2026-01-01",
        terms_accepted_on="2026-01-01",
        total=1,
        pdf="a.pdf",
    )
    Invoice._base_manager.update(pdf=DeleteFile().value(field))
    assert Invoice._base_manager.filter(DeleteFile().erased(field)).get() == invoice
    assert not Invoice.objects.get().pdf


def named(field):
    field.set_attributes_from_name("column")
    return field


@pytest.mark.parametrize(
    ("action", "field", "problem"),
    [
        (Null(), CharField(max_length=9), "NOT NULL"),
        (Blank(), DateField(), "cannot be empty text"),
        (Blank(), User._meta.get_field("email"), "unique"),
        (Blank(), Order._meta.get_field("number"), "unique"),
        (Fixed("x"), User._meta.get_field("email"), "unique"),
        (Fixed("too long"), CharField(max_length=3), "longer"),
        (Fixed("x"), Order._meta.get_field("status"), "choices"),
        (Fixed("x"), DateField(), "nothing that a DateField holds"),
        (Fixed(None), CharField(max_length=9), "NOT NULL"),
        (Placeholder(), CharField(max_length=30), "shorter"),
        (Placeholder(), DateField(), "holds no address"),
        (Placeholder(), Order._meta.get_field("country"), "shorter"),
        (EmptyJson(), TextField(), "no JSON"),
        (DeleteFile(), TextField(), "no file"),
        (DeleteFile(), FileField(unique=True), "unique"),
        (DeleteFile(derivatives=("thumbs/{stem}",)), FileField(), "other files"),
        (DeleteFile(derivatives=("thumbs/",)), FileField(), "other files"),
        (Fixed(0), IntegerField(validators=[MinValueValidator(1)]), "validators"),
        (Fixed(Decimal("1000.00")), DecimalField(max_digits=5, decimal_places=2), "validators"),
        (
            Placeholder(),
            CharField(max_length=99, validators=[RegexValidator(r"@example\.com$")]),
            "validators",
        ),
        (Rewrite(None, done=Q(pk=1)), TextField(), "function"),
    ],
    ids=str,
)
def test_a_column_that_cannot_take_an_action_says_why(action, field, problem):
    found = action.problems(field if field.name else named(field))
    assert any(problem in text for text in found), found


@pytest.mark.fault("D03")
@pytest.mark.parametrize("field", [EmailField(), CharField(max_length=31), TextField(), URLField()], ids=type)
def test_a_placeholder_passes_the_validators_of_an_address(field):
    problems = Placeholder().problems(named(field))
    assert bool(problems) == isinstance(field, URLField)


@pytest.mark.fault("D12")
def test_derivatives_may_go_on_after_the_files_name():
    action = DeleteFile(derivatives=("{name}.", "__sized__/{stem}-", "CACHE/images/{stem}/"))
    assert action.problems(named(FileField())) == []


def test_rewriting_is_no_sql():
    action = Rewrite(lambda old: old[:2], done=Q(name=""))
    field = Order._meta.get_field("name")
    assert not action.in_sql
    assert action.problems(field) == []
    assert action.erased(field) == Q(name="")
    with pytest.raises(TypeError):
        action.value(field)


def test_an_empty_json_is_of_the_kind_of_the_columns_default():
    assert EmptyJson().value(named(JSONField(default=list))).value == []
    assert EmptyJson().value(named(JSONField(default=dict))).value == {}
    assert isinstance(Blank().value(named(TextField())), Value)
