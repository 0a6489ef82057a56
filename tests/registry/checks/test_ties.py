"""Generic keys: what a declaration says of one, and a model with one that nobody declared."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from django_rgpd.registry import Blank, Personal, Who, WithRow, checks, not_personal

pytestmark = pytest.mark.fault("D09")

ALBUM = {"who": Who(user="owner"), "fields": {"owner": Personal("rgpd_identity", erase=WithRow())}}


def a_remark(**body):
    """The columns of a model with a generic key."""
    return {
        "content_type": models.ForeignKey(ContentType, models.CASCADE, related_name="+"),
        "object_id": models.PositiveIntegerField(),
        "target": GenericForeignKey(),
        "word": models.TextField(),
        **body,
    }


def said_of(name="target", to=("wishes.Album",)):
    """A declaration by a generic key."""
    return {
        "who": Who(generic=name, to=to),
        "fields": {"word": Personal("rgpd_identity", erase=Blank())},
        "internal": ["content_type", "object_id"],
    }


@pytest.fixture
def album(a_model, declare):
    """What the remarks are about."""
    model = a_model("Album", owner=models.ForeignKey(get_user_model(), models.CASCADE))
    declare(model, **ALBUM)
    return model


def test_a_generic_key_to_a_declared_model_is_well(a_model, declare, found, album):
    declare(a_model("Remark", **a_remark()), **said_of())
    assert found() == []


@pytest.mark.parametrize(
    ("attributes", "about"),
    [
        ({"name": "word"}, "no GenericForeignKey"),
        ({"to": ()}, "no declared model"),
        ({"to": ("wishes.Nothing",)}, "no such model"),
        ({"to": ("contenttypes.ContentType",)}, "not declared"),
        ({"to": ("wishes.Remark",)}, "found by a generic key"),
    ],
)
def test_e070_where_a_generic_key_leads_nowhere(a_model, declare, found, album, attributes, about):
    declare(a_model("Remark", **a_remark()), **said_of(**attributes))
    assert found(about=about) == ["E070"]


def test_e070_where_the_column_cannot_hold_the_keys(a_model, declare, found, album):
    model = a_model("Remark", **a_remark(object_id=models.UUIDField()))
    declare(model, **said_of())
    assert found(about="cannot hold") == ["E070"]


@pytest.mark.parametrize("column", [models.CharField(max_length=64), models.TextField()])
def test_a_text_holds_every_key(a_model, declare, found, album, column):
    declare(a_model("Remark", **a_remark(object_id=column)), **said_of())
    assert found() == []


def said_about(model):
    """The ids of what the checks of all models say of one."""
    return [str(one.id)[-4:] for one in checks.check_models(app_configs=None) if one.obj is model]


def test_w071_where_nobody_declared_a_model_with_a_generic_key(a_model, settings):
    model = a_model("Remark", **a_remark())
    assert said_about(model) == ["W071"]
    settings.RGPD = {**settings.RGPD, "COMPLETE": True}
    assert said_about(model) == ["E071"]


def test_a_declaration_or_a_reason_answers_w071(a_model, declare, album):
    model = a_model("Remark", **a_remark())
    declare(model, **said_of())
    assert said_about(model) == []
    other = a_model("Mark", **a_remark())
    not_personal("wishes.Mark", reason="Marks on goods.")
    assert said_about(other) == []
