"""Recognising staff who act as somebody else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from django_rgpd.core.impersonation import impersonated


def always(request):
    """A shop's own function."""
    return True


def broken(request):
    """A shop's own function that fails."""
    raise RuntimeError


@pytest.fixture
def request_of_a_user():
    """A request of someone logged in as herself."""
    request = RequestFactory().get("/")
    request.user = SimpleNamespace(is_authenticated=True)
    request.session = {}
    return request


def test_impersonated_is_false_for_who_is_herself(request_of_a_user):
    assert not impersonated(request_of_a_user)


def test_impersonated_without_a_session_or_user_is_false():
    assert not impersonated(RequestFactory().get("/"))


@pytest.mark.fault("S11")
@pytest.mark.parametrize(
    ("user", "session"),
    [
        ({"is_hijacked": True}, {}),
        ({"is_impersonate": True}, {}),
        ({}, {"_impersonate": 7}),
        ({}, {"hijack_history": ["1"]}),
    ],
)
def test_impersonated_by_known_apps_is_true(request_of_a_user, user, session):
    request_of_a_user.user = SimpleNamespace(**user)
    request_of_a_user.session = session
    assert impersonated(request_of_a_user)


@pytest.mark.fault("S11")
@pytest.mark.parametrize("name", ["always", "broken", "missing"])
def test_impersonated_asks_the_shops_function_and_refuses_where_it_fails(request_of_a_user, settings, name):
    settings.RGPD = {**settings.RGPD, "IMPERSONATED": f"{__name__}.{name}"}
    assert impersonated(request_of_a_user)
