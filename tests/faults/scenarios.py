"""What is killed: erasing, building an export, sweeping, delivering mails, sending a campaign, sealing the ledger."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import SuspiciousFileOperation
from django.db import connection, transaction
from django.test import override_settings

from django_rgpd.consent import kinds, rebuild
from django_rgpd.consent.decisions import give, object_to, withdraw
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.erasure import sessions
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure
from django_rgpd.export import collecting, request
from django_rgpd.export.build import tidy
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.imports import batches, trial
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.ledger import mirror, places, seal, verify
from django_rgpd.ledger.models import Event
from django_rgpd.marketing import campaigns
from django_rgpd.marketing.models import Campaign, CampaignRecipient, CampaignState, RecipientState
from django_rgpd.outbox import mail
from django_rgpd.outbox.deliver import run_due
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, dummy
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from django_rgpd.retention.sweep import sweep
from example_shop.accounts.models import User
from example_shop.factories import make_customer, make_guest
from example_shop.invoices.models import Invoice
from example_shop.mailbox import received
from example_shop.orders.models import Order

NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
TEN_YEARS = timedelta(days=3653)
SWEPT = NOW + timedelta(days=11 * 366)
"""Everything's term is over by then, that of the invoices and their files too."""

_VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}|![A-Za-z0-9]{40}")
"""Random by design: uuids, digests, placeholders, passwords that open nothing."""

VERBATIM = ("django_rgpd_", "django_", "django_tasks_")
"""Tables that note attempts and hours: what matters of them is asked one by one."""


class Scenario:
    """One kind of work: done, killed and done again, it must come to the same end."""

    def prepare(self) -> None:
        """What there is before."""
        raise NotImplementedError

    def work(self) -> None:
        """What is killed; called again it goes on where it stopped."""
        raise NotImplementedError

    def later(self) -> None:
        """The following hours, in which leases end and jobs are tried again."""
        for minutes in (0, 20, 40, 80, 120):
            run_due(now=NOW + timedelta(minutes=minutes))

    def wrong_at_once(self) -> Iterator[str]:
        """What may not be, not even between the kill and the second run."""
        yield from ()

    def wrong_at_last(self) -> Iterator[str]:
        """What may not be once it has ended."""
        if left := Job.objects.exclude(state__in=[State.DONE, State.GONE]).count():
            yield f"{left} jobs are not done"
        if left := Job.objects.exclude(payload={}).count():
            yield f"{left} payloads are left"
        drafts = [path.name for path in files() if path.suffix == ".part"]
        if drafts:
            yield f"drafts are left: {drafts}"

    def end(self) -> dict[str, object]:
        """What must be the same however often it was killed: the shop's rows, the files, the ledger."""
        return {
            **shop_rows(),
            "files": sorted(_VARIES.sub("#", path.name) for path in files()),
            "events": sorted(Event.objects.exclude(kind="released").values_list("kind", "how")),
            "people": sorted(Person.objects.values_list("pk", "user_key", "erased_at")),
            "exports": sorted(ExportRequest.objects.values_list("state", flat=True)),
            "erasures": sorted(Erasure.objects.values_list("state", flat=True)),
            "sessions": Session.objects.count(),
        }


def shop_rows() -> dict[str, object]:
    """Every row of the shop's own tables, without what is random by design."""
    found: dict[str, object] = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if not table.startswith(VERBATIM):
                cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
                found[table] = sorted(_VARIES.sub("#", str(row)) for row in cursor.fetchall())
    return found


def files() -> list[Path]:
    """The shop's files, its database and what the mail server has aside."""
    root, mails = Path(settings.VAR), Path(settings.MAILBOX_ROOT)
    found = [path for path in root.rglob("*") if path.is_file() and mails not in path.parents]
    return [path for path in found if not path.name.startswith("shop.sqlite3")]


def a_customer(email: str = "killed@example.com") -> Person:
    """A customer with everything, her address proven, signed in on one device."""
    user = make_customer(email=email)
    person = people.person_of(user, now=NOW)
    people.prove(people.note("email", user.email, person=person, now=NOW), how="link", now=NOW)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session.create()
    sessions.note(session, str(user.pk), now=NOW)
    return person


def an_export(person: Person) -> None:
    """An export that waits to be collected."""
    request.ask(person, Document.ACCESS, now=NOW)
    run_due(now=NOW)


