"""The checks of processors: each named after its fault, and silent without it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest

from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import Recipient, current
from django_rgpd.processors import roads as declared
from django_rgpd.processors.base import Capability, Processor
from django_rgpd.processors.checks import check_processors, check_test_accounts
from tests.processors.conftest import DUMMY, MANUAL, NOTHING

pytestmark = pytest.mark.django_db

MAILCHIMP = {
    "class": "django_rgpd.processors.mailchimp.Mailchimp",
    "api_key": "0123456789abcdef0123456789abcdef-us21",
    "audiences": {"newsletter": "a6b5da1054"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyErases(Processor):
    """Cannot be told of an opt-out."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.ERASE})


def found() -> list[tuple[str, str]]:
    """Ids and messages."""
    return [(str(one.id).removeprefix("django_rgpd."), one.msg) for one in check_processors(app_configs=None)]


def test_nothing_is_found_where_every_processor_has_a_road(roads):
    roads(mailchimp={"class": DUMMY}, stripe={"class": MANUAL, "instructions": "Delete the customer."})
    assert found() == []


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({}, 'lacks "class"'),
        ({"class": "nowhere.Nobody"}, "cannot be imported"),
        ({"class": "datetime.date"}, "no Processor"),
        ({"class": DUMMY, "apikey": "secret"}, "no option 'apikey'"),
        ({"class": MANUAL}, "lacks the option 'instructions'"),
        ({"class": MANUAL, "instructions": " "}, "lacks instructions"),
        ({"class": MANUAL, "instructions": "Write.", "to": "nobody"}, "no mail address"),
        ({"class": NOTHING, "reason": ""}, "lacks a reason"),
        ({"class": MANUAL, "instructions": "Write.", "to": 7}, "wrong type: 'to' is a text"),
        (
            {"class": DUMMY, "references": "payments.Payment.stripe_customer"},
            "'references' is a list of texts",
        ),
        ({"class": DUMMY, "fields": ["first_name"]}, "'fields' is a dict of texts, or of lists of texts"),
        ({**MAILCHIMP, "audiences": "a6b5da1054"}, "'audiences' is a dict of texts"),
        ({**MAILCHIMP, "webhook_secrets": None}, "'webhook_secrets' is a list of texts"),
        ({**MAILCHIMP, "tags": {"newsletter": "reader"}}, "'tags' is a dict of lists of texts"),
        ({**MAILCHIMP, "api_key": None}, "'api_key' is a text"),
    ],
)
def test_e501_a_setting_that_cannot_be_used(roads, setting, said):
    roads(mailchimp=setting)
    ((number, message),) = found()
    assert number == "E501"
    assert said in message
    assert "secret" not in message.replace("webhook_secrets", "")


def test_e502_a_processor_that_is_no_recipient_of_the_policy(roads):
    roads(mailchump={"class": DUMMY})
    assert [number for number, _message in found()] == ["E502"]


def test_e503_a_processor_that_cannot_do_what_its_purposes_need(roads):
    roads(mailchimp={"class": f"{__name__}.OnlyErases"}, stripe={"class": f"{__name__}.OnlyErases"})
    ((number, message),) = found()
    assert number == "E503"
    assert "'opt_out'" in message


@pytest.mark.parametrize("column", ["first_name", "password", "no_column"])
def test_e504_a_field_that_is_declared_for_none_of_its_purposes(roads, column):
    """The name serves the account, and the newsletter service gets data for the newsletter alone."""
    roads(mailchimp={"class": DUMMY, "fields": {"FNAME": column}})
    ((number, message),) = found()
    assert number == "E504"
    assert f"accounts.User.{column}" in message


def test_e504_not_for_a_field_that_serves_one_of_its_purposes(roads, monkeypatch):
    policy = current()
    wider = [
        Recipient("mailchimp", "M", purposes=["newsletter", "account"]) if one.key == "mailchimp" else one
        for one in policy.recipients
    ]
    monkeypatch.setattr("django_rgpd.processors.checks.current", lambda: replace(policy, recipients=wider))
    roads(mailchimp={"class": DUMMY, "fields": {"FNAME": "first_name"}})
    assert found() == []


def test_w501_a_processor_without_a_road(settings):
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {}}
    assert [number for number, _message in found()] == ["W501"] * 3
    assert not any("accountant" in message for _number, message in found()), "the law has it keep the books"


def test_a_setting_that_is_no_dict_is_an_error_of_its_type(settings):
    from django_rgpd.core.checks import check_settings

    settings.RGPD = {**settings.RGPD, "PROCESSORS": ["mailchimp"]}
    assert "django_rgpd.E003" in {one.id for one in check_settings(app_configs=None)}


def test_options_are_never_printed(roads):
    roads(mailchimp={"class": DUMMY, "name": "x", "key": "very-secret"})
    with pytest.raises(Misconfigured) as failure:
        declared.build("mailchimp")
    assert "very-secret" not in str(failure.value)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("payments.Payment.stripe_customer", False),
        ("payments.Payment.amount", True),
        ("payments.Nothing.at_all", True),
        ("stripe_customer", True),
    ],
)
def test_a_reference_is_a_personal_field_of_a_declared_model(roads: Any, path: str, wrong: bool) -> None:
    roads(stripe={"class": DUMMY, "references": (path,)})
    found = [one for one in check_processors(app_configs=None) if one.id == "django_rgpd.E504"]
    assert bool(found) == wrong
    assert all(path in one.msg for one in found)


MAILCHIMP = {
    "class": "django_rgpd.processors.mailchimp.Mailchimp",
    "api_key": "0123456789abcdef0123456789abcdef-us21",
    "audiences": {"newsletter": "a6b5da1054"},
}


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "with/slash" * 5])
def test_e505_a_webhook_secret_that_can_be_guessed(roads, secret):
    pytest.importorskip("mailchimp_marketing")
    roads(mailchimp={**MAILCHIMP, "webhook_secrets": [secret]})
    ((number, message),) = found()
    assert number == "E505"
    assert "not listened to" in message


def test_w502_a_mailchimp_that_has_no_webhook_secret(roads):
    pytest.importorskip("mailchimp_marketing")
    roads(mailchimp=MAILCHIMP)
    assert [number for number, _message in found()] == ["W502"]
    roads(mailchimp={**MAILCHIMP, "webhook_secrets": ["Vb1fT0sW7mJq3xKz9uRd5yLh2cNe8gAp"]})
    assert found() == []


@pytest.mark.parametrize(
    ("key", "production", "number"), [("test", True, 1), ("live", True, 0), ("test", False, 0)]
)
def test_w503_a_test_key_in_production(roads, settings, key, production, number):
    """An erasure that finds nothing in the test mode would be called done."""
    roads(stripe={"class": "django_rgpd.processors.stripe.Stripe", "api_key": f"rk_{key}_1"})
    settings.RGPD = {**settings.RGPD, "PRODUCTION": production}
    assert [one.id for one in check_test_accounts(app_configs=None)] == ["django_rgpd.W503"] * number
