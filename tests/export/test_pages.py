"""The export's pages: each person's own, and nobody else's."""

import uuid

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_rgpd.core import clock
from django_rgpd.export import door, request
from django_rgpd.export.models import Document, ExportRequest, ExportState
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import deliver
from django_rgpd.registry import people
from example_shop import factories
from tests.export.conftest import prove, strict

pytestmark = pytest.mark.django_db
PAGE = "/privacy/export/"


@pytest.fixture(autouse=True)
def _no_guards(monkeypatch):
    """What other rooms ask before a file is handed over is tested there."""
    monkeypatch.setattr(door, "_guards", [])
    monkeypatch.setattr(door, "_ways", [])


@pytest.fixture
def own(client, customer):
    """The customer's browser, logged in."""
    client.force_login(customer)
    return client


@pytest.fixture
def ready(customer):
    """An export of hers that can be collected."""
    now = clock.now()
    person = prove(people.person_of(customer, now=now), customer.email, now=now)
    asked = request.ask(person, Document.PORTABILITY, user=customer, now=now)
    deliver.run_due(now=now)
    mail.outbox.clear()
    asked.refresh_from_db()
    assert asked.state == ExportState.READY
    return asked


def collect_url(one: ExportRequest) -> str:
    return reverse("django_rgpd:export_collect", args=[one.uuid])


def body(response) -> bytes:
    return b"".join(response.streaming_content)


def unchanged(one: ExportRequest) -> None:
    """Nothing was collected, written down or mailed."""
    one.refresh_from_db()
    assert one.collected_at is None
    assert one.state == ExportState.READY
    assert not Event.objects.filter(kind="export.collected").exists()


@pytest.mark.promise("P30")
@pytest.mark.promise("P34")
def test_customer_asks_waits_and_collects(own):
    page = own.get(PAGE)
    choices = [one["value"] for one in BeautifulSoup(page.content, "html.parser").select("input[type=radio]")]
    assert choices == ["access", "portability"]
    assert own.post(PAGE, {"document": "portability"}).status_code == 302
    assert own.post(PAGE, {"document": "portability"}).status_code == 302
    one = ExportRequest.objects.get()
    assert b"being prepared" in own.get(PAGE).content
    assert own.post(collect_url(one)).status_code == 200  # the page, not yet the file
    deliver.run_due(now=clock.now())
    page = BeautifulSoup(own.get(PAGE).content, "html.parser")
    action = page.select_one("li form")["action"]
    response = own.post(action)
    assert strict(body(response))["document"] == "portability"


def test_customer_who_never_proved_her_address_is_told_that_the_file_is_ready(own, customer):
    own.post(PAGE, {"document": "access"})
    deliver.run_due(now=clock.now())
    deliver.run_due(now=clock.now())
    assert [(one.to, "can be collected" in one.subject) for one in mail.outbox] == [([customer.email], True)]


@pytest.mark.fault("X19")
def test_file_is_handed_over_as_a_download_that_no_browser_shows(own, ready):
    response = own.post(collect_url(ready))
    raw = body(response)
    headers = response.headers
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Disposition"].startswith('attachment; filename="portability-')
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store, max-age=0"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert int(headers["Content-Length"]) == len(raw) == ready.size


@pytest.mark.fault("X18")
def test_collection_is_recorded_with_its_network(own, ready):
    body(own.post(collect_url(ready), REMOTE_ADDR="198.51.100.9"))
    event = Event.objects.get(kind="export.collected")
    assert event.payload["network"] == "198.51.100.0/24"
    deliver.run_due(now=clock.now())
    assert [message.to for message in mail.outbox] == [["marie@example.com"]]


def visitors():
    """Everybody who is not the owner."""
    stranger, staff, root = factories.UserFactory(), factories.UserFactory(), factories.UserFactory()
    staff.is_staff = True
    staff.save()
    root.is_staff = root.is_superuser = True
    root.save()
    return {"another customer": stranger, "staff": staff, "superuser": root}


@pytest.mark.fault("X01")
@pytest.mark.parametrize("who", ["another customer", "staff", "superuser"])
@pytest.mark.parametrize("method", ["get", "post", "head"])
def test_export_of_another_person_is_not_there(who, method, ready):
    client = Client()
    client.force_login(visitors()[who])
    theirs = getattr(client, method)(collect_url(ready))
    missing = getattr(client, method)(reverse("django_rgpd:export_collect", args=[uuid.uuid4()]))
    assert theirs.status_code == missing.status_code == 404
    assert str(ready.uuid) not in client.get(PAGE).content.decode()
    unchanged(ready)