class Erasing(Scenario):
    """An erasure with everything that follows it: an export's file, a session, the receipt, the second pass."""

    def prepare(self) -> None:
        """Somebody to erase."""
        an_export(a_customer())

    def work(self) -> None:
        """Erase her, and carry out what is due."""
        erase(Person.objects.get(), how="account", now=NOW)
        run_due(now=NOW)
        run_due(now=NOW + timedelta(minutes=11))

    def wrong_at_once(self) -> Iterator[str]:
        """Half an erasure."""
        erased = Erasure.objects.exists()
        gone = not User.objects.exists() and not Order.objects.exclude(street="").exists()
        untouched = User.objects.exists() and not Order.objects.filter(street="").exists()
        if not (gone if erased else untouched):
            yield "half an erasure"
        if erased and ExportRequest.objects.filter(state=ExportState.READY).exists():
            yield "the export of an erased person can be collected"

    def wrong_at_last(self) -> Iterator[str]:
        """A file or a session that outlived her; a receipt that never left, or left more often than a kill explains."""
        yield from super().wrong_at_last()
        if Session.objects.exists():
            yield "a session is left"
        if list((Path(settings.VAR) / "exports").glob("*")):
            yield "the export's file is left"
        receipts = sum("erased" in one for one in subjects())
        if receipts not in {1, 2}:
            yield f"{receipts} receipts: {subjects()}"


class Exporting(Scenario):
    """The building of an export, up to the mail that says that it is there."""

    def prepare(self) -> None:
        """Somebody who asks."""
        a_customer()

    def work(self) -> None:
        """Ask, build, tell."""
        if not ExportRequest.objects.exists():
            request.ask(Person.objects.get(), Document.ACCESS, now=NOW)
        run_due(now=NOW)

    def later(self) -> None:
        """And the tidying of the next days."""
        super().later()
        for path in files():
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))
        tidy(now=NOW + timedelta(days=2))

    def wrong_at_once(self) -> Iterator[str]:
        """A file that is not whole, and that somebody could collect."""
        for asked in ExportRequest.objects.all():
            with suppress(collecting.Over, SuspiciousFileOperation):
                yield from unreadable(asked)

    def wrong_at_last(self) -> Iterator[str]:
        """A request that was forgotten, a file that nobody names, a mail that never came."""
        yield from super().wrong_at_last()
        named = {one.name for one in ExportRequest.objects.all()}
        found = {path.name for path in (Path(settings.VAR) / "exports").glob("*")}
        if named != found:
            yield f"{len(named)} exports and {len(found)} files"
        yield from self.wrong_at_once()
        if len(subjects()) not in {1, 2}:
            yield f"mails: {subjects()}"


def unreadable(asked: ExportRequest) -> Iterator[str]:
    """What is wrong with the file that its owner can collect; ``Over`` where she cannot."""
    with transaction.atomic():
        file = collecting.collect(asked, now=NOW + timedelta(minutes=1))
        transaction.set_rollback(True)
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.testzip() is not None or not json.loads(archive.read("export.json"))["tables"]:
                yield "the export is not whole"
    except (zipfile.BadZipFile, ValueError):
        yield "half an export can be collected"


class Sweeping(Scenario):
    """A sweep long after, in ranges of one row, with the files of the invoices."""

    def prepare(self) -> None:
        """A customer and a guest of long ago."""
        a_customer()
        make_guest("guest@example.com", orders=2)

    def work(self) -> None:
        """Release what is due, and carry out what follows."""
        sweep(now=SWEPT, size=1)
        run_due(now=SWEPT)

    def later(self) -> None:
        """The same hours, then."""
        for minutes in (20, 40, 80):
            run_due(now=SWEPT + timedelta(minutes=minutes))

    def wrong_at_once(self) -> Iterator[str]:
        """A row of which a part is released."""
        columns = ("name", "street", "postcode", "city")
        for row in Order.objects.values_list(*columns):
            if any(row) and not all(row):
                yield "an order is half released"

    def wrong_at_last(self) -> Iterator[str]:
        """A file of an invoice that went, a file that an invoice still names and that went."""
        yield from super().wrong_at_last()
        if Invoice.objects.exists() or list((Path(settings.VAR) / "invoices").rglob("*.pdf")):
            yield "invoices or their files are left"


class Delivering(Scenario):
    """Mails handed to the mail server: once, or twice where the kill came before the note of it; never not at all."""

    def prepare(self) -> None:
        """Nobody has to be there."""

    def work(self) -> None:
        """Write three mails with their reason, then send what is due."""
        for number in range(3):
            key, to = f"three:{number}", f"guest{number}@example.com"
            with transaction.atomic():
                if not Job.objects.filter(key=key).exists():
                    mail.send("erasure/receipt", to=to, context=CONTEXT, key=key, now=NOW)
        run_due(now=NOW)

    def wrong_at_last(self) -> Iterator[str]:
        """A mail that was lost, or that came again and again, or a copy that cannot be told from another mail."""
        yield from super().wrong_at_last()
        mails = [one for name in received.names() if (one := received.read(name))]
        copies = Counter(one.to for one in mails)
        if set(copies) != {f"guest{number}@example.com" for number in range(3)} or max(copies.values()) > 2:
            yield f"mails: {dict(copies)}"
        if sum(copies.values()) > 4:
            yield "one kill doubled several mails"
        if len({dict(one.headers)["Message-ID"] for one in mails}) != 3:
            yield "a second copy has another Message-ID"


