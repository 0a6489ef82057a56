"""What every processor has to keep to: each vendor's test class inherits these tests and says how its peer is reached."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from django_rgpd.consent import decisions
from django_rgpd.erasure.execute import erase
from django_rgpd.erasure.models import Erasure, ErasureState
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, roads
from django_rgpd.processors.base import Call, Capability, Contact, Unsupported
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import make_customer

ADDRESS = "elodie.emond@example.com"
NOW = datetime(2026, 5, 12, 10, 0, tzinfo=UTC)
DAY = timedelta(days=1)
LEAVER = "reader3@example.com"


class ProcessorContract:
    """Subclasses give ``setting`` (a fixture: the road's entry in ``RGPD["PROCESSORS"]``) and the four methods below.

    ``refusals``: how the peer can be told to fail, each a value that ``fail`` takes.
    """

    refusals: ClassVar[tuple[object, ...]] = ()

    # What a vendor's class gives.

    def hold(self, address: str) -> None:
        """Have the peer hold somebody."""
        raise NotImplementedError

    def holds(self, address: str) -> bool:
        """Whether the peer holds anything of this address."""
        raise NotImplementedError

    def fail(self, how: object) -> None:
        """Have the peer's next answer be a failure."""
        raise NotImplementedError

    def everything(self) -> str:
        """All that the peer was ever told, as text."""
        raise NotImplementedError

    def finish(self) -> None:
        """What happens besides until the work is done: nothing, or somebody who does it."""

    # What it leaves alone.

    @pytest.fixture(autouse=True)
    def _road(self, db: None, settings: Any, setting: dict[str, object]) -> None:
        settings.RGPD = {**settings.RGPD, "PROCESSORS": {**settings.RGPD["PROCESSORS"], "mailchimp": setting}}

    @pytest.fixture
    def user(self, _road: None) -> Any:
        """A customer with everything, whose address is proven."""
        user = make_customer(first_name="Élodie", last_name="Émond", email=ADDRESS)
        person = people.person_of(user, now=NOW)
        people.prove(people.note("email", user.email, person=person, now=NOW), how="link", now=NOW)
        Job.objects.all().delete()
        return user

    @pytest.fixture
    def erasure(self, user: Any) -> Iterator[Erasure]:
        """She asked to be erased; nobody was told yet."""
        self.hold(ADDRESS)
        return erase(people.person_of(user, now=NOW), how="account", now=NOW)

    def work(self, now: datetime = NOW) -> None:
        """A run of the workers, and what somebody does."""
        deliver.run_due(now=now, names=calling.NAMES | {"mail"})
        self.finish()

    def job(self) -> Job:
        """The one that tells of the erasure."""
        return Job.objects.get(name=calling.ERASE)

    def processor(self) -> Any:
        """As the setting makes it."""
        return roads.of("mailchimp").processor

    @pytest.mark.fault("P01")
    def test_an_erasure_is_done_when_the_processor_has_done_it(self, erasure: Erasure) -> None:
        assert (erasure.state, erasure.done_at) == (ErasureState.TOLD, None)
        assert self.holds(ADDRESS)
        self.work()
        erasure.refresh_from_db()
        assert not self.holds(ADDRESS)
        assert erasure.state == ErasureState.DONE
        assert erasure.done_at
        assert erasure.processors["mailchimp"]["state"] == "done"
        assert erasure.processors["mailchimp"]["evidence"]

    @pytest.mark.fault("P02")
    def test_somebody_whom_they_do_not_know_is_done(self, user: Any) -> None:
        erasure = erase(people.person_of(user, now=NOW), how="account", now=NOW)
        self.work()
        erasure.refresh_from_db()
        assert erasure.state == ErasureState.DONE
        assert self.job().state in {State.GONE, State.DONE}

    @pytest.mark.fault("C03")
    def test_a_worker_killed_after_the_call_does_no_harm(self, erasure: Erasure) -> None:
        """The call was made, and nothing of it written down: it is made again."""
        claimed = deliver.claim(now=NOW, names=frozenset({calling.ERASE}))
        assert claimed is not None
        road = roads.of("mailchimp")
        if not road.processor.by_hand:
            road.processor.erase(Contact(address=ADDRESS), call=Call(job=claimed, now=NOW))
        self.work()
        assert self.job().state == State.RUNNING
        self.work(NOW + jobs.LEASE + timedelta(seconds=1))
        erasure.refresh_from_db()
        assert not self.holds(ADDRESS)
        assert erasure.state == ErasureState.DONE

    @pytest.mark.fault("C04")
    @pytest.mark.fault("P15")
    def test_nothing_personal_is_left_when_it_is_done(
        self, erasure: Erasure, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert ADDRESS in json.dumps(self.job().payload)
        with caplog.at_level(logging.DEBUG, logger="django_rgpd"):
            self.work()
        job = self.job()
        erasure.refresh_from_db()
        left = json.dumps([job.payload, job.progress, job.note, erasure.processors, caplog.text])
        assert [word for word in (ADDRESS, "Élodie", "elodie") if word in left] == []
        assert job.payload == {}

    def test_a_step_that_is_not_declared_is_refused_loudly(self, user: Any) -> None:
        job = jobs.put(calling.SYNC, {"processor": "mailchimp"}, now=NOW)
        call, contact, processor = Call(job=job, now=NOW), Contact(address=ADDRESS), self.processor()
        before = self.everything()
        arguments = {
            Capability.SUBSCRIBE: (contact, "newsletter"),
            Capability.OPT_OUT: (contact, "newsletter"),
            Capability.SUBSCRIBE_MANY: ([contact], "newsletter", list),
            Capability.OPT_OUT_MANY: ([contact], "newsletter"),
            Capability.MEMBERS: ("newsletter",),
            Capability.UPDATE: (contact, contact),
        }
        for step in set(Capability) - processor.capabilities:
            with pytest.raises(Unsupported, match=step.value):
                getattr(processor, step.value)(*arguments.get(step, (contact,)), call=call)
        assert self.everything() == before

    @pytest.mark.fault("P05")
    def test_a_failing_peer_loses_nothing(self, erasure: Erasure, caplog: pytest.LogCaptureFixture) -> None:
        for how in self.refusals:
            self.fail(how)
            self.work(self.job().run_at)
            job = self.job()
            erasure.refresh_from_db()
            assert job.state == State.WAITING, how
            assert ADDRESS in json.dumps(job.payload), how
            assert job.run_at > NOW, how
            assert erasure.state == ErasureState.TOLD, how
            assert ADDRESS not in job.note, how
        assert ADDRESS not in caplog.text
        self.work(self.job().run_at)
        erasure.refresh_from_db()
        assert not self.holds(ADDRESS)
        assert erasure.state == ErasureState.DONE

    @pytest.fixture
    def crowd(self, _road: None) -> dict[str, Person]:
        """Address → person: six agreed a minute ago, and one of them has withdrawn since."""
        found = {}
        for number in range(6):
            entry = people.note("email", f"reader{number}@example.com", now=NOW)
            people.prove(entry, how="link", now=NOW)
            found[str(entry.canonical)] = Person.objects.get(pk=entry.person_id)
        Job.objects.all().delete()
        for person in found.values():
            decisions.give(person, "newsletter", "email", how="form", now=NOW - timedelta(minutes=1))
        decisions.withdraw(found[LEAVER], "newsletter", "email", how="form", now=NOW)
        Job.objects.update(run_at=NOW)
        return found

    def lot(self, now: datetime) -> list[Job]:
        """What goes together."""
        first = deliver.claim(now=now, names=frozenset({calling.SYNC}))
        assert first is not None
        return deliver.claim_along(first, now=now)

    @property
    def takes_many(self) -> bool:
        """Whether it declares so; else each job is carried out by itself."""
        return {Capability.SUBSCRIBE_MANY, Capability.OPT_OUT_MANY} <= self.processor().capabilities

    def told(self, crowd: dict[str, Person], at: datetime) -> None:
        """Who agreed is held, who withdrew before it was told never was; where neither can be told, staff are asked."""
        if self.processor().can(Capability.SUBSCRIBE):
            assert [one for one in crowd if not self.holds(one)] == [LEAVER]
            assert LEAVER not in self.everything()
            left = Job.objects.filter(name=calling.SYNC, state__in=[State.WAITING, State.RUNNING])
            assert list(left.values_list("state", "note")) == []

    def test_many_go_together_where_that_is_declared(self, crowd: dict[str, Person]) -> None:
        self.work()
        self.work(NOW + DAY)
        self.told(crowd, NOW + DAY)
        if self.takes_many:
            done = Job.objects.filter(name=calling.SYNC, state=State.DONE)
            evidence = [one.progress.get("evidence") for one in done.exclude(person=crowd[LEAVER].uuid)]
            assert len(evidence) == 5
            assert all(evidence)
        kept = json.dumps(list(Job.objects.values_list("payload", "progress", "note")))
        assert "@" not in kept

    def test_who_takes_one_at_a_time_is_told_of_one_at_a_time(self, crowd: dict[str, Person]) -> None:
        if Job.objects.filter(name=calling.SYNC).exists():
            assert len(self.lot(NOW)) == (7 if self.takes_many else 1)

    @pytest.mark.fault("C03")
    def test_a_worker_killed_after_a_call_about_many_does_no_harm(self, crowd: dict[str, Person]) -> None:
        """The call was made, and nothing of it written down: it is made again."""
        if not self.takes_many:
            return
        many = jobs.registered(calling.SYNC)
        assert many is not None
        assert many.together is not None
        many.together(self.lot(NOW), now=NOW)
        later = NOW + jobs.LEASE + timedelta(seconds=1)
        self.work()
        assert Job.objects.filter(name=calling.SYNC, state=State.RUNNING).count() == 7
        self.work(later)
        self.work(later + DAY)
        self.told(crowd, later + DAY)

    @pytest.mark.fault("P05")
    def test_a_peer_that_fails_many_loses_nobody(
        self, crowd: dict[str, Person], caplog: pytest.LogCaptureFixture
    ) -> None:
        if not self.takes_many:
            return
        at = NOW
        for how in self.refusals:
            self.fail(how)
            self.work(at)
            waiting = Job.objects.filter(name=calling.SYNC, state=State.WAITING)
            assert waiting.exists() or how is self.refusals[-1], how
            at += DAY
        assert "@example.com" not in caplog.text
        for _day in range(3):
            at += DAY
            self.work(at)
        self.told(crowd, at)

    def test_nothing_but_what_is_declared_is_given(self, user: Any) -> None:
        """Columns that the shop has, or gets one day, are not sent: only those that the setting names."""
        person = people.person_of(user, now=NOW)
        decisions.give(person, "newsletter", "email", how="account", now=NOW)
        Job.objects.filter(name=calling.SYNC).update(run_at=NOW)
        self.work()
        if self.processor().can(Capability.SUBSCRIBE):
            assert self.holds(ADDRESS)
        erase(person, how="account", now=NOW)
        self.work()
        told = self.everything()
        given = {str(getattr(user, column)) for column in self.processor().fields.values()} | {ADDRESS}
        values = [field.value_from_object(user) for field in user._meta.concrete_fields]
        others = {str(value) for value in values if not isinstance(value, bool)}
        assert [value for value in others - given if len(value) > 3 and value in told] == []
