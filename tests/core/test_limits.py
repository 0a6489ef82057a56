"""Who may be mailed on a stranger's word, and how often."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.test import RequestFactory

from django_rgpd.core import limits
from django_rgpd.core.errors import StoreDown


class BrokenCache(LocMemCache):
    """A store that does not answer."""

    def add(self, *args, **kwargs):
        raise ConnectionError("marie@example.com cannot be stored")


@pytest.fixture
def a_clock(monkeypatch):
    """The clock of the memory cache, to be set by hand."""
    at = [1_800_000_000.0]
    monkeypatch.setattr("django.core.cache.backends.locmem.time.time", lambda: at[0])
    monkeypatch.setattr("django.core.cache.backends.base.time.time", lambda: at[0])
    return at


@pytest.mark.fault("E05")
def test_mail_allowed_counts_each_kind_of_mail_by_itself(a_clock):
    assert limits.mail_allowed("marie@example.com")
    assert limits.mail_allowed("marie@example.com", what="reset")
    assert not limits.mail_allowed("marie@example.com", what="reset")


@pytest.mark.fault("E05")
def test_mail_allowed_once_in_15_minutes_and_thrice_a_day_whatever_the_spelling(a_clock):
    assert limits.mail_allowed("marie@example.com")
    assert not limits.mail_allowed("Marie@example.com")
    assert not limits.mail_allowed("m.arie+1@example.com")
    allowed = 1
    for _quarter in range(4 * 24 - 2):
        a_clock[0] += 15 * 60 + 1
        allowed += limits.mail_allowed("marie@example.com")
    assert allowed == 3
    a_clock[0] += 15 * 60 + 1
    a_clock[0] += 15 * 60 + 1
    assert limits.mail_allowed("marie@example.com")


@pytest.mark.fault("E05")
def test_mail_allowed_of_many_addresses_from_one_network_ends():
    asked = [limits.mail_allowed(f"m{number}@example.com", "192.0.2.1") for number in range(30)]
    assert asked == [True] * 10 + [False] * 20
    assert limits.mail_allowed("another@example.com", "192.0.2.2")


@pytest.mark.fault("E05")
def test_mail_allowed_of_many_networks_ends_for_all(monkeypatch):
    monkeypatch.setattr(limits, "OVERALL", ((25, 3600),))
    asked = [limits.mail_allowed(f"m{number}@example.com", f"192.0.2.{number}") for number in range(30)]
    assert asked == [True] * 25 + [False] * 5


def test_allowed_is_counted_apart_by_name_and_key():
    assert limits.allowed("a", "x", [(1, 60)])
    assert limits.allowed("b", "x", [(1, 60)])
    assert limits.allowed("a", "y", [(1, 60)])
    assert not limits.allowed("a", "x", [(1, 60)])


def test_allowed_leaves_no_address_in_the_store():
    limits.mail_allowed("marie@example.com", "192.0.2.1")
    stored = str(list(caches["default"]._cache))
    assert stored != "[]"
    assert "marie" not in stored
    assert "192.0.2.1" not in stored


@pytest.mark.fault("E08")
def test_allowed_where_the_store_is_down_says_so_without_a_personal_value(settings, caplog):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.BrokenCache"}}
    with pytest.raises(StoreDown) as down:
        limits.mail_allowed("marie@example.com")
    assert down.value.__suppress_context__
    assert down.value.__cause__ is None
    assert "ConnectionError" in caplog.text
    assert "marie" not in caplog.text


@pytest.mark.fault("E07")
@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "garbage", "192.0.2.1"),
        (1, "203.0.113.9, ", "192.0.2.1"),
        (1, "2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_client_ip_believes_our_own_proxies_only(settings, proxies, forwarded, expected):
    settings.RGPD = {**settings.RGPD, "PROXIES": proxies}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert limits.client_ip(request) == expected


def test_client_ip_of_a_unix_socket_is_empty():
    assert limits.client_ip(RequestFactory().get("/", REMOTE_ADDR="")) == ""