class Campaigning(Scenario):
    """A campaign: nobody gets it twice, and one at most is in doubt, who is named as such."""

    def prepare(self) -> None:
        """Three who agreed."""
        for number in range(3):
            address = people.note("email", f"reader{number}@example.com", now=NOW)
            people.prove(address, how="click", now=NOW)
            give(Person.objects.get(pk=address.person_id), "newsletter", "email", how="account", now=NOW)

    def work(self) -> None:
        """Write it, start it, send it."""
        if not Campaign.objects.exists():
            campaigns.draft("News", "newsletter", {"en": {"subject": "News", "text": "Hello."}}, now=NOW)
        campaign = Campaign.objects.get()
        if campaign.state == CampaignState.DRAFT:
            campaigns.start(campaign, now=NOW)
        run_due(now=NOW)
        run_due(now=NOW + timedelta(minutes=1))

    def wrong_at_last(self) -> Iterator[str]:
        """A second copy, somebody forgotten of whom the report says nothing, a campaign that never ends."""
        yield from super().wrong_at_last()
        copies = Counter(one.to for name in received.names() if (one := received.read(name)))
        states = Counter(CampaignRecipient.objects.values_list("state", flat=True))
        doubts = states.pop(RecipientState.UNKNOWN, 0)
        if max(copies.values(), default=0) > 1:
            yield f"twice: {dict(copies)}"
        if (
            doubts > 1
            or set(states) - {RecipientState.SENT}
            or len(copies) - states[RecipientState.SENT] not in {0, doubts}
        ):
            yield f"mails: {dict(copies)}, states: {dict(states)}, doubts: {doubts}"
        if Campaign.objects.get().state != CampaignState.DONE:
            yield "it is not done"


CONTEXT: dict[str, Any] = {
    "plan": {"goes": [], "stays": [], "open": [], "asks": [], "blocked": []},
    "done_at": NOW,
    "term_over": False,
    "authority": "CNIL",
    "authority_url": "https://www.cnil.fr/",
}


class Sealing(Scenario):
    """The ledger's seals, and their mirror outside the database."""

    def prepare(self) -> None:
        """A few decisions."""
        person = a_customer()
        object_to(person, "newsletter", "email", how="account", now=NOW)
        object_to(person, "", "", how="account", now=NOW)

    def work(self) -> None:
        """Seal, then mirror."""
        seal.seal(now=NOW)
        mirror.put(now=NOW)
        run_due(now=NOW)

    def wrong_at_once(self) -> Iterator[str]:
        """A broken chain, or a mirror that says something else."""
        yield from (str(fault) for fault in verify.verify(now=NOW))

    def wrong_at_last(self) -> Iterator[str]:
        """An event without a seal, a seal that is not mirrored."""
        yield from super().wrong_at_last()
        yield from self.wrong_at_once()
        found = places.place()
        if Event.objects.filter(seal__isnull=True).exists() or found is None or places.numbers(found) != {1}:
            yield "not everything is sealed and mirrored"


def subjects() -> list[str]:
    """The subjects of the mails that were handed over."""
    return [one.subject for name in received.names() if (one := received.read(name))]


