"""What staff do with the texts beside boxes: write the next version, and see what stands on each (art. 7.1)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Max
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_rgpd.consent import using, wordings
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import conf
from django_rgpd.policy import EMAIL, Purpose, current

LONGEST = 1_000
"""Characters: what stands beside a box is read, or it informs nobody (art. 12.1)."""

_MARKUP = re.compile(r"<\s*[a-z!/?]|&(#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A purpose for which staff wrote a text, and a language in which they wrote none."""

    purpose: Purpose
    language: str

    def __str__(self) -> str:
        return f"{capfirst(str(self.purpose.label))} ({self.language})"


def cleaned(text: str) -> str:
    """``text`` as it is shown: plain, trimmed, without characters that nobody sees.

    Raises ``ValidationError`` for nothing, too much, or HTML, which pages would show as it stands.
    """
    plain = _UNSEEN.sub("", text).replace("\r\n", "\n").strip()
    if not plain:
        raise ValidationError(_("Write the text that stands beside the box."))
    if len(plain) > LONGEST:
        raise ValidationError(
            _("At most %(number)d characters: nobody reads more beside a box.") % {"number": LONGEST}
        )
    if _MARKUP.search(plain):
        raise ValidationError(_("Write plain text: pages show HTML as it stands here."))
    return plain


def write(purpose: str, language: str, text: str, *, now: datetime) -> Wording:
    """Enter ``text`` as the next version for ``purpose`` in ``language``, in force from ``now`` on.

    Pages show it within ``wordings.SHOWN`` seconds. Two who write at once get two versions. Raises ``ValidationError`` as
    ``cleaned`` does.
    """
    plain = cleaned(text)
    for _attempt in range(5):
        try:
            with transaction.atomic():
                return Wording.objects.create(
                    site=conf.get().SITE,
                    purpose=purpose,
                    language=language,
                    text=plain,
                    valid_from=now,
                    version=_newest(purpose, language) + 1,
                )
        except IntegrityError:  # somebody took the number at the same moment
            continue
    raise ValidationError(_("Somebody else is writing this text. Please try again."))


def standing_on(uuids: Collection[UUID]) -> dict[UUID, int]:
    """How many live consents stand on each of these wordings, in one query."""
    live = ConsentState.objects.filter(site=conf.get().SITE, live=True, wording__in=uuids)
    counted = live.order_by().values("wording").annotate(number=Count("pk"))
    return {row["wording"]: row["number"] for row in counted if row["wording"]}


def in_force(*, now: datetime) -> set[UUID]:
    """The wordings that pages show at ``now``, in two queries."""
    mine = Wording.objects.filter(site=conf.get().SITE, valid_from__lte=now)
    newest = {
        (row["purpose"], row["language"]): row["version"]
        for row in mine.order_by().values("purpose", "language").annotate(version=Max("version"))
    }
    return {one.uuid for one in mine if newest[(one.purpose, one.language)] == one.version and _shown(one)}


def missing(*, now: datetime) -> list[Missing]:
    """Where readers of one language see what staff wrote and those of another see the text made from the label."""
    mine = Wording.objects.filter(site=conf.get().SITE, from_label=False, valid_from__lte=now)
    written = set(mine.order_by().values_list("purpose", "language").distinct())
    return [
        Missing(purpose=one, language=str(name))
        for one in current().purposes
        for code, name in settings.LANGUAGES
        if any(purpose == one.key for purpose, _code in written) and (one.key, code) not in written
    ]


def places(purpose: Purpose) -> list[str]:
    """On which pages the text of ``purpose`` stands."""
    found = [_("the page of choices")] if using.chosen(purpose) or purpose.marketing else []
    if EMAIL in purpose.channels and purpose.on_consent:
        found = [_("the newsletter form"), *found]
    if purpose.marketing and purpose.on_consent:
        found.append(_("the boxes of checkout and sign-up, where your forms show this purpose"))
    return found


def _shown(wording: Wording) -> bool:
    if not wording.from_label:
        return True
    try:
        return wordings.default_text(wording.purpose, wording.language) == wording.text
    except KeyError:  # the policy does not name it any more
        return False


def _newest(purpose: str, language: str) -> int:
    mine = Wording.objects.filter(site=conf.get().SITE, purpose=purpose, language=language)
    return mine.aggregate(newest=Max("version"))["newest"] or 0
