"""The texts beside boxes: what staff wrote, or else what follows from the purpose's label; frozen once agreed
to.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_rgpd.consent.models import Wording
from django_rgpd.core import clock, conf
from django_rgpd.policy import EMAIL, POST, SMS
from django_rgpd.policy import current as current_policy

log = logging.getLogger(__name__)

SHOWN = 60
"""Seconds for which a text may be shown after a new version is in force."""


def current(purpose: str, language: str, *, now: datetime | None = None) -> Wording:
    """The text in force for ``purpose`` in ``language`` at ``now``.

    The newest version that staff wrote; where they wrote none, one made from the purpose's label, not saved
    until someone agrees to it. Raises ``KeyError`` for an unknown purpose.
    """
    moment = now or clock.now()
    newest = _versions(purpose, language).filter(valid_from__lte=moment, imported=False).first()
    if newest is not None and not newest.from_label:
        return newest
    text = default_text(purpose, language)
    if newest is not None and newest.text == text:
        return newest
    return Wording(
        site=conf.get().SITE,
        purpose=purpose,
        language=language,
        text=text,
        from_label=True,
        valid_from=moment,
        version=_next_version(purpose, language),
    )


def shown(purpose: str, language: str, *, now: datetime) -> Wording:
    """The text in force, to be shown and not to be agreed to: a form in the footer costs a page no query.

    What staff wrote is kept for ``SHOWN`` seconds in ``RGPD["CACHE"]``, and forgotten when they write something new; who still
    sees the text before agrees to that one (``agreed``). Raises ``KeyError`` for an unknown purpose.
    """
    key = _key(purpose, language)
    text = _kept(key)
    if text is None:
        wording = current(purpose, language, now=now)
        text = "" if wording.from_label else wording.text
        _keep(key, text)
    return Wording(purpose=purpose, language=language, text=text or default_text(purpose, language))


def forget(wording: Wording) -> None:
    """Have the text that is in force now be looked up again."""
    try:
        caches[conf.get().CACHE].delete(_key(wording.purpose, wording.language))
    except Exception as error:  # every store has errors of its own
        log.error("The cache %r fails: %s.", conf.get().CACHE, type(error).__name__)


def agreed(purpose: str, language: str, reference: str, *, now: datetime) -> Wording | None:
    """The saved wording that a form showed, by its ``reference``; None for a text that was never shown.

    A consent whose text is unknown is no consent (art. 7.1): the form is shown again with the text in force. The page that
    showed the form may have been in another language than the one that answers it (its language in its address, say), so
    that ``language`` is looked through first, and then the others of the site.
    """
    languages = dict.fromkeys([language, *(code for code, _name in settings.LANGUAGES)])
    found = (_agreed_in(purpose, one, reference, now=now) for one in languages)
    return next((wording for wording in found if wording is not None), None)


def _agreed_in(purpose: str, language: str, reference: str, *, now: datetime) -> Wording | None:
    for version in _versions(purpose, language).filter(imported=False):
        if reference_of(version) == reference:
            return version
    wanted = current(purpose, language, now=now)
    return freeze(wanted) if reference_of(wanted) == reference else None


def freeze(wording: Wording) -> Wording:
    """Save a text that was made from a label, now that someone agrees to it; a saved one is returned as it
    is.
    """
    if wording.pk is not None:
        return wording
    while True:
        try:
            with transaction.atomic():
                wording.save(force_insert=True)
        except (
            IntegrityError
        ):  # another request froze the same text at the same moment, or took its number for another
            same = _versions(wording.purpose, wording.language).filter(text=wording.text, imported=False)
            if (standing := same.first()) is not None:
                return standing
            wording.version = _next_version(wording.purpose, wording.language)
        else:
            return wording


def taken_over(purpose: str, language: str, text: str, *, now: datetime) -> Wording:
    """The saved wording with exactly this ``text``, made where there is none: what people agreed to before they were imported.

    One that is made is never in force here.
    """
    known = _versions(purpose, language).filter(text=text).first()
    while known is None:
        made = Wording(
            site=conf.get().SITE,
            purpose=purpose,
            language=language,
            version=_next_version(purpose, language),
            text=text,
            imported=True,
            valid_from=now,
        )
        try:
            with transaction.atomic():
                made.save(force_insert=True)
        except IntegrityError:  # somebody wrote a version at the same moment
            known = _versions(purpose, language).filter(text=text).first()
        else:
            known = made
    return known


def reference_of(wording: Wording) -> str:
    """What a form carries to say which text it showed: a hash of it."""
    return hashlib.sha256(wording.text.encode()).hexdigest()[:16]


def told(wording: Wording) -> dict[str, object]:
    """The whole of a wording, as its event keeps it for ``again``: what people agreed to must be demonstrable (art. 7.1)."""
    plain = {
        name: getattr(wording, name)
        for name in ("purpose", "language", "version", "text", "from_label", "imported")
    }
    return {**plain, "uuid": str(wording.uuid), "valid_from": wording.valid_from.isoformat()}


def again(told: Mapping[str, Any]) -> bool:
    """Have a wording back that its event tells of; whether it was missing. Twice is once.

    Where another text has its number meanwhile, it gets the next one: consents name it by its uuid.
    """
    if Wording.objects.filter(uuid=told["uuid"]).exists():
        return False
    purpose, language, version = str(told["purpose"]), str(told["language"]), int(told["version"])
    if _versions(purpose, language).filter(version=version).exists():
        version = _next_version(purpose, language)
    back = Wording(
        uuid=told["uuid"],
        site=conf.get().SITE,
        purpose=purpose,
        language=language,
        version=version,
        text=str(told["text"]),
        from_label=bool(told["from_label"]),
        imported=bool(told.get("imported")),
        valid_from=datetime.fromisoformat(str(told["valid_from"])),
    )
    Wording.objects.bulk_create([back])  # without news: its event is there
    return True


def default_text(purpose: str, language: str) -> str:
    """The sentence made from the purpose's label, in ``language``."""
    found = current_policy().purpose(purpose)
    with translation.override(language):
        label = capfirst(str(found.label))
        if not found.marketing:
            return _("%(purpose)s: I agree. I can withdraw at any time.") % {"purpose": label}
        return _("%(purpose)s: yes, please. I can unsubscribe at any time.") % {"purpose": label}


def channel_label(channel: str) -> str:
    """How a channel is called on pages."""
    named = {EMAIL: _("by email"), SMS: _("by text message"), POST: _("by post")}
    return named.get(channel, channel)


def _key(purpose: str, language: str) -> str:
    return f"rgpd:wording:{conf.get().SITE}:{language}:{purpose}"


def _kept(key: str) -> str | None:
    try:
        found: str | None = caches[conf.get().CACHE].get(key)
    except Exception:  # without its cache a page asks the database, as ever
        return None
    return found


def _keep(key: str, text: str) -> None:
    try:
        caches[conf.get().CACHE].set(key, text, SHOWN)
    except Exception as error:
        log.error("The cache %r fails: %s.", conf.get().CACHE, type(error).__name__)


def _versions(purpose: str, language: str) -> QuerySet[Wording]:
    return Wording.objects.filter(site=conf.get().SITE, purpose=purpose, language=language).order_by(
        "-version"
    )


def _next_version(purpose: str, language: str) -> int:
    newest = _versions(purpose, language).first()
    return newest.version + 1 if newest else 1