@pytest.mark.fault("X01")
@pytest.mark.parametrize("number", ["1", "0", "-1", "../../1", "%00", "a" * 36])
def test_number_or_path_in_the_place_of_the_uuid_leads_nowhere(own, ready, number):
    assert own.post(f"{PAGE}{number}/").status_code == 404
    unchanged(ready)


@pytest.mark.fault("X02")
@pytest.mark.parametrize("method", ["get", "post"])
def test_link_is_worth_nothing_without_a_login(ready, method):
    for url in (PAGE, collect_url(ready)):
        response = getattr(Client(), method)(url)
        assert response.status_code == 302
        assert response["Location"].startswith("/privacy/?next=/privacy/export/")
    unchanged(ready)


@pytest.mark.fault("X02")
def test_link_is_worth_nothing_after_logging_out(own, ready):
    own.logout()
    assert own.post(collect_url(ready)).status_code == 302
    unchanged(ready)


@pytest.mark.fault("X05")
def test_export_is_gone_when_its_time_is_over_although_nothing_tidied_it(own, ready):
    ExportRequest.objects.filter(pk=ready.pk).update(expires_at=timezone.now())
    for method in ("get", "post"):
        assert getattr(own, method)(collect_url(ready)).status_code == 410
    assert BeautifulSoup(own.get(PAGE).content, "html.parser").select_one("li form") is None
    unchanged(ready)


@pytest.mark.parametrize("state", [ExportState.EXPIRED, ExportState.CANCELLED, ExportState.FAILED])
def test_export_that_ended_is_gone(own, ready, state):
    ExportRequest.objects.filter(pk=ready.pk).update(state=state)
    assert own.post(collect_url(ready)).status_code == 410


def test_guard_of_another_room_is_asked_before_the_file(own, ready):
    @door.guard
    def prove_first(request, who):
        assert who.user is not None
        return HttpResponse("prove", status=418)

    assert own.post(collect_url(ready)).status_code == 418
    assert own.get(collect_url(ready)).status_code == 200
    unchanged(ready)


def test_guest_comes_in_by_the_way_of_another_room(ready, customer):
    person = people.users_person(customer.pk)

    @door.way
    def visit(request, now):
        return person

    response = Client().post(collect_url(ready))
    assert strict(body(response))["document"] == "portability"


def test_staff_acting_as_the_customer_is_refused(own, ready, settings):
    settings.RGPD = {**settings.RGPD, "IMPERSONATED": "tests.export.test_pages.acting"}
    assert own.get(PAGE).status_code == 403
    assert own.post(PAGE, {"document": "access"}).status_code == 403
    assert own.post(collect_url(ready)).status_code == 403
    assert ExportRequest.objects.count() == 1
    unchanged(ready)


def acting(request) -> bool:
    """Somebody is looking at the site as somebody else."""
    return True


@pytest.mark.parametrize("document", ["", "everything", "../access", "ACCESS"])
def test_document_that_does_not_exist_is_refused(own, document):
    assert own.post(PAGE, {"document": document}).status_code == 400
    assert not ExportRequest.objects.exists()


def test_forms_of_other_sites_are_refused(customer, ready):
    client = Client(enforce_csrf_checks=True)
    client.force_login(customer)
    assert client.post(PAGE, {"document": "access"}).status_code == 403
    assert client.post(collect_url(ready)).status_code == 403
    unchanged(ready)


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_odd_methods_are_answered(own, ready, method):
    for url in (PAGE, collect_url(ready)):
        assert getattr(own, method)(url).status_code == 405
    unchanged(ready)


def test_pages_are_kept_out_of_caches_and_frames(own, ready):
    for url in (PAGE, collect_url(ready)):
        response = own.get(url)
        assert response.status_code == 200
        assert response["Cache-Control"] == "private, no-store, max-age=0"
        assert response["X-Frame-Options"] == "DENY"
        soup = BeautifulSoup(response.content, "html.parser")
        assert len(soup.select("h1")) == 1
        assert all(soup.select(f'label[for="{one["id"]}"]') for one in soup.select("input[type=radio]"))


def test_page_asks_the_database_no_more_for_many_exports(own, customer):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            own.get(PAGE)
        return len(found)

    own.get(PAGE)
    before = queries()
    person = people.users_person(customer.pk)
    now = clock.now()
    ExportRequest.objects.bulk_create(
        [ExportRequest(person=person.uuid, asked_at=now, state=ExportState.EXPIRED) for _ in range(10)]
    )
    assert queries() == before