class Importing(Scenario):
    """A list of consents from the file to the last line, in ranges of three lines."""

    def prepare(self) -> None:
        """Somebody who has left already, and the text of the form."""
        person = a_customer("p0@example.com")
        object_to(person, "newsletter", "email", how="account", now=NOW)
        Wording.objects.create(purpose="newsletter", language="fr", text="Oui.", valid_from=NOW - TEN_YEARS)

    def work(self) -> None:
        """Hand it in, have it judged, confirm, and take it."""
        trial.PAGE = 3
        if not ConsentImport.objects.exists():
            rows = [f"p{number}@example.com,2024-05-02,form,newsletter fr 1\n" for number in range(8)]
            content = "".join(["email,date,how,wording\n", *rows]).encode()
            batches.receive([content], purpose="newsletter", channel="email", actor="user:1", now=NOW)
        run_due(now=NOW)
        self._confirm()
        run_due(now=NOW)

    def later(self) -> None:
        """Where the reading died, it is read again, and confirmed then; and the tidying of the next days."""
        super().later()
        self._confirm()
        super().later()
        for path in files():
            os.utime(path, (NOW.timestamp(), NOW.timestamp()))
        batches.tidy(now=NOW + timedelta(days=2))
        tidy(now=NOW + timedelta(days=2))

    def _confirm(self) -> None:
        for batch in ConsentImport.objects.filter(stage=Stage.JUDGED):
            batches.confirm(batch.uuid, actor="user:1", now=NOW)

    def wrong_at_once(self) -> Iterator[str]:
        """Half a consent: an event without its state, a person without her address."""
        events = Event.objects.filter(kind="consent.imported").count()
        live = ConsentState.objects.filter(live=True).count()
        taken = sum(ConsentImport.objects.values_list("taken", flat=True))
        if not events == live == taken:
            yield f"{events} events, {live} live consents, {taken} counted"
        if people_left := Person.objects.filter(addresses__isnull=True).count():
            yield f"{people_left} people without an address"
        if list(rebuild.compare()):
            yield "states are not what the events come to"

    def wrong_at_last(self) -> Iterator[str]:
        """Lines taken twice or never, an objection overcome, a list that lies about."""
        yield from super().wrong_at_last()
        yield from self.wrong_at_once()
        done = list(ConsentImport.objects.values_list("stage", "taken", "told__refused"))
        if done != [(Stage.DONE, 7, {"refused": 1})]:
            yield f"the import ended as {done}"
        if any(b"@" in path.read_bytes() for path in files() if path.suffix == ".csv"):
            yield "a list is left"


class Telling(Scenario):
    """Six people told to a processor together: it holds who agreed, and never who had withdrawn before it was told."""

    def prepare(self) -> None:
        """Six who agreed; the first withdraws before anybody is told."""
        with self._road():
            for number in range(6):
                address = people.note("email", f"reader{number}@example.com", now=NOW)
                people.prove(address, how="click", now=NOW)
                give(Person.objects.get(pk=address.person_id), "newsletter", "email", how="account", now=NOW)
            self._withdraw(0)
        Job.objects.filter(name=calling.SYNC).update(run_at=NOW)

    def work(self) -> None:
        """Tell, then tell that another one withdraws."""
        with self._road():
            self._tell(0)
            with transaction.atomic():
                if not Event.objects.filter(kind=kinds.WITHDRAWN, person=self._person(1).uuid).exists():
                    self._withdraw(1)
                    Job.objects.filter(name=calling.SYNC, state=State.WAITING).update(run_at=NOW)
            self._tell(1)

    def later(self) -> None:
        """The following hours."""
        with self._road():
            for minutes in (20, 40, 80):
                self._tell(minutes)

    def wrong_at_once(self) -> Iterator[str]:
        """Somebody is held who had withdrawn before anybody was told."""
        if "reader0@example.com" in self._held():
            yield "they were told of somebody who had withdrawn"

    def wrong_at_last(self) -> Iterator[str]:
        """They hold anything but what stands."""
        yield from super().wrong_at_last()
        yield from self.wrong_at_once()
        written_to = sorted(address for address, purposes in self._held().items() if purposes)
        if written_to != [f"reader{number}@example.com" for number in range(2, 6)]:
            yield f"they write to {written_to}"

    def _tell(self, minutes: int) -> None:
        dummy.forget()  # what it holds is in the file
        run_due(now=NOW + timedelta(minutes=minutes), names=frozenset({calling.SYNC}))

    def _held(self) -> dict[str, list[str]]:
        path = Path(settings.VAR) / "processor.json"
        held = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return {address: one["purposes"] for address, one in held.items()}

    def _road(self) -> override_settings:
        road = {
            "class": "django_rgpd.processors.dummy.Dummy",
            "path": str(Path(settings.VAR) / "processor.json"),
        }
        processors = {**settings.RGPD["PROCESSORS"], "mailchimp": road}
        return override_settings(RGPD={**settings.RGPD, "PRODUCTION": True, "PROCESSORS": processors})

    def _person(self, number: int) -> Person:
        return Person.objects.get(addresses__canonical=f"reader{number}@example.com")

    def _withdraw(self, number: int) -> None:
        withdraw(self._person(number), "newsletter", "email", how="account", now=NOW)


SCENARIOS: dict[str, type[Scenario]] = {
    "campaigning": Campaigning,
    "delivering": Delivering,
    "erasing": Erasing,
    "exporting": Exporting,
    "importing": Importing,
    "sealing": Sealing,
    "sweeping": Sweeping,
    "telling": Telling,
}
