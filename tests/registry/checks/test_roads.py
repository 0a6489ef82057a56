"""Each path of a declaration that leads nowhere has one check, by its exact id."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from django_rgpd.policy import years
from django_rgpd.registry import (
    Blank,
    Follows,
    OpenBusiness,
    Personal,
    Sales,
    Unsettled,
    When,
    Who,
)


@pytest.fixture
def note(a_model):
    """Somebody's note."""
    return a_model(
        "Note",
        owner=models.ForeignKey(get_user_model(), models.CASCADE),
        text=models.TextField(),
        size=models.IntegerField(default=0),
    )


@pytest.fixture
def declared(note, declare):
    """Declares the note by a good declaration with changes."""

    def declared(**changes):
        values = {
            "who": Who(user="owner"),
            "fields": {"text": Personal("rgpd_identity", erase=Blank())},
            "facts": ["size"],
            "internal": ["owner"],
        }
        return declare(note, **{**values, **changes})

    return declared


@pytest.mark.parametrize("path", ["customer", "owner__basket__nowhere", "text__owner", "text__contains"])
def test_e022_where_a_path_cannot_be_followed(declared, found, path):
    declared(who=Who(user=path))
    assert found(about=path) == ["E022"]


@pytest.mark.parametrize(
    "changes",
    [
        {"clocks": {"rgpd_identity": "nowhere"}},
        {"contacts": ["nowhere"]},
        {"open_business": OpenBusiness(Q(size=1), until="nowhere")},
        {"open_business": Follows("nowhere")},
        {"unsettled": Follows("nowhere")},
        {"unsettled": Unsettled(Q(size=1), reason="unpaid", since="nowhere", at_most=years(5))},
        {"sales": Sales(paid_at="nowhere")},
        {"currency": "nowhere"},
    ],
)
def test_e022_wherever_the_path_stands(declared, found, changes):
    declared(**changes)
    assert found(about="nowhere") == ["E022"]


def test_e022_where_contacts_are_one_text(declared, found):
    declared(contacts="owner__date_joined")
    assert found(about="contacts = 'owner__date_joined'") == ["E022"]


def test_contacts_are_a_list_of_dates(declared, found):
    declared(contacts=["owner__date_joined"])
    assert found() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"clocks": {"rgpd_identity": "text"}},
        {"sales": Sales(paid_at="size")},
        {"contacts": ["owner__last_login", "text"]},
        {"unsettled": Unsettled(Q(size=1), reason="unpaid", since="size", at_most=years(5))},
    ],
)
def test_e030_where_a_clock_is_no_date(declared, found, changes):
    declared(**changes)
    assert found(about="date") == ["E030"]


def test_e032_where_nobody_is_named(declared, found):
    declared(who=None)
    assert found() == ["E032"]


def test_e032_where_no_path_leads_to_a_person(declared, found):
    declared(who=Who())
    assert found(about="'subject'") == ["E032"]


@pytest.mark.parametrize(
    "who", [Who(user="owner__groups"), Who(email="size"), Who(person="size"), Who(session="owner")]
)
def test_e033_where_a_path_ends_at_something_else(declared, found, who):
    declared(who=who)
    assert "E033" in found()


@pytest.mark.parametrize("path", ["owner", "owner_id", "owner__pk", "owner__id"])
def test_an_account_can_be_named_in_each_of_djangos_ways(declared, found, path):
    declared(who=Who(user=path))
    assert found() == []


@pytest.mark.parametrize("changes", [{"open_business": Follows("owner")}, {"unsettled": Follows("owner")}])
def test_e034_where_the_followed_row_is_not_declared(declared, found, changes):
    declared(**changes)
    assert found() == ["E034"]


@pytest.mark.parametrize(
    "changes",
    [
        {"who": Who(user="owner", where=Q(nowhere=1))},
        {"open_business": OpenBusiness(Q(size="many"))},
        {"unsettled": Unsettled(Q(nowhere=1), reason="unpaid")},
        {"fields": {"text": Personal(When("rgpd_identity", Q(nowhere=1)), erase=Blank())}},
        {"sales": Sales(paid_at="owner__date_joined", where=Q(nowhere=1))},
    ],
)
def test_e035_where_a_condition_cannot_be_asked(declared, found, changes):
    declared(**changes)
    assert found() == ["E035"]
