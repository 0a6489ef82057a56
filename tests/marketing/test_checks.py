"""The checks of the unsubscribe links, each by its exact id."""

from __future__ import annotations

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import run_checks
from django.urls import clear_url_caches, include, path

from django_rgpd.marketing.checks import check_unsubscribe_links


class Nothing:
    """A project that forgot the library's pages."""

    urlpatterns: list[object] = []


class Languages:
    """A project that put them under a language."""

    urlpatterns = i18n_patterns(path("privacy/", include("django_rgpd.urls")))


def ids(**_: object) -> list[str | None]:
    return [one.id for one in check_unsubscribe_links(app_configs=None)]


def test_the_example_shop_has_nothing_to_report() -> None:
    assert ids() == []


def test_they_are_wired(settings) -> None:
    settings.PREPEND_WWW = True
    assert "django_rgpd.W401" in [one.id for one in run_checks(tags=["rgpd"])]


@pytest.mark.parametrize(
    ("urls", "expected"), [(Nothing, "django_rgpd.E401"), (Languages, "django_rgpd.E402")]
)
@pytest.mark.fault("L05")
def test_pages_out_of_reach_are_errors(settings, urls: type, expected: str) -> None:
    settings.ROOT_URLCONF = urls
    clear_url_caches()
    try:
        assert ids() == [expected]
    finally:
        clear_url_caches()


def test_a_host_that_redirects_is_a_warning(settings) -> None:
    settings.PREPEND_WWW = True
    settings.SECURE_SSL_REDIRECT = True
    settings.RGPD = {**settings.RGPD, "BASE_URL": "http://shop.example.com"}
    assert ids() == ["django_rgpd.W401", "django_rgpd.W402"]
    settings.RGPD = {**settings.RGPD, "BASE_URL": "https://www.shop.example.com"}
    assert ids() == []
