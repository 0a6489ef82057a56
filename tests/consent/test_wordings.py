"""The texts beside boxes: made from labels until staff write one, frozen once agreed to."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import patch

import pytest
from django.core.cache.backends.base import BaseCache
from django.test import Client
from django.urls import reverse

from django_rgpd.consent import wordings
from django_rgpd.consent.models import Wording
from django_rgpd.policy import current
from example_shop.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_the_default_is_made_from_the_label_and_not_saved(now: datetime) -> None:
    found = wordings.current("newsletter", "en", now=now)
    assert found.pk is None
    assert found.text.startswith("Newsletter")
    with pytest.raises(KeyError):
        wordings.current("nothing", "en", now=now)


@pytest.mark.promise("P10")
def test_the_first_agreement_freezes_the_text_that_was_shown(now: datetime) -> None:
    shown = wordings.reference_of(wordings.current("newsletter", "en", now=now))
    frozen = wordings.agreed("newsletter", "en", shown, now=now)
    assert frozen is not None
    assert (frozen.version, frozen.from_label) == (1, True)
    assert wordings.agreed("newsletter", "en", shown, now=now) == frozen
    assert Wording.objects.count() == 1


def test_a_changed_label_makes_a_new_version_and_leaves_the_old_one(now: datetime) -> None:
    old = wordings.freeze(wordings.current("newsletter", "en", now=now))
    policy = current()
    purposes = [
        replace(one, label="The Gazette") if one.key == "newsletter" else one for one in policy.purposes
    ]
    with patch("django_rgpd.consent.wordings.current_policy", lambda: replace(policy, purposes=purposes)):
        new = wordings.freeze(wordings.current("newsletter", "en", now=now))
    old.refresh_from_db()
    assert (old.version, new.version) == (1, 2)
    assert old.text != new.text


def test_a_text_that_was_never_shown_is_no_consent(now: datetime) -> None:
    for reference in ("", "0" * 16, "nothing"):
        assert wordings.agreed("newsletter", "en", reference, now=now) is None
    assert not Wording.objects.exists()


def test_a_page_that_was_open_while_the_text_changed_is_still_known(now: datetime) -> None:
    old = wordings.freeze(wordings.current("newsletter", "en", now=now))
    Wording.objects.create(purpose="newsletter", language="en", version=2, text="New", valid_from=now)
    assert wordings.current("newsletter", "en", now=now).text == "New"
    assert wordings.agreed("newsletter", "en", wordings.reference_of(old), now=now) == old


def test_a_text_of_staff_is_in_force_from_its_time_on_in_its_language(now: datetime) -> None:
    later = now + timedelta(hours=1)
    Wording.objects.create(purpose="newsletter", language="en", version=1, text="Ours", valid_from=later)
    assert wordings.current("newsletter", "en", now=now).text != "Ours"
    assert wordings.current("newsletter", "en", now=later).text == "Ours"
    assert wordings.current("newsletter", "fr", now=later).text != "Ours"


def test_staff_write_versions_and_change_none(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    add = reverse("admin:django_rgpd_wording_add")
    for text in ("First", "Second"):
        client.post(add, {"purpose": "newsletter", "language": "en", "text": text})
    assert list(Wording.objects.order_by("version").values_list("version", "text")) == [
        (1, "First"),
        (2, "Second"),
    ]
    first = Wording.objects.get(version=1)
    for name in ("change", "delete"):
        url = reverse(f"admin:django_rgpd_wording_{name}", args=[first.pk])
        assert client.post(url, {"text": "Forged", "post": "yes"}).status_code == 403
    assert client.post(add, {"purpose": "orders", "language": "en", "text": "No"}).status_code == 200
    assert Wording.objects.count() == 2


def test_a_text_is_shown_without_asking_again_until_staff_write_another(
    db, now, django_assert_num_queries, django_capture_on_commit_callbacks
):
    made = wordings.shown("newsletter", "en", now=now)
    with django_assert_num_queries(0):
        assert wordings.shown("newsletter", "en", now=now).text == made.text

    with django_capture_on_commit_callbacks(execute=True):
        Wording.objects.create(
            purpose="newsletter", language="en", version=1, text="Letters, please.", valid_from=now
        )

    assert wordings.shown("newsletter", "en", now=now).text == "Letters, please."
    assert wordings.shown("newsletter", "fr", now=now).text != "Letters, please."


def test_a_text_is_shown_where_the_cache_is_down(db, now, settings, caplog):
    settings.CACHES = {"default": {"BACKEND": "tests.consent.test_wordings.Down"}}

    assert wordings.shown("newsletter", "en", now=now).text == wordings.default_text("newsletter", "en")
    assert "Down" not in caplog.text
    assert "ConnectionError" in caplog.text


class Down(BaseCache):
    """A store that does not answer."""

    def __init__(self, _location, params):
        super().__init__(params)

    def get(self, key, default=None, version=None):
        raise ConnectionError(key)

    def set(self, key, value, timeout=None, version=None):
        raise ConnectionError(key)

    def clear(self):
        """There is nothing in it."""
