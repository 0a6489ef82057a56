"""Every page of the centre, for everybody who may come: status, headers, methods, and the page's own making."""

from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import translation

from example_shop.accounts.models import User
from example_shop.factories import PASSWORD
from tests.centre.conftest import give_password

PUBLIC = ("centre", "centre_sent", "centre_deleted")
PRIVATE = ("centre_choices", "centre_addresses", "centre_address_sent", "centre_delete", "centre_prove")
PROVED = ("centre_addresses", "centre_delete")
POSTS = (
    "centre_enter",
    "centre_leave",
    "centre_prove",
    "centre_choices",
    "centre_addresses",
    "centre_delete",
)
TOKENS = ("centre_open", "centre_address")


def url(name: str) -> str:
    return reverse(f"django_rgpd:{name}", args=["no-such-token"] if name in TOKENS else [])


@pytest.mark.parametrize("name", PRIVATE)
def test_private_page_leads_a_stranger_to_the_door(client: Client, db: None, name: str) -> None:
    answer = client.get(url(name))
    assert answer.status_code == 302
    assert answer["Location"] == f"/privacy/?next={url(name)}"
    door = client.get(answer["Location"])
    assert door.context["login"].endswith(f"?next={quote(url(name), safe='')}")


@pytest.mark.parametrize("name", PRIVATE)
def test_private_page_changes_nothing_for_a_stranger(client: Client, customer: User, name: str) -> None:
    assert client.post(url(name), {"email": customer.email}).status_code in {302, 405}
    assert User.objects.get(pk=customer.pk).email == customer.email


@pytest.mark.fault("W03")
@pytest.mark.parametrize("name", PROVED)
def test_page_that_wants_a_proof_leads_there_and_back(logged_in: Client, name: str) -> None:
    answer = logged_in.get(url(name))
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("django_rgpd:centre_prove"))
    answer = give_password(logged_in, PASSWORD, url(name))
    assert answer["Location"] == url(name)
    assert logged_in.get(url(name)).status_code == 200


@pytest.mark.fault("W02")
@pytest.mark.parametrize("name", [*PUBLIC, *PRIVATE, *TOKENS])
def test_every_page_is_kept_out_of_frames_caches_and_logs(proved: Client, name: str) -> None:
    answer = proved.get(url(name))
    assert answer.status_code in {200, 404}
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "strict-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.fault("W14")
@pytest.mark.parametrize("method", ["head", "options", "put", "patch", "delete", "trace"])
@pytest.mark.parametrize("name", [*PUBLIC, *PRIVATE, *TOKENS, "centre_enter", "centre_leave"])
def test_no_method_breaks_a_page(proved: Client, name: str, method: str) -> None:
    answer = getattr(proved, method)(url(name))
    assert answer.status_code in {200, 302, 404, 405}


@pytest.mark.fault("W01")
@pytest.mark.parametrize("name", POSTS)
def test_a_form_of_another_site_is_refused(customer: User, name: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(customer)
    assert strict.post(url(name), {"email": customer.email}).status_code == 403
    assert User.objects.filter(pk=customer.pk).exists()


@pytest.mark.fault("L04")
@pytest.mark.parametrize("name", ["centre", "centre_enter", "centre_sent", "centre_deleted", "centre_open"])
def test_public_page_stays_public_where_everything_wants_a_login(
    client: Client, db: None, settings, name
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    answer = client.get(url(name))
    assert not answer.headers.get("Location", "").startswith("/en/account")
    assert answer.status_code in {200, 404} or answer["Location"] == reverse("django_rgpd:centre")


@pytest.mark.fault("W10")
def test_what_a_form_does_not_name_is_ignored(proved: Client, customer: User) -> None:
    extra = {"user_id": "1", "is_staff": "1", "person": "1", "status": "done", "email": "other@example.com"}
    proved.post(url("centre_addresses"), extra)
    again = User.objects.get(pk=customer.pk)
    assert (again.email, again.is_staff) == ("marie@example.com", False)


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("name", [*PUBLIC, *PRIVATE, *TOKENS])
def test_page_can_be_read_by_keyboard_and_screen_reader(proved: Client, name: str, language: str) -> None:
    with translation.override(language):
        html = proved.get(url(name), headers={"accept-language": language}).content.decode()
    lint(html, language=language)


def test_door_can_be_read_with_its_errors(client: Client, db: None) -> None:
    answer = client.post(url("centre_enter"), {"email": "nobody at all"})
    assert answer.status_code == 400
    soup = lint(answer.content.decode(), language="en")
    field = soup.select_one("main input[type=email]")
    assert field is not None
    assert field["aria-invalid"] == "true"
    described = [soup.find(id=one) for one in str(field["aria-describedby"]).split()]
    assert any(one is not None and "no email address" in one.get_text() for one in described)


def lint(html: str, *, language: str) -> BeautifulSoup:
    """What a page needs to be read by somebody who does not see it; returns it for more."""
    soup = BeautifulSoup(html, "html.parser")
    assert soup.html is not None
    assert soup.html["lang"] == language
    assert soup.title is not None
    assert soup.title.get_text(strip=True)
    assert len(soup.find_all("h1")) == 1
    assert len(soup.find_all("main")) == 1
    assert soup.find("meta", attrs={"name": "viewport"})
    assert not soup.find_all("script")
    assert not soup.find_all(style=True)
    assert not [tag for tag in soup.find_all(True) for attribute in tag.attrs if attribute.startswith("on")]
    ids = [tag["id"] for tag in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    for field in soup.select("input:not([type=hidden]), select, textarea"):
        label = soup.find("label", attrs={"for": field.get("id")}) if field.get("id") else None
        assert label or field.find_parent("label") or field.get("aria-label"), field
    for tag in soup.find_all(attrs={"aria-labelledby": True}):
        assert soup.find(id=tag["aria-labelledby"]), tag["aria-labelledby"]
    for name in ("src", "href", "action"):
        for tag in soup.find_all(attrs={name: True}):
            outside = tag[name].startswith(("http:", "https:", "//", "data:", "javascript:"))
            assert not outside, tag[name]
    skip = soup.select_one("a[href='#content']")
    assert skip is not None
    assert soup.find(id="content") is not None
    headings = [int(tag.name[1]) for tag in soup.select("main h1, main h2, main h3, main h4")]
    assert headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(headings, headings[1:], strict=False))
    return soup
