"""Many people told to Mailchimp in one call: each has an end of her own, and never more is sent, or less, than what stands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from django_rgpd.consent import decisions
from django_rgpd.erasure.execute import erase
from django_rgpd.marketing import sync, sync_many
from django_rgpd.outbox import deliver, door, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.processors import calling, mailchimp_many, mailchimp_tags, roads
from django_rgpd.processors.base import Contact, Evidence, Unreachable
from django_rgpd.processors.mailchimp import Mailchimp
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from tests.contracts.mailchimp.conftest import HOUR, KEY, MINUTE, NEWS, address, run, standing
from tests.contracts.peers import mailchimp as peers

pytestmark = pytest.mark.django_db


def calls(peer: Any) -> list[str]:
    """The calls made since the last time, as words."""
    found = [f"{method} {path.partition('?')[0]}" for method, path, _body in peer.seen]
    peer.seen.clear()
    return found


MANY, PAGES = f"POST /lists/{NEWS}", [f"GET /lists/{NEWS}/members"] * 3


def job_of(person: Person) -> Job:
    return Job.objects.filter(name=calling.SYNC, person=person.uuid).latest("pk")


def test_newcomers_are_one_call_for_as_many_as_go_together(
    peer: Any, readers: Any, now: datetime, monkeypatch: Any
) -> None:
    monkeypatch.setattr(sync_many, "MANY", 50)
    readers(120)
    assert run(now) == {"done": 120}
    assert calls(peer) == [MANY] * 3
    assert {standing(peer, each) for each in range(120)} == {"subscribed"}
    member = peer.of(address(7))[NEWS]
    assert member["timestamp_opt"] == (now - HOUR).isoformat()
    job = Job.objects.filter(state=State.DONE).first()
    assert job is not None
    assert job.progress["evidence"] == {"absent": False, "reference": "r-1", "status": 200, "places": 1}


def test_neither_calls_nor_statements_grow_with_those_who_go_together(
    peer: Any, readers: Any, now: datetime
) -> None:
    found, counts = readers(40), []
    door.shut()  # as a process that has asked already
    for number in (5, 40):
        Job.objects.all().delete()
        peer.audiences[NEWS].clear()
        payload = {"processor": "mailchimp"}
        drafts = [jobs.Draft(name=calling.SYNC, payload=payload, person=one.uuid) for one in found[:number]]
        jobs.put_many(drafts, now=now)
        with CaptureQueriesContext(connection) as queries:
            assert run(now) == {"done": number}
        counts.append((len(queries), calls(peer)))
    assert counts[0] == counts[1] == (31, [MANY])


@pytest.mark.fault("P05")
def test_of_an_answer_that_is_200_each_part_counts(peer: Any, readers: Any, now: datetime) -> None:
    found = readers(6)
    peer.compliance.add(peers.hash_of(address(0)))
    peer.forgotten.add(peers.hash_of(address(1)))
    peer.strange.add(address(2))
    run(now)
    assert [standing(peer, each) for each in range(6)] == ["", "", *["subscribed"] * 4]
    ends = [job_of(one) for one in found]
    assert [one.state for one in ends] == ["refused", "refused", *["done"] * 4]
    assert "come back only by a form of theirs" in ends[0].note
    assert "deleted there for good" in ends[1].note
    assert calls(peer)[0] == MANY
    assert [one.progress.get("alone") for one in ends] == [None, None, True, None, None, None]


def test_who_left_there_since_is_not_put_back_and_who_left_before_is(
    peer: Any, readers: Any, now: datetime
) -> None:
    """The import of a list that is at Mailchimp already: who is there is asked about once for all."""
    found = readers(6)
    before, since = (now - 2 * HOUR).isoformat(), (now - MINUTE).isoformat(timespec="seconds")
    peer.hold(NEWS, address(0), status="unsubscribed", last_changed=since)
    peer.hold(NEWS, address(1), status="cleaned", last_changed=since)
    peer.hold(NEWS, address(2), status="unsubscribed", last_changed=before)
    peer.hold(NEWS, address(3), last_changed=before)
    peer.hold(NEWS, "somebody@example.com", status="unsubscribed", last_changed=since)
    run(now)
    assert [standing(peer, each) for each in range(6)] == ["unsubscribed", "cleaned", *["subscribed"] * 4]
    assert [job_of(one).state for one in found] == ["refused", "refused", *["done"] * 4]
    assert calls(peer)[:5] == [MANY, *PAGES, MANY]


def test_whoever_is_there_already_costs_no_call_of_her_own(peer: Any, readers: Any, now: datetime) -> None:
    readers(9)
    for each in range(9):
        peer.hold(NEWS, address(each), last_changed=(now - 2 * HOUR).isoformat())
    assert run(now) == {"done": 9}
    assert calls(peer) == [MANY, *PAGES, MANY]


def test_few_who_are_there_are_asked_about_one_by_one(peer: Any, readers: Any, now: datetime) -> None:
    """It would cost more pages."""
    readers(5)
    peer.hold(NEWS, address(0), last_changed=(now - 2 * HOUR).isoformat())
    run(now)
    one = f"/lists/{NEWS}/members/{peers.hash_of(address(0))}"
    assert calls(peer) == [MANY, *PAGES[:1], f"GET {one}", f"PUT {one}"]


@pytest.mark.fault("P05")
def test_one_who_spoils_a_whole_call_is_found_and_the_others_arrive(
    peer: Any, readers: Any, now: datetime
) -> None:
    found = readers(16)
    peer.spoiling.add(address(5))
    run(now)
    assert [each for each in range(16) if standing(peer, each) != "subscribed"] == []
    assert len([one for one in calls(peer) if one == MANY]) == 1 + 2 * 4
    assert job_of(found[5]).progress.get("alone")


@pytest.mark.fault("P05")
def test_a_call_that_is_too_large_is_made_in_halves(peer: Any, readers: Any, now: datetime) -> None:
    readers(8)
    peer.failures.append("413")
    assert run(now) == {"done": 8}
    assert calls(peer) == [MANY] * 3


@pytest.mark.fault("C03")
@pytest.mark.fault("P05")
def test_an_answer_that_is_lost_after_they_did_it_does_no_harm(
    peer: Any, readers: Any, now: datetime
) -> None:
    found = readers(8)
    peer.failures.append("lost")
    assert run(now) == {"failed": 8}
    assert standing(peer, 3) == "subscribed", "they did it"
    peer.unsubscribe(NEWS, peers.hash_of(address(3)))
    run(now, HOUR)
    run(now, 2 * HOUR)
    assert [each for each in range(8) if standing(peer, each) != "subscribed"] == [3]
    assert [one for one in found if job_of(one).state != State.DONE] == [found[3]]


@pytest.mark.fault("P06")
@pytest.mark.parametrize("how", ["401", "403", "418"])
def test_a_key_that_is_refused_needs_someone_for_all_and_is_tried_once(
    peer: Any, readers: Any, now: datetime, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    readers(6)
    peer.failures.append(how)
    with caplog.at_level(logging.DEBUG):
        assert run(now) == {"needs": 6}
    assert len(peer.seen) == 1
    assert "reader" not in caplog.text + "".join(Job.objects.values_list("note", flat=True))


def test_an_audience_that_does_not_exist_needs_someone(peer: Any, readers: Any, now: datetime) -> None:
    readers(3)
    del peer.audiences[NEWS]
    assert run(now) == {"needs": 3}


@pytest.mark.promise("P04")
def test_who_withdraws_before_she_was_told_of_is_never_told_of(
    peer: Any, readers: Any, now: datetime
) -> None:
    """Both jobs are in one call's batch: what stands is told, and an address that they never had stays unknown to them."""
    found = readers(5)
    decisions.withdraw(found[2], *KEY, how="form", now=now)
    run(now)
    assert [standing(peer, each) for each in range(5)] == [
        "subscribed",
        "subscribed",
        "",
        "subscribed",
        "subscribed",
    ]
    assert address(2) not in "".join(body + path for _method, path, body in peer.seen)


