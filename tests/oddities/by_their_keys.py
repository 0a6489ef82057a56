"""Every kind of reference, key and column: erased, swept at its term, and exported, without touching anybody else's."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.models import QuerySet

from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.failures import EngineFailed
from django_rgpd.erasure.rehearse import rehearse
from django_rgpd.export import collect
from django_rgpd.export.models import Document
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people
from django_rgpd.registry.models import Hold, HoldKind, Person
from django_rgpd.retention.sweep import sweep
from django_rgpd.testing import changed, snapshot
from tests.oddities.ground import BEFORE, LONG_AGO, NOW, check, everything, person
from tests.oddities.keys import models
from tests.oddities.zoo import models as zoo

OF_ALBUMS = (models.Protected, models.Restricted, models.Defaulted, models.Substituted, models.Untouched)


def fill(user: Any, email: str, name: str, created: datetime = BEFORE) -> None:
    """A row of everything, each with the canary in its texts."""
    said = f"{name}-canary"
    common: dict[str, Any] = {"created": created}
    album = models.Album.objects.create(user=user, title=said, **common)
    receipt = models.Album.objects.create(user=user, title=said, **common)
    for model in OF_ALBUMS:
        model.objects.create(album=album, text=said)  # type: ignore[attr-defined]
    models.Print.objects.create(album=receipt, receipt=f"kept {name}")
    comment = zoo.Comment.objects.create(author=user, text=said, **common)
    tie(user, album, comment, said, created)
    models.Cell.objects.create(number=1, user=user, text=said, **common)
    shelf = models.Shelf.objects.create()
    models.KeptCell.objects.create(album=shelf, number=1, user=user, text=said, other="x", **common)
    models.KeptCell.objects.create(album=shelf, number=2, text=f"kept {name}", other=email, **common)
    friend = models.Friendly.objects.create(user=user, bio=said, **common)
    friend.friends.add(*models.Friendly.objects.all()[:2])
    versions(user, album, said, created)
    models.Basket.objects.create(
        user=user, data={"customer": {"name": [said]}, "sum": f"kept {name}"}, **common
    )
    models.Measured.objects.create(
        user=user,
        sign="w",
        rank=5,
        weight=Decimal("999.99"),
        blob=said.encode(),
        ip="192.0.2.7",
        link=f"https://example.com/{said}",
        **common,
    )
    for number in range(2):
        models.Numbered.objects.create(user=user, name=f"{said}-{number}", **common)
    portray(user, said, created)
    if hasattr(models, "DatabaseCascade"):
        models.DatabaseCascade.objects.create(user=user, text=said, **common)


def tie(user: Any, album: models.Album, comment: zoo.Comment, said: str, created: datetime) -> None:
    """Words tied by generic keys: to a number, to an account's key, to a UUID with hyphens and without."""
    for row, key in (
        (album, str(album.pk)),
        (user, str(user.pk)),
        (comment, str(comment.pk)),
        (comment, comment.pk.hex),
    ):
        models.Tag.objects.create(content_type=kind(row), object_id=key, word=said, created=created)
    models.Pin.objects.create(content_type=kind(comment), object_id=comment.pk, word=said, created=created)
    models.Score.objects.create(content_type=kind(album), object_id=album.pk, word=said, created=created)


def kind(row: Any) -> ContentType:
    """The content type of a row's table."""
    return ContentType.objects.get_for_model(row)


def versions(user: Any, album: models.Album, said: str, created: datetime) -> None:
    """What a history keeps of an album."""
    for title in (f"{said} once", said):
        models.HistoricalAlbum.objects.create(
            id=album.pk, user=user, title=title, created=created, history_date=created, history_user=user
        )


def portray(user: Any, said: str, created: datetime) -> None:
    """A picture with its thumbnails, and beside it what begins alike and is another's."""
    portrait = models.Portrait(user=user, created=created)
    portrait.picture.save(f"{said}.png", ContentFile(b"whole"))
    name, stem = portrait.picture.name, portrait.picture.name.removesuffix(".png")
    for made in (f"{name}.64x64.webp", f"thumbs/{stem}-small.png", f"CACHE/{stem}/a1/b2.png"):
        default_storage.save(made, ContentFile(b"small"))


def orphan(said: str) -> models.Tag:
    """Words about a row that another model has under the same key, and nobody of ours."""
    return models.Tag.objects.create(
        content_type=kind(models.Shelf.objects.first()), object_id="1", word=said, created=BEFORE
    )


def rows_of(name: str) -> list[str]:
    """Rows that say something of somebody."""
    return [line for line in everything().splitlines() if name in line]


def files_of(name: str) -> list[str]:
    """Stored files that are somebody's by their path."""
    root = Path(settings.MEDIA_ROOT)
    return sorted(
        str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() and name in str(path)
    )


