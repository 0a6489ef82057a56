"""What one line says by itself: a consent with its evidence, or why it is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings

from django_rgpd.consent.models import Wording
from django_rgpd.core import addresses, clock
from django_rgpd.core.errors import BadAddress
from django_rgpd.imports import columns, reasons
from django_rgpd.imports.reading import Line
from django_rgpd.policy import EMAIL, Purpose
from django_rgpd.registry.models import Kind

FIRST_YEAR = 1995
LONGEST_HOW = 200
LONGEST_TEXT = 5_000

_DAY_FIRST = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?:[ T]+(\d{1,2}:\d{2}(?::\d{2})?))?", re.ASCII)
_YES = frozenset(
    {"", "1", "y", "yes", "true", "t", "on", "x", "o", "oui", "vrai"}
    | {
        "subscribed",
        "subscriber",
        "active",
        "confirmed",
        "abonné",
        "abonne",
        "inscrit",
        "actif",
        "confirmé",
        "confirme",
    }
)
_NO = frozenset({"", "0", "n", "no", "false", "f", "off", "non", "faux", "-"})


@dataclass(frozen=True, slots=True)
class Consent:
    """What a line proves. ``wording``: uuid of a saved text, or the text itself; ``language``: as the line says, or nothing."""

    line: int
    address: str = field(repr=False)
    at: datetime
    how: str
    wording: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Judges lines of one file.

    ``library``: the wordings of the purpose. ``fallback``: for lines that name none, one of them, or a
    language and the text itself, or nothing.
    """

    purpose: Purpose
    channel: str
    library: Mapping[str, Wording]
    fallback: Wording | str
    now: datetime

    def of(self, line: Line) -> Consent | str:
        """The consent that ``line`` proves, or the reason (``reasons``) why it proves none."""
        cells = line.cells
        if not line.fits:
            return reasons.BAD_CELLS
        try:
            address = self.address(line)
        except BadAddress:
            return reasons.BAD_ADDRESS
        if not _agreed(cells):
            return reasons.NOT_AGREED
        at = self._at(cells[columns.AT])
        if isinstance(at, str):
            return at
        how = " ".join(cells[columns.HOW].split())
        if not any(letter.isalnum() for letter in how) or how.casefold() in _YES | _NO:
            return reasons.NO_HOW
        if len(how) > LONGEST_HOW or not how.isprintable() or _names_somebody(how):
            return reasons.PERSONAL_HOW
        wording = self._wording(cells, at)
        if wording in reasons.WORDS:
            return wording
        return Consent(line.number, address, at, how, wording, _language(cells.get(columns.LANGUAGE, "")))

    def address(self, line: Line) -> str:
        """The canonical address of ``line``. Raises ``BadAddress``."""
        column, kind = address_of(self.channel)
        return addresses.canonical(kind, line.cells[column])

    def _at(self, text: str) -> datetime | str:
        if not text.strip():
            return reasons.NO_DATE
        try:
            at = moment(text.strip())
        except (ValueError, OverflowError):
            return reasons.BAD_DATE
        if at > self.now:
            return reasons.FUTURE
        if at.year < FIRST_YEAR:
            return reasons.TOO_EARLY
        over = not self.purpose.term.endless and self.purpose.term.due(clock.legal_day(at))
        return reasons.TERM_OVER if over and over <= clock.legal_day(self.now) else at

    def _wording(self, cells: Mapping[str, str], at: datetime) -> str:
        """The uuid of the text that the line names, or the text that it holds; or a reason."""
        text = cells.get(columns.TEXT, "").strip()
        if text:
            language = _language(cells.get(columns.LANGUAGE, "")) or settings.LANGUAGE_CODE
            return reasons.UNKNOWN_WORDING if len(text) > LONGEST_TEXT else f"{language} {text}"
        named = cells.get(columns.WORDING, "").strip()
        found = self.library.get(spelled(named)) if named else self.fallback
        if not found:
            return reasons.UNKNOWN_WORDING if named else reasons.NO_WORDING
        if isinstance(found, str):
            return found
        later = found.valid_from > at and not found.imported
        return reasons.LATER_WORDING if later else str(found.uuid)


def address_of(channel: str) -> tuple[str, Kind]:
    """The column with the addresses of ``channel``, and their kind."""
    return (columns.EMAIL, Kind.EMAIL) if channel == EMAIL else (columns.PHONE, Kind.PHONE)


def moment(text: str) -> datetime:
    """A date or date-time as people and programs write it, day first; without a zone it is legal time. Raises ``ValueError``."""
    if found := _DAY_FIRST.fullmatch(text):
        day, month, year, time = found.groups()
        text = f"{year}-{int(month):02}-{int(day):02}"
        if time:
            text += f"T{time:0>{len(time) + (time[1] == ':')}}"
    if not re.match(r"\d{4}-\d{2}-\d{2}|\d{8}(?:T|$)", text, re.ASCII):
        raise ValueError
    read = datetime.fromisoformat(text)
    if not 1 < read.year < 9999:
        raise ValueError
    return (read if read.tzinfo else read.replace(tzinfo=clock.legal_zone())).astimezone(UTC)


def library(wordings: Iterable[Wording]) -> dict[str, Wording]:
    """What a line may call each wording: its uuid, "newsletter fr 3" as the admin shows it, or "fr 3"."""
    found: dict[str, Wording] = {}
    for one in wordings:
        for name in (str(one.uuid), str(one), f"{one.language} {one.version}"):
            found[name.casefold()] = one
    return found


def spelled(reference: str) -> str:
    """What a wording is called, however it is spaced and written."""
    return " ".join(reference.casefold().split())


def _names_somebody(how: str) -> bool:
    """Whether it holds an address or a phone number: what proves a consent names nobody."""
    return "@" in how or bool(re.search(r"\d{9}", re.sub(r"[\s.]", "", how)))


def _agreed(cells: Mapping[str, str]) -> bool:
    yes = cells.get(columns.AGREED, "").strip().casefold()
    left = cells.get(columns.LEFT, "").strip().casefold()
    return yes in _YES and left in _NO


def _language(text: str) -> str:
    wanted = text.strip().casefold().replace("_", "-")
    known = [code for code, _name in settings.LANGUAGES]
    return next((code for code in known if code.casefold() in {wanted, wanted.split("-")[0]}), "")