def test_an_opt_out_of_those_who_are_there_is_one_call(peer: Any, readers: Any, now: datetime) -> None:
    found = readers(6)
    run(now)
    calls(peer)
    for one in found:
        decisions.withdraw(one, *KEY, how="form", now=now)
    assert run(now) == {"done": 6}
    assert calls(peer) == [MANY]
    assert {standing(peer, each) for each in range(6)} == {"unsubscribed"}


def test_an_opt_out_of_somebody_who_never_agreed_goes_without_her_address(
    peer: Any, readers: Any, now: datetime
) -> None:
    found = readers(4)
    run(now)
    entry = people.note("email", "objector@example.com", now=now)
    people.prove(entry, how="link", now=now)
    decisions.object_to(entry.person, *KEY, how="form", now=now)
    decisions.withdraw(found[0], *KEY, how="form", now=now)
    calls(peer)
    peer.hold(NEWS, "objector@example.com")
    run(now)
    told = [(method, path) for method, path, body in peer.seen if "objector" in body]
    assert told == []
    assert peer.of("objector@example.com")[NEWS]["status"] == "unsubscribed"


def test_who_was_erased_meanwhile_is_told_of_no_more(peer: Any, readers: Any, now: datetime) -> None:
    found = readers(4)
    erase(found[1], how="link", now=now)
    assert run(now)["gone"] == 1
    assert [standing(peer, each) for each in range(4)] == ["subscribed", "", "subscribed", "subscribed"]


