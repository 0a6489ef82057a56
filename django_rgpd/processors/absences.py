"""What a vendor's refusal means: the one place that decides it, closed by default, with the evidence of each case."""

from __future__ import annotations

from enum import Enum


class Meaning(Enum):
    """What there is to do about an answer."""

    DONE = "done"
    ABSENT = "absent"
    """There is nobody like that: what an erasure and an opt-out wanted."""
    LEFT = "left"
    """Mailchimp calls it a compliance state: she unsubscribed, bounced or complained there. Only she herself can come back."""
    FORGOTTEN = "forgotten"
    """She was permanently deleted there, and no import brings her back: she has to fill in a form of theirs."""
    REFUSED = "refused"
    """They do not take this address or field, and will not the next time."""
    CLOSED = "closed"
    """The key was revoked, the account or plan does not allow it: somebody has to act."""
    UNCLEAR = "unclear"
    """Nothing that we know: somebody has to look."""
    PASSING = "passing"
    """Busy, broken or away; trying again may help."""


MAILCHIMP_TITLES = {
    # "{email} is in a compliance state due to unsubscribe, bounce, or compliance review and cannot be subscribed."
    # github.com/ibericode/mailchimp-for-wordpress, issue 798.
    "member in compliance state": Meaning.LEFT,
    # "{email} was permanently deleted and cannot be re-imported. The contact must re-subscribe to get back on the list."
    # The same repository, issues 673 and 771: it is answered to status "pending" too.
    "forgotten email not subscribed": Meaning.FORGOTTEN,
}


def mailchimp(status: int, title: str, *, empty: bool) -> Meaning:
    """What Mailchimp's answer means: its HTTP ``status``, the ``title`` of its problem, and whether it had no body.

    https://mailchimp.com/developer/marketing/docs/errors/: each of its problems has a title, which pages of somebody between have
    not. Such a page says of nobody that she is not there.
    """
    if 200 <= status < 300:
        return Meaning.DONE
    if status in {404, 410}:
        return Meaning.ABSENT if title else Meaning.PASSING
    # Too many at once is a 429, and at very high volume a 403 without a body.
    if status == 429 or status >= 500 or (status == 403 and empty):
        return Meaning.PASSING
    if status in {401, 403}:
        return Meaning.CLOSED
    if status == 400:
        return MAILCHIMP_TITLES.get(title.strip().lower(), Meaning.REFUSED if title else Meaning.UNCLEAR)
    return Meaning.UNCLEAR


STRIPE_REFUSALS = frozenset({"payment_intent_unexpected_state", "parameter_invalid_empty"})
"""https://docs.stripe.com/error-codes: what a payment in its state takes no more, and what "cannot be unset": no other attempt
changes that."""

MAILCHIMP_TEXTS = {
    # What the titles above say in words: errors of one member among many have no title. The same issues.
    "is in a compliance state": Meaning.LEFT,
    "was permanently deleted": Meaning.FORGOTTEN,
}


def mailchimp_member(text: str) -> Meaning:
    """What Mailchimp says of one member among many that it was told of: ``UNCLEAR`` for every text but the two that we know."""
    return next((meaning for words, meaning in MAILCHIMP_TEXTS.items() if words in text), Meaning.UNCLEAR)


def stripe(status: int | None, code: str | None) -> Meaning:
    """What Stripe's error means: its HTTP ``status``, None where the network failed, and its ``code``.

    https://docs.stripe.com/error-codes: ``resource_missing`` is a 404 for what is asked for, and a 400 for what is only named
    in a request. A 404 without it is an address that the account may not use (the preview of redaction).
    """
    if code == "resource_missing":
        return Meaning.ABSENT
    if status == 400 and code in STRIPE_REFUSALS:
        return Meaning.REFUSED
    # 409: another request with the same key is under way. A 2xx or 3xx that is an error is a page of somebody between.
    if status is None or status < 400 or status in {409, 429} or status >= 500:
        return Meaning.PASSING
    if status in {401, 403, 404}:
        return Meaning.CLOSED
    return Meaning.UNCLEAR
