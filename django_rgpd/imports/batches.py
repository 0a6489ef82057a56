"""An import from the file that is handed in to the consents that are taken: each step is a row's, and happens once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Q
from django.utils import translation
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from django_rgpd.consent import wordings
from django_rgpd.consent.models import Wording
from django_rgpd.core import clock, conf
from django_rgpd.core.errors import Refused, StaleClaim
from django_rgpd.core.failures import wrapped
from django_rgpd.imports import files, taking, trial
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.ledger.record import record
from django_rgpd.outbox import jobs
from django_rgpd.outbox.daily import daily, each_run
from django_rgpd.outbox.models import Job
from django_rgpd.outbox.outcomes import Gone

JUDGE, TAKE = "imports.judge", "imports.take"
IMPORTED = "consents.imported"
"""The kind of event that says what a whole import came to."""

LIVES = timedelta(hours=24)
"""How long the files of an import wait for somebody, and how long its report can be read."""
SHOWN = relativedelta(years=1)
"""How long the counts of an import are shown; the ledger has them for its own term."""

TAKEN_BACK = gettext_lazy("It was taken back.")
DOING = gettext_lazy("Importing a list of consents")


def receive(
    chunks: Iterable[bytes],
    *,
    purpose: str,
    channel: str,
    wording: str = "",
    actor: str,
    now: datetime,
) -> ConsentImport:
    """Keep a file in the private place and have it judged; nothing of it is taken before ``confirm``.

    Raises ``Refused`` for a purpose or channel that no list can be imported for, and for too large a file.
    """
    trial.checked(purpose, channel)
    name = files.keep(chunks)
    try:
        with transaction.atomic():
            batch = ConsentImport.objects.create(
                site=conf.get().SITE,
                purpose=purpose,
                channel=channel,
                wording=wording,
                upload=name,
                actor=actor,
                created_at=now,
            )
            about = {"import": batch.uuid, "language": get_language() or ""}
            jobs.put(JUDGE, about, key=str(batch.uuid), now=now)
    except BaseException:
        files.drop(name)
        raise
    return batch


@jobs.job(JUDGE)
def judge(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Judge the file that was handed in, and let it go: what was accepted of it is kept apart."""
    with translation.override(str(payload.get("language", "")) or get_language()):
        _judge(_in(payload, Stage.RECEIVED), job=job, now=now)


def _judge(batch: ConsentImport, *, job: Job, now: datetime) -> None:
    """In the language of who handed it in: what is wrong with a file is kept as it is said."""
    moment = clock.running(now)

    def tell(number: int) -> None:
        jobs.renew(job, now=moment())
        trial.hearing.get()(number)

    try:
        with files.opened(batch.upload) as file:
            found = trial.judge(
                file,
                batch.purpose,
                batch.channel,
                wording=batch.wording,
                now=now,
                tell=tell,
            )
    except FileNotFoundError:
        _end(batch, Stage.ENDED, note=_("The file is not there any more."), now=now)
    except Refused as refusal:
        _end(batch, Stage.REFUSED, note=str(refusal.reason), now=now)
    else:
        _judged(batch, found, now=now)


def confirm(uuid: UUID, *, actor: str, now: datetime) -> bool:
    """Take what the trial said would be taken; whether this call was the one that decided it: two clicks import once."""
    with transaction.atomic():
        waiting = ConsentImport.objects.filter(uuid=uuid, stage=Stage.JUDGED, created_at__gt=now - LIVES)
        decided = waiting.update(stage=Stage.CONFIRMED, confirmed_at=now, actor=actor)
        if decided:
            jobs.put(TAKE, {"import": uuid}, key=str(uuid), now=now)
    return bool(decided)


def cancel(uuid: UUID, *, now: datetime) -> bool:
    """Let a file go that nobody confirmed; whether there was one."""
    batch = ConsentImport.objects.filter(uuid=uuid, stage__in=[Stage.RECEIVED, Stage.JUDGED]).first()
    return batch is not None and _end(batch, Stage.ENDED, now=now)


def stop(uuid: UUID, *, now: datetime) -> bool:
    """End an import that has not ended by itself; whether it was so. What was taken of it stays.

    Who confirms it in the same moment does not keep it going: it is ended as it then stands.
    """
    going = ConsentImport.objects.filter(uuid=uuid, finished_at__isnull=True)
    while (batch := going.first()) is not None:
        if _end(batch, Stage.ENDED, note=str(TAKEN_BACK), now=now):
            return True
    return False


