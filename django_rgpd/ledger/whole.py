"""Whether the ledger is whole enough for everything else to be written anew from it."""

from __future__ import annotations

from django.db.models import Count, F, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from django_rgpd.core.errors import RgpdError
from django_rgpd.ledger.digested import lost_key
from django_rgpd.ledger.models import Event, Seal


class LedgerIncomplete(RgpdError):
    """Events are missing that were sealed, or what they say leads to nobody: a no that is missing would become a yes."""


def must_be_whole() -> None:
    """Raise ``LedgerIncomplete`` where a seal was made over more events than are there."""
    counted = Seal.objects.annotate(found=Count("events")).exclude(found=F("count"))
    short = counted.order_by("number").values_list("number", "count", "found").first()
    if short is not None:
        raise LedgerIncomplete(_short(*short))


def must_find_by_digests() -> None:
    """Raise ``LedgerIncomplete`` where a key of digests is gone."""
    if words := lost_key(
        Event.objects.filter(payload__isnull=False).only("payload").iterator(chunk_size=500)
    ):
        raise LedgerIncomplete(words)


def lacks_its_end() -> str:
    """In words, that the last seal lacks events, as it does beside an older table of events; empty where it does not."""
    counted = Event.objects.filter(seal=OuterRef("pk")).order_by().values("seal").annotate(found=Count("pk"))
    newest = Seal.objects.order_by("-number").annotate(found=Coalesce(Subquery(counted.values("found")), 0))
    head = newest.values_list("number", "count", "found").first()
    return _short(*head) if head is not None and head[1] != head[2] else ""


def _short(number: int, count: int, found: int) -> str:
    words = _(
        "Seal %(number)d was made over %(count)d events, and %(found)d are there: the table of events was restored from an"
        " older dump, or events were deleted. Have them back first: TRUNCATE django_rgpd_seal CASCADE, which empties both"
        " tables, then rgpd_replay, which fills them from the mirror."
    )
    return words % {"number": number, "count": count, "found": found}
