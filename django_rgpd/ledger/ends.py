"""How far the chain goes: in the database, and as far as the database knows in the mirror."""

from __future__ import annotations

from django.db.models import Subquery

from django_rgpd.ledger.models import Seal


def ends() -> tuple[int, int]:
    """The number of the last seal, and of the last one that was mirrored; 0 where there is none. One statement."""
    newest = Seal.objects.order_by("-number")
    mirrored = newest.filter(mirrored_at__isnull=False).values("number")[:1]
    last, known = newest.values_list("number", Subquery(mirrored)).first() or (0, None)
    return last, known or 0
