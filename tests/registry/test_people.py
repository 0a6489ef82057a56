"""People and their addresses: nobody twice, nothing by an unproven address."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model, user_logged_in
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.test import RequestFactory

from django_rgpd import signals
from django_rgpd.core.errors import BadAddress, Refused
from django_rgpd.registry import contacted, people, receivers
from django_rgpd.registry.models import Address, Person

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = datetime(2026, 3, 11, 12, tzinfo=UTC)
MARIE = "marie@example.com"


def account(name="marie"):
    return get_user_model().objects.create_user(f"{name}@example.com")


def proven(text, person, now=NOW):
    return people.prove(people.note("email", text, person=person, now=now), how="click", now=now)


@pytest.fixture
def merged(db):
    found = []

    def hear(*, person, merged, **_):
        found.append((person, merged))

    signals.person_merged.connect(hear)
    yield found
    signals.person_merged.disconnect(hear)


@pytest.mark.django_db
def test_an_account_is_one_person():
    user = account()
    first = people.person_of(user, now=NOW, language="fr")
    assert people.person_of(user, now=LATER) == first
    assert people.users_person(user.pk) == first
    assert (first.user_key, first.language, first.site) == (str(user.pk), "fr", 1)
    assert Person.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.fault("R01")
@pytest.mark.parametrize("end", ["gone", "tombstone"])
def test_nobody_is_made_of_an_account_that_was_deleted_meanwhile(end):
    user = account()
    rows = get_user_model().objects.filter(pk=user.pk)
    rows.delete() if end == "gone" else rows.update(is_active=False)
    with pytest.raises(Refused, match="does not exist any more"):
        people.person_of(user, now=NOW)
    assert not Person.objects.exists()


@pytest.mark.django_db
def test_an_account_that_waits_for_its_confirmation_is_a_person():
    user = get_user_model().objects.create_user(MARIE, is_active=False)
    assert people.person_of(user, now=NOW).user_key == str(user.pk)


@pytest.mark.django_db
def test_an_accounts_own_address_does_not_count_until_it_is_proven():
    user = account()
    subject = people.subject_of(user, now=NOW)
    assert subject.user_key == user.pk
    assert subject.addresses == {}
    assert MARIE not in repr(subject)
    proven(MARIE, people.person_of(user, now=NOW))
    assert people.subject_of(user, now=NOW).emails == {MARIE}


@pytest.mark.django_db
def test_a_noted_address_is_found_in_any_spelling_and_is_one():
    entry = people.note("email", " Marie@EXAMPLE.com", now=NOW)
    assert people.note("email", MARIE, now=LATER) == entry
    assert people.known("email", "MARIE@example.com") == entry.person
    assert people.known("email", "paul@example.com") is None
    assert people.known("email", "no address") is None
    assert people.known("email", MARIE, site=2) is None
    assert people.known("phone", "+33612345678") is None
    assert people.subject(entry.person).addresses == {}
    assert (Person.objects.count(), Address.objects.count()) == (1, 1)


@pytest.mark.django_db
def test_what_is_no_address_is_not_kept():
    with pytest.raises(BadAddress):
        people.note("email", "marie at example.com", now=NOW)
    assert (Person.objects.count(), Address.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_an_address_is_found_by_the_digest_of_an_old_key(settings):
    entry = people.note("email", MARIE, now=NOW)
    old = settings.RGPD["DIGEST_KEYS"]
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:another secret", *old)}
    assert people.known("email", MARIE) == entry.person
    assert people.note("email", MARIE, now=LATER) == entry
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:another secret",)}
    assert people.known("email", MARIE) is None


@pytest.mark.django_db
def test_a_claim_gives_nothing_until_it_is_proven(merged):
    guest = people.note("email", MARIE, now=NOW)
    person = people.person_of(account("paul"), now=NOW)
    claim = people.note("email", MARIE, person=person, now=NOW)
    assert claim.person == person
    assert people.note("email", MARIE, person=person, now=LATER) == claim
    assert people.known("email", MARIE) == guest.person
    assert people.subject(person).addresses == {}
    assert merged == []


@pytest.mark.django_db
def test_a_guest_becomes_one_with_the_account_that_proves_her_address(merged):
    guest = people.note("email", MARIE, now=NOW)
    people.prove(guest, how="click", now=NOW)
    people.contact(guest.person.uuid, at=LATER)
    person = people.person_of(account(), now=NOW)
    entry = proven(MARIE, person, now=LATER)
    assert (entry.person, entry.until, entry.proven_how) == (person, None, "click")
    subject = people.subject(person)
    assert subject.uuids == (person.uuid, guest.person.uuid)
    assert subject.emails == {MARIE}
    guest.person.refresh_from_db()
    assert people.standing_for(guest.person) == person
    assert people.by_uuid(guest.person.uuid) == person
    assert people.subject(guest.person) == subject
    assert people.known("email", MARIE) == person
    person.refresh_from_db()
    assert person.last_contact == LATER
    assert merged == [(person.uuid, guest.person.uuid)]
    people.contact(person.uuid, at=datetime(2026, 4, 1, tzinfo=UTC))
    guest.person.refresh_from_db()
    assert guest.person.last_contact == datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_people_merged_into_a_guest_come_along():
    first = people.note("email", MARIE, now=NOW)
    second = proven(MARIE, Person.objects.create(created_at=NOW))
    person = people.person_of(account(), now=NOW)
    proven(MARIE, person)
    assert set(people.subject(person).uuids) == {person.uuid, first.person.uuid, second.person.uuid}


@pytest.mark.fault("S07")
@pytest.mark.django_db
def test_the_new_owner_of_a_mailbox_gets_the_address_and_nothing_else(merged):
    before = people.person_of(account("marie"), now=NOW)
    proven(MARIE, before)
    proven("marie.two@example.com", before)
    after = people.person_of(account("paul"), now=NOW)
    proven(MARIE, after, now=LATER)
    assert people.subject(after).emails == {MARIE}
    assert people.subject(after).uuids == (after.uuid,)
    assert people.subject(before).emails == {"marie.two@example.com"}
    assert people.known("email", MARIE) == after
    assert merged == []


@pytest.mark.django_db
def test_a_guest_with_another_proven_address_is_not_taken_over(merged):
    guest = people.note("email", MARIE, now=NOW).person
    proven(MARIE, guest)
    proven("marie.two@example.com", guest)
    after = people.person_of(account("paul"), now=NOW)
    proven(MARIE, after, now=LATER)
    assert people.subject(after).emails == {MARIE}
    assert people.subject(guest).emails == {"marie.two@example.com"}
    assert merged == []


@pytest.mark.django_db
def test_an_address_that_was_left_is_hers_until_somebody_else_proves_it():
    person = people.person_of(account(), now=NOW)
    entry = proven(MARIE, person)
    Address.objects.filter(pk=entry.pk).update(until=LATER)
    assert people.subject(person).emails == {MARIE}
    people.note("email", MARIE, now=LATER)
    assert people.subject(person).emails == {MARIE}
    people.prove(people.note("email", MARIE, now=LATER), how="click", now=LATER)
    assert people.subject(person).emails == frozenset()


@pytest.mark.django_db
def test_what_is_known_of_a_person_is_read_at_once(merged, django_assert_num_queries):
    """Merged people in the order they came, what she can be written to with the last proof first, and every digest."""
    person = people.person_of(account(), now=NOW)
    first = proven("first@example.com", person)
    last = proven("last@example.com", person, now=LATER)
    people.note("email", "claimed@example.com", person=person, now=NOW)
    guest = Person.objects.create(created_at=NOW, merged_into=person.uuid)
    theirs = people.note("email", "guest@example.com", person=guest, now=NOW)

    with django_assert_num_queries(1):
        known = people.known_of(person)

    assert known.subject.uuids == (person.uuid, guest.uuid)
    assert known.subject.emails == {"first@example.com", "last@example.com"}
    assert known.emails == ("last@example.com", "first@example.com")
    assert {digest for _kind, digest, _key in known.digests} >= {first.digest, last.digest, theirs.digest}
    assert len(known.digests) == 4
    with django_assert_num_queries(1):
        assert people.known_of(guest).subject.uuids == (guest.uuid,)


@pytest.mark.django_db
def test_an_erased_person_has_no_address_and_keeps_nobody_from_it():
    entry = people.note("email", MARIE, now=NOW)
    Person.objects.filter(pk=entry.person_id).update(erased_at=NOW)
    assert people.known("email", MARIE) is None
    with pytest.raises(Refused):
        people.prove(entry, how="click", now=LATER)
    entry.refresh_from_db()
    assert entry.proven_at is None
    again = people.note("email", MARIE, now=LATER)
    assert again.person_id != entry.person_id
    entry.refresh_from_db()
    assert entry.until == LATER


@pytest.mark.django_db
def test_proving_again_keeps_the_first_proof():
    person = people.person_of(account(), now=NOW)
    entry = proven(MARIE, person)
    people.prove(entry, how="staff", by="7", now=LATER)
    entry.refresh_from_db()
    assert (entry.proven_at, entry.proven_how, entry.proven_by) == (NOW, "click", "")


@pytest.mark.django_db(transaction=True)
def test_a_lock_without_a_transaction_is_refused():
    person = people.person_of(account(), now=NOW)
    with pytest.raises(transaction.TransactionManagementError):
        people.lock(person)
    with transaction.atomic():
        assert people.lock(person.uuid) == person


@pytest.mark.django_db
def test_a_login_is_a_contact_and_makes_the_person(client):
    user = account()
    client.force_login(user)
    person = people.users_person(user.pk)
    assert person is not None
    assert person.last_contact is not None
    assert people.subject(person).addresses == {}


@pytest.mark.fault("S11")
@pytest.mark.django_db
def test_staff_who_log_in_for_her_are_no_contact(rf: RequestFactory):
    user = account()
    request = rf.get("/")
    request.session = SessionStore()
    request.session["hijack_history"] = ["1"]
    request.user = user
    user_logged_in.send(sender=type(user), request=request, user=user)
    assert people.users_person(user.pk) is None


@pytest.mark.django_db
def test_a_contact_that_another_room_heard_of_counts():
    person = people.person_of(account(), now=NOW)
    signals.contacted.send(sender=None, person=person.uuid, at=LATER)
    person.refresh_from_db()
    assert person.last_contact == LATER


@pytest.mark.django_db
@pytest.mark.parametrize("nobody", [None, "", " "])
def test_an_order_without_an_address_is_nobodys_contact(nobody):
    contacted(nobody, at=LATER)
    assert not Person.objects.exists()
    assert not Address.objects.exists()


@pytest.mark.django_db
def test_what_allauth_has_verified_is_proven():
    user = account()
    receivers.confirmed(email_address=SimpleNamespace(user=user, email="Marie@example.com"))
    receivers.confirmed(email_address=SimpleNamespace(user=user, email="not an address"))
    subject = people.subject_of(user, now=NOW)
    assert subject.emails == {MARIE}
    assert Address.objects.get().proven_how == "allauth"


def race(works, number=8):
    """What ``number`` threads return that call ``works`` at the same moment."""
    barrier, found, faults = threading.Barrier(number), [], []

    def run():
        try:
            barrier.wait(10)
            found.append(works())
        except Exception as error:
            faults.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    return found


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_person_of_an_account():
    user = account()
    found = race(lambda: people.person_of(user, now=NOW).pk)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert Person.objects.count() == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_entry_of_an_address():
    found = race(lambda: people.note("email", MARIE, now=NOW).pk)
    assert len(found) == 8
    assert len(set(found)) == 1
    assert (Person.objects.count(), Address.objects.count()) == (1, 1)


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_accounts_that_prove_one_address_at_once_leave_one_holder():
    ids = [people.person_of(account(name), now=NOW).pk for name in ("one", "two")]
    claims = [people.note("email", MARIE, person=Person.objects.get(pk=pk), now=NOW) for pk in ids]
    left = list(claims)
    lock = threading.Lock()

    def prove():
        with lock:
            claim = left.pop()
        return people.prove(claim, how="click", now=NOW).pk

    assert len(race(prove, 2)) == 2
    assert Address.objects.filter(until__isnull=True).count() == 1


@pytest.mark.postgresql
@pytest.mark.fault("R01")
@pytest.mark.django_db(transaction=True)
def test_nobody_is_made_of_an_account_while_it_is_deleted():
    user = account()
    found = []

    def late():
        try:
            found.append(people.person_of(user, now=NOW))
        except Refused as refused:
            found.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=late)
    with transaction.atomic():
        get_user_model().objects.filter(pk=user.pk).delete()
        thread.start()
        thread.join(0.5)
        assert thread.is_alive(), "it waits for the deletion"
    thread.join(30)
    assert [type(one) for one in found] == [Refused]
    assert not Person.objects.exists()
