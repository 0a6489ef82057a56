"""The library's own tables, declared as a shop declares its own.

What is short-lived (codes, sign-ins, jobs, export files) has no personal field here: the room that makes it also ends it.
"""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from django_rgpd.consent.models import ConsentState
from django_rgpd.erasure.models import Erasure, SignIn
from django_rgpd.export.models import ExportRequest
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.models import CampaignRecipient, Engagement, EngagementKind
from django_rgpd.outbox.models import Job
from django_rgpd.policy import CONTACT, TECHNICAL
from django_rgpd.policy.own import CLICKS, IDENTITY, MAILINGS, OPENINGS, PROOF
from django_rgpd.registry import (
    OBSERVED,
    Blank,
    Declaration,
    DeleteRow,
    EmptyJson,
    KeepFacts,
    Null,
    Personal,
    When,
    Who,
    WithRow,
    not_personal,
    register,
)
from django_rgpd.registry.models import Address, Challenge, Hold, Person, Suppression


@register(Person)
class PersonData(Declaration):
    """That we know you: which account is yours, and when you were last in touch; a number stays."""

    label = _("who you are to us")
    who = Who(person="uuid")
    fields = {
        "user_key": Personal(
            IDENTITY, erase=Null(), category=TECHNICAL, label=_("link to your account"), export=False
        ),
        "language": Personal(IDENTITY, erase=Blank(), category=TECHNICAL, label=_("language")),
        "last_contact": Personal(
            IDENTITY, erase=Null(), category=TECHNICAL, origin=OBSERVED, label=_("last contact")
        ),
    }
    facts = ["created_at"]
    internal = ["uuid", "site", "merged_into", "erased_at"]
    at_end = KeepFacts()


@register(Address)
class AddressData(Declaration):
    """Your addresses, and how each was proven to be yours; a digest stays."""

    label = _("addresses that we know you by")
    who = Who(person="person__uuid")
    fields = {
        "canonical": Personal(IDENTITY, erase=Null(), category=CONTACT, label=_("address")),
        "proven_by": Personal(
            IDENTITY, erase=Blank(), category=TECHNICAL, label=_("who proved it"), export=False
        ),
    }
    facts = ["kind", "since", "until", "proven_at", "proven_how", "unreachable_at"]
    internal = ["person", "site", "digest", "key_id"]
    at_end = KeepFacts()


@register(ConsentState)
class ConsentStateData(Declaration):
    """What you agreed or objected to, as it stands."""

    label = _("what you agreed to")
    who = Who(person="person")
    fields = {
        "user_key": Personal(
            IDENTITY, erase=Null(), category=TECHNICAL, label=_("link to your account"), export=False
        ),
        "agreed_with": Personal(
            IDENTITY, erase=Null(), category=CONTACT, label=_("address that you agreed with")
        ),
        "address": Personal(IDENTITY, erase=Null(), category=CONTACT, label=_("address that is written to")),
    }
    facts = ["purpose", "channel", "standing", "since", "expires_at", "language"]
    internal = ["site", "person", "live", "event", "wording", "silent_until"]
    at_end = KeepFacts()


@register(Event)
class EventData(Declaration):
    """What you asked, agreed to or refused, and what was done: kept without your name, and ended by the ledger itself."""

    label = _("what you asked for and what was done")
    who = Who(person="person")
    facts = ["kind", "purpose", "channel", "at", "how"]
    internal = ["uuid", "site", "person", "recorded_at", "actor", "payload", "payload_hash", "seal"]
    at_end = KeepFacts()


@register(Erasure)
class ErasureData(Declaration):
    """That your data were erased: the plan and the counts, without a value of yours, for five years."""

    label = _("erasures")
    who = Who(person="person")
    clocks = {PROOF: "asked_at"}
    fields = {
        "plan": Personal(PROOF, erase=EmptyJson(), category=TECHNICAL, export=False),
        "receipt": Personal(PROOF, erase=EmptyJson(), category=TECHNICAL, export=False),
        "processors": Personal(PROOF, erase=EmptyJson(), category=TECHNICAL, export=False),
    }
    facts = ["state", "how", "asked_at", "done_at", "open_until"]
    internal = ["uuid", "site", "person", "actor", "choices"]
    at_end = KeepFacts()


@register(ExportRequest)
class ExportRequestData(Declaration):
    """Your requests for a copy of your data; the file waits for some days."""

    label = _("copies of your data")
    who = Who(person="person")
    facts = ["document", "state", "asked_at", "ready_at", "expires_at", "collected_at"]
    internal = ["uuid", "site", "person", "user_key", "language", "name", "size"]
    at_end = KeepFacts()


