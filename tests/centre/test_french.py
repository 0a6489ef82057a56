"""What a French customer reads on her way out: none of the English texts is among it."""

import gettext
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import translation

import django_rgpd
import example_shop
from django_rgpd.core import clock
from django_rgpd.export.header import table
from django_rgpd.export.models import Document, ExportRequest
from django_rgpd.holds.placing import place
from django_rgpd.outbox.deliver import run_due
from django_rgpd.registry import people, registry
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, UserFactory, make_customer, make_guest
from tests.centre.conftest import GUEST, ask_in, give_password, path_in
from tests.centre.test_deleting import DELETE, fields

Deliver = Callable[[], list[str]]
HOLES = re.compile(r"%\(\w+\)[sd]|%[sd]")
COLONS = re.compile(r"\S*[^\s\u00a0]:\s.*")
"""A colon without the space that goes before it in French."""
WORDS = 3
"""An English text of fewer words may be French too, or stand inside of it: "document", "message"."""
OURS = {"django_rgpd", "example_shop"}
PAGES = ["centre", "centre_addresses", "centre_choices", "centre_delete", "export"]


def english() -> Iterator[str]:
    """The longer texts of both catalogues, as they stand in the sources."""
    for package in (django_rgpd, example_shop):
        path = Path(package.__path__[0]) / "locale/fr/LC_MESSAGES/django.mo"
        with path.open("rb") as file:
            texts = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
        for key, french in texts.items():
            source = key[0] if isinstance(key, tuple) else key
            if source and source != french:
                yield from (part for part in map(plain, HOLES.split(source)) if len(part.split()) >= WORDS)


def plain(text: str) -> str:
    return " ".join(text.split())


def assert_french(text: str, *, where: str) -> None:
    found = [one for one in english() if one in plain(text)]
    assert not found, f"{where}: {found}"


def seen(client: Client, name: str) -> str:
    """What one reads of a page in French, the shop's own frame around it included."""
    answer = client.get(reverse(f"django_rgpd:{name}"), headers={"accept-language": "fr"})
    assert answer.status_code == 200
    soup = BeautifulSoup(answer.content, "html.parser")
    assert soup.html is not None
    assert soup.html["lang"] == "fr"
    return soup.get_text(" ")


@pytest.fixture
def customer(db: None) -> User:
    """Somebody who reads French, with everything that the shop can know of her."""
    return make_customer(email="marie@example.com", first_name="Marie", last_name="Dupont", language="fr")


@pytest.fixture
def french(client: Client, customer: User) -> Client:
    """Her browser, in which she logged in and gave her password in French."""
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    with translation.override("fr"):
        client.force_login(customer)
    assert give_password(client, PASSWORD).status_code == 302
    return client


def test_english_is_found_where_it_is() -> None:
    with pytest.raises(AssertionError, match="What must stay"):
        assert_french("<h2>What must stay, and\n until when</h2>", where="a page")


@pytest.mark.parametrize("name", PAGES)
def test_page_is_french(french: Client, name: str) -> None:
    assert_french(seen(french, name), where=name)


def test_page_that_asks_who_is_there_is_french(customer: User, client: Client) -> None:
    client.force_login(customer)
    assert_french(seen(client, "centre_prove"), where="the page that asks for a proof")


def test_receipt_of_a_deletion_is_french(french: Client, deliver: Deliver) -> None:
    assert french.post(DELETE, fields(french)).status_code == 302
    assert_french(seen(french, "centre_deleted"), where="the page after it")
    deliver()
    receipt = mail.outbox[-1]
    assert receipt.subject == "Vos données ont été effacées"
    assert "Vos factures" in str(receipt.body)
    html = [str(part[0]) for part in receipt.alternatives]  # type: ignore[attr-defined]
    for text in [receipt.subject, str(receipt.body), *html]:
        assert_french(text, where="the receipt")


def test_what_is_held_is_told_with_french_law_and_french_colons(
    french: Client, customer: User, deliver: Deliver
) -> None:
    staff = UserFactory(is_staff=True, is_superuser=True)
    person = people.person_of(customer, now=clock.now())
    review_on = (clock.now() + timedelta(days=90)).date()
    for kind in ("dispute", "authority"):
        place(kind, person=person, reason="12", review_on=review_on, by=staff, now=clock.now())
    texts = [seen(french, "centre"), seen(french, "centre_delete")]
    assert french.post(DELETE, fields(french)).status_code == 302
    deliver()
    receipt = mail.outbox[-1]
    texts += [str(receipt.body), *(str(part[0]) for part in receipt.alternatives)]  # type: ignore[attr-defined]
    for text in texts[1:]:
        assert "RGPD, article 17.3 e" in text
        assert "RGPD, article 17.3 b" in text
    for text in texts:
        assert "GDPR" not in text
        assert COLONS.findall(text) == []
        assert "\u00a0: " in " ".join(text.split("\n"))


def test_export_is_french(french: Client, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        french.post(reverse("django_rgpd:export"), {"document": Document.ACCESS})
    for seconds in (1, 2):
        run_due(now=clock.now() + timedelta(seconds=seconds))
    assert_french(str(mail.outbox[-1].body), where="the mail")
    assert "/privacy/export/" in str(mail.outbox[-1].body)
    assert_french(seen(french, "export"), where="the page")
    answer = french.post(reverse("django_rgpd:export_collect", args=[ExportRequest.objects.get().uuid]))
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as archive:
        document = json.loads(archive.read("export.json"))
    for one in document["tables"]:
        one.pop("rows")  # what she wrote is in her own words
    assert document["language"] == "fr"
    assert_french(json.dumps(document, ensure_ascii=False), where="the document")


def test_every_declaration_says_in_french_what_it_is() -> None:
    """Translators do not see docstrings: a text that is missing here is missing in an ``abouts.py``."""
    for entry in registry.entries.values():
        if not entry.people or entry.declaration.__module__.partition(".")[0] not in OURS:
            continue  # nobody's rows are never exported
        said = table(entry, entry.main_role, [], Document.ACCESS)["about"]
        with translation.override("fr"):
            assert table(entry, entry.main_role, [], Document.ACCESS)["about"] != said or not said, said


def test_guest_without_an_account_is_answered_in_french(client: Client, db: None, deliver: Deliver) -> None:
    make_guest(GUEST)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    assert_french(seen(client, "centre"), where="the door")
    ask_in(client, GUEST)
    [text] = deliver()
    assert_french(text, where="the mail")
    assert_french(client.get(path_in(text)).content.decode(), where="the page behind its link")


def test_newsletter_is_confirmed_in_french(client: Client, db: None, deliver: Deliver) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "fr"
    page = client.get(reverse("django_rgpd:newsletter"))
    assert_french(BeautifulSoup(page.content, "html.parser").get_text(" "), where="the form")
    soup = BeautifulSoup(page.content, "html.parser")
    form = soup.select_one("main form.rgpd-newsletter")
    assert form is not None
    sent = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
    ticked = {str(one["name"]): "on" for one in form.select("input[type=checkbox]")}
    client.post(reverse("django_rgpd:newsletter"), {**sent, **ticked, "email": "news@example.com"})
    deliver()
    asked = mail.outbox[-1]
    assert asked.to == ["news@example.com"]
    assert_french(f"{asked.subject} {asked.body}", where="the mail")
    assert_french(client.get(path_in(str(asked.body))).content.decode(), where="the page that confirms")
