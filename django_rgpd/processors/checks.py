"""System checks of the processors: each promise of the policy has a road that can keep it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

from django_rgpd.core import conf, keys
from django_rgpd.core.checks import TAG
from django_rgpd.core.errors import Misconfigured
from django_rgpd.policy import Policy, Recipient, current
from django_rgpd.processors import given, references, roads
from django_rgpd.processors.base import Processor
from django_rgpd.processors.mailchimp_webhook import Told
from django_rgpd.registry import registry


@register(TAG)
def check_processors(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """Everything that is wrong with ``RGPD["PROCESSORS"]``, and the recipients whom nobody could tell anything."""
    try:
        policy = current()
    except Misconfigured:
        return []  # the checks of the policy say so
    return [*_settings(policy), *_without_a_road(policy)]


@register(TAG, deploy=True)
def check_test_accounts(*, app_configs: Sequence[AppConfig] | None, **_: object) -> list[CheckMessage]:
    """The processors whose key is of a test account, where this is production: each answers that it has nothing of anybody."""
    try:
        there = roads.every() if conf.in_production() else ()
    except Misconfigured:
        return []  # the checks of the policy say so
    message = "Its key is of a test account: every erasure finds nothing there, and is called done."
    hint = 'Take the live key, or set RGPD["PRODUCTION"] to False on a copy of the shop.'
    return [
        Caution(message, hint=hint, obj=f'RGPD["PROCESSORS"]["{one.key}"]', id="django_rgpd.W503")
        for one in there
        if not one.processor.live
    ]


def _settings(policy: Policy) -> Iterator[CheckMessage]:
    recipients = {one.key: one for one in policy.recipients}
    for key in conf.get().PROCESSORS:
        place = f'RGPD["PROCESSORS"]["{key}"]'
        try:
            processor = roads.build(key)
        except Misconfigured as problem:
            yield _error("E501", place, f"It {problem}", "See docs/reference/processors.md for its options.")
            continue
        if key not in recipients:
            hint = f"Name one in the policy: Recipient({key!r}, …, purposes=[…])."
            yield _error("E502", place, "The policy has no recipient of this key.", hint)
        elif processor is not None:
            yield from _lacking(place, recipients[key], processor)
            yield from _unserved(place, recipients[key], processor)
            yield from _given(place, recipients[key], processor)
            for sentence in references.problems(processor):
                yield _error(
                    "E504", place, f"It {sentence}", "Declare the column as Personal, or leave it out."
                )
            yield from _heard(place, processor)


def _lacking(place: str, recipient: Recipient, processor: Processor) -> Iterator[CheckMessage]:
    for step in sorted(roads.needed(recipient)):
        if not processor.can(step):
            message = f"Its purposes need {step.value!r}, which {type(processor).__name__} does not support."
            hint = "Take another class, or Manual, with which somebody does it."
            yield _error("E503", place, message, hint)


def _unserved(place: str, recipient: Recipient, processor: Processor) -> Iterator[CheckMessage]:
    for purpose in current().marketing:
        if purpose.key in set(recipient.purposes) and not processor.serves(purpose.key):
            message = f"Its options say nothing of {purpose.key!r}, which its recipient gets data for."
            yield _error(
                "E503", place, message, "Add the purpose to the options, or take it from the recipient."
            )


def _given(place: str, recipient: Recipient, processor: Processor) -> Iterator[CheckMessage]:
    """A field that is given away is declared, for a purpose that this recipient gets data for."""
    try:
        found = sorted(given.places(processor), key=lambda one: (one[0]._meta.label, one[1]))
    except Misconfigured as problem:
        yield _error("E504", place, f"It {problem}", "Name columns of the account's table.")
        return
    for model, column, _relation in found:
        entry = registry.of(model)
        declared = entry.declaration.fields if entry is not None else {}
        purposes = declared[column].purpose_keys if column in declared else ()
        if not set(purposes).intersection(recipient.purposes):
            label = f"{model._meta.label}.{column}"
            message = f"It is given {label}, which is declared for none of the purposes of this recipient."
            hint = f"The recipient has: {', '.join(recipient.purposes) or 'none'}. Declare the field for one, or give less."
            yield _error("E504", place, message, hint)


def _heard(place: str, processor: Processor) -> Iterator[CheckMessage]:
    """Who can guess the address of the webhook can unsubscribe anybody whose address he knows."""
    if not isinstance(processor, Told):
        return
    hint = 'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))".'
    if not all(keys.is_strong(one) for one in processor.webhook_secrets):
        message = "A text among its webhook_secrets can be guessed, or cannot stand in a URL; it is not listened to."
        yield _error("E505", place, message, hint)
    elif not processor.webhook_secrets:
        message = "It has no webhook_secrets: who leaves there is written to here until the next day."
        yield Caution(message, hint=hint, obj=place, id="django_rgpd.W502")


def _without_a_road(policy: Policy) -> Iterator[CheckMessage]:
    for recipient in policy.recipients:
        if recipient.processor and recipient.key not in conf.get().PROCESSORS and roads.needed(recipient):
            message = (
                f"The processor {recipient.key!r} is never told of an erasure or an opt-out: it has no road."
            )
            hint = f'Name one: RGPD["PROCESSORS"]["{recipient.key}"] = {{"class": "django_rgpd.processors.manual.Manual", …}}.'
            yield Caution(message, hint=hint, obj="RGPD policy", id="django_rgpd.W501")


def _error(number: str, place: str, message: str, hint: str) -> CheckMessage:
    return Error(message, hint=hint, obj=place, id=f"django_rgpd.{number}")