# Who objected since a dump is not known before the dump is brought up to date.
@jobs.job(TAKE, waits=True)
def take(payload: jobs.Payload, *, job: Job, now: datetime) -> None:
    """Take the accepted lines, range by range, each with how far it came: killed anywhere, it goes on where it stopped."""
    batch = _in(payload, Stage.CONFIRMED)
    moment, texts = clock.running(now), _texts(batch, now=now)
    try:
        for page in trial.pages(files.consents(batch.accepted, after=batch.line)):
            with wrapped(DOING), transaction.atomic():
                standing = ConsentImport.objects.select_for_update().get(pk=batch.pk)
                if (standing.stage, standing.line) != (Stage.CONFIRMED, batch.line):
                    msg = f"The import {batch.uuid} is another worker's now."
                    raise StaleClaim(msg)
                taken = taking.take(standing, page, texts, now=moment())
                standing.line, standing.taken = page[-1].line, standing.taken + taken.number
                standing.changed = dict(Counter(standing.changed) + taken.changed)
                standing.save(update_fields=["line", "taken", "changed"])
                jobs.renew(job, now=moment(), progress={"line": standing.line, "taken": standing.taken})
            batch = standing
            trial.hearing.get()(batch.taken + sum(batch.changed.values()))
    except FileNotFoundError:
        _end(batch, Stage.ENDED, note=_("The file is not there any more."), now=moment())
        return
    _done(batch, now=moment())


@each_run("imports.expire")
def expire(*, now: datetime) -> None:
    """Let the files go of imports that nobody confirmed in a day, and reports that nobody reads any more."""
    unended = ConsentImport.objects.filter(
        Q(stage__in=[Stage.RECEIVED, Stage.JUDGED], created_at__lte=now - LIVES)
        | Q(stage=Stage.CONFIRMED, confirmed_at__lte=now - LIVES)
    )
    for batch in unended:
        _end(batch, Stage.ENDED, note=_("A day is over: the file was deleted."), now=now)
    for batch in ConsentImport.objects.filter(finished_at__lte=now - LIVES).exclude(report=""):
        files.drop(batch.report)
        ConsentImport.objects.filter(pk=batch.pk).update(report="", texts=[])


@daily("imports.tidy")
def tidy(*, now: datetime) -> None:
    """Let old imports go, and files that no row names."""
    ConsentImport.objects.filter(created_at__lt=now - SHOWN, finished_at__isnull=False).delete()
    columns = ConsentImport.objects.values_list("upload", "accepted", "report")
    files.forget({name for row in columns.iterator() for name in row if name}, before=now - LIVES)


def _in(payload: jobs.Payload, stage: Stage) -> ConsentImport:
    batch = ConsentImport.objects.filter(uuid=str(payload["import"]), stage=stage).first()
    if batch is None:
        raise Gone(_("Nothing of this import is left to do."))
    return batch


def _judged(batch: ConsentImport, found: trial.Trial, *, now: datetime) -> None:
    standing = ConsentImport.objects.filter(pk=batch.pk, stage=Stage.RECEIVED)
    if standing.update(
        stage=Stage.JUDGED,
        upload="",
        accepted=found.accepted,
        report=found.report,
        texts=found.texts,
        told=found.told,
        judged_at=now,
    ):
        files.drop(batch.upload)
    else:
        files.drop(found.accepted, found.report)


def _end(batch: ConsentImport, stage: Stage, *, note: str = "", now: datetime) -> bool:
    """End it as it stands, unless it went on meanwhile; its files go."""
    standing = ConsentImport.objects.filter(pk=batch.pk, stage=batch.stage)
    ended = standing.update(
        stage=stage, note=note[:300], finished_at=now, upload="", accepted="", report="", texts=[]
    )
    if ended:
        files.drop(batch.upload, batch.accepted, batch.report)
    return bool(ended)


def _done(batch: ConsentImport, *, now: datetime) -> None:
    """Note what it came to, once, and let the addresses go."""
    with transaction.atomic():
        standing = ConsentImport.objects.filter(pk=batch.pk, stage=Stage.CONFIRMED)
        if not standing.update(stage=Stage.DONE, finished_at=now, accepted="", texts=[]):
            return
        told = {"batch": str(batch.uuid), "taken": batch.taken, "changed": batch.changed, **batch.told}
        record(
            IMPORTED,
            person=None,
            now=now,
            purpose=batch.purpose,
            channel=batch.channel,
            how=taking.HOW,
            actor=batch.actor,
            payload=told,
        )
    files.drop(batch.accepted)


def _texts(batch: ConsentImport, *, now: datetime) -> dict[str, Wording]:
    """What the lines call their wordings: the uuids of the library, and the numbers of the file's own texts."""
    found = {str(one.uuid): one for one in Wording.objects.filter(site=batch.site, purpose=batch.purpose)}
    for number, told in enumerate(batch.texts):
        language, _space, text = str(told).partition(" ")
        found[str(number)] = wordings.taken_over(batch.purpose, language, text, now=now)
    return found
