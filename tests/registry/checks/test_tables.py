"""Tables that the engine cannot reach, or reads slowly; keys that hold a row or sweep one away."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db import models, router
from django.db.models.functions import Lower

from django_rgpd.policy import FISCAL_YEAR_END, Contract, LegalObligation, Purpose, years
from django_rgpd.registry import (
    Blank,
    DeleteRow,
    KeepFacts,
    Null,
    Personal,
    Placeholder,
    Who,
    WithRow,
    not_personal,
)
from django_rgpd.registry.checks import tables

BOOKS = Purpose(
    "accounting", "Invoices", bases=[LegalObligation("L123-22")], term=years(10), clock=FISCAL_YEAR_END
)
ACCOUNT = Purpose("account", "Your account", bases=[Contract()], term=years(2))
OWNER = {"who": Who(user="owner"), "fields": {"owner": Personal("rgpd_identity", erase=WithRow())}}


class Hidden(models.Manager):
    """Leaves rows out."""

    def get_queryset(self):
        """Those that were not taken back."""
        return super().get_queryset().filter(gone=False)


def owned(**more):
    """The columns of a model that is somebody's."""
    return {"owner": models.ForeignKey(get_user_model(), models.CASCADE), **more}


def test_e021_where_a_model_is_declared_twice(a_model, declare, found):
    model = a_model("Note", **owned())
    declare(model, **OWNER)
    assert found() == []
    declare(model, **OWNER)
    assert found(about="twice") == ["E021"]


def test_a_shops_declaration_stands_in_for_a_preset(a_model, declare, found):
    model = a_model("Note", **owned())
    declare(model, **OWNER, __module__="django_rgpd.registry.presets.auth")
    declare(model, **OWNER)
    assert found() == []


def test_e045_where_rows_are_in_another_database(a_model, declare, found, monkeypatch):
    model = a_model("Note", **owned())
    declare(model, **OWNER)
    monkeypatch.setattr(router, "db_for_write", lambda one, **hints: "archive" if one is model else "default")
    assert found(about="'archive'") == ["E045"]


def test_e051_where_a_proxy_is_declared(a_model, declare, found):
    model = a_model("Note", **owned())
    proxy = a_model("Reminder", base=model, meta={"proxy": True})
    declare(proxy, **OWNER)
    assert found(about="wishes.Note") == ["E051"]


@pytest.mark.fault("D07")
def test_e053_where_the_base_manager_hides_rows(a_model, declare, found):
    model = a_model(
        "Note",
        meta={"base_manager_name": "objects"},
        **owned(gone=models.BooleanField(default=False), objects=Hidden()),
    )
    declare(model, **OWNER, internal=["gone"])
    assert found() == ["E053"]


def test_a_default_manager_that_hides_rows_hides_nothing_from_the_engine(a_model, declare, found):
    model = a_model("Note", **owned(gone=models.BooleanField(default=False), objects=Hidden()))
    declare(model, **OWNER, internal=["gone"])
    assert found() == []


ADDRESS = {
    "who": Who(email="email"),
    "clocks": {"account": "made_on"},
    "fields": {"email": Personal("account", erase=Placeholder())},
    "facts": ["made_on"],
}


def test_w054_where_no_index_serves_the_address_or_the_clock(a_model, declare, found):
    model = a_model("Letter", email=models.EmailField(), made_on=models.DateField())
    declare(model, **ADDRESS)
    assert found(about="index") == ["W054", "W054"]


@pytest.mark.parametrize(
    "meta",
    [
        {
            "indexes": [
                models.Index(Lower("email"), name="one"),
                models.Index(fields=["-made_on", "email"], name="two"),
            ]
        },
        {
            "constraints": [
                models.UniqueConstraint(Lower("email"), name="one"),
                models.UniqueConstraint(fields=["made_on", "email"], name="two"),
            ]
        },
    ],
)
def test_indexes_and_constraints_serve_alike(a_model, declare, found, meta):
    model = a_model("Letter", email=models.EmailField(), made_on=models.DateField(), meta=meta)
    declare(model, **ADDRESS)
    assert found() == []


