"""Decisions, the state that follows from them, and what a refusal withstands."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta

from django_rgpd import signals
from django_rgpd.consent import (
    deciding,
    decisions,
    expiring,
    kinds,
    rebuild,
    receivers,
    state,
    undo,
    wordings,
)
from django_rgpd.consent.folding import fold
from django_rgpd.consent.models import ConsentState, Standing
from django_rgpd.core.errors import Refused
from django_rgpd.ledger.models import Event
from django_rgpd.ledger.record import record
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from example_shop.factories import UserFactory

from .conftest import MakePerson

HOUR = timedelta(hours=1)
NEWS = ("newsletter", "email")


def row(person: Person, key: tuple[str, str] = NEWS) -> ConsentState | None:
    return state.rows(person).get(key)


def run_out(person: Person, *_what: str, how: str, now: datetime) -> None:
    """Every consent of hers comes to the end of its term."""
    assert expiring.expire(ConsentState.objects.filter(person=person.uuid), now=now) == 1


def test_give_is_live_and_carries_a_copy_of_account_and_address(
    make_person: MakePerson, now: datetime
) -> None:
    user = UserFactory(email="bea@example.com")
    person = make_person("bea@example.com", user=user)
    wording = wordings.current("newsletter", "en", now=now)
    decisions.give(person, *NEWS, how="account", now=now, wording=wording, details={"form": "account"})
    found = row(person)
    assert found is not None
    assert (found.standing, found.live, found.since) == (Standing.LIVE, True, now)
    assert (found.user_key, found.address) == (str(user.pk), "bea@example.com")
    assert state.live(person, *NEWS)
    event = Event.objects.get(kind=kinds.GIVEN)
    assert event.payload == {"form": "account", "wording": str(wording.uuid), "language": "en"}
    assert "example.com" not in str(event.payload)


@pytest.mark.promise("P37")
def test_withdraw_ends_at_once_clears_the_copies_and_keeps_the_proof(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.withdraw(person, *NEWS, how="link", now=now + HOUR)
    found = row(person)
    assert found is not None
    assert (found.standing, found.live, found.user_key, found.address) == ("withdrawn", False, None, None)
    assert not decisions.may_send(person, *NEWS, now=now + HOUR)
    assert [one.kind for one in Event.objects.order_by("pk")] == [kinds.GIVEN, kinds.WITHDRAWN]


@pytest.mark.fault("L09")
def test_withdraw_twice_writes_one_event(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    for minute in range(50):
        decisions.leave(person, *NEWS, how="one_click", now=now + timedelta(minutes=minute + 1))
    assert Event.objects.filter(kind=kinds.WITHDRAWN).count() == 1
    assert Event.objects.count() == 2


def test_leave_without_a_consent_records_an_objection(person: Person, now: datetime) -> None:
    decisions.leave(person, "offers", "email", how="link", now=now)
    found = row(person, ("offers", "email"))
    assert found is not None
    assert found.standing == Standing.OBJECTED


@pytest.mark.promise("P16")
def test_channels_are_refused_separately(person: Person, now: datetime) -> None:
    decisions.give(person, "offers", "email", how="account", now=now)
    decisions.give(person, "offers", "post", how="account", now=now)
    decisions.object_to(person, "offers", "email", how="account", now=now + HOUR)
    assert not decisions.may_send(person, "offers", "email", now=now + HOUR)
    assert decisions.may_send(person, "offers", "post", now=now + HOUR)


@pytest.mark.promise("P12")
def test_refuse_all_ends_all_marketing_and_leaves_other_consents(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.give(person, "offers", "post", how="account", now=now)
    decisions.give(person, "reviews", "", how="form", now=now)
    decisions.refuse_all(person, how="account", now=now + HOUR)
    assert not ConsentState.objects.filter(live=True).exclude(purpose="reviews").exists()
    assert state.live(person, "reviews")
    for key in (NEWS, ("offers", "email"), ("offers", "sms"), ("offers", "post")):
        assert not decisions.may_send(person, *key, now=now + HOUR)
    events = Event.objects.count()
    decisions.refuse_all(person, how="account", now=now + 2 * HOUR)
    assert Event.objects.count() == events


def test_a_fresh_choice_after_refuse_all_holds_for_itself_alone(person: Person, now: datetime) -> None:
    decisions.refuse_all(person, how="account", now=now)
    decisions.give(person, *NEWS, how="account", now=now + HOUR)
    assert decisions.may_send(person, *NEWS, now=now + HOUR)
    decisions.inform(person, "offers", "email", how="checkout", now=now + 2 * HOUR)
    assert not decisions.may_send(person, "offers", "email", now=now + 2 * HOUR)
    decisions.refuse_all(person, how="account", now=now + 3 * HOUR)
    assert not decisions.may_send(person, *NEWS, now=now + 3 * HOUR)


@pytest.mark.fault("R08")
@pytest.mark.parametrize("act", [decisions.renew, decisions.inform, run_out])
def test_nothing_but_a_fresh_choice_takes_a_refusal_back(
    person: Person, now: datetime, act: Callable[..., object]
) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.object_to(person, *NEWS, how="link", now=now + HOUR)
    act(person, *NEWS, how="sync", now=now + 2 * HOUR)
    found = row(person)
    assert found is not None
    assert found.standing == Standing.OBJECTED
    assert not list(rebuild.compare())
    decisions.confirm(person, *NEWS, how="double_optin", now=now + 3 * HOUR)
    assert state.live(person, *NEWS)


def test_an_older_event_that_arrives_late_changes_nothing(person: Person, now: datetime) -> None:
    decisions.withdraw(person, *NEWS, how="link", now=now)
    decisions.give(person, *NEWS, how="paper", now=now + HOUR, at=now - HOUR)
    found = row(person)
    assert found is not None
    assert (found.standing, found.since) == (Standing.WITHDRAWN, now)


def test_an_objection_recorded_late_counts_from_when_it_was_said(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    decisions.object_to(person, *NEWS, how="staff:letter", now=now + 2 * HOUR, at=now - HOUR)
    assert state.live(person, *NEWS), "she agreed after she had written the letter"
    decisions.object_to(person, *NEWS, how="staff:letter", now=now + 3 * HOUR, at=now + HOUR)
    assert not state.live(person, *NEWS)


def test_folding_is_the_same_whatever_order_the_events_were_written_in(person: Person, now: datetime) -> None:
    written = [kinds.GIVEN, kinds.INFORMED, kinds.EXPIRED, kinds.OBJECTED, kinds.IMPORTED]
    events = [
        record(kind, person=person, now=now, at=now + HOUR * hour, purpose="offers", channel="email")
        for hour, kind in enumerate(written)
    ]
    results = {fold(order) for order in itertools.permutations(events)}
    assert len(results) == 1
    state_then = results.pop()
    assert state_then is not None
    assert state_then.standing is Standing.OBJECTED


def test_at_the_same_instant_the_refusal_wins(person: Person, now: datetime) -> None:
    decisions.withdraw(person, *NEWS, how="link", now=now)
    decisions.give(person, *NEWS, how="account", now=now)
    assert not state.live(person, *NEWS)


@pytest.mark.fault("Q02")
def test_a_consent_holds_for_the_purpose_whose_text_was_shown(person: Person, now: datetime) -> None:
    wording = wordings.freeze(wordings.current("newsletter", "en", now=now))
    with pytest.raises(ValueError, match="another purpose"):
        decisions.give(person, "offers", "email", how="account", now=now, wording=wording)
    decisions.give(person, *NEWS, how="account", now=now, wording=wording.uuid)
    assert not decisions.may_send(person, "offers", "email", now=now)
    assert not state.live(person, "offers", "email")


@pytest.mark.parametrize("key", [("nothing", "email"), ("newsletter", "sms"), ("newsletter", "")])
def test_give_refuses_what_the_policy_does_not_name(
    person: Person, now: datetime, key: tuple[str, str]
) -> None:
    with pytest.raises(ValueError, match="purpose"):
        decisions.give(person, *key, how="account", now=now)
    assert not Event.objects.exists()


def test_an_erased_person_agrees_to_nothing(person: Person, now: datetime) -> None:
    Person.objects.filter(pk=person.pk).update(erased_at=now)
    with pytest.raises(Refused):
        decisions.give(person, *NEWS, how="account", now=now)
    assert not Event.objects.exists()


@pytest.mark.parametrize(("after", "works"), [(timedelta(hours=23, minutes=59), True), (24 * HOUR, False)])
def test_undo_restores_what_stood_before_for_a_day(
    person: Person, now: datetime, after: timedelta, works: bool
) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    left = decisions.withdraw(person, *NEWS, how="one_click", now=now + HOUR)
    assert left is not None
    event = left.event
    if not works:
        with pytest.raises(Refused):
            undo.undo(event, how="link", now=now + HOUR + after)
        assert not state.live(person, *NEWS)
        return
    undo.undo(event, how="link", now=now + HOUR + after)
    undo.undo(event, how="link", now=now + HOUR + after)
    found = row(person)
    assert found is not None
    assert (found.live, found.since, found.address) == (True, now, "ada@example.com")
    assert Event.objects.filter(kind=kinds.UNDONE).count() == 1
    assert not list(rebuild.compare())


def test_undo_refuses_when_another_decision_came_since(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    left = decisions.withdraw(person, *NEWS, how="one_click", now=now + HOUR)
    assert left is not None
    decisions.object_to(person, *NEWS, how="account", now=now + 2 * HOUR)
    with pytest.raises(Refused):
        undo.undo(left.event, how="link", now=now + 3 * HOUR)
    assert not state.live(person, *NEWS)


def test_what_a_guest_decided_comes_along_when_an_account_proves_her_address(
    make_person: MakePerson, now: datetime
) -> None:
    guest = make_person("cleo@example.com")
    decisions.give(guest, *NEWS, how="double_optin", now=now)
    account = make_person("cleo@example.com", user=UserFactory(email="cleo@example.com"))
    assert state.live(account, *NEWS)
    found = ConsentState.objects.get()
    assert (found.person, found.user_key) == (account.uuid, account.user_key)
    decisions.leave(guest.uuid, *NEWS, how="link", now=now + HOUR)
    assert not state.live(account, *NEWS), "an old link still lets her out"
    assert not list(rebuild.compare())


def test_copies_follow_a_new_address(person: Person, now: datetime) -> None:
    decisions.give(person, *NEWS, how="account", now=now)
    people.prove(people.note("email", "new@example.com", person=person, now=now), how="click", now=now)
    other = Person.objects.create(created_at=now)
    people.prove(people.note("email", "ada@example.com", person=other, now=now), how="click", now=now)
    found = row(person)
    assert found is not None
    assert found.address == "new@example.com"


def test_expiry_ends_a_consent_at_its_day_and_renewal_prolongs_it(person: Person, now: datetime) -> None:
    until = now + relativedelta(years=1)
    record(kinds.GIVEN, person=person, now=now, purpose="reviews", payload={"until": until.isoformat()})
    deciding.settle(person, ("reviews", ""), kinds.GIVEN)
    assert receivers.expire(now=until - HOUR) == 0
    assert state.live(person, "reviews")
    assert receivers.expire(now=until) == 1
    assert not state.live(person, "reviews")
    assert decisions.renew(person, "reviews", "", how="account", now=until) is not None
    assert not state.live(person, "reviews"), "what has ended is not renewed but given again"


def test_an_erasure_ends_consents_and_an_objection_lives_on_as_a_digest(
    person: Person, now: datetime
) -> None:
    from django_rgpd.consent import suppress

    decisions.give(person, *NEWS, how="account", now=now)
    decisions.object_to(person, "offers", "email", how="account", now=now)
    Person.objects.filter(pk=person.pk).update(erased_at=now + HOUR)
    person.addresses.update(canonical=None)
    receivers.end_with_the_person(people.subject(person), now=now + HOUR)
    assert not ConsentState.objects.filter(live=True).exists()
    assert not ConsentState.objects.exclude(address=None, user_key=None).exists()
    at = {"kind": "email", "canonical": "ada@example.com", "now": now + HOUR, "channel": "email"}
    assert suppress.standing(**at, purpose="offers") is not None
    assert suppress.standing(**at, purpose="newsletter") is None
    assert suppress.standing(**{**at, "now": now + relativedelta(years=3, days=-1)}, purpose="offers")
    assert not suppress.standing(**{**at, "now": now + relativedelta(years=3, days=1)}, purpose="offers")


def test_what_proves_a_live_consent_outlives_the_term_of_proofs(person: Person, now: datetime) -> None:
    wording = wordings.current("newsletter", "en", now=now)
    decisions.give(person, *NEWS, how="account", now=now, wording=wording)
    assert receivers.end_payloads(now=now + relativedelta(years=9)) == 0
    decisions.withdraw(person, *NEWS, how="link", now=now + relativedelta(years=9))
    assert receivers.end_payloads(now=now + relativedelta(years=9)) == 1
    assert Event.objects.get(kind=kinds.GIVEN).payload is None
    assert not list(rebuild.compare())


def test_a_renewed_consent_keeps_the_text_that_was_agreed_to(person: Person, now: datetime) -> None:
    wording = wordings.freeze(wordings.current("newsletter", "en", now=now))
    decisions.give(person, *NEWS, how="account", now=now, wording=wording)
    decisions.renew(person, *NEWS, how="link", now=now + relativedelta(years=3))
    assert receivers.end_payloads(now=now + relativedelta(years=6)) == 1
    found = row(person)
    assert found is not None
    assert (found.wording, found.since) == (wording.uuid, now + relativedelta(years=3))
    assert not list(rebuild.compare())


def test_news_of_a_decision_is_sent_with_keys_alone(person: Person, now: datetime) -> None:
    heard = []

    def listen(**news: object) -> None:
        heard.append({name: news[name] for name in ("person", "purpose", "channel", "kind")})

    signals.consent_changed.connect(listen)
    try:
        decisions.give(person, *NEWS, how="account", now=now)
    finally:
        signals.consent_changed.disconnect(listen)
    assert heard == [
        {"person": person.uuid, "purpose": "newsletter", "channel": "email", "kind": kinds.GIVEN}
    ]


def test_a_decision_costs_the_same_whatever_the_history(
    person: Person, now: datetime, django_assert_max_num_queries
) -> None:
    for hour in range(30):
        act = decisions.give if hour % 2 == 0 else decisions.withdraw
        act(person, *NEWS, how="account", now=now + HOUR * hour)
    with django_assert_max_num_queries(14):
        decisions.give(person, *NEWS, how="account", now=now + HOUR * 40)
