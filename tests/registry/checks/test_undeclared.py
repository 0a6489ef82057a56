"""Models that look personal and are not declared; cards and bank accounts; and how to say that one is neither."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import models

from django_rgpd.policy import BANK
from django_rgpd.registry import Blank, Personal, Who, WithRow, looks, not_personal
from django_rgpd.registry.checks import check_models


@pytest.fixture
def said_of(found):
    """The findings about the models that the test made."""

    def said_of(name):
        return [
            str(one.id)[-4:] for one in check_models(app_configs=None) if name.lower() in str(one).lower()
        ]

    return said_of


def text(**more):
    """A column of text."""
    return models.CharField(max_length=80, **more)


@pytest.mark.fault("D19")
@pytest.mark.parametrize(
    "columns",
    [
        {"owner": models.ForeignKey("accounts.User", models.CASCADE)},
        {"buyer": models.OneToOneField("accounts.User", models.CASCADE, primary_key=True)},
        {"contact": models.EmailField()},
        {"seen_from": models.GenericIPAddressField()},
        {"phone": text()},
        {"recipient_first_name": text()},
        {"nomDeFamille": text()},
        {"courriel": text()},
        {"date_naissance": models.DateField()},
        {"adresse_2": text()},
    ],
)
def test_w050_where_a_model_looks_personal(a_model, said_of, columns):
    a_model("Lead", **columns)
    assert said_of("wishes.Lead") == ["W050"]


@pytest.mark.parametrize(
    "columns",
    [
        {"name": text()},
        {"email_template": models.TextField()},
        {"phone_required": models.BooleanField()},
        {"email": models.BooleanField()},
        {"birthday_discount": models.IntegerField()},
        {"first_name_label": text()},
        {"username_slug": models.SlugField()},
        {"shipping": text()},
        {"contact_method": text(choices=[("email", "Email")])},
        {"rib_cage": text()},
        {"panorama": text()},
    ],
)
def test_nothing_is_said_of_a_model_that_only_speaks_of_such_things(a_model, said_of, columns):
    a_model("Thing", **columns)
    assert said_of("wishes.Thing") == []


def test_w050_where_a_key_leads_to_a_declared_model(a_model, declare, said_of):
    note = a_model("Note", owner=models.ForeignKey(get_user_model(), models.CASCADE))
    declare(note, who=Who(user="owner"), fields={"owner": Personal("account", erase=WithRow())})
    a_model("Page", note=models.ForeignKey(note, models.CASCADE))
    assert said_of("wishes.Page") == ["W050"]


@pytest.mark.fault("D08")
def test_w050_where_django_made_the_table_of_a_relation(a_model, said_of):
    a_model("Club", members=models.ManyToManyField("accounts.User"))
    assert said_of("wishes.Club_members") == ["W050"]


def test_w050_points_to_the_preset_where_there_is_one():
    hints = {str(one.obj._meta.label): one.hint for one in check_models(app_configs=None)}
    assert "presets.declare" in hints["admin.LogEntry"]
    assert "presets.declare" in hints["accounts.User_groups"]
    assert "rgpd_declare orders" in hints["orders.Order"]


def test_e050_where_the_shop_says_that_it_is_complete(a_model, said_of, settings):
    settings.RGPD = {**settings.RGPD, "COMPLETE": True}
    a_model("Lead", contact=models.EmailField(), iban=text(), card_number=text())
    assert said_of("wishes.Lead") == ["E050", "E055", "E056"]


@pytest.mark.parametrize("label", ["wishes", "wishes.Lead", "wishes.Lead.contact"])
def test_one_line_says_that_a_model_holds_nothing_personal(a_model, said_of, label):
    a_model("Lead", contact=models.EmailField())
    not_personal(label, reason="The address of our suppliers' robots.")
    assert said_of("Lead") == []


@pytest.mark.promise("P05")
@pytest.mark.parametrize("name", ["card_number", "cardNumber", "numero_carte", "cvv", "pan", "customer_cvc"])
def test_w055_where_a_column_looks_like_a_card(a_model, said_of, name):
    a_model("Till", **{name: text()})
    assert said_of("wishes.Till") == ["W055"]
    not_personal(f"wishes.Till.{name}", reason="It is a loyalty card.")
    assert said_of("wishes.Till") == []


@pytest.mark.promise("P05")
def test_w055_where_the_model_is_a_card(a_model, said_of):
    a_model("Bankcard", number=text())
    assert said_of("wishes.Bankcard") == ["W055"]


@pytest.mark.promise("P05")
def test_e041_where_a_card_is_declared(a_model, declare, said_of):
    till = a_model("Till", owner=models.ForeignKey(get_user_model(), models.CASCADE), card_number=text())
    declare(
        till,
        who=Who(user="owner"),
        fields={"card_number": Personal("account", erase=Blank())},
        internal=["owner"],
    )
    assert said_of("wishes.Till") == ["E041"]


@pytest.mark.promise("P05")
@pytest.mark.parametrize("name", ["iban", "rib", "customer_iban", "compte_bancaire"])
def test_w056_where_a_column_looks_like_a_bank_account(a_model, said_of, name):
    a_model("Till", **{name: text()})
    assert said_of("wishes.Till") == ["W056"]


@pytest.mark.promise("P05")
def test_e042_where_a_bank_account_is_declared_as_something_else(a_model, declare, said_of, said):
    till = a_model("Till", owner=models.ForeignKey(get_user_model(), models.CASCADE), iban=text())
    declared = {"who": Who(user="owner"), "internal": ["owner"]}
    declare(till, **declared, fields={"iban": Personal("account", erase=Blank())})
    assert said_of("wishes.Till") == ["E042"]
    said.entries.clear()
    declare(till, **declared, fields={"iban": Personal("account", erase=Blank(), category=BANK)})
    assert said_of("wishes.Till") == []


@pytest.mark.parametrize("label", ["wihses", "wishes.Lad", "wishes.Wish.nowhere", "wishes.Wish.note.more"])
def test_e043_where_an_excuse_names_nothing(said_of, label):
    not_personal(label, reason="It holds nothing.")
    assert said_of(label) == ["E043"]


def test_e043_where_an_excuse_has_no_reason(said_of):
    not_personal("wishes.Wish", reason=" ")
    assert said_of("not_personal('wishes.wish')") == ["E043"]


def test_e044_where_a_model_is_declared_and_excused(a_model, declare, said_of):
    note = a_model("Note", owner=models.ForeignKey(get_user_model(), models.CASCADE))
    declare(note, who=Who(user="owner"), fields={"owner": Personal("account", erase=WithRow())})
    not_personal("wishes.Note", reason="It holds nothing.")
    assert said_of("wishes.Note") == ["E044"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("first_name", ("first", "name")),
        ("firstName", ("first", "name")),
        ("address_line_2", ("address",)),
        ("addressLine1", ("address",)),
        ("phone2", ("phone",)),
        ("line1", ("line",)),
        ("_email", ("email",)),
    ],
)
def test_words_of_a_name(name, words):
    assert looks.words(name) == words
