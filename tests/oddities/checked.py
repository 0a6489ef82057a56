"""What the system checks say of the odd models: what cannot be carried out is named, and nothing else is."""

from __future__ import annotations

from django.core.checks import run_checks
from django.core.checks.messages import ERROR

from django_rgpd.core.checks import TAG
from tests.oddities.ground import check
from tests.oddities.in_the_zoo import STRAYS

EXPECTED = {
    "E051": {"zoo.LoudOnly"},
    "E053": {"zoo.Hidden"},
}
"""The zoo shows that the engine copes with these; a shop is told to do otherwise."""


def findings() -> None:
    """Strays are errors where they hold an account, generic keys and histories that nobody declared are named."""
    found = [one for one in run_checks(tags=[TAG]) if one.id]
    errors = {
        (str(one.id).removeprefix("django_rgpd."), _label(one.obj)) for one in found if one.level >= ERROR
    }
    expected = {(number, label) for number, labels in EXPECTED.items() for label in labels}
    strays = {one.msg.split(".user")[0] for one in found if one.id == "django_rgpd.E037"}
    check(f"strays: {strays}", {stray._meta.label for stray in STRAYS} <= strays)
    others = {one for one in errors if one[0] not in {"E037", "E038"}}
    check(f"errors: {others ^ expected}", others == expected)
    named = {_label(one.obj) for one in found if one.id == "django_rgpd.W071"}
    check(f"generic keys: {named}", named == {"odd_keys.StrayTag"})
    undeclared = {_label(one.obj) for one in found if one.id == "django_rgpd.W050"}
    check(f"histories: {undeclared}", "odd_keys.StrayHistory" in undeclared)


def two_databases() -> None:
    """Rows in another database than people are refused: one transaction cannot hold both."""
    found = {_label(one.obj) for one in run_checks(tags=[TAG]) if one.id == "django_rgpd.E045"}
    check(f"elsewhere: {found}", found == {"zoo.Note"})


def _label(thing: object) -> str:
    meta = getattr(thing, "_meta", None)
    return str(meta.label) if meta is not None else str(thing)
