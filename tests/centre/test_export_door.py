"""An export is handed over only right after a proof, and to a guest as to an account."""

import io
import zipfile
from collections.abc import Callable

import pytest
from django.test import Client

from django_rgpd.core import clock
from django_rgpd.export.models import ExportRequest
from django_rgpd.export.request import ask
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, make_guest
from tests.centre.conftest import GUEST, ask_in, give_password, path_in

Deliver = Callable[[], list[str]]


@pytest.mark.fault("W03")
def test_collecting_wants_a_proof(logged_in: Client, customer: User, deliver: Deliver) -> None:
    ask(people.person_of(customer, now=clock.now()), "access", user=customer, now=clock.now())
    deliver()
    url = f"/privacy/export/{ExportRequest.objects.get().uuid}/"
    answer = logged_in.post(url)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/privacy/prove/")
    assert give_password(logged_in, PASSWORD, url)["Location"] == url
    assert b"marie@example.com" in collected(logged_in, url)


def test_guest_collects_what_belongs_to_her_address(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    client.post("/privacy/export/", {"document": "access"})
    deliver()
    url = f"/privacy/export/{ExportRequest.objects.get().uuid}/"
    assert GUEST.encode() in collected(client, url)
    assert Client().post(url).status_code == 302


def collected(client: Client, url: str) -> bytes:
    """The document that the page hands over, out of its archive where it is in one."""
    answer = client.post(url)
    assert answer["Content-Disposition"].startswith("attachment")
    body = b"".join(answer.streaming_content)
    if answer["Content-Type"] == "application/json":
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as files:
        return files.read("export.json")
