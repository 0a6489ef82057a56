"""What only PostgreSQL has: arrays, hstore and ranges; triggers and materialised views that copy behind everybody's back."""

from __future__ import annotations

import importlib
from datetime import timedelta

from django.db import connection

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.outbox.deliver import run_due
from tests.oddities.ground import BEFORE, NOW, check, everything, person
from tests.oddities.zoo import models as zoo


def extend(**_: object) -> None:
    """What hstore needs of the database, before its first table is made."""
    from django.contrib.postgres.signals import get_hstore_oids, register_type_handlers

    with connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS hstore")
    get_hstore_oids.cache_clear()
    register_type_handlers(connection)


def lists() -> None:
    """Columns of many values are emptied like any other."""
    models = importlib.import_module("tests.oddities.postgres.models")
    xena, her, _email = person("xena")
    said = "xena-canary"
    models.Listed.objects.create(
        user=xena,
        names=[said, "other"],
        notes=[said],
        pairs={"street": said},
        stay=(BEFORE.date(), NOW.date()),
        created=BEFORE,
    )

    erase(her, how="account", now=NOW)

    row = models.Listed.objects.get()
    check("the lists", (row.user, row.names, row.notes, row.pairs, row.stay) == (None, [], [], {}, None))


def copies() -> None:
    """A trigger's table and a materialised view are no models: the search afterwards names them to staff."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE zoo_audit (id serial PRIMARY KEY, said text)")
        cursor.execute(
            "CREATE FUNCTION zoo_copy() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN INSERT INTO zoo_audit (said) VALUES (NEW.text); RETURN NEW; END $$"
        )
        cursor.execute(
            "CREATE TRIGGER zoo_copied AFTER INSERT ON zoo_note FOR EACH ROW EXECUTE FUNCTION zoo_copy()"
        )
    yann, her, email = person("yann")
    zoo.Note.objects.create(user=yann, text=f"write to {email}", created=BEFORE)
    with connection.cursor() as cursor:
        cursor.execute("CREATE MATERIALIZED VIEW zoo_seen AS SELECT text FROM zoo_note")
        cursor.execute("CREATE MATERIALIZED VIEW zoo_unseen AS SELECT text FROM zoo_note WITH NO DATA")

    erase(her, how="account", now=NOW)
    run_due(now=NOW + timedelta(minutes=11))

    receipt = str(Erasure.objects.get(person=her.uuid).receipt["residue"])
    check(f"the trigger's table is not named: {receipt}", "zoo_audit" in receipt)
    check(f"the view is not named: {receipt}", "zoo_seen" in receipt)
    check("the receipt holds the address", "yann" not in receipt)
    with connection.cursor() as cursor:
        cursor.execute("DROP MATERIALIZED VIEW zoo_seen, zoo_unseen")
        cursor.execute("DROP TRIGGER zoo_copied ON zoo_note")
        cursor.execute("DROP TABLE zoo_audit")
    check("more than the copies was left", "yann-canary" not in everything())
