"""The one form of an address."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_rgpd.core import addresses
from django_rgpd.core.errors import BadAddress


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("marie@example.com", "marie@example.com"),
        ("  Marie.Dupont+Shop@Example.COM \n", "marie.dupont+shop@example.com"),
        (unicodedata.normalize("NFD", "Élodie@example.com"), "élodie@example.com"),
        ("marie@straße.example.com", "marie@xn--strae-oqa.example.com"),
        ("marie@例え.example.com", "marie@xn--r8jz45g.example.com"),
        ("marie@EXAMPLE。com", "marie@example.com"),
        ("o'brien@example.com", "o'brien@example.com"),
        ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
    ],
)
def test_canonical_email_is_one_form(text, expected):
    assert addresses.canonical("email", text) == expected


@pytest.mark.fault("E13")
@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "marie",
        "marie@",
        "@example.com",
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "a@127.0.0.1",
        '"a b"@example.com',
        '"a@b"@example.com',
        "a@b@example.com",
        "a b@example.com",
        "a\r\nBcc: x@example.com",
        "a\x00@example.com",
        "a\u2028@example.com",
        "a\u202e@example.com",
        "a\u200b@example.com",
        "a@exa\ud800mple.com",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a@localhost",
        "a@example..com",
        "a@-example.com",
        "a@xn--a.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
        "a" * 400 + "@example.com",
        "a(comment)@example.com",
        "<a@example.com>",
    ],
)
def test_canonical_email_refuses(text):
    with pytest.raises(BadAddress) as refused:
        addresses.canonical("email", text)
    assert len(text) < 2 or text not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("06 12 34 56 78", "0612345678"),
        ("+33 (0)6 12.34-56/78", "+33612345678"),
        ("0033 6 12 34 56 78", "+33612345678"),
        ("０６１２３４５６７８", "0612345678"),
    ],
)
def test_canonical_phone_is_digits(text, expected):
    assert addresses.canonical("phone", text) == expected


@pytest.mark.parametrize("text", ["", "+", "123", "call me", "+33 6 12 34 56 78 90 12 34 56", "06+123456"])
def test_canonical_phone_refuses(text):
    with pytest.raises(BadAddress):
        addresses.canonical("phone", text)


def test_canonical_of_another_kind_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="no kind of address"):
        addresses.canonical("fax", "1")


@given(
    st.text(max_size=300)
    | st.builds(
        "{}@{}".format,
        st.text(min_size=1, max_size=20),
        st.sampled_from(["example.com", "EXAMPLE.com", "é.example.com", "ß.example.com", "İ.example.com"]),
    )
)
def test_canonical_email_twice_is_canonical_once(text):
    try:
        once = addresses.canonical("email", text)
    except BadAddress:
        return
    assert addresses.canonical("email", once) == once
    assert len(once) <= addresses.LONGEST


@given(st.text(max_size=40))
def test_canonical_phone_twice_is_canonical_once(text):
    try:
        once = addresses.canonical("phone", text)
    except BadAddress:
        return
    assert addresses.canonical("phone", once) == once


@pytest.mark.fault("E05")
def test_limiter_key_is_one_for_all_variants_of_a_mailbox():
    variants = ["m.a.rie@example.com", "marie+1@example.com", "MARIE+a+b@example.com", "marie@example.com"]
    assert {addresses.limiter_key(variant) for variant in variants} == {"marie@example.com"}


def test_limiter_key_of_a_tag_alone_is_still_an_address():
    assert addresses.limiter_key("+tag@example.com") == "+tag@example.com"


def test_digests_under_an_old_key_are_found_after_a_new_one(settings):
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("old:" + "o" * 32,)}
    before = addresses.digest("email", "marie@example.com")
    settings.RGPD = {**settings.RGPD, "DIGEST_KEYS": ("new:" + "n" * 32, "old:" + "o" * 32)}
    newest = addresses.digest("email", "marie@example.com")
    assert (newest.key_id, before.key_id) == ("new", "old")
    assert addresses.digests("email", "marie@example.com") == (newest, before)


def test_digest_differs_by_kind():
    assert addresses.digest("email", "1234") != addresses.digest("phone", "1234")
