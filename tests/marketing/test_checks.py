"""The checks of the unsubscribe links, each by its exact id."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.core.checks import run_checks
from django.urls import clear_url_caches, include, path

from django_rgpd.marketing import backend
from django_rgpd.marketing.checks import (
    check_mail,
    check_mail_is_asked_about,
    check_unsubscribe_links,
    check_webhooks,
)


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
    settings.RGPD = {**settings.RGPD, "OPEN_TRACKING": "nothing"}
    found = [one.id for one in run_checks(tags=["rgpd"], include_deployment_checks=True)]
    assert {"django_rgpd.W401", "django_rgpd.E411", "django_rgpd.W410"} <= set(found)


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


class Webhooks:
    """A project with the pages and anymail's webhooks."""

    urlpatterns = [path("privacy/", include("django_rgpd.urls")), path("anymail/", include("anymail.urls"))]


class OneWebhook:
    """A project with the webhook of its own provider alone."""

    urlpatterns = [
        path("privacy/", include("django_rgpd.urls")),
        path("hooks/", include(([path("x/", lambda _: None, name="mailgun_tracking_webhook")], "anymail"))),
    ]


@pytest.fixture
def webhook_ids(settings) -> Iterator[Callable[..., list[str | None]]]:
    """The ids found for a project's urls, backend and anymail's settings."""
    pytest.importorskip("anymail")

    def found(urls: type, backend: str = "", **anymail: object) -> list[str | None]:
        settings.ROOT_URLCONF = urls
        sender = f"anymail.backends.{backend}.EmailBackend" if backend else "a.Backend"
        settings.RGPD = {**settings.RGPD, "MAIL_BACKEND": sender}
        settings.ANYMAIL = anymail
        clear_url_caches()
        return [one.id for one in check_webhooks(app_configs=None)]

    yield found
    clear_url_caches()


@pytest.mark.fault("P13")
def test_webhooks_that_anybody_can_call_are_a_warning(webhook_ids: Callable) -> None:
    assert webhook_ids(Webhooks) == ["django_rgpd.W420"]
    assert webhook_ids(Webhooks, "mailgun", MAILGUN_API_KEY="k") == ["django_rgpd.W420", "django_rgpd.I422"]
    assert webhook_ids(Webhooks, "postmark", WEBHOOK_SECRET="user:secret") == []
    assert webhook_ids(Webhooks, "mailgun", WEBHOOK_SECRET=["user:secret"]) == []


def test_the_warning_names_those_that_nothing_protects(webhook_ids: Callable, settings) -> None:
    webhook_ids(Webhooks, MAILTRAP_TRACKING_SECRET="s")
    (found,) = check_webhooks(app_configs=None)
    assert "postmark" in found.msg
    assert "mailtrap" not in found.msg
    assert "mailgun" not in found.msg


def test_the_webhook_of_a_provider_that_signs_needs_no_secret(webhook_ids: Callable) -> None:
    assert webhook_ids(OneWebhook) == []


def test_a_provider_that_cannot_tell_anything_is_a_warning(webhook_ids: Callable) -> None:
    assert webhook_ids(Nothing, "postmark") == ["django_rgpd.W421"]
    assert webhook_ids(OneWebhook, "mailgun") == ["django_rgpd.I422"]
    assert webhook_ids(Nothing, "console") == []
    assert webhook_ids(Nothing) == []


def test_the_example_shop_lets_only_its_provider_in() -> None:
    assert check_webhooks(app_configs=None) == []


def mail_ids() -> list[str | None]:
    return [one.id for one in check_mail(app_configs=None)]


def test_the_shops_mail_backend_has_nothing_to_report(settings) -> None:
    settings.EMAIL_BACKEND = backend.PATH
    assert mail_ids() == []
    assert check_mail_is_asked_about(app_configs=None) == []


@pytest.mark.parametrize(
    "inner",
    [
        "",
        backend.PATH,
        "nowhere.Backend",
        "django.core.mail.nothing",
        "django.core.mail.send_mail",
        f"{__name__}.Ours",
    ],
)
def test_e410_where_nothing_sends(settings, inner: str) -> None:
    settings.EMAIL_BACKEND = backend.PATH
    settings.RGPD = {**settings.RGPD, "MAIL_BACKEND": inner}
    assert mail_ids() == ["django_rgpd.E410"]


class Ours(backend.EmailBackend):
    """Asks, and would hand on to itself."""


@pytest.mark.parametrize("named", ["orders", "messages", "nothing"])
def test_e411_where_opens_would_be_tracked_without_consent(settings, named: str) -> None:
    settings.RGPD = {**settings.RGPD, "OPEN_TRACKING": named}
    assert mail_ids() == ["django_rgpd.E411"]


@pytest.mark.parametrize("named", ["newsletter", "reviews", "offers"])
def test_opens_may_be_tracked_on_consent(settings, named: str) -> None:
    settings.RGPD = {**settings.RGPD, "OPEN_TRACKING": named}
    assert mail_ids() == []


def test_w410_where_mails_do_not_pass_the_backend_that_asks(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    found = check_mail_is_asked_about(app_configs=None)
    assert [one.id for one in found] == ["django_rgpd.W410"]
    settings.RGPD = {key: value for key, value in settings.RGPD.items() if key != "MAIL_BACKEND"}
    assert check_mail_is_asked_about(app_configs=None) == []
    assert mail_ids() == []