def test_who_withdraws_during_the_call_is_told_of_again(
    peer: Any, readers: Any, now: datetime, monkeypatch: Any
) -> None:
    found = readers(4)
    own = mailchimp_many.send

    def slow(post: Any, members: Any, *, update: bool) -> Any:
        if not update:
            decisions.withdraw(found[1], *KEY, how="form", now=now)
            Job.objects.filter(person=found[1].uuid, state=State.WAITING).delete()
        return own(post, members, update=update)

    monkeypatch.setattr(mailchimp_many, "send", slow)
    run(now)
    run(now, 2 * MINUTE)
    assert [standing(peer, each) for each in range(4)] == [
        "subscribed",
        "unsubscribed",
        "subscribed",
        "subscribed",
    ]


def test_who_withdraws_while_pages_are_read_is_not_sent_again(
    peer: Any, readers: Any, now: datetime, monkeypatch: Any
) -> None:
    found = readers(6)
    for each in range(6):
        peer.hold(NEWS, address(each), status="unsubscribed", last_changed=(now - 2 * HOUR).isoformat())
    own = Mailchimp.members

    def slow(self: Any, purpose: str, **more: Any) -> Any:
        if not Job.objects.filter(person=found[1].uuid, state=State.WAITING).exists():
            decisions.withdraw(found[1], *KEY, how="form", now=now)
        return own(self, purpose, **more)

    monkeypatch.setattr(Mailchimp, "members", slow)
    run(now)
    sent = [
        body for method, _path, body in peer.seen if method == "POST" and '"update_existing": true' in body
    ]
    assert [one for one in sent if address(1) in one and '"subscribed"' in one] == []
    assert [standing(peer, each) for each in range(6)] == ["subscribed", "unsubscribed", *["subscribed"] * 4]


@pytest.mark.fault("R05")
def test_a_worker_that_was_overtaken_sends_nobody_again(
    peer: Any, readers: Any, now: datetime, monkeypatch: Any
) -> None:
    """It was so slow with the pages that its lease is over."""
    readers(6)
    for each in range(6):
        peer.hold(NEWS, address(each), status="unsubscribed", last_changed=(now - 2 * HOUR).isoformat())
    own = mailchimp_many.left_since

    def slow(*given: Any) -> Any:
        after = now + jobs.LEASE + 2 * MINUTE
        taken = deliver.claim(now=after)
        assert taken is not None
        deliver.claim_along(taken, now=after)
        return own(*given)

    monkeypatch.setattr(mailchimp_many, "left_since", slow)
    assert run(now) == {"stale": 6}
    assert {standing(peer, each) for each in range(6)} == {"unsubscribed"}


def test_an_answer_about_somebody_whom_nobody_asked_about_says_nothing_of_anybody() -> None:
    members: Sequence[dict[str, object]] = [{"email_address": address(each)} for each in range(3)]
    for answer in (
        {"errors": [{"email_address": "", "error": "is in a compliance state"}]},
        {"errors": [{"email_address": "else@example.com"}]},
        {"errors": ["broken"]},
        {"errors": [], "error_count": 2},
    ):
        told = mailchimp_many.send(partial(_answering, answer), members, update=True)
        assert set(told.refused) == {address(each) for each in range(3)}
    with pytest.raises(Unreachable):
        mailchimp_many.send(partial(_answering, {}), members, update=True)


