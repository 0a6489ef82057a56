"""The zoo: every kind of model erased, its strays refused, its constraints heard."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.signals import post_save

from django_rgpd.core.errors import RgpdError
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.erasure.rehearse import rehearse
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry.models import Address, Person
from django_rgpd.retention import adopt
from django_rgpd.testing import changed, snapshot
from tests.oddities.ground import BEFORE, NOW, check, everything, failures, make_user, person
from tests.oddities.keys import models as keys
from tests.oddities.zoo import models

STRAYS = [
    models.Stray,
    models.StrayCascade,
    models.StrayNull,
    models.StrayNothing,
    keys.StrayRestrict,
    keys.StrayDefault,
    keys.StraySet,
    keys.StrayHistory,
    *([keys.StrayDatabaseCascade] if hasattr(keys, "StrayDatabaseCascade") else []),
]


def fill(user: Any, email: str, name: str) -> None:
    """A row of everything, each with the canary in its texts."""
    said = f"{name}-canary"
    common = {"created": BEFORE}
    note = models.Note.objects.create(user=user, text=said, **common)
    kind = ContentType.objects.get_for_model(models.Note)
    models.Marked.objects.create(content_type=kind, object_id=str(note.pk), remark=said)
    models.Loan.objects.create(user=user, contract=f"kept {name}", phone=said, **common)
    hidden = QuerySet(models.Hidden)
    hidden.bulk_create(models.Hidden(user=user, text=said, deleted=gone, **common) for gone in (True, False))
    parent = models.Comment.objects.create(author=user, text=said, **common)
    models.Comment.objects.create(author=user, text=said, parent=parent, **common)
    models.Parcel.objects.create(sender=user, street=said, **common)
    models.Fragile.objects.create(sender=user, street=said, warning=said, **common)
    models.Kept.objects.create(sender=user, street=said, remark=said, **common)
    models.Settings.objects.create(user=user, wishes={"deep": [{"er": said}]}, odd=said, **common)
    models.Subscriber.objects.create(
        email=email, sign="x", level="gold", height=1, born=BEFORE.date(), **common
    )
    club, _ = models.Club.objects.get_or_create(name="Club")
    models.Membership.objects.create(club=club, user=user, nickname=said, **common)
    club.fans.add(user)
    place = models.Place.objects.create(street=said)
    models.Trip.objects.create(user=user, place=place, **common)
    models.Loud.objects.create(user=user, title=said, text=said, **common)
    models.HarmlessNull.objects.create(user=user)
    for _again in range(2):
        photo = models.Photo(user=user, **common)
        photo.picture.save(f"{said}.jpg", ContentFile(said.encode()))
    QuerySet(models.Elsewhere).bulk_create([models.Elsewhere(login=email, text=said, **common)])


def adopted() -> None:
    """Accounts of whatever key become people, once, and their last login is read."""
    known, one, _email = person("known")
    new, _field = make_user("new")
    new.set_password("x")
    new.last_login = BEFORE
    new.save()
    with transaction.atomic():
        made = [adopt._make_people(now=NOW) for _ in range(2)]
    check(f"people made: {made}", made[0] >= 1 and made[1] == 0)
    adopt.adopt(now=NOW)
    for user in (known, new):
        found = Person.objects.filter(user_key=str(user.pk)).first()
        check("the last login was not read", found is not None and found.last_contact == BEFORE)
    check("a person was made anew", Person.objects.filter(uuid=one.uuid, user_key=str(known.pk)).exists())


def erased(name: str = "anna") -> None:
    """Everything of one person goes but what the law keeps, and nothing of the other moves."""
    anna, her, email = person(name)
    fill(anna, email, name)
    bert, _his, other = person("bert")
    fill(bert, other, "bert")
    saved: list[str] = []
    post_save.connect(lambda **_: saved.append("loud"), sender=models.LoudOnly, weak=False)
    berts = [line for line in everything().splitlines() if "bert" in line]

    erase(her, how="account", now=NOW)
    for minutes in (0, 11):
        run_due(now=NOW + timedelta(minutes=minutes))

    left = [line for line in everything().splitlines() if f"{name}-canary" in line]
    files = sorted(path.name for path in Path(settings.MEDIA_ROOT).rglob("*.jpg"))
    check(f"files: {files}", len(files) == 2 and all(one.startswith("bert") for one in files))
    check(f"left: {left}", not left)
    check("the other's rows moved", berts == [line for line in everything().splitlines() if "bert" in line])
    check("the loan is gone", models.Loan.objects.filter(contract=f"kept {name}", phone="").count() == 1)
    account = get_user_model()._base_manager.filter(pk=anna.pk).first()
    check("no tombstone", account is not None and not account.has_usable_password())
    check("a hidden row is left", QuerySet(models.Hidden).count() == 2)
    check("parcels", models.Parcel.objects.count() == 4)
    check("the model's own signals did not fire", saved)
    check("rewritten", models.Loud.objects.filter(text__startswith="***", user=None).exists())
    check("the harmless key", models.HarmlessNull.objects.filter(user=anna).count() == 1)
    club = models.Club.objects.get()
    check("the link", account is not None and club.fans.count() == 2)


def gone() -> None:
    """An account that nothing kept refers to goes, with the links that Django made; harmless keys become NULL."""
    carla, her, _email = person("carla")
    models.HarmlessNull.objects.create(user=carla)
    models.Club.objects.get().fans.add(carla)

    erase(her, how="account", now=NOW)

    check("the account is left", not get_user_model()._base_manager.filter(pk=carla.pk).exists())
    check("a harmless key is left", models.HarmlessNull.objects.filter(user=None).count() == 1)


def refused(stray: Any) -> None:
    """An undeclared table refers to an account that would go: nothing is changed."""
    user, her, _email = person(f"stray{STRAYS.index(stray)}")
    stray.objects.create(user=user)
    before = snapshot()
    try:
        erase(her, how="account", now=NOW)
    except RgpdError as error:
        check(f"{stray.__name__}: {error}", f"{stray._meta.label}.user" in str(error))
    else:
        failures.append(f"{stray.__name__}: not refused")
    check(f"{stray.__name__}: something moved", not changed(before, snapshot()))
    check("an erasure was noted", not Erasure.objects.filter(person=her.uuid).exists())
    stray.objects.all().delete()


def constrained() -> None:
    """The database refuses the erased form: nothing is changed, nothing of the row is said, the rehearsal knows it."""
    user, her, email = person("strict")
    models.Strict.objects.create(user=user, name="strict-canary", created=BEFORE)
    before = snapshot()
    try:
        erase(her, how="account", now=NOW)
    except RgpdError as error:
        check(f"said: {error}", "zoo.Strict" in str(error) and "canary" not in str(error))
    else:
        failures.append("the constraint was not heard")
    check("something moved", not changed(before, snapshot()))
    problems = rehearse(now=NOW)
    check(f"rehearsed: {problems}", any("zoo.Strict" in one for one in problems))
    check("the rehearsal changed something", not changed(before, snapshot()))
    models.Strict.objects.all().delete()
    check(f"rehearsed: {rehearse(now=NOW)}", not rehearse(now=NOW))


def back_again() -> None:
    """She signs up anew within minutes, under the same key where people choose it: the second pass leaves her alone."""
    _old, her, _email = person("again")
    erase(her, how="account", now=NOW)
    user, _new, _email = person("again")
    models.Note.objects.create(user=user, text="a new life", created=NOW)

    run_due(now=NOW + timedelta(minutes=11))

    check("the newcomer's note is gone", models.Note.objects.filter(text="a new life").exists())


def placeholders() -> None:
    """A thousand unique addresses become a thousand others."""
    rows = [
        models.Subscriber(email=f"many-{number}@example.com", level="gold", created=BEFORE)
        for number in range(1000)
    ]
    models.Subscriber.objects.bulk_create(rows)
    her = Person.objects.create(created_at=NOW)
    Address.objects.bulk_create(
        Address(
            person=her,
            canonical=row.email,
            digest=f"{number:064x}",
            key_id="odd",
            since=NOW,
            proven_at=NOW,
        )
        for number, row in enumerate(rows)
    )

    erase(her, how="link", now=NOW)

    left = models.Subscriber.objects.filter(email__startswith="many-").count()
    check(f"{left} addresses left", not left)
    new = set(models.Subscriber.objects.filter(level="none").values_list("email", flat=True))
    check("placeholders are alike", len(new) >= 1000 and all(one.endswith("@erased.invalid") for one in new))
