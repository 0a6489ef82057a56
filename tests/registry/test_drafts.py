"""A draft is ready to paste: it imports, it declares every column, and the checks find no error that it does not mark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import models

from django_rgpd.registry import not_personal, registry
from django_rgpd.registry.checks import check_declarations, check_models
from django_rgpd.registry.drafts import draft

SHOP = (
    "accounts",
    "orders",
    "invoices",
    "payments",
    "basket",
    "wishes",
    "contact",
    "shop_reviews",
    "admin",
)


@pytest.fixture(autouse=True)
def _nothing_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop as it was before anybody declared anything; the library's own tables apart."""
    own = {model: entry for model, entry in registry.entries.items() if entry.origin == "django_rgpd.rgpd"}
    monkeypatch.setattr(registry, "entries", own)
    monkeypatch.setattr(registry, "repeated", [])
    monkeypatch.setattr(registry, "harmless", {})


@pytest.fixture
def a_model() -> Iterator[Any]:
    """Makes models of the catalogue's app and takes them out again."""
    made: list[str] = []

    def make(name: str, /, **body: Any) -> Any:
        meta = type("Meta", (), {"app_label": "catalogue"})
        found = type(
            name, (models.Model,), {"__module__": "example_shop.catalogue.models", "Meta": meta, **body}
        )
        made.extend(
            [name.lower(), *(m.remote_field.through._meta.model_name for m in found._meta.local_many_to_many)]
        )
        return found

    yield make
    for name in made:
        apps.all_models["catalogue"].pop(name, None)
    apps.clear_cache()


def paste(text: str) -> None:
    """Run a draft as the app's rgpd.py would be."""
    exec(compile(text, "rgpd.py", "exec"), {"__name__": "shop.rgpd"})


def found() -> list[str]:
    """Errors of the declarations and everything about forgotten models."""
    declared = [one for one in check_declarations(app_configs=None) if one.is_serious(40)]
    return sorted(str(one) for one in (*declared, *check_models(app_configs=None)))


def test_a_whole_shop_is_drafted_without_an_error():
    for label in SHOP:
        paste(draft(label))
    assert found() == []
    assert not registry.repeated


@pytest.mark.parametrize(
    ("label", "lines"),
    [
        (
            "orders",
            'who they are, and what you call them|Who(user="customer", email="guest_email")|of="gift"',
        ),
        ("orders", 'clocks = {"orders": "placed_at"}|at_end = KeepFacts()|internal = ["fraud_score"]'),
        (
            "invoices",
            'Who(user="order__customer", email="order__guest_email")|"pdf": Personal("accounting", erase=DeleteFile()',
        ),
        ("basket", 'Who(user="user", session="session_key")|"basket": Personal("baskets", erase=WithRow())'),
        (
            "accounts",
            '"email": Personal("account", erase=Placeholder()|internal = ["password", "is_superuser"',
        ),
        ("accounts", "@register(User.groups.through)"),
        ("payments", "category=PAYMENT, origin=OBSERVED"),
    ],
)
def test_a_draft_says(label, lines):
    text = draft(label)
    for line in lines.split("|"):
        assert line in text


def test_what_is_declared_already_is_left_out():
    paste(draft("orders"))
    assert draft("orders") == "# Every model of orders is declared, or holds nothing that looks personal.\n"
    not_personal("wishes", reason="Nobody's.")
    assert "Wish" not in draft("wishes").replace("wishes", "")


def test_an_app_of_goods_has_nothing_to_declare():
    assert draft("catalogue").startswith("# Every model of catalogue")


def test_a_path_runs_backwards_where_only_that_way_leads_to_a_person(a_model):
    place = a_model("Place", street=models.CharField(max_length=80), city=models.CharField(max_length=80))
    a_model(
        "Trip",
        place=models.ForeignKey(place, models.CASCADE),
        traveller=models.ForeignKey(get_user_model(), models.CASCADE),
    )
    text = draft("catalogue")
    assert 'who = Who(user="trip__traveller")' in text
    assert "backwards" in text
    assert '"city": Personal("account", erase=Blank(), category=CONTACT)' in text


def test_paths_that_could_be_meant_too_are_named(a_model):
    a_model(
        "Loan",
        lender=models.ForeignKey(get_user_model(), models.CASCADE, related_name="+"),
        borrower=models.ForeignKey(get_user_model(), models.CASCADE, related_name="+"),
    )
    text = draft("catalogue")
    assert 'who = Who(user="borrower")' in text
    assert "others: lender" in text


def test_rows_that_lead_to_nobody_are_for_the_shop_to_judge(a_model):
    a_model("Lead", first_name=models.CharField(max_length=80), company=models.CharField(max_length=80))
    text = draft("catalogue")
    compile(text, "rgpd.py", "exec")
    assert "# guess: catalogue.Lead looks personal (first_name), and no path leads to a person." in text
    assert '# not_personal("catalogue.Lead", reason="…")' in text


def test_a_relation_that_django_made_a_table_for_is_drafted_by_its_name(a_model):
    a_model("Club", members=models.ManyToManyField(get_user_model(), related_name="+"))
    assert "@register(Club.members.through)" in draft("catalogue")


def test_a_card_number_is_marked(a_model):
    a_model(
        "Till",
        owner=models.ForeignKey(get_user_model(), models.CASCADE),
        card_number=models.CharField(max_length=19),
    )
    assert "# guess: it looks like a card number, which only the payment provider may have" in draft(
        "catalogue"
    )


def test_the_command_prints_each_app_that_it_is_asked_for(capsys):
    call_command("rgpd_declare", "wishes", "contact")
    said = capsys.readouterr().out
    assert "# wishes/rgpd.py" in said
    assert "class ContactMessageData(Declaration):" in said


def test_the_command_says_that_an_app_is_not_installed():
    with pytest.raises(CommandError, match="No installed app"):
        call_command("rgpd_declare", "nowhere")


def test_who_worked_on_a_row_is_not_taken_for_whom_it_is_about(a_model: Any) -> None:
    user = get_user_model()
    a_model(
        "Ticket",
        answered_by=models.ForeignKey(user, models.SET_NULL, null=True, related_name="+"),
        customer=models.ForeignKey(user, models.SET_NULL, null=True, related_name="+"),
        message=models.TextField(),
    )
    a_model(
        "Sighting",
        created_by=models.ForeignKey(user, models.SET_NULL, null=True, related_name="+"),
        message=models.TextField(),
    )
    text = draft("catalogue")
    assert 'others: answered_by\n    who = Who(user="customer")' in text
    assert 'or did she work on it?\n    who = Who(user="created_by")' in text


def test_earlier_versions_of_an_account_are_whose_the_account_is(a_model: Any) -> None:
    user = get_user_model()
    a_model(
        "HistoricalUser",
        history_id=models.AutoField(primary_key=True),
        id=models.IntegerField(db_index=True),
        email=models.EmailField(),
        history_user=models.ForeignKey(user, models.SET_NULL, null=True, related_name="+"),
    )
    assert 'others: history_user\n    who = Who(user="id")' in draft("catalogue")


def test_a_text_that_may_say_anything_is_marked_among_the_facts(a_model: Any) -> None:
    user = get_user_model()
    a_model(
        "Booking",
        customer=models.ForeignKey(user, models.SET_NULL, null=True, related_name="+"),
        attendee=models.CharField(max_length=100),
        number=models.CharField(max_length=20),
    )
    assert '# guess: nothing of a person: attendee\n    facts = ["attendee", "number"]' in draft("catalogue")
