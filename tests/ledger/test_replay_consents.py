"""Consents on a restored database: what people decided since stands, whoever the database takes them for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission

from django_rgpd.consent import decisions, rebuild, suppress, undo, wordings
from django_rgpd.consent.audience import audience
from django_rgpd.consent.by_staff import LETTER, record_objection
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import conf
from django_rgpd.erasure.execute import erase
from django_rgpd.ledger.models import Event
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person, Suppression
from example_shop.factories import OrderFactory, UserFactory, make_guest
from tests.ledger.conftest import Replay
from tests.ledger.restoring import BACK, HOUR, LATER, NOW, customer, lost, proven

pytestmark = pytest.mark.django_db


def reason(person: Person, purpose: str = "newsletter") -> str:
    """Why a mail may go, or not."""
    return decisions.may_send(person, purpose, EMAIL, now=BACK).reason


def test_what_was_decided_since_stands_and_consents_are_what_their_events_say(replay: Replay) -> None:
    paul, zoe, eve, ida = (customer(f"{name}@example.com") for name in ("paul", "zoe", "eve", "ida"))
    decisions.withdraw(eve, "newsletter", EMAIL, how="link", now=NOW)
    with lost():
        decisions.refuse_all(paul, how="link", now=LATER)
        slip = decisions.withdraw(zoe, "newsletter", EMAIL, how="link", now=LATER)
        undo.undo(slip.event, how="link", now=LATER + timedelta(minutes=1))
        decisions.give(eve, "newsletter", EMAIL, how="account", now=LATER)
    assert [reason(one) for one in (paul, zoe, eve, ida)] == ["shut"] * 4

    assert "Consents written anew" in replay()

    assert [reason(one) for one in (paul, zoe, eve, ida)] == ["refused", "consent", "consent", "consent"]
    assert list(rebuild.compare()) == []
    assert not Suppression.objects.exists(), "their addresses are known as theirs"


@pytest.mark.parametrize("act", ["object_to", "withdraw"])
def test_a_refusal_holds_for_an_address_that_the_dump_does_not_know(replay: Replay, act: str) -> None:
    """She came after the dump, and left; her address comes back with an order, and offers may go to customers."""
    with lost():
        anna = proven("anna@example.com", at=LATER)
        decisions.give(anna, "offers", EMAIL, how="account", now=LATER)
        getattr(decisions, act)(anna, "offers", EMAIL, how="link", now=LATER + timedelta(minutes=1))

    assert "list of those that are not written to: 1" in replay()

    buyer = OrderFactory(customer=UserFactory(email="anna@example.com"), placed_at=BACK).customer
    back = people.person_of(buyer, now=BACK)
    proven("anna@example.com", back, at=BACK)
    decisions.inform(back, "offers", EMAIL, how="checkout", now=BACK)
    assert back.uuid != anna.uuid
    assert reason(back, "offers") == "suppressed"
    assert Suppression.objects.get().until.year == NOW.year + 3
    decisions.confirm(back, "offers", EMAIL, how="link", now=BACK)
    assert decisions.may_send(back, "offers", EMAIL, now=BACK).yes, "she agreed afresh"


def test_a_refusal_of_a_guest_who_was_merged_since_holds_for_the_guest(replay: Replay) -> None:
    """In the dump the guest is somebody by herself, with a consent."""
    guest = proven("guest@example.com")
    decisions.give(guest, "newsletter", EMAIL, how="account", now=NOW - HOUR)
    user = UserFactory(email="marie@example.com")
    with lost():
        marie = people.person_of(user, now=LATER)
        proven("guest@example.com", marie, at=LATER)
        decisions.refuse_all(marie, how="account", now=LATER)

    replay()

    assert not Person.objects.filter(uuid=marie.uuid).exists()
    assert reason(guest) == "suppressed"


def test_who_said_yes_again_under_an_address_is_not_held_to_an_older_no(replay: Replay) -> None:
    """An erased person's wish was lifted by whoever has the mailbox now: the list is as it was, in the order of time."""
    owner = people.person_of(UserFactory(email="owner@example.com"), now=NOW)
    with lost():
        gone = proven("shared@example.com", at=LATER)
        decisions.refuse_all(gone, how="link", now=LATER)
        erase(gone, how="link", choices={"suppress": True}, now=LATER)
        minute = timedelta(minutes=1)
        proven("shared@example.com", owner, at=LATER + minute)
        decisions.confirm(owner, "newsletter", EMAIL, how="link", now=LATER + 2 * minute)
        assert not Suppression.objects.filter(lifted_at=None, purpose="newsletter").exists()
    proven("shared@example.com", owner, at=BACK)

    replay()

    assert reason(owner) == "consent"


def test_what_staff_recorded_of_nobodys_address_is_kept(replay: Replay) -> None:
    """A letter came from somebody whom the shop does not know."""
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="record_objection"))
    with lost():
        record_objection("email", "letter@example.com", way=LETTER, said_at=LATER, by=clerk, now=LATER)
        (kept,) = Suppression.objects.values("digest", "reason", "since", "until", "purpose", "channel")
    assert not Suppression.objects.exists()

    replay()

    assert (
        Suppression.objects.values("digest", "reason", "since", "until", "purpose", "channel").get() == kept
    )
    assert suppress.standing("email", "letter@example.com", now=BACK, channel=EMAIL, purpose="offers")
    event = Event.objects.get(kind="consent.objected")
    assert event.person is None
    assert "letter@" not in str(event.payload)