def erased() -> None:
    """Of her nothing is left but receipts and what stays without her; of the other everything."""
    nina, her, email = person("nina")
    fill(nina, email, "nina")
    otto, _his, other = person("otto")
    fill(otto, other, "otto")
    left_alone = orphan("nobody's")
    ottos, his_files = rows_of("otto"), files_of("otto")
    check(f"too few files to begin with: {files_of('nina')}", len(files_of("nina")) == 4)

    erase(her, how="account", now=NOW)
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    check(f"left: {rows_of('nina-canary')}", not rows_of("nina-canary"))
    check(f"files are left: {files_of('nina')}", not files_of("nina"))
    check("the other's rows moved", ottos == rows_of("otto"))
    check(f"the other's files moved: {files_of('otto')}", his_files == files_of("otto"))
    check("what is tied to nobody went", models.Tag.objects.filter(pk=left_alone.pk).exists())
    for model in (*OF_ALBUMS, models.Cell, models.Friendly, models.Pin, models.Portrait):
        check(f"{model.__name__} is left", QuerySet(model).count() == 1)
    check("tags are left", models.Tag.objects.count() == 5)
    check("versions are left", models.HistoricalAlbum.objects.count() == 2)
    check("the receipt went", models.Print.objects.filter(receipt="kept nina", album__title="").count() == 1)
    check("the emptied score went", models.Score.objects.filter(object_id=None, word="").count() == 1)
    stays = models.KeptCell.objects.filter(user=None)
    check("her cell", stays.filter(text="", other="x").count() == 1)
    check("the cell that she read", stays.filter(text="kept nina", other="").count() == 1)
    check("the basket", models.Basket.objects.get(user=None).data == {"sum": "kept nina"})
    check("the names", models.Numbered.objects.filter(user=None, name="").count() == 2)
    measured = models.Measured.objects.get(user=None)
    check("the measures", (measured.sign, measured.rank, measured.weight) == ("-", 1, Decimal("0.01")))
    check("the last columns", (bytes(measured.blob), measured.token.int, measured.ip) == (b"", 0, None))
    models.Tag.objects.filter(pk=left_alone.pk).delete()


def swept() -> None:
    """What no purpose holds any more goes at night, without anybody asking; what is younger stays."""
    ruth, _her, email = person("ruth")
    fill(ruth, email, "ruth", created=LONG_AGO)
    sven, _his, other = person("sven")
    fill(sven, other, "sven")
    svens, his_files = rows_of("sven"), files_of("sven")

    report = sweep(now=NOW, size=1)
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    check(f"a model failed: {report.failed}", not report.failed)
    ours = [line for line in rows_of("ruth-canary") if line.startswith("odd_keys")]
    check(f"left by the sweep: {ours}", not ours)
    check(f"files are left by the sweep: {files_of('ruth')}", not files_of("ruth"))
    check("the sweep moved the other's rows", svens == rows_of("sven"))
    check("the sweep moved the other's files", his_files == files_of("sven"))
    check("the law's receipt went", models.Print.objects.filter(receipt="kept ruth").exists())
    check("a second sweep finds something", not sweep(now=NOW, size=1).done.rows)


def swept_by_workers() -> None:
    """A sweep that is cut into jobs does what one sweep does, whatever the keys that its ranges end with."""
    quin, _her, email = person("quin")
    fill(quin, email, "quin", created=LONG_AGO)
    models.Cell.objects.create(number=2, user=quin, text="quin-canary", created=LONG_AGO)

    report = sweep(now=NOW, share=True, size=1)
    check(f"not cut: {report.cut}", {"odd_keys.Cell", "odd_keys.KeptCell"} <= report.cut.keys())
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    cells = [
        line for line in rows_of("quin-canary") if line.startswith(("odd_keys_cell", "odd_keys_keptcell"))
    ]
    check(f"cells are left by the workers: {cells}", not cells)
    sweep(now=NOW)


def set_aside() -> None:
    """A row that the database refuses is known again the next night, and goes when nothing is in its way any more."""
    zita, _her, email = person("zita")
    fill(zita, email, "zita", created=LONG_AGO)
    with refusing("odd_keys_cell"):
        reports = [sweep(now=NOW) for _night in range(2)]
        check("the refused cell went", models.Cell.objects.filter(text="zita-canary").exists())
    for report in reports:
        check(f"failed beside the refused row: {report.failed}", not report.failed)
        check(f"set aside: {report.aside}", [len(keys) for keys in report.aside.values()] == [1])

    check("still set aside", not sweep(now=NOW).aside)
    check("the cell stays", not models.Cell.objects.filter(text="zita-canary").exists())


