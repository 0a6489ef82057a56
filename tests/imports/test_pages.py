"""The admin's pages of an import: who may, what a marketer sees, and that a click counts once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Permission
from django.contrib.staticfiles import finders
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from django_rgpd.consent import kinds
from django_rgpd.consent.models import ConsentState, Wording
from django_rgpd.core import clock
from django_rgpd.imports import back, batches
from django_rgpd.imports.models import ConsentImport, Stage
from django_rgpd.ledger.models import Event
from django_rgpd.outbox import deliver
from django_rgpd.outbox.models import Job
from example_shop.accounts.models import User
from example_shop.factories import make_customer
from tests.imports import conftest
from tests.imports.conftest import good, sheet

pytestmark = pytest.mark.django_db
BASE = "/admin/django_rgpd/consentimport/"


@pytest.fixture
def marketer(client: Client) -> Client:
    """Staff with the one permission."""
    user = make_customer(email="marketing@example.com")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="import_consents"))
    client.force_login(user)
    return client


def hand_in(client: Client, content: bytes, **more: object) -> object:
    """Fill in the form."""
    file = SimpleUploadedFile("list.csv", content, content_type="text/csv")
    data = {"file": file, "about": "newsletter email", "language": "fr", "wording": "", "text": "", **more}
    return client.post(f"{BASE}new/", data)


def text_of(client: Client, batch: ConsentImport) -> str:
    """What the page says."""
    page = client.get(f"{BASE}{batch.uuid}/")
    assert page.status_code == 200
    return " ".join(BeautifulSoup(page.content, "html.parser").get_text(" ").split())


def test_a_marketer_imports_a_list_by_clicks_alone(marketer: Client, wording: Wording) -> None:
    """Upload, wait, read what would be taken, confirm twice, see what came of it."""
    content = sheet(good(), "nonsense", good("eve@example.com", date="2031-01-01"))
    answer = hand_in(marketer, content)
    batch = ConsentImport.objects.get()
    assert answer.url == f"{BASE}{batch.uuid}/"  # type: ignore[attr-defined]
    assert "being read" in text_of(marketer, batch)

    conftest.work(clock.now())
    page = text_of(marketer, batch)
    assert 'value="Import 1 consent"' in marketer.get(f"{BASE}{batch.uuid}/").content.decode()
    assert "lies in the future" in page
    assert "ada" not in page
    assert not Event.objects.filter(kind=kinds.IMPORTED).exists()

    for _ in range(2):
        assert marketer.post(f"{BASE}{batch.uuid}/", {"confirm": "1"}).status_code == 302
    conftest.work(clock.now())
    assert "Consents taken 1" in text_of(marketer, batch)
    assert Event.objects.filter(kind=kinds.IMPORTED).count() == 1

    report = b"".join(marketer.get(f"{BASE}{batch.uuid}/report/").streaming_content)  # type: ignore[attr-defined]
    assert report.decode("utf-8-sig").splitlines()[0] == "line,reason"
    assert report.count(b"\n") == 3
    assert b"@" not in report
    listed = marketer.get(BASE).content.decode()
    assert f"{BASE}{batch.uuid}/" in listed
    assert "Newsletter by email" in listed


def test_what_is_wrong_with_a_file_is_said_in_the_language_of_who_handed_it_in(marketer: Client) -> None:
    """The worker that reads the file has a language of its own."""
    marketer.cookies["django_language"] = "fr"
    hand_in(marketer, b"email;opt_in\nada@example.com;yes\n")
    conftest.work(clock.now())

    page = text_of(marketer, ConsentImport.objects.get())
    assert "La première ligne ne nomme pas de colonne « date »" in page


def test_a_text_for_the_whole_file_can_be_written(marketer: Client) -> None:
    """For lists whose lines do not say it."""
    content = sheet("ada@example.com,2024-05-02,form", header="email,date,how\n")
    hand_in(marketer, content, text="Oui, écrivez-moi.")
    conftest.work(clock.now())

    batch = ConsentImport.objects.get()
    assert batch.told["accepted"] == 1
    assert not Wording.objects.exists()
    marketer.post(f"{BASE}{batch.uuid}/", {"confirm": "1"})
    conftest.work(clock.now())
    assert Wording.objects.get().text == "Oui, écrivez-moi."


def test_an_import_is_taken_back_by_who_is_sure(marketer: Client, wording: Wording) -> None:
    """Every consent that rests on it ends, once, and its page says so."""
    hand_in(marketer, sheet(good()))
    conftest.work(clock.now())
    batch = ConsentImport.objects.get()
    page = f"{BASE}{batch.uuid}/"
    marketer.post(page, {"take_back": "1", "sure": "on"})  # nobody confirmed it
    assert not Job.objects.filter(name=back.JOB).exists()
    marketer.post(page, {"confirm": "1"})
    conftest.work(clock.now())
    assert "Take this import back" in text_of(marketer, batch)

    answer = marketer.post(page, {"take_back": "1"}, follow=True)
    assert "tick that you are sure" in answer.content.decode()
    assert not Job.objects.filter(name=back.JOB).exists()
    assert ConsentState.objects.filter(live=True).count() == 1

    for _ in range(2):
        marketer.post(page, {"take_back": "1", "sure": "on"})
    assert Job.objects.filter(name=back.JOB).count() == 1
    deliver.run_due(now=clock.now(), names=frozenset({back.JOB}))
    assert not ConsentState.objects.filter(live=True).exists()
    assert Event.objects.filter(kind=kinds.UNDONE).count() == 1
    said = text_of(marketer, batch)
    assert "It was taken back." in said
    assert "Take this import back" not in said


def test_a_file_can_be_let_go_instead(marketer: Client, wording: Wording, private: Path) -> None:
    """Nothing of it is left, and it cannot be confirmed."""
    hand_in(marketer, sheet(good()))
    conftest.work(clock.now())
    batch = ConsentImport.objects.get()

    marketer.post(f"{BASE}{batch.uuid}/", {"cancel": "1"})
    marketer.post(f"{BASE}{batch.uuid}/", {"confirm": "1"})
    conftest.work(clock.now())

    batch.refresh_from_db()
    assert (batch.stage, batch.taken) == (Stage.ENDED, 0)
    assert conftest.files(private) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"about": "orders email"},
        {"about": "newsletter sms"},
        {"about": ""},
        {"wording": "6b1f7f5e-0000-4000-8000-000000000000"},
        {"text": "x" * 5_001},
        {"language": "xx"},
        {"file": ""},
        {"file": SimpleUploadedFile("list.csv", b"")},
    ],
    ids=["purpose", "channel", "nothing", "wording", "long", "language", "none", "empty"],
)
def test_a_form_that_is_wrong_keeps_no_file(
    wrong: dict[str, object], marketer: Client, private: Path
) -> None:
    """The page comes again with what to mend."""
    answer = hand_in(marketer, sheet(good()), **wrong)

    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert "errorlist" in answer.content.decode()  # type: ignore[attr-defined]
    assert conftest.files(private) == []
    assert not ConsentImport.objects.exists()


@pytest.mark.parametrize("who", ["nobody", "customer", "staff", "staff who view", "impersonator"])
def test_nobody_else_imports_or_reads(who: str, client: Client, wording: Wording, now: datetime) -> None:
    """Every page and every act, by GET and by POST; nothing changes."""
    batch = batches.receive(
        [sheet(good())], purpose="newsletter", channel="email", actor="user:1", now=clock.now()
    )
    conftest.work(clock.now())
    if who != "nobody":
        user = make_customer(email="other@example.com")
        User.objects.filter(pk=user.pk).update(is_staff=who != "customer")
        names = {
            "staff who view": ["view_consentimport", "record_objection"],
            "impersonator": ["import_consents"],
        }
        user.user_permissions.set(Permission.objects.filter(codename__in=names.get(who, [])))
        client.force_login(user)
        if who == "impersonator":
            session = client.session
            session["_impersonate"] = "1"
            session.save()
    before = conftest.database()

    for path in ("new/", f"{batch.uuid}/", f"{batch.uuid}/report/"):
        for answer in (client.get(BASE + path), client.post(BASE + path, {"confirm": "1"})):
            assert answer.status_code in {302, 403}, path
            assert answer.status_code == 403 or "/login/" in answer.url  # type: ignore[attr-defined]
    conftest.work(clock.now() + timedelta(minutes=1))

    assert conftest.database() == before


def test_a_report_of_an_import_that_ended_is_not_there(marketer: Client, wording: Wording) -> None:
    """A day later the page still says what came of it."""
    hand_in(marketer, sheet("nonsense"))
    conftest.work(clock.now())
    batches.expire(now=clock.now() + timedelta(hours=25))
    batch = ConsentImport.objects.get()

    assert "the file was deleted" in text_of(marketer, batch)
    assert marketer.get(f"{BASE}{batch.uuid}/report/").status_code == 404


def test_the_usual_address_of_adding_leads_who_may_to_the_page_that_there_is(marketer: Client) -> None:
    assert marketer.get(f"{BASE}add/").headers["Location"] == f"{BASE}new/"
    answer = marketer.post(f"{BASE}add/", {"purpose": "newsletter", "stage": Stage.DONE}, follow=True)
    assert answer.redirect_chain == [(f"{BASE}new/", 302)]
    assert not ConsentImport.objects.exists()


def test_who_may_not_import_is_not_led_there(client: Client, admin_user: User) -> None:
    user = make_customer(email="support@example.com")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_consentimport"))
    client.force_login(user)
    assert client.get(f"{BASE}add/").status_code == 403


def test_who_handed_a_list_in_is_named_to_who_may_see_accounts(marketer: Client) -> None:
    User.objects.update(first_name="Mona", last_name="Marketer")
    hand_in(marketer, sheet(good()))
    key = ConsentImport.objects.get().actor
    listed = marketer.get(BASE).content.decode()
    assert key in listed
    assert "Mona Marketer</td>" not in listed
    user = User.objects.get()
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    ConsentImport.objects.create(
        actor="command", purpose="newsletter", channel="email", created_at=clock.now()
    )
    ConsentImport.objects.create(actor="user:?", purpose="gone", channel="email", created_at=clock.now())
    listed = marketer.get(BASE).content.decode()
    assert "Mona Marketer</td>" in listed
    assert "command</td>" in listed
    assert "user:?</td>" in listed
    assert key not in listed


def test_a_page_about_work_that_goes_on_looks_again_by_itself_and_then_no_more(
    marketer: Client, wording: Wording
) -> None:
    hand_in(marketer, sheet(good()))
    page = f"{BASE}{ConsentImport.objects.get().uuid}/"
    script = "django_rgpd/reload.js"
    assert script in marketer.get(page).content.decode()
    assert finders.find(script)
    conftest.work(clock.now())
    assert script not in marketer.get(page).content.decode()


def test_the_pages_say_where_they_are(marketer: Client, wording: Wording) -> None:
    hand_in(marketer, sheet(good()))
    for page in (f"{BASE}new/", f"{BASE}{ConsentImport.objects.get().uuid}/"):
        crumbs = BeautifulSoup(marketer.get(page).content, "html.parser").find(class_="breadcrumbs")
        assert [one["href"] for one in crumbs.find_all("a")] == ["/admin/", BASE]


def test_purposes_languages_and_texts_have_their_names(marketer: Client, wording: Wording) -> None:
    hand_in(marketer, sheet(good()))
    ConsentImport.objects.create(purpose="gone", channel="email", created_at=clock.now())
    form = BeautifulSoup(marketer.get(f"{BASE}new/").content, "html.parser")
    offered = form.find("select", {"name": "wording"}).get_text(" ")
    assert f"Newsletter, French, version {wording.version}: {wording.text}" in offered
    listed = BeautifulSoup(marketer.get(BASE).content, "html.parser")
    links = {one.get_text(): one["href"] for one in listed.find(id="changelist-filter").find_all("a")}
    assert links["Newsletter"] == "?purpose=newsletter"
    assert links["gone"] == "?purpose=gone"
    user = User.objects.get()
    user.user_permissions.add(Permission.objects.get(codename="view_wording"))
    listed = BeautifulSoup(marketer.get("/admin/django_rgpd/wording/").content, "html.parser")
    row = listed.find(id="result_list").tbody.get_text(" ")
    assert "Newsletter" in row
    assert "French" in row
