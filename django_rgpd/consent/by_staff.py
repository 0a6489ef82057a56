"""What a person said by letter, call or email, recorded by staff: it counts as if she had clicked (art. 21.2,
21.3).
"""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from django_rgpd.consent import decisions, kinds, suppress
from django_rgpd.core import addresses
from django_rgpd.core.errors import Refused
from django_rgpd.ledger.record import record
from django_rgpd.registry import people
from django_rgpd.registry.models import Person

PERMISSION = "django_rgpd.record_objection"
LETTER, CALL, EMAIL = "letter", "call", "email"
WAYS = {LETTER: _("letter"), CALL: _("phone call"), EMAIL: _("email")}


@sensitive_variables()
def record_objection(
    kind: str,
    text: str,
    *,
    way: str,
    said_at: datetime,
    by: AbstractBaseUser | AnonymousUser,
    now: datetime,
    purpose: str = "",
    channel: str = "",
) -> Person | None:
    """Record that the holder of an address wants no marketing; effective in this transaction.

    ``kind`` and ``text``: her email or phone as she gave it. ``way``: a key of ``WAYS``. ``said_at``: when it
    reached the shop. Empty ``purpose`` and ``channel`` mean all. Returns the person, or None where the
    address is nobody's: then its digest alone is kept, so that it is not written to later either.

    Raises ``PermissionDenied``, ``BadAddress``, and ``Refused`` for a day to come.
    """
    if not (isinstance(by, PermissionsMixin) and by.has_perm(PERMISSION)):
        raise PermissionDenied
    if said_at > now:
        raise Refused(_("This day has not come yet."))
    canonical = addresses.canonical(kind, text)
    with transaction.atomic():
        person = people.known(kind, canonical)
        if person is None:
            entered = suppress.suppress(
                kind, canonical, reason=suppress.OBJECTED, now=now, channel=channel, purpose=purpose
            )
            record(
                kinds.OBJECTED,
                person=None,
                now=now,
                at=said_at,
                purpose=purpose,
                channel=channel,
                how=f"staff:{way}",
                actor=f"user:{by.pk}",
                payload={"suppressed": [suppress.said(entered)]},
            )
            return None
        decisions.object_to(
            person,
            purpose,
            channel,
            how=f"staff:{way}",
            now=now,
            at=said_at,
            actor=f"user:{by.pk}",
        )
        return person
