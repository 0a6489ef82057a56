"""What was erased stays erased, whatever backup the shop has to restore: through its pages, its mails and its one command."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from django_rgpd.consent import decisions
from django_rgpd.marketing import links
from django_rgpd.marketing.send import send
from django_rgpd.policy import EMAIL
from django_rgpd.registry import people
from django_rgpd.testing import assert_erased
from example_shop.accounts.models import User
from example_shop.accounts.proof import address_clicked
from example_shop.factories import PASSWORD, make_customer
from example_shop.invoices.models import Invoice
from tests.centre.conftest import give_password
from tests.centre.test_deleting import DELETE, fields
from tests.faults import dumps
from tests.promises.conftest import START, Day


def invoices() -> list[tuple[dict[str, object], bytes]]:
    """Every invoice as it is, with the bytes of its file."""
    found = []
    for one in Invoice.objects.order_by("pk"):
        with one.pdf.open("rb") as file:
            found.append((Invoice.objects.values().get(pk=one.pk), file.read()))
    return found


@pytest.mark.promise("P84")
@pytest.mark.django_db(transaction=True)
def test_who_deleted_her_account_stays_deleted_after_a_backup_is_restored(
    day: Day, tmp_path: Path, settings
) -> None:
    """She deletes it by the page; another leaves by the link of a mail; the night's backup comes back, and neither does."""
    if missing := dumps.missing():
        pytest.skip(f"needs {', '.join(missing)}")
    settings.RGPD = {**settings.RGPD, "MIRROR_ROOT": str(tmp_path / "mirror")}
    marie = make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont-Quillemot")
    paul = make_customer(email="paul@example.com")
    for one in (marie, paul):
        address_clicked(one)
    leaver = people.person_of(paul, now=START)
    decisions.give(leaver, "newsletter", EMAIL, how="account", now=START)
    day(START)
    dumps.take(tmp_path / "dump")

    browser = Client()
    browser.force_login(marie)
    assert give_password(browser, PASSWORD).status_code == 302
    assert browser.post(DELETE, fields(browser)).status_code == 302
    Client().post(links.unsubscribe_url(leaver.uuid, "newsletter", EMAIL).partition("8000")[2])
    assert not User.objects.filter(pk=marie.pk).exists()
    day(START + timedelta(minutes=5))
    before = invoices()

    dumps.restore(tmp_path / "dump")
    assert User.objects.filter(pk=marie.pk).exists()
    mail.outbox.clear()
    call_command("rgpd_replay", stdout=(said := StringIO()))

    assert "up to date" in said.getvalue()
    assert not User.objects.filter(pk=marie.pk).exists()
    noon: datetime = START + timedelta(hours=2)
    assert send("newsletter", "shop/letter", [leaver], now=noon).queued == 0
    day(noon)
    assert [one.to for one in mail.outbox if one.to == ["marie@example.com"]] == []
    assert_erased(
        ["marie@example.com"],
        values={"name": ["Marie Dupont-Quillemot"]},
        allow=["invoices.Invoice"],
        now=noon,
    )
    assert invoices() == before
    call_command("rgpd_verify", stdout=StringIO())
