"""Each fault of a declaration's fields has one check, by its exact id."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q

from django_rgpd.policy import (
    ACCOUNT_CLOSED,
    HEALTH,
    IDENTITY,
    LAST_CONTACT,
    LAST_SALE,
    UNTIL_WITHDRAWN,
    Consent,
    Contract,
    LegalClaims,
    Purpose,
    years,
)
from django_rgpd.registry import (
    Blank,
    KeepFacts,
    Null,
    Personal,
    Placeholder,
    Unsettled,
    Who,
    WithRow,
)
from django_rgpd.registry.checks import check_policy

TODAY = {"account": "made_on"}


@pytest.fixture
def note(a_model):
    """Somebody's note."""
    return a_model(
        "Note",
        owner=models.ForeignKey(get_user_model(), models.CASCADE),
        text=models.TextField(),
        made_on=models.DateField(db_index=True),
    )


def good(**changes):
    """A declaration of a note that nothing is wrong with, but for ``changes``."""
    return {
        "who": Who(user="owner"),
        "clocks": TODAY,
        "fields": {"text": Personal("account", erase=Blank())},
        "facts": ["made_on"],
        "internal": ["owner"],
        **changes,
    }


def test_nothing_is_wrong_with_a_good_declaration(note, declare, found):
    declare(note, **good())
    assert found() == []


def test_e023_where_no_column_has_the_name(note, declare, found):
    declare(note, **good(facts=["made_on", "colour"]))
    assert found(about="'colour'") == ["E023"]


def test_e023_where_a_person_sees_what_is_not_declared(note, declare, found):
    declare(note, **good(who=Who(user="owner", sees=("nothing",))))
    assert found() == ["E023"]


@pytest.mark.fault("D19")
def test_e024_where_a_column_was_added_later(note, declare, found):
    declare(note, **good(facts=[]))
    assert found(about="'made_on'") == ["E024"]


def test_e025_where_a_column_is_listed_twice(note, declare, found):
    declare(note, **good(internal=["owner", "made_on"]))
    assert found(about="'made_on'") == ["E025"]


@pytest.mark.fault("D05")
@pytest.mark.parametrize(
    ("column", "action"),
    [
        (models.TextField(), Null()),
        (models.CharField(max_length=80, unique=True), Blank()),
        (models.CharField(max_length=10), Placeholder()),
        (models.IntegerField(), Blank()),
        (models.CharField(max_length=80, choices=[("a", "A")]), Placeholder()),
    ],
)
def test_e026_where_the_column_cannot_take_the_action(a_model, declare, found, column, action):
    model = a_model("Thing", owner=models.ForeignKey(get_user_model(), models.CASCADE), value=column)
    declare(
        model,
        who=Who(user="owner"),
        fields={"value": Personal("rgpd_identity", erase=action)},
        internal=["owner"],
    )
    assert found(about="'value'") == ["E026"]


def test_e026_where_a_value_goes_with_a_row_that_stays(note, declare, found):
    declare(note, **good(fields={"text": Personal("account", erase=WithRow())}, at_end=KeepFacts()))
    assert found() == ["E026"]


def test_a_row_of_keys_alone_can_go(a_model, declare, found):
    model = a_model("Favourite", owner=models.ForeignKey(get_user_model(), models.CASCADE))
    declare(model, who=Who(user="owner"), fields={"owner": Personal("rgpd_identity", erase=WithRow())})
    assert found() == []


def test_e027_where_the_policy_has_no_such_purpose(note, declare, found):
    declare(note, **good(fields={"text": Personal("acount", erase=Blank())}))
    assert found(about="'acount'") == ["E027"]


def test_e027_where_what_is_unsettled_is_for_no_purpose(note, declare, found):
    unpaid = Unsettled(Q(pk=1), reason="unpaid", purposes=["acount"])
    declare(note, **good(unsettled=unpaid))
    assert found(about="'acount'") == ["E027"]


def test_e027_where_a_clock_is_for_no_purpose(note, declare, found):
    declare(note, **good(clocks={**TODAY, "acount": "made_on"}))
    assert found() == ["E027"]


def test_e028_where_a_field_serves_nothing(note, declare, found):
    declare(note, **good(fields={"text": Personal(erase=Blank())}))
    assert found(about="'text'") == ["E028"]


def test_e029_where_a_term_has_no_clock(note, declare, found):
    declare(note, **good(clocks={}))
    assert found(about="'account'") == ["E029"]


@pytest.mark.parametrize("term", [{"term": UNTIL_WITHDRAWN}, {"term": years(2), "clock": LAST_CONTACT}])
def test_a_term_that_counts_by_the_person_or_never_needs_no_clock(note, declare, found, promise, term):
    promise(Purpose("account", "Your account", bases=[Contract()], **term))
    declare(note, **good(clocks={}))
    assert found() == []


@pytest.mark.parametrize("clock", [LAST_CONTACT, LAST_SALE, ACCOUNT_CLOSED])
def test_e029_where_a_purpose_outlives_the_erasure_and_its_clock_does_not(
    note, declare, found, promise, clock
):
    promise(Purpose("account", "Claims", bases=[LegalClaims()], term=years(5), clock=clock))
    declare(note, **good(clocks={}))
    assert found(about="'account'") == ["E029"]


def test_a_purpose_that_outlives_the_erasure_may_count_by_a_column(note, declare, found, promise):
    promise(Purpose("account", "Claims", bases=[LegalClaims()], term=years(5), clock=LAST_CONTACT))
    declare(note, **good())
    assert found() == []


def test_e031_where_the_row_has_no_such_person(note, declare, found):
    declare(note, **good(fields={"text": Personal("account", erase=Blank(), of="recipient")}))
    assert found(about="'recipient'") == ["E031"]


def test_e040_where_health_data_is_kept_without_consent(note, declare, found, promise):
    declare(note, **good(fields={"text": Personal("account", erase=Blank(), category=HEALTH)}))
    assert found(about="health") == ["E040"]
    promise(Purpose("account", "Your account", bases=[Consent()], term=years(2)))
    assert found() == []


@pytest.mark.parametrize("category", [IDENTITY, HEALTH])
def test_a_purpose_without_a_basis_is_left_to_the_check_of_the_policy(
    note, declare, found, promise, category
):
    promise(Purpose("account", "Your account", bases=[], term=years(2)))
    declare(note, **good(fields={"text": Personal("account", erase=Blank(), category=category)}))
    assert found() == []
    assert found(check_policy) == ["E046"]


def test_w062_where_a_row_that_stays_keeps_an_address_as_a_fact(a_model, declare, found):
    model = a_model(
        "Sale",
        owner=models.ForeignKey(get_user_model(), models.SET_NULL, null=True),
        buyer_email=models.EmailField(),
    )
    declared = {
        "who": Who(user="owner"),
        "fields": {"owner": Personal("rgpd_identity", erase=Null())},
        "facts": ["buyer_email"],
    }
    declare(model, **declared, at_end=KeepFacts())
    assert found(about="'buyer_email'") == ["W062"]