def _answering(answer: dict[str, object], _body: object) -> mailchimp_many.Answer:
    return answer, Evidence(status=200)


def test_what_has_no_room_in_the_call_goes_one_by_one(
    peer: Any, readers: Any, settings: Any, now: datetime
) -> None:
    readers(1)
    job = Job.objects.get(name=calling.SYNC)
    assert sync_many.most(job) == sync_many.MANY
    processors = settings.RGPD["PROCESSORS"]
    more = {"permissions": {"newsletter": ["f2a9"]}}
    changed = {**processors, "mailchimp": {**processors["mailchimp"], **more}}
    settings.RGPD = {**settings.RGPD, "PROCESSORS": changed}
    assert sync_many.most(job) == 1


def test_tags_go_along_and_a_new_one_begins_with_one_of_them(
    peer: Any, readers: Any, settings: Any, now: datetime
) -> None:
    processors = settings.RGPD["PROCESSORS"]
    changed = {**processors, "mailchimp": {**processors["mailchimp"], "tags": {"newsletter": ["shop"]}}}
    settings.RGPD = {**settings.RGPD, "PROCESSORS": changed}
    peer.tags = ["shopping"]
    found = f"GET /lists/{NEWS}/tag-search"
    readers(2)
    assert run(now) == {"done": 2}
    first, *asked, last = calls(peer)
    assert (first, last) == (MANY, f"POST /lists/{NEWS}/segments/1")
    assert [one for one in asked if not one.endswith("/tags")] == [found, found]
    assert len(asked) == 3
    peer.audiences[NEWS].clear()
    Job.objects.update(state=State.WAITING, progress={}, payload={"processor": "mailchimp"})
    assert run(now) == {"done": 2}
    assert calls(peer) == [MANY, found, f"POST /lists/{NEWS}/segments/1"]
    assert {each: peer.of(address(each))[NEWS]["tags"] for each in range(2)} == dict.fromkeys(
        range(2), [{"name": "shop", "status": "active"}]
    )


def test_a_tag_that_they_do_not_give_says_nothing_of_anybody() -> None:
    found = {"tags": [{"id": 3, "name": "shop"}, {"id": 4, "name": "shopping"}]}
    for refused in ({"errors": [{"error": "no"}]}, {}):
        answers = iter([found, refused])
        assert not mailchimp_tags.tag(lambda _what: next(answers), str, NEWS, ["shop"], [address(0)])  # noqa: B023
    answers = iter([{"tags": []}, {"tags": []}])
    assert not mailchimp_tags.tag(lambda _what: next(answers), str, NEWS, ["shop"], [address(0)])


def test_an_address_that_moved_goes_alone(peer: Any, readers: Any, now: datetime) -> None:
    (person,) = readers(1)
    job = jobs.put(calling.SYNC, {"processor": "mailchimp", sync.MOVED: True}, person=person.uuid, now=now)
    assert sync_many.most(job) == 1


def test_all_who_go_together_are_one_of_the_calls_that_may_be_under_way(
    peer: Any, readers: Any, now: datetime
) -> None:
    readers(9)
    lots = []
    for _number in range(3):
        first = deliver.claim(now=now + MINUTE, names=frozenset({calling.SYNC}))
        assert first is not None
        lots.append(deliver.claim_along(first, now=now + MINUTE, most=3))
    assert [len(one) for one in lots] == [3, 3, 3]
    assert calling.under_way("mailchimp", but=lots[0][0], now=now) == 2


def test_both_ways_of_asking_what_stands_agree(peer: Any, readers: Any, now: datetime) -> None:
    """Of many at once and of one alone."""
    found = readers(4)
    decisions.withdraw(found[1], *KEY, how="form", now=now)
    erase(found[2], how="link", now=now)
    road = roads.of("mailchimp")
    together = sync.wanted_of([one.uuid for one in found], road, now=now)
    assert {one.uuid: sync.wanted(one.uuid, road, now=now) for one in found} == {
        one.uuid: together.get(one.uuid) for one in found
    }
    assert [one.contact for one in together.values()] == [
        Contact(address=address(each)) for each in (0, 1, 3)
    ]
