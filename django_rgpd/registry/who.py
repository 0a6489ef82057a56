"""Whose a row is: the paths that lead from a row to a person, and the person as the engine carries her."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from django.db.models import Q

EMAIL = "email"
PHONE = "phone"

SUBJECT = "subject"
"""The role of the one person of a row whose declaration names only one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """How to find one person of a row; every path is a Django lookup path from the declared model.

    ``user``: to a key of the user model ("pk" on the user model itself). ``email``, ``phone``: to a text column with an
    address; it identifies a row only where the account path is NULL, or whoever proves an address would take another's
    orders. ``person``: to a column with the uuid of ``Person`` (the library's own tables). ``where`` limits the rows.
    ``generic``: the name of a ``GenericForeignKey``; a row that it ties to a row of one of the declared models ``to``
    ("app.Model") is the main person's of that row.
    """

    user: str | None = None
    email: str | None = None
    phone: str | None = None
    person: str | None = None
    session: str | None = None
    generic: str | None = None
    to: tuple[str, ...] = ()
    where: Q | None = None
    sees: tuple[str, ...] = ()
    """Fields and facts of the row, beside this person's own, that her export shows (the text of a review that she
    received); whose they are, and when they go, is not changed by it."""

    @property
    def addresses(self) -> dict[str, str]:
        """Kind of address → path, of those that are declared."""
        found = {EMAIL: self.email, PHONE: self.phone}
        return {kind: path for kind, path in found.items() if path}

    @property
    def paths(self) -> tuple[str, ...]:
        """Every declared path."""
        return tuple(path for path in (self.user, self.email, self.phone, self.person, self.session) if path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """To which rows the addresses of an erased person still lead, for somebody may order under them again; and which rows stay
    hers although nothing leads to them any more.

    ``rows``: label of the model that carries the address → keys of the rows that open business held. ``until``: the instant by
    which the clock of another row began if it is hers; None where none can be. ``free``: kind → addresses nobody has by now.
    ``pinned``: ``pin`` of a label and a role → keys of the rows that a hold, or what was unsettled, kept of her.
    """

    rows: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    until: datetime | None = None
    free: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    pinned: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    @staticmethod
    def pin(label: str, role: str) -> str:
        """How ``pinned`` names the rows of a model that are a person's in one role."""
        return f"{label} {role}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A person as the engine carries her: her uuids, her account key, and her proven addresses in canonical form.

    ``uuids``: her own uuid first, then those of people merged into her. ``addresses``: kind → canonical texts. ``held`` limits
    what the addresses lead to, once she was erased. ``spared``: ``Held.pin`` of a label and a role → keys of rows that a hold
    keeps of somebody erased, whose address may be hers by now: no address leads to them.
    Never printed: ``repr`` shows the uuid only.
    """

    uuids: tuple[UUID, ...]
    user_key: object | None = field(default=None, repr=False)
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict, repr=False)
    held: Held | None = None
    spared: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def uuid(self) -> UUID:
        """The uuid under which ledgers know her."""
        return self.uuids[0]

    @property
    def emails(self) -> frozenset[str]:
        """Her proven email addresses, canonical."""
        return self.addresses.get(EMAIL, frozenset())
