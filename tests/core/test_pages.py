"""What all pages have in common."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views import View
from django.views.debug import ExceptionReporter

from django_rgpd.core import addresses, pages

PART = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n"


@pages.takes("GET", "POST")
def form_page(request):
    """A page with a form."""
    return HttpResponse(f"{request.method} {request.POST.get('a', '')}")


@pages.takes("POST")
def button(request):
    """A page that is only posted to."""
    return HttpResponse("pressed")


@pages.public
def failing_page(request):
    """A page that breaks over an address."""
    addresses.digest("email", BrokenText(request.POST["email"]))


class BrokenText(str):
    """A text that cannot be encoded."""

    def encode(self, *args, **kwargs):
        """Fail, as a bug would, deep inside."""
        raise RuntimeError("broken")


@pages.private_page
def own_page(request):
    """A page of one's own."""
    return HttpResponse("mine")


@pages.public
def open_page(request):
    """A page for everybody."""
    return HttpResponse("all")


class OpenView(pages.PublicMixin, View):
    """The same, as a class."""

    def get(self, request):
        """Show it."""
        return HttpResponse("all")


class OwnView(pages.PrivateMixin, View):
    """A page of one's own, as a class."""

    def get(self, request):
        """Show it."""
        return HttpResponse("mine")


urlpatterns = [
    path("form/", pages.public(form_page)),
    path("button/", pages.public(button)),
    path("own/", own_page),
    path("own-class/", OwnView.as_view()),
    path("open/", open_page),
    path("open-class/", OpenView.as_view()),
    path("login/", open_page, name="login"),
]


@pytest.fixture
def client(settings):
    """A client of a site with these pages only, where one must log in for everything else."""
    settings.ROOT_URLCONF = __name__
    settings.LOGIN_URL = "/login/"
    settings.MIDDLEWARE = [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ]
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    return Client()


@pytest.mark.fault("W02")
@pytest.mark.fault("T13")
@pytest.mark.parametrize("url", ["/open/", "/open-class/", "/form/"])
def test_sealed_pages_stay_out_of_caches_frames_and_logs_of_others(client, url):
    headers = client.get(url).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]


def test_sealed_page_without_a_form_sends_no_referrer():
    response = pages.sealed(lambda request: HttpResponse(), referrer=pages.NO_REFERRER)(
        RequestFactory().get("/")
    )
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.fault("W02")
@pytest.mark.parametrize("view", [own_page, OwnView.as_view()])
def test_private_page_is_sealed(view):
    request = RequestFactory().get("/own/")
    request.user = SimpleNamespace(is_authenticated=True)
    headers = view(request).headers
    assert headers["X-Frame-Options"] == "DENY"
    assert "no-store" in headers["Cache-Control"]


def test_sealed_leaves_a_policy_of_the_view_and_of_django_6_alone(settings):
    response = HttpResponse(headers={"Content-Security-Policy": "default-src 'self'"})
    pages.seal(response)
    assert response.headers["Content-Security-Policy"] == "default-src 'self'"
    settings.SECURE_CSP = {"default-src": ["self"]}
    response = HttpResponse()
    pages.seal(response)
    assert "Content-Security-Policy" not in response.headers


@pytest.mark.fault("L04")
@pytest.mark.parametrize("url", ["/open/", "/open-class/", "/form/"])
def test_public_pages_ask_nobody_to_log_in(client, url):
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/own/", "/own-class/"])
def test_private_pages_ask_a_stranger_to_log_in(client, url):
    response = client.get(url)
    assert response.status_code == 302
    assert response.headers["Location"] == f"/login/?next={url}"


@pytest.mark.parametrize("view", [own_page, OwnView.as_view()])
def test_private_page_by_itself_turns_a_stranger_away(view, settings):
    settings.LOGIN_URL = "/login/"
    request = RequestFactory().get("/own/")
    request.user = AnonymousUser()
    assert view(request).status_code == 302


@pytest.mark.fault("W14")
@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/form/", 200),
        ("HEAD", "/form/", 200),
        ("POST", "/form/", 200),
        ("OPTIONS", "/form/", 405),
        ("TRACE", "/form/", 405),
        ("PUT", "/form/", 405),
        ("DELETE", "/form/", 405),
        ("MADEUP", "/form/", 405),
        ("GET", "/button/", 405),
        ("HEAD", "/button/", 405),
        ("POST", "/button/", 200),
    ],
)
def test_takes_answers_405_to_other_methods(client, method, url, status):
    response = client.generic(method, url)
    assert response.status_code == status
    if status == 405:
        assert "POST" in response.headers["Allow"]


@pytest.mark.fault("W14")
@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"a=1", "application/x-www-form-urlencoded", 200),
        (b"", "", 200),
        (b"", "text/plain", 200),
        (b"a=1", "text/plain", 415),
        (b'{"a": 1}', "application/json", 415),
        (b"a=1", "application/x-www-form-urlencoded; charset=nonsense", 200),
        (b"a=" + b"x" * 3_000_000, "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a%d=1" % number for number in range(1_500)), "application/x-www-form-urlencoded", 400),
        (b"nonsense", "multipart/form-data", 400),
        (b"nonsense", "multipart/form-data; boundary=\xff", 400),
        (
            b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
            200,
        ),
        (b"a=%ff%fe\xff", "application/x-www-form-urlencoded", 200),
    ],
)
def test_takes_answers_4xx_to_bodies_it_cannot_read(client, body, content_type, status):
    assert client.generic("POST", "/form/", body, content_type).status_code == status


@pytest.mark.fault("W09")
def test_an_error_report_of_a_public_page_names_nobody(settings):
    # Names are in two pieces, for the report quotes the source of this test too.
    request = RequestFactory().post("/", {"email": "ma" + "rie@example.com"})
    try:
        failing_page(request)
    except RuntimeError:
        report = ExceptionReporter(request, *sys.exc_info()).get_traceback_html()
    assert "RuntimeError" in report
    assert "failing_page" in report
    assert "ma" + "rie" not in report