def test_the_index_that_is_advised_has_a_name_that_databases_take(a_model):
    model = a_model("VeryLongNameOfAModelIndeed", email=models.EmailField())
    assert len(tables._index_name(model, "recipients_second_email", "lower")) <= 30


@pytest.mark.fault("D01")
@pytest.mark.parametrize("on_delete", [models.CASCADE, models.PROTECT, models.DO_NOTHING])
def test_e037_where_an_undeclared_table_refers_to_rows_that_go(a_model, declare, found, on_delete):
    model = a_model("Note", **owned())
    a_model("Page", note=models.ForeignKey(model, on_delete))
    declare(model, **OWNER)
    assert found(about="wishes.Page.note") == ["E037"]


def test_e037_is_answered_by_a_key_that_is_set_to_null(a_model, declare, found):
    model = a_model("Note", **owned())
    a_model("Page", note=models.ForeignKey(model, models.SET_NULL, null=True))
    declare(model, **OWNER)
    assert found() == ["E037"]
    not_personal("wishes.Page", reason="It is about notes.")
    assert found() == []


def test_links_that_django_made_go_with_one_end(a_model, declare, found):
    tag = a_model("Tag")
    model = a_model("Note", **owned(tags=models.ManyToManyField(tag)))
    declare(model, **OWNER)
    assert found() == []


def test_rows_that_stay_may_be_referred_to(a_model, declare, found):
    model = a_model("Note", **owned(text=models.TextField()))
    a_model("Page", note=models.ForeignKey(model, models.PROTECT))
    declare(
        model,
        who=Who(user="owner"),
        fields={"text": Personal("rgpd_identity", erase=Blank())},
        internal=["owner"],
        at_end=KeepFacts(),
    )
    assert found() == []


def invoice(declare, model):
    """Declares what the books keep."""
    declare(
        model,
        who=Who(user="note__owner"),
        clocks={"accounting": "issued_on"},
        fields={"name": Personal("accounting", erase=Blank())},
        facts=["issued_on"],
        internal=["note"],
    )


def an_invoice(a_model, note, on_delete, **key):
    """What the books keep, with a key to the note."""
    return a_model(
        "Invoice",
        note=models.ForeignKey(note, on_delete, **key),
        name=models.CharField(max_length=80),
        issued_on=models.DateField(db_index=True),
    )


def test_e038_where_a_deletion_would_take_the_books_along(a_model, declare, found, promise):
    promise(BOOKS, ACCOUNT)
    note = a_model("Note", **owned())
    declare(note, **OWNER)
    invoice(declare, an_invoice(a_model, note, models.CASCADE))
    assert found(about="wishes.Note") == ["E038"]


def test_w051_where_a_row_that_stays_holds_one_that_goes(a_model, declare, found, promise):
    promise(BOOKS, ACCOUNT)
    note = a_model("Note", **owned())
    declare(note, **OWNER)
    invoice(declare, an_invoice(a_model, note, models.PROTECT))
    assert found(about="PROTECT") == ["W051"]


def test_a_key_that_is_nulled_holds_nothing(a_model, declare, found):
    note = a_model("Note", **owned())
    declare(note, **OWNER)
    line = a_model("Line", note=models.ForeignKey(note, models.SET_NULL, null=True))
    declare(
        line,
        who=Who(user="note__owner"),
        fields={"note": Personal("rgpd_identity", erase=Null())},
        at_end=KeepFacts(),
    )
    assert found() == []


def test_rows_that_go_together_hold_nothing(a_model, declare, found):
    note = a_model("Note", **owned())
    declare(note, **OWNER)
    page = a_model("Page", note=models.ForeignKey(note, models.CASCADE))
    declare(
        page,
        who=Who(user="note__owner"),
        fields={"note": Personal("rgpd_identity", erase=WithRow())},
        at_end=DeleteRow(),
    )
    assert found() == []