@pytest.mark.promise("P14")
def test_what_staff_recorded_under_an_old_key_holds_for_who_has_the_address_under_the_new_one(
    replay: Replay, settings
) -> None:
    """The key was changed since, and a customer came in between the restore and the replay."""
    clerk = UserFactory(is_staff=True)
    clerk.user_permissions.add(Permission.objects.get(codename="record_objection"))
    with lost():
        record_objection("email", "letter@example.com", way=LETTER, said_at=LATER, by=clerk, now=LATER)
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:a newer key", *conf.get().DIGEST_KEYS)}
    buyer = OrderFactory(customer=UserFactory(email="letter@example.com"), placed_at=BACK, paid_at=BACK)
    person = people.person_of(buyer.customer, now=BACK)
    proven("letter@example.com", person, at=BACK)
    decisions.inform(person, "offers", EMAIL, how="checkout", now=BACK)

    replay()

    assert reason(person, "offers") == "suppressed"
    assert not audience("offers", EMAIL, now=BACK).exists()
    assert list(rebuild.compare()) == []


def test_the_text_that_people_agreed_to_comes_back(replay: Replay) -> None:
    """It was first shown after the dump; meanwhile another text got its number."""
    paul, zoe = customer("paul@example.com"), customer("zoe@example.com")
    with lost():
        text = wordings.freeze(wordings.current("newsletter", "en", now=LATER))
        decisions.give(paul, "newsletter", EMAIL, how="account", wording=text, now=LATER)
    other = Wording.objects.create(
        purpose="newsletter", language="en", version=text.version, text="!", valid_from=BACK
    )

    replay()

    back = Wording.objects.get(uuid=text.uuid)
    assert (back.text, back.language, back.version) == (text.text, "en", other.version + 1)
    assert ConsentState.objects.get(person=paul.uuid, purpose="newsletter").wording == text.uuid
    assert decisions.renew(paul, "newsletter", EMAIL, how="account", now=BACK).live
    assert reason(zoe) == "consent"
    before = Wording.objects.count()
    assert not wordings.again(Event.objects.filter(kind="consent.wording").latest("at").payload)
    assert Wording.objects.count() == before


def test_a_withdrawal_before_an_erasure_keeps_no_digest(replay: Replay) -> None:
    """Only an objection, or her wish, is remembered of an erased person."""
    make_guest("guest@example.com")
    with lost():
        guest = proven("guest@example.com", at=LATER)
        decisions.give(guest, "newsletter", EMAIL, how="account", now=LATER)
        decisions.withdraw(guest, "newsletter", EMAIL, how="link", now=LATER + timedelta(minutes=1))
        erase(guest, how="link", now=LATER + timedelta(minutes=2))

    replay()

    assert not Suppression.objects.exists()
    assert Person.objects.get(uuid=guest.uuid).erased_at


def test_who_agreed_anew_between_the_restore_and_the_replay_is_not_held_to_her_older_no(
    replay: Replay,
) -> None:
    """The dump does not know her; she signs up once more. What else she objected to stands, as if the list had been there."""
    with lost():
        anna = proven("anna@example.com", at=LATER)
        decisions.refuse_all(anna, how="link", now=LATER)
    back = proven("anna@example.com", at=LATER + HOUR)
    assert back.uuid != anna.uuid
    decisions.confirm(back, "newsletter", EMAIL, how="link", now=LATER + HOUR)

    replay()

    assert reason(back) == "consent"
    decisions.inform(back, "offers", EMAIL, how="checkout", now=BACK)
    assert not decisions.may_send(back, "offers", EMAIL, now=BACK).yes
    assert list(rebuild.compare()) == []


def test_who_objected_after_she_agreed_anew_stays_on_the_list(replay: Replay) -> None:
    """In the order of time: a yes from before the no lifts nothing."""
    back = proven("anna@example.com")
    decisions.confirm(back, "newsletter", EMAIL, how="link", now=NOW)
    with lost(sealed=False):
        Address.objects.filter(person=back).update(until=LATER)
        anna = proven("anna@example.com", at=LATER)
        decisions.refuse_all(anna, how="link", now=LATER + timedelta(minutes=1))

    replay()

    assert reason(back) == "suppressed"


def test_what_an_account_decided_that_the_dump_did_not_know_as_somebody_is_what_its_events_say(
    replay: Replay,
) -> None:
    """Its person was made after the dump, agreed, and was erased: her row comes last."""
    user = UserFactory(email="marie@example.com")
    with lost():
        marie = people.person_of(user, now=LATER)
        proven("marie@example.com", marie, at=LATER)
        decisions.give(marie, "newsletter", EMAIL, how="account", now=LATER)
        decisions.refuse_all(marie, how="account", now=LATER + timedelta(minutes=1))
        erase(marie, how="account", now=LATER + timedelta(minutes=2))

    replay()

    assert Person.objects.get(uuid=marie.uuid).erased_at
    assert list(rebuild.compare()) == []
