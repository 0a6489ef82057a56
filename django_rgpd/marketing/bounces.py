"""Which refusals of a mail mean that its address does not exist: the one place that reads the providers' own words for it.

Closed by default: a full mailbox, a block, or a word that is not in the table stops nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Words: TypeAlias = Mapping[str, set[str]]
"""Path into the provider's event → what must stand there; of all paths at once."""

REFUSED = frozenset({"bounced", "rejected"})
INVALID = "invalid"
"""anymail's reason for an address that is none."""

HARD: Mapping[str, tuple[Words, ...]] = {
    # "SoftBounce" is "bounced" to anymail too; a bounce is also told as a change of subscription.
    "postmark": (
        {"RecordType": {"Bounce"}, "Type": {"HardBounce", "BadEmailAddress"}},
        {"RecordType": {"SubscriptionChange"}, "SuppressionReason": {"HardBounce"}},
    ),
    "brevo": ({"event": {"hard_bounce", "invalid_email"}},),
    "sendinblue": ({"event": {"hard_bounce", "invalid_email"}},),
    "mailersend": ({"data/type": {"hard_bounced"}},),
    "mailjet": ({"event": {"bounce"}, "hard_bounce": {"true"}},),
    # Permanent failures are also "old" (given up after hours), "generic", or an earlier complaint.
    "mailgun": (
        {
            "event-data/event": {"failed"},
            "event-data/severity": {"permanent"},
            "event-data/reason": {"bounce", "suppress-bounce"},
        },
    ),
    "mailtrap": ({"event": {"bounce"}},),
    # Other permanent ones are about the mail (too large), or a list that a complaint leads to as well.
    "amazon ses": (
        {"bounce/bounceType": {"Permanent"}, "bounce/bounceSubType": {"General", "NoEmail", "Suppressed"}},
    ),
    # A block comes as event "bounce" and type "blocked".
    "sendgrid": ({"event": {"bounce"}, "type": {"bounce"}},),
    "mandrill": ({"event": {"hard_bounce"}},),
    "resend": ({"type": {"email.bounced"}, "data/bounce/type": {"Permanent"}},),
    # Classes 10 and 30: no such recipient. The others are full mailboxes, blocks and mails too large.
    "sparkpost": ({"msys/message_event/bounce_class": {"10", "30"}},),
    # "hard_bounced" is said of full mailboxes and of spam too.
    "unisender go": (
        {
            "status": {"hard_bounced"},
            "delivery_info/delivery_status": {
                "err_user_unknown",
                "err_user_inactive",
                "err_mailbox_discarded",
                "err_domain_inactive",
            },
        },
    ),
}
"""Name of the provider, in lower case → its words for an address that does not exist, any of them."""


def is_hard(provider: str, *, event_type: str, reject_reason: object, told: object) -> bool:
    """Whether the provider found out that the address does not exist.

    ``event_type`` and ``reject_reason`` are anymail's words, ``told`` the event as the provider sent it.
    """
    if event_type not in REFUSED:
        return False
    if reject_reason == INVALID:
        return True
    return any(_says(told, words) for words in HARD.get(provider.lower(), ()))


def _says(told: object, words: Words) -> bool:
    return all(_at(told, path) in expected for path, expected in words.items())


def _at(told: object, path: str) -> str:
    """What stands at ``path``, or nothing: what a provider sends may have any shape."""
    found: Any = told
    for part in path.split("/"):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return str(found).lower()
    return found if isinstance(found, str) else ""
