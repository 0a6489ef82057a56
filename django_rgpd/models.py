"""Gathers the tables of every room, where Django looks for them."""

from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.erasure.models import Erasure, SignIn
from django_rgpd.export.models import ExportRequest
from django_rgpd.imports.models import ConsentImport
from django_rgpd.ledger.models import Event, Seal
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignText, Engagement
from django_rgpd.outbox.models import Job
from django_rgpd.processors.models import Heard
from django_rgpd.registry.models import Address, Challenge, Hold, Person, Suppression
from django_rgpd.retention.models import SetAside, SweepMark

__all__ = [
    "Address",
    "Campaign",
    "CampaignRecipient",
    "CampaignText",
    "Challenge",
    "ConsentImport",
    "ConsentState",
    "Engagement",
    "Erasure",
    "Event",
    "ExportRequest",
    "Heard",
    "Hold",
    "Job",
    "Person",
    "Seal",
    "SetAside",
    "SignIn",
    "Suppression",
    "SweepMark",
    "Wording",
]
