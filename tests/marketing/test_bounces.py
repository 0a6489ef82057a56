"""Which bounces say that an address does not exist: by what each provider sends, as anymail's own words leave it open."""

from __future__ import annotations

from typing import Any

import pytest

from django_rgpd.marketing import bounces


def hard(
    provider: str, told: object, *, event_type: str = "bounced", reject_reason: object = "bounced"
) -> bool:
    return bounces.is_hard(provider, event_type=event_type, reject_reason=reject_reason, told=told)


DEAD: list[tuple[str, dict[str, Any]]] = [
    ("Postmark", {"RecordType": "Bounce", "Type": "HardBounce"}),
    ("Postmark", {"RecordType": "SubscriptionChange", "SuppressionReason": "HardBounce"}),
    ("Brevo", {"event": "hard_bounce"}),
    ("SendinBlue", {"event": "hard_bounce"}),
    ("MailerSend", {"data": {"type": "hard_bounced"}}),
    ("Mailjet", {"event": "bounce", "hard_bounce": True}),
    ("Mailgun", {"event-data": {"event": "failed", "severity": "permanent", "reason": "bounce"}}),
    ("Mailtrap", {"event": "bounce"}),
    ("Amazon SES", {"bounce": {"bounceType": "Permanent", "bounceSubType": "NoEmail"}}),
    ("SendGrid", {"event": "bounce", "type": "bounce"}),
    ("Mandrill", {"event": "hard_bounce"}),
    ("Resend", {"type": "email.bounced", "data": {"bounce": {"type": "Permanent"}}}),
    ("SparkPost", {"msys": {"message_event": {"type": "bounce", "bounce_class": "10"}}}),
    ("Unisender Go", {"status": "hard_bounced", "delivery_info": {"delivery_status": "err_user_unknown"}}),
]

ALIVE: list[tuple[str, object]] = [
    ("Postmark", {"RecordType": "Bounce", "Type": "SoftBounce"}),
    ("Postmark", {"RecordType": "Bounce", "Type": "VirusNotification"}),
    ("Postmark", {"RecordType": "SubscriptionChange", "SuppressionReason": "SpamComplaint"}),
    ("Brevo", {"event": "soft_bounce"}),
    ("Brevo", {"event": "blocked"}),
    ("MailerSend", {"data": {"type": "soft_bounced"}}),
    ("Mailjet", {"event": "bounce", "hard_bounce": False}),
    ("Mailjet", {"event": "bounce"}),
    ("Mailgun", {"event-data": {"event": "failed", "severity": "temporary", "reason": "bounce"}}),
    ("Mailgun", {"event-data": {"event": "failed", "severity": "permanent", "reason": "generic"}}),
    ("Mailgun", {"event-data": {"event": "failed", "severity": "permanent", "reason": "old"}}),
    ("Mailgun", {"event-data": {"event": "failed", "severity": "permanent", "reason": "suppress-complaint"}}),
    ("Mailtrap", {"event": "soft bounce"}),
    ("Amazon SES", {"bounce": {"bounceType": "Transient", "bounceSubType": "MailboxFull"}}),
    ("Amazon SES", {"bounce": {"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}}),
    ("SendGrid", {"event": "bounce", "type": "blocked"}),
    ("Mandrill", {"event": "soft_bounce"}),
    ("Resend", {"type": "email.bounced", "data": {"bounce": {"type": "Transient"}}}),
    ("SparkPost", {"msys": {"message_event": {"type": "bounce", "bounce_class": "22"}}}),
    ("Unisender Go", {"status": "hard_bounced", "delivery_info": {"delivery_status": "err_mailbox_full"}}),
    ("Postal", {"event": "MessageBounced"}),
    ("A provider of tomorrow", {"event": "hard_bounce"}),
    ("Mailgun", {"event-data": None}),
    ("Mailgun", [{"event-data": {}}]),
    ("Postmark", "HardBounce"),
    ("Postmark", {"RecordType": ["Bounce"], "Type": {"HardBounce": 1}}),
    ("Brevo", None),
]


@pytest.mark.parametrize(("provider", "told"), DEAD)
def test_an_address_that_does_not_exist_is_told_apart(provider: str, told: dict[str, Any]) -> None:
    assert hard(provider, told)
    assert not hard(provider, told, event_type="deferred")
    assert not hard(provider, told, event_type="failed")


@pytest.mark.parametrize(("provider", "told"), ALIVE)
def test_anything_else_stops_nobody(provider: str, told: object) -> None:
    assert not hard(provider, told)
    assert not hard(provider, told, event_type="rejected", reject_reason="blocked")


@pytest.mark.parametrize("event_type", ["bounced", "rejected"])
def test_an_address_that_is_none_is_dead_whoever_says_so(event_type: str) -> None:
    assert hard("A provider of tomorrow", None, event_type=event_type, reject_reason="invalid")
    assert not hard("A provider of tomorrow", None, event_type="deferred", reject_reason="invalid")
    assert not hard("A provider of tomorrow", None, event_type=event_type, reject_reason=["invalid"])