@contextmanager
def refusing(table: str) -> Iterator[None]:
    """The database deletes no row of ``table``."""
    on_postgresql = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        if on_postgresql:
            cursor.execute(
                "CREATE FUNCTION refused() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = 'check_violation'; END $$"
            )
        doing = (
            "FOR EACH ROW EXECUTE FUNCTION refused()"
            if on_postgresql
            else "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
        cursor.execute(f"CREATE TRIGGER refused BEFORE DELETE ON {table} {doing}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION refused CASCADE" if on_postgresql else "DROP TRIGGER refused")


def held() -> None:
    """What a hold keeps of somebody who was erased is known by its keys, of several columns too."""
    kuno, her, email = person("kuno")
    fill(kuno, email, "kuno")
    hold = Hold.objects.create(
        kind=HoldKind.DISPUTE,
        reason="A dispute.",
        owner="1",
        since=NOW,
        review_on=NOW.date(),
        person=her.uuid,
    )
    erase(her, how="account", now=NOW)
    later = NOW + timedelta(days=4 * 366)
    sweep(now=later)
    check("a held cell went", models.Cell.objects.filter(text="kuno-canary").count() == 1)
    check("a held cell of two went", models.KeptCell.objects.filter(text="kuno-canary").count() == 1)
    check("a held cell was emptied", models.KeptCell.objects.filter(other=email).count() == 1)

    hold.delete()
    sweep(now=later, full=True)
    cells = [
        line for line in rows_of("kuno-canary") if line.startswith(("odd_keys_cell", "odd_keys_keptcell"))
    ]
    check(f"cells stay without a hold: {cells}", not cells)


def exported() -> None:
    """Her document has every text of hers, and none of another's."""
    tess, her, email = person("tess")
    fill(tess, email, "tess")
    uwe, _his, other = person("uwe")
    fill(uwe, other, "uwe")

    for document in Document:
        file = io.BytesIO()
        collect.write(people.subject(Person.objects.get(pk=her.pk)), document, file, now=NOW)
        whole = json.loads(file.getvalue())
        text = file.getvalue().decode()
        check(f"{document}: another's", "uwe" not in text)
        tables = {table["table"]: table for table in whole["tables"]}
        if document == Document.ACCESS:
            shown = {label for label in tables if label.startswith("odd_keys.")}
            wanted = {f"odd_keys.{model.__name__}" for model in (*OF_ALBUMS, *HERS)}
            check(f"not exported: {wanted - shown}", wanted <= shown)
            counts = {label: tables[label]["count"] for label in shown}
            check(f"tags: {counts}", counts.get("odd_keys.Tag") == 4)
            check(f"cells: {counts}", counts.get("odd_keys.Cell") == 1)


def rehearsed() -> None:
    """What only the database can say of an erased form is said by the rehearsal, before a customer hears it."""
    ylva, her, email = person("ylva")
    shelf = models.Shelf.objects.create()
    names = [
        models.Shelved.objects.create(user=ylva, shelf=shelf, name=f"ylva-canary-{number}", created=BEFORE)
        for number in range(2)
    ]
    check("two erased names", refusal(her, "odd_keys.Shelved"))
    for row in names:
        row.delete()
    domestic = models.Domestic.objects.create(user=ylva, email=email, created=BEFORE)
    check("a placeholder in a CHECK", refusal(her, "odd_keys.Domestic"))
    domestic.delete()
    check(f"still refused: {rehearse(now=NOW)}", not rehearse(now=NOW))


def refusal(her: Person, label: str) -> bool:
    """Whether the rehearsal names the model, and the erasure itself refuses without changing or telling anything."""
    before = snapshot()
    named = any(label in problem for problem in rehearse(now=NOW))
    try:
        erase(her, how="account", now=NOW)
    except EngineFailed as error:
        told = str(error)
        return named and label in told and "canary" not in told and not changed(before, snapshot())
    return False


def still_open() -> None:
    """What open business holds under a key of two columns is known again when it closes."""
    _zoe, her, email = person("zoe")
    cell = models.OpenCell.objects.create(number=7, email=email, created=BEFORE)
    erase(her, how="account", now=NOW)
    for hours in (0, 1, 26):
        run_due(now=NOW + timedelta(hours=hours))
    check("open business went", models.OpenCell.objects.filter(email=email).exists())

    models.OpenCell.objects.filter(pk=cell.pk).update(open=False)
    run_due(now=NOW + timedelta(hours=52))

    check("closed business stays", not rows_of("zoe-canary"))


HERS = (
    models.Album,
    models.Print,
    models.Tag,
    models.Pin,
    models.Score,
    models.Cell,
    models.KeptCell,
    models.Friendly,
    models.HistoricalAlbum,
    models.Basket,
    models.Measured,
    models.Numbered,
    models.Portrait,
)


def shared() -> None:
    """A row that two people share goes when the second of them goes, and not before."""
    vera, her, _email = person("vera")
    wolf, his, _other = person("wolf")
    street = f"shared {uuid.uuid4().hex}"
    place = zoo.Place.objects.create(street=street)
    for user in (vera, wolf):
        zoo.Trip.objects.create(user=user, place=place, created=BEFORE)

    erase(her, how="account", now=NOW)
    check("the shared row went with the first", zoo.Place.objects.filter(street=street).exists())
    erase(his, how="account", now=NOW)
    check("the shared row stayed behind both", not zoo.Place.objects.filter(street=street).exists())
    check("an account is left", not get_user_model()._base_manager.filter(pk=vera.pk).exists())
