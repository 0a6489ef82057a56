"""The trial: a whole file is judged, line by line; nothing but private files is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import IO, TypeVar

from django.utils.translation import gettext as _

from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses, clock, conf
from django_rgpd.core.errors import Refused
from django_rgpd.imports import files, judging, reading, reasons, standing
from django_rgpd.imports.judging import Consent, Judge, address_of
from django_rgpd.imports.malformed import Malformed
from django_rgpd.imports.staging import Staging, staging
from django_rgpd.policy import EMAIL, SMS, Purpose, current

T = TypeVar("T")

MOST_TEXTS = 100
"""Different texts in one file: more of them are no wordings, but something that people wrote."""

PAGE = 500
"""Lines that are looked up, and taken, at once."""

Tell = Callable[[int], object]
"""Hears how many lines are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of it: the names of the private files, the texts that the file holds, and the counts."""

    accepted: str
    report: str
    texts: list[str]
    told: dict[str, object]


def purposes() -> dict[str, Purpose]:
    """The marketing purposes that rest on consent, by key: what a list can be imported for."""
    return {one.key: one for one in current().marketing if one.on_consent}


def checked(purpose: str, channel: str) -> Purpose:
    """The purpose, to which people can agree on ``channel``. Raises ``Refused``."""
    found = purposes().get(purpose)
    if found is None:
        names = ", ".join(purposes()) or "–"
        raise Refused(_("Consents can be imported for these purposes only: %(names)s.") % {"names": names})
    channels = [one for one in found.channels if one in {EMAIL, SMS}]
    if channel not in channels:
        names = ", ".join(channels) or "–"
        raise Refused(
            _("Consents to this purpose can be imported for these channels only: %(names)s.")
            % {"names": names}
        )
    return found


def judge(
    file: IO[bytes],
    purpose: str,
    channel: str,
    *,
    wording: str = "",
    now: datetime,
    tell: Tell = lambda number: None,
) -> Trial:
    """Judge every line of ``file``: by itself, against the rest of the file, and against what is known here.

    ``wording``: for lines that name none (``ConsentImport.wording``). Memory does not grow with the file. Raises ``Refused``
    for a purpose or channel that no list can be imported for, and ``Malformed`` where the file cannot be read as a list.
    """
    library = judging.library(Wording.objects.filter(site=conf.get().SITE, purpose=purpose))
    bench = Judge(
        purpose=checked(purpose, channel),
        channel=channel,
        library=library,
        fallback=library.get(wording, wording if " " in wording else ""),
        now=now,
    )
    listing = reading.look(file, address_of(channel)[0])
    with staging() as stage:
        texts: dict[str, int] = {}
        lines = _by_themselves(stage, bench, reading.lines(file, listing), texts, tell)
        stage.note(standing.leavers(kind=address_of(channel)[1], key=(purpose, channel)))
        span: list[datetime] = []
        accepted = files.keep_rows(_unhindered(stage, bench, span))
        refused = stage.counts()
        return Trial(
            accepted=accepted,
            report=files.keep_rows((line, reason, other or "") for line, reason, other in stage.refused()),
            texts=list(texts),
            told={
                "lines": lines,
                "accepted": lines - sum(refused.values()),
                "refused": refused,
                "ignored": list(listing.header.ignored),
                "encoding": listing.encoding,
                "days": [clock.legal_day(one).isoformat() for one in span],
            },
        )


hearing: ContextVar[Tell] = ContextVar("hearing", default=lambda number: None)
"""Who hears how far a job of this process is."""


def pages(each: Iterable[T]) -> Iterator[list[T]]:
    """``each``, in lists of ``PAGE``."""
    left = iter(each)
    while page := list(islice(left, PAGE)):
        yield page


def _by_themselves(
    stage: Staging, bench: Judge, lines: Iterable[reading.Line], texts: dict[str, int], tell: Tell
) -> int:
    kind = address_of(bench.channel)[1]
    number = 0
    for number, line in enumerate(lines, 1):
        found = bench.of(line)
        if isinstance(found, str):
            stage.refuse(line.number, found)
            if found == reasons.NOT_AGREED:
                stage.deny(addresses.digest(kind, bench.address(line)).hex, line.number)
        else:
            stage.add(addresses.digest(kind, found.address).hex, _numbered(found, texts))
        if not number % PAGE:
            tell(number)
    tell(number)
    return number


def _numbered(consent: Consent, texts: dict[str, int]) -> Consent:
    """A text that the file holds is kept once; the line says which of them it is."""
    if " " not in consent.wording:
        return consent
    number = texts.setdefault(consent.wording, len(texts))
    if number >= MOST_TEXTS:
        words = _("The file has more than %(number)d different texts of consent: is it the right column?")
        raise Malformed(words % {"number": MOST_TEXTS})
    return replace(consent, wording=str(number))


def _unhindered(stage: Staging, bench: Judge, span: list[datetime]) -> Iterator[tuple[object, ...]]:
    """The consents that nothing known here stands in the way of; ``span`` becomes the first and the last moment of them."""
    kind, key = address_of(bench.channel)[1], (bench.purpose.key, bench.channel)
    for page in pages(stage.consents()):
        for one in standing.verdicts(page, kind, key, now=bench.now, left=stage.left):
            if one.reason:
                stage.refuse(one.consent.line, one.reason)
            else:
                at = one.consent.at
                span[:] = [min([*span, at]), max([*span, at])]
                yield files.row_of(one.consent)
