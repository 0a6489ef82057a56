"""The columns of a list: the names that are understood, in English and French."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from django_rgpd.imports.malformed import Malformed

EMAIL, PHONE, AT, HOW = "email", "phone", "date", "how"
WORDING, TEXT, LANGUAGE, AGREED, LEFT = "wording", "wording_text", "language", "opt_in", "opt_out"

NAMES: dict[str, tuple[str, ...]] = {
    EMAIL: ("email", "e_mail", "mail", "email_address", "address", "adresse", "adresse_email", "adresse_e_mail", "courriel"),
    PHONE: ("phone", "mobile", "phone_number", "telephone", "portable", "numero"),
    AT: ("date", "when", "timestamp", "consent_date", "consented_at", "subscribed_at", "opt_in_date", "optin_time",
         "confirm_time", "date_consentement", "date_du_consentement", "date_inscription", "date_d_inscription", "inscrit_le"),
    HOW: ("how", "source", "evidence", "proof", "comment_donne", "origine", "preuve", "provenance"),
    WORDING: ("wording", "wording_version", "formulation", "libelle", "version_du_texte"),
    TEXT: ("wording_text", "consent_text", "texte", "texte_du_consentement", "mention"),
    LANGUAGE: ("language", "langue", "locale"),
    AGREED: ("opt_in", "optin", "consent", "agreed", "consentement", "accepte",
             "status", "statut", "subscription_status", "statut_abonnement", "statut_de_l_abonnement"),
    LEFT: ("opt_out", "optout", "unsubscribed", "objected", "desinscrit", "desabonne", "oppose", "opted_out", "unsubscribe",
           "unsub_time", "unsubscribed_at", "unsubscribed_on", "unsubscribe_date", "opt_out_date", "opt_out_time",
           "blacklisted", "email_blacklisted", "desinscription", "date_desinscription", "date_de_desinscription",
           "desinscrit_le", "desabonne_le", "desabonnement", "date_de_desabonnement"),
}  # fmt: skip
"""Column → the names that it may have: accents, case, spaces and dashes do not matter."""

_KNOWN = {name: column for column, names in NAMES.items() for name in names}
_MOST_COLUMNS = 200


@dataclass(frozen=True, slots=True)
class Header:
    """Which cell of a line is which column; ``ignored``: the names of those that are not read, and never kept."""

    places: dict[str, int]
    width: int
    ignored: tuple[str, ...]


def header(cells: Sequence[str], address: str) -> Header:
    """Read the first line of a list whose addresses are of the column ``address``. Raises ``Malformed``."""
    if len(cells) > _MOST_COLUMNS:
        raise Malformed(_("The first line has more than 200 cells: is it the header?"))
    places: dict[str, int] = {}
    ignored = []
    for place, cell in enumerate(cells):
        column = _KNOWN.get(plain(cell))
        if column is None:
            if cell.strip():
                ignored.append(_shown(cell))
        elif column in places:
            raise Malformed(_("Two columns of the file are both read as “%(column)s”.") % {"column": column})
        else:
            places[column] = place
    for column in (address, AT, HOW):
        if column not in places:
            names = ", ".join(NAMES[column][:4])
            words = _("The first line names no column “%(column)s” (understood: %(names)s, …).")
            raise Malformed(words % {"column": column, "names": names})
    return Header(places, len(cells), tuple(ignored))


def understood(cells: Sequence[str]) -> int:
    """How many of ``cells`` are names of columns."""
    return sum(plain(cell) in _KNOWN for cell in cells)


def plain(cell: str) -> str:
    """A name without accents, case and what stands between its words."""
    letters = unicodedata.normalize("NFKD", cell.casefold())
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")


def _shown(cell: str) -> str:
    """A name as a page may show it; where there is no header, the first line may hold an address."""
    text = "".join(letter if letter.isprintable() else " " for letter in cell).strip()[:40]
    return "…" if "@" in text or re.search(r"\d{4}", text) else text