@register(SignIn)
class SignInData(Declaration):
    """Which sessions are yours, so that they can end with your account."""

    label = _("where you are signed in")
    who = Who(user="user_key")
    facts = ["created_at", "expires_at"]
    internal = ["session", "session_key", "user_key"]
    at_end = KeepFacts()


@register(Challenge)
class ChallengeData(Declaration):
    """Codes and links that were sent to you: only a digest, for some hours."""

    label = _("codes and links")
    who = Who(person="person")
    facts = ["about", "created_at", "expires_at", "used_at"]
    internal = ["uuid", "site", "person", "address", "hashed", "details", "attempts"]
    at_end = KeepFacts()


@register(Job)
class JobData(Declaration):
    """What is still to be done for you elsewhere or later; emptied when it is done."""

    label = _("tasks under way")
    who = Who(person="person")
    internal = [
        "uuid",
        "site",
        "name",
        "person",
        "key",
        "payload",
        "progress",
        "state",
        "created_at",
        "run_at",
        "due_at",
        "attempts",
        "leased_until",
        "lease",
        "finished_at",
        "note",
    ]
    at_end = KeepFacts()


@register(Suppression)
class SuppressionData(Declaration):
    """Digests of addresses that must not be written to (art. 21.3): nobody can be looked up in them but by an address."""

    internal = [
        "uuid",
        "site",
        "kind",
        "digest",
        "key_id",
        "channel",
        "purpose",
        "reason",
        "since",
        "until",
        "lifted_at",
    ]
    at_end = KeepFacts()


_READ = (
    When(CLICKS, Q(kind=EngagementKind.CLICKED)),
    When(OPENINGS, Q(kind=EngagementKind.OPENED)),
)


@register(Engagement)
class EngagementData(Declaration):
    """Which of our mailings you clicked in, or opened where you agreed to that; for a year at most."""

    label = _("what you did with our mailings")
    who = Who(person="person")
    clocks = {CLICKS: "at", OPENINGS: "at"}
    fields = {
        name: Personal(*_READ, erase=WithRow(), category=TECHNICAL, origin=OBSERVED)
        for name in ("mailing", "kind", "at")
    }
    internal = ["site", "person"]


@register(Hold)
class HoldData(Declaration):
    """What of yours is kept, or not used, for the time being: why, since when, and when we look at it again."""

    label = _("what is kept or not used for the time being")
    who = Who(person="person")
    clocks = {PROOF: "lifted_at"}
    fields = {
        "reason": Personal(
            PROOF, erase=Blank(), category=TECHNICAL, label=_("our note about it"), export=False
        ),
    }
    facts = ["kind", "label", "key", "purposes", "since", "review_on", "ends_at", "lifted_at"]
    internal = ["uuid", "site", "person", "owner", "lifted_by", "rows"]
    at_end = KeepFacts()


@register(CampaignRecipient)
class CampaignRecipientData(Declaration):
    """Which mailings you got, and on which ground: for a year, and no longer than you are known here."""

    label = _("mailings that were sent to you")
    who = Who(person="person")
    clocks = {MAILINGS: "at"}
    fields = {
        "person": Personal(
            MAILINGS,
            erase=WithRow(),
            category=TECHNICAL,
            origin=OBSERVED,
            label=_("that it was for you"),
            export=False,
        ),
    }
    facts = ["purpose", "subject", "state", "reason", "basis", "at"]
    internal = ["campaign", "part", "failure", "lease"]
    at_end = DeleteRow()


not_personal("django_rgpd.Campaign", reason="The shop's own message; who of the staff wrote it is a key.")
not_personal("django_rgpd.CampaignText", reason="The shop's own words, the same for everybody.")
not_personal("django_rgpd.Wording", reason="The shop's own words beside a box.")
not_personal("django_rgpd.Seal", reason="Hashes over the ledger.")
not_personal("django_rgpd.SweepMark", reason="How far the sweep came with a table.")
not_personal(
    "django_rgpd.ConsentImport",
    reason="Counts of a list that was imported; its lines wait in a private place for a day at most.",
)
not_personal(
    "django_rgpd.SetAside",
    reason="Keys of rows that the database refused to release, and the kind of its error.",
)
not_personal(
    "django_rgpd.Heard", reason="Numbers of events that processors told of, without what they were about."
)
