"""Links that nothing is stored for, and random ones."""

from __future__ import annotations

import itertools
import unicodedata
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

import django_rgpd
from django_rgpd.core import links
from django_rgpd.core.errors import BadLink

SOMEONE = UUID("5f0f8f3e-6f0a-4f0e-9d6b-0c5b6f1d2a3b")
PURPOSES = ("unsubscribe", "preferences", "confirm", "export")


def test_read_gives_back_what_was_signed():
    assert links.read("unsubscribe", links.sign("unsubscribe", SOMEONE)) == SOMEONE


@pytest.mark.fault("T01")
def test_read_refuses_every_token_with_one_character_changed():
    token = links.sign("unsubscribe", SOMEONE)
    for place, other in itertools.product(range(len(token)), "0fA=.\x00é "):
        if token[place] != other:
            with pytest.raises(BadLink):
                links.read("unsubscribe", token[:place] + other + token[place + 1 :])


@pytest.mark.fault("T01")
def test_read_refuses_a_token_cut_lengthened_or_swapped():
    token = links.sign("unsubscribe", SOMEONE)
    uuid, _, mac = token.partition(".")
    altered = [
        *(token[:end] for end in range(len(token))),
        *(token + tail for tail in ("=", "\n", " ", "\x00", "0", ".")),
        *(head + token for head in (" ", "\n", "{", "urn:uuid:")),
        f"{mac}.{uuid}",
        token.upper(),
        token.replace("-", ""),
        token.replace("0", "٠"),
        unicodedata.normalize("NFD", token.replace("a", "á")),
    ]
    for text in altered:
        with pytest.raises(BadLink):
            links.read("unsubscribe", text)


@pytest.mark.fault("T01")
@pytest.mark.fault("T11")
@given(st.text() | st.sampled_from(["9999999999999999999", "-1", "None", str(SOMEONE), f"{SOMEONE}."]))
def test_read_refuses_any_text(text):
    with pytest.raises(BadLink):
        links.read("unsubscribe", text)


@pytest.mark.fault("T02")
@pytest.mark.parametrize(("one", "other"), list(itertools.permutations(PURPOSES, 2)))
def test_read_refuses_a_token_of_another_purpose(one, other):
    with pytest.raises(BadLink):
        links.read(other, links.sign(one, SOMEONE))


@pytest.mark.fault("T14")
def test_read_refuses_a_token_of_another_site(settings):
    settings.RGPD = {**settings.RGPD, "SITE": 1}
    token = links.sign("unsubscribe", SOMEONE)
    settings.RGPD = {**settings.RGPD, "SITE": 2}
    with pytest.raises(BadLink):
        links.read("unsubscribe", token)


@pytest.mark.fault("T08")
def test_read_takes_a_token_of_an_old_key_as_long_as_it_is_kept(settings):
    settings.RGPD = {**settings.RGPD, "LINK_KEYS": ("a:" + "a" * 32,)}
    token = links.sign("unsubscribe", SOMEONE)
    settings.SECRET_KEY = "another"
    settings.RGPD = {**settings.RGPD, "LINK_KEYS": ("b:" + "b" * 32, "a:" + "a" * 32)}
    assert links.read("unsubscribe", token) == SOMEONE
    assert links.sign("unsubscribe", SOMEONE) != token
    settings.RGPD = {**settings.RGPD, "LINK_KEYS": ("b:" + "b" * 32,)}
    with pytest.raises(BadLink):
        links.read("unsubscribe", token)


@pytest.mark.fault("T10")
def test_sign_says_nothing_but_the_uuid_and_a_digest():
    uuid, dot, mac = links.sign("unsubscribe", SOMEONE).partition(".")
    assert (uuid, dot) == (str(SOMEONE), ".")
    assert len(mac) == 64
    assert set(mac) <= set("0123456789abcdef")


@pytest.mark.fault("T09")
def test_fresh_keeps_a_hash_from_which_the_token_does_not_follow():
    token, kept = links.fresh()
    assert links.hashed(token) == kept
    assert token not in kept
    assert len(kept) == 64
    assert links.fresh()[0] != token


@given(st.text())
def test_hashed_takes_any_text(text):
    assert len(links.hashed(text)) == 64


@pytest.mark.fault("T15")
def test_secrets_are_compared_in_one_module_in_constant_time():
    root = Path(django_rgpd.__file__).parent
    words = ("compare_digest", "constant_time_compare")
    comparing = [path for path in root.rglob("*.py") if any(word in path.read_text() for word in words)]
    assert comparing == [root / "core" / "keys.py"]


@pytest.mark.fault("W05")
def test_absolute_is_built_on_the_setting(settings):
    settings.RGPD = {**settings.RGPD, "BASE_URL": "https://shop.example.com/"}
    assert links.absolute("/privacy/?a=1") == "https://shop.example.com/privacy/?a=1"


@pytest.mark.fault("W04")
@pytest.mark.parametrize(
    "path", ["", "privacy/", "//evil.example.com", "/\\evil.example.com", "https://evil.example.com"]
)
def test_absolute_refuses_what_is_no_path_of_this_site(path):
    with pytest.raises(ValueError, match="begins with one slash"):
        links.absolute(path)


def test_absolute_without_a_base_url_says_which_setting(settings):
    settings.DEBUG = False
    settings.RGPD = {key: value for key, value in settings.RGPD.items() if key != "BASE_URL"}
    with pytest.raises(ImproperlyConfigured, match="BASE_URL"):
        links.absolute("/")


def test_sign_without_keys_in_production_says_which_setting(settings):
    settings.DEBUG = False
    settings.RGPD = {key: value for key, value in settings.RGPD.items() if key != "LINK_KEYS"}
    with pytest.raises(ImproperlyConfigured, match="LINK_KEYS"):
        links.sign("unsubscribe", uuid4())


def test_sign_without_keys_on_a_desk_uses_the_secret_key(settings):
    settings.DEBUG = True
    settings.RGPD = {key: value for key, value in settings.RGPD.items() if key != "LINK_KEYS"}
    token = links.sign("unsubscribe", SOMEONE)
    settings.SECRET_KEY = "another"
    with pytest.raises(BadLink):
        links.read("unsubscribe", token)
