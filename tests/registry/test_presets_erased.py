"""What the presets declare goes with the account: groups, the log of the account, the library's own copies."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.registry import people
from django_rgpd.registry.models import Address, Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def marie():
    """A customer whom staff put into a group, and wrote about."""
    user = get_user_model()
    staff = user.objects.create_user("staff@example.com", is_staff=True)
    marie = user.objects.create_user("marie@example.com", first_name="Marie")
    marie.groups.add(Group.objects.create(name="Best customers"))
    for model, said in ((user, "marie@example.com"), (Group, "Best customers")):
        LogEntry.objects.create(
            user=staff,
            action_flag=CHANGE,
            content_type=ContentType.objects.get_for_model(model),
            object_id=str(marie.pk),
            object_repr=said,
            change_message="",
        )
    return marie


@pytest.mark.fault("D08")
def test_groups_go_with_the_account_and_stay_themselves(marie):
    user = get_user_model()
    erase(people.person_of(marie, now=clock.now()), how="account", now=clock.now())
    assert not user.groups.through.objects.exists()
    assert not user.objects.filter(pk=marie.pk).exists()
    assert Group.objects.filter(name="Best customers").exists()


def test_the_log_forgets_the_account_and_keeps_what_staff_did_elsewhere(marie):
    erase(people.person_of(marie, now=clock.now()), how="account", now=clock.now())
    assert "marie@example.com" not in set(LogEntry.objects.values_list("object_repr", flat=True))
    assert LogEntry.objects.filter(object_repr="Best customers").exists()


def test_the_library_forgets_who_she_was_and_keeps_the_number(marie):
    person = people.person_of(marie, now=clock.now())
    erase(person, how="account", now=clock.now())
    kept = Person.objects.get(uuid=person.uuid)
    assert (kept.user_key, kept.language, kept.last_contact) == (None, "", None)
    assert not Address.objects.exclude(canonical=None).exists()


def test_the_plan_names_no_table_twice_and_does_not_change_by_being_read(marie):
    from django_rgpd.erasure.plan import plan

    subject = people.subject_of(marie, now=clock.now())
    first = plan(subject, now=clock.now())
    assert first.digest == plan(subject, now=clock.now()).digest
    assert not first.blocked
