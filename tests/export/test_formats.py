"""How an export leaves: values as they are, in JSON, by the shop's own hand; no table, no link for whoever has it."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.core import mail
from django.core.files.storage import FileSystemStorage

from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.export import request
from django_rgpd.export.models import Document, ExportState
from django_rgpd.outbox import deliver
from example_shop.factories import PASSWORD
from tests.export.conftest import document, tables

pytestmark = pytest.mark.django_db

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", " =1", "\u200b=1", "\ufeff=1"]
"""What a spreadsheet would carry out; NUL no database stores."""


@pytest.mark.fault("X08")
@pytest.mark.parametrize("formula", FORMULAS)
def test_json_has_each_value_as_it_is(formula, customer, person, now):
    customer.wishes.update(note=formula)
    (row,) = tables(document(person, now=now))["wishes.Wish", "subject"]["rows"]
    assert formula in str(row["note"] if isinstance(row["note"], str) else row["note"].values())


@pytest.mark.fault("X08")
def test_nothing_is_offered_that_a_spreadsheet_opens(client, customer, person):
    client.force_login(customer)
    page = BeautifulSoup(client.get("/privacy/export/").content, "html.parser")
    offered = [one["value"] for one in page.select("input[type=radio]")]
    assert offered == ["access", "portability"]
    for wanted in ("csv", "access.csv", "xlsx"):
        assert client.post("/privacy/export/", {"document": wanted}).status_code == 400
    assert not files()
    for which in offered:
        client.post("/privacy/export/", {"document": which})
    deliver.run_due(now=clock.now())
    assert files()
    for content in files():
        names = (
            zipfile.ZipFile(io.BytesIO(content)).namelist() if content.startswith(b"PK") else ["export.json"]
        )
        assert not [name for name in names if name.endswith((".csv", ".tsv", ".xls", ".xlsx", ".ods"))]


def files() -> list[bytes]:
    """The bytes of each export that waits."""
    root = Path(settings.RGPD["EXPORT_ROOT"])
    return [path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()]


class Elsewhere(FileSystemStorage):
    """A storage that could sign links for whoever has them, as those of object stores do."""

    def url(self, name):  # type: ignore[no-untyped-def]
        raise AssertionError("nobody asks for a link")


@pytest.mark.fault("X06")
def test_no_signed_link_is_ever_made(client, customer, person, settings, tmp_path):
    options = {"location": str(tmp_path / "elsewhere"), "base_url": "https://bucket.example.com/"}
    settings.STORAGES = {
        **settings.STORAGES,
        "exports": {"BACKEND": f"{__name__}.Elsewhere", "OPTIONS": options},
    }
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": "", "EXPORT_STORAGE": "exports"}
    now = clock.now()
    one = request.ask(person, Document.ACCESS, user=customer, now=now)
    deliver.run_due(now=now)
    deliver.run_due(now=clock.now())
    assert mail.outbox
    assert "bucket" not in mail.outbox[0].body
    client.force_login(customer)
    client.post("/privacy/prove/", {"way": "password", "password": PASSWORD})
    answer = client.post(f"/privacy/export/{one.uuid}/")
    assert answer.status_code == 200
    assert "Location" not in answer.headers
    assert b"".join(answer.streaming_content)


@pytest.mark.fault("X06")
@pytest.mark.parametrize("end", ["expired", "erased"])
def test_the_address_of_a_file_is_worth_nothing_afterwards(end, client, customer, person):
    now = clock.now()
    one = request.ask(person, Document.ACCESS, user=customer, now=now)
    deliver.run_due(now=now)
    client.force_login(customer)
    client.post("/privacy/prove/", {"way": "password", "password": PASSWORD})
    if end == "erased":
        erase(person, how="account", now=now)
    else:
        one.refresh_from_db()
        one.expires_at = now - timedelta(seconds=1)
        one.save()
    answer = client.post(f"/privacy/export/{one.uuid}/")
    assert answer.status_code in {302, 403, 404, 410}
    assert not answer.streaming
    deliver.run_due(now=now + timedelta(days=1))
    one.refresh_from_db()
    if end == "erased":
        assert one.state != ExportState.READY
        assert not files()
