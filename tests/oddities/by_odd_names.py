"""Names that must be quoted, a table in a schema, columns that the database fills: erased, swept, exported, searched."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.erasure.rehearse import rehearse
from django_rgpd.export import collect
from django_rgpd.export.models import Document
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people, registry
from django_rgpd.registry.models import Person
from django_rgpd.retention.finding import tops
from django_rgpd.retention.sweep import sweep
from tests.oddities.ground import BEFORE, LONG_AGO, NOW, check, person
from tests.oddities.names import models

ALL = (models.Keyword, models.Spaced, models.Long, models.Qualified, models.Filled)


def prepared() -> None:
    """The table that no migration makes."""
    on_postgresql = connection.vendor == "postgresql"
    kind = "bigserial" if on_postgresql else "integer"
    user = models.Qualified._meta.get_field("user").db_type(connection)
    with connection.cursor() as cursor:
        if on_postgresql:
            cursor.execute(f'CREATE SCHEMA "{models.SCHEMA}"')
        cursor.execute(
            f"CREATE TABLE {connection.ops.quote_name(models.Qualified._meta.db_table)} "
            f"(id {kind} PRIMARY KEY, keyword_id bigint, "
            f"user_id {user}, email varchar(254), text varchar(100), created timestamp with time zone)"
        )


def fill(user: Any, email: str, name: str, *, created: datetime = BEFORE) -> None:
    """A row of everything, each with the canary in its texts."""
    said = f"{name}-canary"
    keyword = models.Keyword.objects.create(user=user, group=said, order=said, created=created)
    models.Spaced.objects.create(email=email, text=said, created=created)
    models.Long.objects.create(user=user, text=said, kept=f"kept {name}", created=created)
    models.Qualified.objects.create(keyword=keyword, user=user, email=email, text=said, created=created)
    models.Filled.objects.create(user=user, email=email, text=said, created=created)
    models.Filled.objects.create(user=None, email=email, text=said, created=created)


def rows_of(name: str) -> list[str]:
    """Rows in which ``name`` stands."""
    found = [
        f"{model.__name__}: {row}" for model in ALL for row in model.objects.order_by("pk").values_list()
    ]
    return [line for line in found if name in line]


def erased() -> None:
    """Everything of one goes, nothing of another moves."""
    olga, her, email = person("olga")
    fill(olga, email, "olga")
    paul, _his, other = person("paul")
    fill(paul, other, "paul")
    before = rows_of("paul")

    erase(her, how="account", now=NOW)
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    check(f"odd names, left: {rows_of('olga-canary')}", not rows_of("olga-canary"))
    check("odd names: what the law keeps went", models.Long.objects.filter(kept="kept olga").count() == 1)
    check("odd names: the other's rows moved", before == rows_of("paul"))
    check("odd names: a row that stays went", models.Filled.objects.filter(user=None, text="").count() == 2)


def swept() -> None:
    """What is over goes at night."""
    rosa, _her, email = person("rosa")
    fill(rosa, email, "rosa", created=LONG_AGO)
    hugo, _his, other = person("hugo")
    fill(hugo, other, "hugo")
    before = rows_of("hugo")

    report = sweep(now=NOW, size=1)

    check(f"odd names, failed: {report.failed}", not report.failed)
    check(f"odd names, left by the sweep: {rows_of('rosa-canary')}", not rows_of("rosa-canary"))
    check("odd names: the sweep moved the other's rows", before == rows_of("hugo"))
    entries = [one for one in (registry.of(model) for model in ALL) if one is not None]
    check(f"odd names, tops: {tops(entries)}", all(tops(entries).values()))
    check(f"odd names, rehearsed: {rehearse(now=NOW)}", not rehearse(now=NOW))


def exported() -> None:
    """Her document has every text of hers."""
    ines, her, email = person("ines")
    fill(ines, email, "ines")
    file = io.BytesIO()
    collect.write(people.subject(Person.objects.get(pk=her.pk)), Document.ACCESS, file, now=NOW)
    text = file.getvalue().decode()
    missing = [model.__name__ for model in ALL if f'"odd_names.{model.__name__}"' not in text]
    check(f"odd names, not exported: {missing}", not missing)
    check(f"odd names, exported: {text.count('ines-canary')}", text.count("ines-canary") >= 7)


def searched() -> None:
    """A copy in a table that is no model, whatever its name, is named to staff."""
    quirk, her, email = person("quirk")
    places = ['we"ird', "100%s", '"quoted"', "x" * 63]
    with connection.cursor() as cursor:
        for place in places:
            name = _quoted(place)
            cursor.execute(
                f"CREATE TABLE {name} ({_quoted(chr(34) + 'a%')} varchar(100), {_quoted('%s b')} varchar(100))"
            )
            cursor.execute(f"INSERT INTO {name} VALUES ('x', '{email}')")
    models.Qualified.objects.create(keyword_id=1, text=f"write to {email}", created=BEFORE)

    erase(her, how="account", now=NOW)
    run_due(now=NOW + timedelta(minutes=11))

    receipt = str(Erasure.objects.get(person=her.uuid).receipt["residue"])
    for place in (*places, "odd_names.Qualified"):
        check(f"residue: {place} is not named: {receipt}", repr(place)[1:-1] in receipt or place in receipt)
    with connection.cursor() as cursor:
        for place in places:
            cursor.execute(f"DROP TABLE {_quoted(place)}")
    models.Qualified.objects.filter(text__contains="quirk").delete()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
