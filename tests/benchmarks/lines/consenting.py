"""What falls with a withdrawn consent, against the same release where a flag on the row says who agreed."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction
from django.db.models import Q

from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.erasure import reach
from django_rgpd.erasure.release import carry_out
from django_rgpd.policy import Occasion
from django_rgpd.registry import Blank, Declaration, Entry, KeepFacts, Personal, When, Who
from django_rgpd.registry.conditions import ALWAYS
from tests.benchmarks import rows
from tests.benchmarks.lines import Size
from tests.benchmarks.measure import Measured, compare
from tests.benchmarks.shop.models import Member

BLANK = dict.fromkeys(("nickname", "wish", "phone"), "")
AGREED = "i %% 5 < 2"
"""Two of five still agree; the others withdrew."""
SIZE = 10_000


class ByConsent(Declaration):
    """Members, of whom everything stands on a consent that the ledger knows."""

    who = Who(user="customer")
    fields = {name: Personal("club", erase=Blank()) for name in BLANK}
    facts = ["joined_at"]
    internal = ["customer", "agreed"]
    at_end = KeepFacts()


class ByFlag(ByConsent):
    """The same, where a column of the row says who agreed."""

    clocks = {"account": "joined_at"}
    fields = {name: Personal(When("account", Q(agreed=True)), erase=Blank()) for name in BLANK}


def consenting(size: Size) -> Iterator[Measured]:
    """Of all members three in five withdrew since the last sweep."""

    def refill() -> None:
        rows.empty()
        rows.insert(
            Member,
            size.rows,
            {"customer": rows.Sql("i"), "agreed": rows.Sql(flag(AGREED)), "joined_at": rows.RECENT},
        )
        _consents(size.rows)
        rows.settled()

    yield compare(
        "release what withdrawn consents held", rows=size.rows, before=refill,
        floor=lambda: _release(ByFlag, size.rows), candidate=lambda: _release(ByConsent, size.rows),
        rounds=size.rounds_of_many, target=1.5 if connection.vendor == "postgresql" else 5,
    )  # fmt: skip


def _release(declaration: type[Declaration], count: int) -> None:
    """What a sweep does, a range of the table at a time, each a transaction."""
    entry = Entry(model=Member, declaration=declaration, origin=__name__)
    groups = reach.grouped(entry, declaration.fields, Occasion.TERM, now=rows.NOW)
    whole = reach.Reach(entry=entry, role=entry.main_role, where=ALWAYS, groups=groups, deletes=False)
    for start in range(0, count, SIZE):
        with transaction.atomic():
            part = reach.narrowed(whole, Q(pk__gt=start, pk__lte=start + SIZE))
            carry_out(part, Occasion.TERM, now=rows.NOW)


def _consents(count: int) -> None:
    """What each member decided, and what three in ten decided on something else."""
    uuid = "gen_random_uuid()" if connection.vendor == "postgresql" else "lower(hex(randomblob(16)))"
    given: dict[str, object] = {
        "site": 1,
        "person": rows.Sql(uuid),
        "channel": "",
        "since": rows.RECENT,
        "expires_at": None,
        "event": rows.Sql(uuid),
        "wording": None,
        "language": "en",
        "address": None,
        "silent_until": None,
    }
    standing = f"CASE WHEN {AGREED} THEN '{Standing.LIVE}' ELSE '{Standing.WITHDRAWN}' END"
    key = f"CASE WHEN {AGREED} THEN CAST(i AS varchar(255)) END"
    address = f"CASE WHEN {AGREED} THEN {rows.TEXTS['email']} END"
    club = {
        "purpose": "club",
        "live": flag(AGREED),
        "standing": standing,
        "user_key": key,
        "agreed_with": address,
    }
    rows.insert(
        ConsentState,
        count,
        {**given, **{name: rows.Sql(sql) for name, sql in club.items()}, "purpose": "club"},
    )
    other = {
        "live": flag("1 = 1"),
        "user_key": "CAST(i AS varchar(255))",
        "agreed_with": rows.TEXTS["email"],
    }
    rows.insert(
        ConsentState,
        count * 3 // 10,
        {
            **given,
            **{name: rows.Sql(sql) for name, sql in other.items()},
            "purpose": "other",
            "standing": Standing.LIVE,
        },
    )


def flag(condition: str) -> str:
    """A condition as a boolean column holds it."""
    return (
        f"({condition})" if connection.vendor == "postgresql" else f"CASE WHEN {condition} THEN 1 ELSE 0 END"
    )
