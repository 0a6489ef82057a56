"""Each fault of the settings has one check, by its exact id, and none crashes the site."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core import checks
from django.core.checks.registry import registry
from django.db import connection, connections

from django_rgpd.core import conf
from django_rgpd.core.checks import TAG, check_deployment, check_settings

LONG = "x" * 40
GOOD = {
    "POLICY": "example_shop.config.policy.policy",
    "BASE_URL": "https://shop.example.com",
    "DIGEST_KEYS": ("a:digest" + LONG,),
    "LINK_KEYS": ("a:link" + LONG,),
    "SEAL_KEYS": ("a:seal" + LONG,),
    "EXPORT_ROOT": "/srv/private/exports",
    "CACHE": "shared",
    "FROM_EMAIL": "shop@example.com",
}


@pytest.fixture(autouse=True)
def _a_good_shop(settings):
    settings.DEBUG = False
    settings.ALLOWED_HOSTS = ["shop.example.com"]
    settings.MEDIA_ROOT = "/srv/media"
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
        "shared": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
    }
    settings.RGPD = GOOD


def ids(check):
    """What a check finds, as (id, object), without our prefix."""
    found = check(app_configs=None)
    assert all(message.hint and message.obj for message in found)
    return [(message.id.removeprefix("django_rgpd."), message.obj) for message in found]


def test_check_of_a_good_shop_finds_nothing():
    assert ids(check_settings) == []
    assert ids(check_deployment) == []


def test_checks_are_wired():
    assert check_settings in registry.get_checks()
    assert check_deployment not in registry.get_checks()
    assert check_deployment in registry.get_checks(include_deployment_checks=True)
    assert checks.tag_exists(TAG)


@pytest.mark.parametrize("value", [None, [], "text", 3, b"x"])
def test_e001_where_the_setting_is_no_dict(settings, value):
    settings.RGPD = value
    assert ids(check_settings) == [("E001", "RGPD")]
    assert conf.get().EXPORT_DAYS == 7


def test_e001_where_the_setting_is_missing(settings):
    del settings.RGPD
    assert ids(check_settings) == [("E001", "RGPD")]


@pytest.mark.parametrize("name", ["EXPORT_DAY", "policy", 7, None])
def test_e002_where_a_setting_is_unknown(settings, name):
    settings.RGPD = {**GOOD, name: 1}
    assert ids(check_settings) == [("E002", f'RGPD["{name}"]')]
    assert conf.get().EXPORT_DAYS == 7


WRONG_TYPES = [
    ("EXPORT_DAYS", "7"),
    ("EXPORT_DAYS", 7.5),
    ("EXPORT_DAYS", True),
    ("PROXIES", None),
    ("COMPLETE", 1),
    ("COMPLETE", "no"),
    ("PRODUCTION", "yes"),
    ("TIME_ZONE", 1),
    ("FROM_EMAIL", b"shop@example.com"),
    ("SITE", "1"),
    ("EXPORT_ROOT", 5),
    ("REAUTH_SECONDS", object()),
]


@pytest.mark.parametrize(("name", "value"), WRONG_TYPES)
def test_e003_where_a_type_is_wrong_and_the_default_stands(settings, name, value):
    settings.RGPD = {**GOOD, name: value}
    assert ids(check_settings) == [("E003", f'RGPD["{name}"]')]
    assert type(getattr(conf.get(), name)) is type(getattr(conf.Settings(), name))


@pytest.mark.parametrize(
    ("name", "value"),
    [("EXPORT_DAYS", 0), ("EXPORT_DAYS", -7), ("PROXIES", -1), ("REAUTH_SECONDS", 0), ("SITE", -3)],
)
def test_e004_where_a_number_is_too_small(settings, name, value):
    settings.RGPD = {**GOOD, name: value}
    assert ids(check_settings) == [("E004", f'RGPD["{name}"]')]
    assert getattr(conf.get(), name) == getattr(conf.Settings(), name)


def test_no_proxy_is_a_number_of_proxies(settings):
    settings.RGPD = {**GOOD, "PROXIES": 0}
    assert ids(check_settings) == []


@pytest.mark.parametrize("path", ["", "policy", "nowhere.policy", "example_shop.config.policy.missing"])
def test_e005_where_the_policy_is_not_found(settings, path):
    settings.RGPD = {**GOOD, "POLICY": path}
    assert ids(check_settings) == [("E005", 'RGPD["POLICY"]')]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example.com",
        "ftp://shop.example.com",
        "https://",
        "https://shop.example.com/path",
        "https://shop.example.com?a=1",
        "https://user:pass@shop.example.com",
        "https://shop.example.com:port",
        "https://shop.example.com:99999",
        "https://[::1",
        "https://shop.exam ple.com",
        "https://shop.example.com\r\n",
        "javascript:alert(1)",
    ],
)
def test_e006_where_the_base_url_is_none(settings, url):
    settings.RGPD = {**GOOD, "BASE_URL": url}
    assert ids(check_settings) == [("E006", 'RGPD["BASE_URL"]')]
    assert conf.get().BASE_URL == ""


@pytest.mark.parametrize("name", conf.KEY_RINGS)
def test_e007_where_keys_are_missing_in_production(settings, name):
    settings.RGPD = {key: value for key, value in GOOD.items() if key != name}
    assert ids(check_settings) == [("E007", f'RGPD["{name}"]')]
    settings.DEBUG = True
    assert ids(check_settings) == []


@pytest.mark.parametrize("name", conf.KEY_RINGS)
@pytest.mark.parametrize("keys", [[LONG], LONG, LONG.encode(), (LONG.encode(),), (LONG, None), (LONG, " ")])
def test_e008_where_keys_are_no_tuple_of_texts_and_still_nothing_crashes(settings, name, keys):
    settings.RGPD = {**GOOD, name: keys}
    assert ids(check_settings) == [("E008", f'RGPD["{name}"]')]
    assert getattr(conf.get(), name) == (LONG,)


@pytest.mark.parametrize("keys", [("a:1" + LONG, "a:2" + LONG), (LONG, LONG)])
def test_e009_where_two_keys_have_one_id(settings, keys):
    settings.RGPD = {**GOOD, "LINK_KEYS": keys}
    assert ids(check_settings) == [("E009", 'RGPD["LINK_KEYS"]')]


def test_e010_where_the_export_root_is_relative(settings):
    settings.RGPD = {**GOOD, "EXPORT_ROOT": "exports"}
    assert ids(check_settings) == [("E010", 'RGPD["EXPORT_ROOT"]')]


@pytest.mark.fault("X04")
@pytest.mark.parametrize(
    "root", ["/srv/media", "/srv/media/exports", "/srv/x/../media/x", Path("/srv/media/a")]
)
def test_e011_where_the_export_root_is_served(settings, root):
    settings.RGPD = {**GOOD, "EXPORT_ROOT": root}
    assert ids(check_settings) == [("E011", 'RGPD["EXPORT_ROOT"]')]


def test_an_export_root_may_be_a_path(settings):
    settings.RGPD = {**GOOD, "EXPORT_ROOT": Path("/srv/media-not")}
    assert ids(check_settings) == []
    assert conf.get().EXPORT_ROOT == "/srv/media-not"


def test_e012_where_the_cache_is_unknown(settings):
    settings.RGPD = {**GOOD, "CACHE": "nowhere"}
    assert ids(check_settings) == [("E012", 'RGPD["CACHE"]')]


def test_e013_where_the_storage_is_unknown(settings):
    settings.RGPD = {**GOOD, "EXPORT_STORAGE": "nowhere"}
    assert ids(check_settings) == [("E013", 'RGPD["EXPORT_STORAGE"]')]


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../../etc/passwd", "/etc", "Europe", "\x00"])
def test_e014_where_the_time_zone_is_unknown(settings, zone):
    settings.RGPD = {**GOOD, "TIME_ZONE": zone}
    assert ids(check_settings) == [("E014", 'RGPD["TIME_ZONE"]')]
    assert conf.get().TIME_ZONE == settings.TIME_ZONE


@pytest.mark.parametrize("path", ["nowhere", "os.path.missing", "os.sep"])
def test_e015_where_the_function_for_impersonation_is_none(settings, path):
    settings.RGPD = {**GOOD, "IMPERSONATED": path}
    assert ids(check_settings) == [("E015", 'RGPD["IMPERSONATED"]')]


def test_e016_where_instants_have_no_zone(settings):
    settings.USE_TZ = False
    assert ids(check_settings) == [("E016", "USE_TZ")]


def test_e017_where_the_database_is_of_another_vendor(monkeypatch):
    monkeypatch.setattr(connection, "vendor", "mysql")
    monkeypatch.setattr(connection, "display_name", "MySQL")
    (found,) = check_settings(app_configs=None)
    assert (found.id, found.obj) == ("django_rgpd.E017", 'DATABASES["default"]')
    assert "MySQL" in found.msg


def test_w008_where_another_database_is_of_another_vendor(monkeypatch):
    legacy = SimpleNamespace(alias="legacy", vendor="mysql", display_name="MySQL")
    monkeypatch.setattr(connections, "all", lambda: [connection, legacy])
    assert ids(check_settings) == [("W008", 'DATABASES["legacy"]')]


@pytest.mark.fault("W06")
def test_w001_where_every_host_is_allowed(settings):
    settings.ALLOWED_HOSTS = ["*"]
    assert ids(check_deployment) == [("W001", "ALLOWED_HOSTS")]


def test_w002_where_the_base_url_is_plain_http(settings):
    settings.RGPD = {**GOOD, "BASE_URL": "http://shop.example.com"}
    assert ids(check_deployment) == [("W002", 'RGPD["BASE_URL"]')]


def test_w003_where_a_key_is_short(settings):
    settings.RGPD = {**GOOD, "SEAL_KEYS": ("a:short",)}
    assert ids(check_deployment) == [("W003", 'RGPD["SEAL_KEYS"]')]


def test_w004_where_a_key_is_used_twice(settings):
    settings.RGPD = {**GOOD, "LINK_KEYS": GOOD["DIGEST_KEYS"]}
    assert ids(check_deployment) == [("W004", 'RGPD["LINK_KEYS"]')]


def test_w004_where_a_key_is_the_secret_key(settings):
    settings.RGPD = {**GOOD, "DIGEST_KEYS": (f"a:{LONG}",)}
    settings.SECRET_KEY = LONG
    assert ids(check_deployment) == [("W004", 'RGPD["DIGEST_KEYS"]')]


def test_w005_where_limits_are_counted_by_each_process(settings):
    settings.RGPD = {**GOOD, "CACHE": "default"}
    assert ids(check_deployment) == [("W005", 'RGPD["CACHE"]')]


def test_w006_where_mails_have_no_sender(settings):
    settings.RGPD = {key: value for key, value in GOOD.items() if key != "FROM_EMAIL"}
    settings.DEFAULT_FROM_EMAIL = "webmaster@localhost"
    assert ids(check_deployment) == [("W006", 'RGPD["FROM_EMAIL"]')]


def test_w007_where_exports_have_no_place(settings):
    settings.RGPD = {key: value for key, value in GOOD.items() if key != "EXPORT_ROOT"}
    assert ids(check_deployment) == [("W007", 'RGPD["EXPORT_ROOT"]')]


@pytest.mark.parametrize(
    "junk", [{}, [], (), 0, -1, 1.5, b"\xff", "\x00", object(), None, True, {1: 2}, "x" * 9999]
)
@pytest.mark.parametrize("name", sorted(conf.NAMES))
def test_no_value_of_any_setting_crashes(settings, name, junk):
    settings.RGPD = {**GOOD, name: junk}
    conf.get()
    ids(check_settings)
    ids(check_deployment)
