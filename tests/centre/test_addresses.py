"""Proving one more address: only in the visit of who asked, so that nobody gives away what is hers by a click."""

from collections.abc import Callable

import pytest
from django.test import Client

from django_rgpd.core import clock
from django_rgpd.registry import people
from django_rgpd.registry.models import Address
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, make_guest
from tests.centre.conftest import GUEST, give_password, path_in

Deliver = Callable[[], list[str]]
ADDRESSES = "/privacy/addresses/"


def emails(user: User) -> frozenset[str]:
    return people.subject_of(user, now=clock.now()).emails


def test_guest_orders_of_a_proven_address_come_along(
    proved: Client, customer: User, deliver: Deliver
) -> None:
    make_guest(GUEST)
    assert proved.post(ADDRESSES, {"email": GUEST})["Location"] == "/privacy/addresses/sent/"
    link = path_in(deliver()[0])
    page = proved.get(link)
    assert GUEST in page.content.decode()
    assert emails(customer) == frozenset()
    assert proved.post(link)["Location"] == ADDRESSES
    assert emails(customer) == {GUEST}
    assert GUEST in proved.get(ADDRESSES).content.decode()


def test_own_address_is_offered_until_it_is_proven(proved: Client, customer: User, deliver: Deliver) -> None:
    assert proved.get(ADDRESSES).context["form"]["email"].value() == customer.email
    proved.post(ADDRESSES, {"email": customer.email})
    proved.post(path_in(deliver()[0]))
    assert not proved.get(ADDRESSES).context["form"]["email"].value()


@pytest.mark.fault("S07")
def test_stranger_who_clicks_gives_nothing_away(proved: Client, customer: User, deliver: Deliver) -> None:
    """Somebody asks for a stranger's address; the stranger, or her mail scanner, clicks."""
    make_guest(GUEST)
    proved.post(ADDRESSES, {"email": GUEST})
    link = path_in(deliver()[0])
    stranger = Client()
    assert stranger.post(link).status_code == 302
    stranger.force_login(User.objects.create_user("other@example.com", "x"))
    assert stranger.post(link).status_code == 404
    assert emails(customer) == frozenset()
    assert not Address.objects.filter(proven_at__isnull=False).exists()


def test_asking_wants_a_proof(logged_in: Client, deliver: Deliver) -> None:
    assert logged_in.post(ADDRESSES, {"email": GUEST})["Location"].startswith("/privacy/prove/")
    assert deliver() == []
    give_password(logged_in, PASSWORD)
    logged_in.post(ADDRESSES, {"email": GUEST})
    assert len(deliver()) == 1


@pytest.mark.fault("E01")
def test_address_of_another_account_gets_the_same_answer(proved: Client, deliver: Deliver) -> None:
    User.objects.create_user("other@example.com", "x")
    for email in ("other@example.com", "nobody@example.com"):
        assert proved.post(ADDRESSES, {"email": email})["Location"] == "/privacy/addresses/sent/"
    first, second = deliver()
    assert path_in(first) != path_in(second)
    assert first.replace(path_in(first), "") == second.replace(path_in(second), "")
