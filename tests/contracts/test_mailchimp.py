"""Mailchimp keeps to the contract: its own client, over HTTP, against a peer that holds us to the published API."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.erasure.execute import erase
from django_rgpd.outbox import deliver, jobs
from django_rgpd.outbox.models import Job, State
from django_rgpd.outbox.outcomes import Declined, NeedsSomeone
from django_rgpd.processors import absences, calling, mailchimp_client, wire
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Call, Contact, Unreachable
from django_rgpd.processors.checks import check_processors
from django_rgpd.processors.mailchimp import Mailchimp
from django_rgpd.registry import people
from tests.contracts.contract import ADDRESS, NOW, ProcessorContract
from tests.contracts.openapi import Contract
from tests.contracts.peers import mailchimp as peers

NEWS, OTHER = "a6b5da1054", "f00dfeed01"
CLASS = "django_rgpd.processors.mailchimp.Mailchimp"
SERVER = "server@observer.example.com"
PASSING = (
    *("429", "500", "503_bodyless", "403_bodyless", "200_with_error"),
    *("html", "404_html", "redirect", "truncated", "reset", "hang"),
)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch, served: Any) -> Iterator[peers.Mailchimp]:
    """Whatever a test does, each request was one that the contract allows."""
    made = peers.Mailchimp()
    monkeypatch.setattr(mailchimp_client, "TIMEOUT", (3.05, served.seconds))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with served(peers, made) as url:
        made.url = url  # type: ignore[attr-defined]
        yield made
    assert made.broken == []


class TestMailchimp(ProcessorContract):
    """Through jobs."""

    refusals = PASSING

    @pytest.fixture(autouse=True)
    def _peer(self, peer: peers.Mailchimp) -> None:
        self.peer = peer

    @pytest.fixture
    def setting(self, peer: Any) -> dict[str, object]:
        """One audience for the newsletter, and a name for it."""
        return {
            "class": CLASS,
            "api_key": peers.KEY,
            "audiences": {"newsletter": NEWS},
            "fields": {"FNAME": "first_name"},
            "host": peer.url,
        }

    def hold(self, address: str) -> None:
        self.peer.hold(NEWS, address)
        self.peer.hold(OTHER, address, status="archived")

    def holds(self, address: str) -> bool:
        return bool(self.peer.of(address))

    def fail(self, how: object) -> None:
        self.peer.failures.append(str(how))

    def everything(self) -> str:
        return json.dumps(self.peer.seen, ensure_ascii=False)

    @pytest.mark.fault("P09")
    def test_every_audience_that_holds_her_is_emptied_for_good(self, erasure: Any) -> None:
        self.work()
        deleted = [path for method, path, _body in self.peer.seen if method == "POST"]
        assert deleted == [
            f"/lists/{one}/members/{peers.hash_of(ADDRESS)}/actions/delete-permanent" for one in (NEWS, OTHER)
        ]
        erasure.refresh_from_db()
        assert erasure.processors["mailchimp"]["evidence"] == {
            "absent": False,
            "reference": "r-1",
            "status": 204,
            "places": 2,
        }

    @pytest.mark.fault("P06")
    @pytest.mark.parametrize("how", ["401", "403", "418"])
    def test_a_key_that_is_refused_needs_someone_and_the_rest_goes_on(
        self, erasure: Any, how: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.fail(how)
        self.work()
        job = self.job()
        erasure.refresh_from_db()
        assert job.state == State.NEEDS
        assert erasure.processors["mailchimp"]["state"] == "needs"
        assert ADDRESS not in job.note + caplog.text
        deliver.retry(Job.objects.all(), now=NOW)
        self.work()
        assert self.job().state == State.DONE

    @pytest.mark.fault("P04")
    def test_a_retry_after_is_honoured(self, erasure: Any) -> None:
        self.fail("429_after")
        self.work()
        job = self.job()
        assert timedelta(hours=2) <= job.run_at - NOW <= timedelta(hours=2.4)
        assert job.attempts == 0

    def test_a_choice_in_the_shop_arrives_and_her_return_after_an_erasure_is_for_a_form_of_theirs(
        self, user: Any
    ) -> None:
        person = people.person_of(user, now=NOW)
        now = clock.now()
        decisions.give(person, "newsletter", "email", how="account", now=now)
        self.work(now + timedelta(minutes=1))
        member = self.peer.of(ADDRESS)[NEWS]
        assert (member["status"], member["merge_fields"]) == ("subscribed", {"FNAME": "Élodie"})
        assert member["timestamp_opt"] == now.isoformat()
        decisions.withdraw(person, "newsletter", "email", how="account", now=now)
        self.work(now + timedelta(minutes=1))
        assert self.peer.of(ADDRESS)[NEWS]["status"] == "unsubscribed"
        erase(person, how="account", now=now)
        self.work(now + timedelta(minutes=1))
        assert self.peer.of(ADDRESS) == {}
        entry = people.note("email", ADDRESS, now=now)
        people.prove(entry, how="link", now=now)
        decisions.confirm(entry.person, "newsletter", "email", how="form", now=now)
        self.work(now + timedelta(minutes=2))
        job = Job.objects.filter(name=calling.SYNC).latest("pk")
        assert job.state == State.REFUSED
        assert "a form of theirs" in job.note


@pytest.fixture
def vendor(peer: Any) -> Mailchimp:
    """The adapter alone, with all that it can be told."""
    return Mailchimp(
        api_key=peers.KEY,
        audiences={"newsletter": NEWS, "offers": OTHER},
        tags={"newsletter": ["shop"]},
        permissions={"newsletter": ["f2a9"]},
        host=peer.url,
    )


@pytest.fixture
def call(db: None) -> Call:
    """Some job's attempt."""
    return Call(job=jobs.put(calling.SYNC, {}, now=NOW), now=NOW)


def test_tags_and_permissions_go_along(vendor: Mailchimp, call: Call, peer: Any) -> None:
    vendor.subscribe(Contact(address=ADDRESS, agreed_at=NOW), "newsletter", call=call)
    member = peer.of(ADDRESS)[NEWS]
    assert member["marketing_permissions"] == [{"marketing_permission_id": "f2a9", "enabled": True}]
    assert member["tags"] == [{"name": "shop", "status": "active"}]
    vendor.opt_out(Contact(address=ADDRESS), "newsletter", call=call)
    assert peer.of(ADDRESS)[NEWS]["marketing_permissions"] == [
        {"marketing_permission_id": "f2a9", "enabled": False}
    ]


@pytest.mark.parametrize("status", ["unsubscribed", "cleaned"])
def test_who_left_there_after_she_had_agreed_here_is_not_put_back(
    vendor: Mailchimp, call: Call, peer: Any, status: str
) -> None:
    later = (NOW + timedelta(days=1)).isoformat()
    peer.hold(NEWS, ADDRESS, status=status, last_changed=later)
    for agreed in (NOW, None):
        with pytest.raises(Declined):
            vendor.subscribe(Contact(address=ADDRESS, agreed_at=agreed), "newsletter", call=call)
    assert peer.of(ADDRESS)[NEWS]["status"] == status
    vendor.subscribe(Contact(address=ADDRESS, agreed_at=NOW + timedelta(days=2)), "newsletter", call=call)
    assert peer.of(ADDRESS)[NEWS]["status"] == "subscribed"


def test_a_compliance_state_is_the_end_of_a_road(vendor: Mailchimp, call: Call, peer: Any) -> None:
    peer.compliance.add(peers.hash_of(ADDRESS))
    with pytest.raises(Declined) as no:
        vendor.subscribe(Contact(address=ADDRESS, agreed_at=NOW), "newsletter", call=call)
    assert "come back only by a form of theirs" in no.value.note
    assert ADDRESS not in repr(no.value)


def test_an_audience_that_does_not_exist_needs_someone(vendor: Mailchimp, call: Call, peer: Any) -> None:
    del peer.audiences[NEWS]
    with pytest.raises(NeedsSomeone):
        vendor.subscribe(Contact(address=ADDRESS), "newsletter", call=call)
    assert vendor.opt_out(Contact(address=ADDRESS), "newsletter", call=call).absent


def test_a_new_address_takes_the_place_of_the_old_one(vendor: Mailchimp, call: Call, peer: Any) -> None:
    new = Contact(address="new@example.com")
    peer.hold(NEWS, ADDRESS)
    assert vendor.update(Contact(address=ADDRESS), new, call=call).places == 1
    assert (peer.of(ADDRESS), list(peer.of("new@example.com"))) == ({}, [NEWS])
    assert vendor.update(Contact(address=ADDRESS), new, call=call).absent
    peer.hold(NEWS, ADDRESS)
    vendor.update(Contact(address=ADDRESS), new, call=call)
    assert peer.of(ADDRESS)[NEWS]["status"] == "unsubscribed"
    assert peer.of("new@example.com")[NEWS]["status"] == "subscribed"


def test_an_address_and_a_host_with_the_word_server_are_left_alone(
    vendor: Mailchimp, call: Call, peer: Any
) -> None:
    """The client alone would replace the word in the whole URL."""
    vendor.subscribe(Contact(address=SERVER, agreed_at=NOW), "newsletter", call=call)
    vendor.erase(Contact(address=SERVER), call=call)
    assert peers.hash_of(SERVER) in peer.forgotten
    api = mailchimp_client.lists("https://server.example.com", peers.KEY, proxy="", now=NOW)
    assert (api.api_client.host, api.api_client.server) == ("https://server.example.com", "")


def test_an_address_in_capitals_is_the_same_member(vendor: Mailchimp, call: Call, peer: Any) -> None:
    peer.hold(NEWS, ADDRESS)
    vendor.erase(Contact(address="Elodie.Emond@Example.com"), call=call)
    assert peer.of(ADDRESS) == {}


@pytest.mark.fault("P15")
@pytest.mark.parametrize("how", [*PASSING, "401"])
def test_neither_key_nor_address_is_in_a_log_an_error_or_a_url(
    vendor: Mailchimp, call: Call, peer: Any, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    peer.failures.append(how)
    with caplog.at_level(logging.DEBUG), pytest.raises((Unreachable, NeedsSomeone)) as failure:
        vendor.erase(Contact(address=ADDRESS), call=call)
    vendor.erase(Contact(address=ADDRESS), call=call)
    shown = f"{failure.getrepr(showlocals=False)}{failure.value!r}{caplog.text}{vendor!r}{[one[1] for one in peer.seen]}"
    assert [word for word in (ADDRESS, peers.KEY) if word in shown] == []
    assert peers.hash_of(ADDRESS) not in caplog.text


@pytest.mark.fault("P05")
@pytest.mark.parametrize(("limit", "value"), [("DEADLINE", 0.0), ("MOST", 5)])
def test_an_answer_has_an_end(
    vendor: Mailchimp, call: Call, peer: Any, limit: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer.hold(NEWS, ADDRESS)
    monkeypatch.setattr(wire, limit, value)
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert list(peer.of(ADDRESS)) == [NEWS]


@pytest.mark.fault("P15")
def test_the_client_logs_no_digest_of_the_address_at_any_level(
    vendor: Mailchimp, call: Call, peer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Mailchimp's paths hold the MD5 of it, from which who has a list of addresses reads it."""
    peer.hold(NEWS, ADDRESS)
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3")
    vendor.erase(Contact(address=ADDRESS), call=call)
    assert any(peers.hash_of(ADDRESS) in path for _method, path, _body in peer.seen)
    assert peers.hash_of(ADDRESS) not in caplog.text


@pytest.mark.fault("P05")
def test_a_redirect_is_not_followed(vendor: Mailchimp, call: Call, peer: Any) -> None:
    peer.failures.append("redirect")
    with pytest.raises(Unreachable):
        vendor.erase(Contact(address=ADDRESS), call=call)
    assert len(peer.seen) == 1


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("api_key", "0123456789abcdef", "no API key"),
        ("api_key", "0123456789abcdef-us21-x", "no API key"),
        ("audiences", {}, "no audiences"),
        ("audiences", {"newsletter": "a/b"}, "no audiences"),
        ("audiences", {"newsletter": NEWS, "offers": NEWS}, "one audience for two"),
        ("tags", {"offers": ["x"]}, "'offers', which has no audience"),
        ("host", "http://mail.example.com", "without https"),
        ("webhook_secrets", "Vb1fT0sW7mJq3xKz9uRd5yLh2cNe8gAp", "is a list of texts"),
        ("signing_secrets", [""], "an empty text"),
        ("audiences", {"offers": NEWS}, "say nothing of 'newsletter'"),
    ],
)
def test_a_wrong_option_is_found_at_start(settings: Any, option: str, value: object, said: str) -> None:
    right = {
        "class": CLASS,
        "api_key": peers.KEY,
        "audiences": {"newsletter": NEWS},
        "webhook_secrets": ["Vb1fT0sW7mJq3xKz9uRd5yLh2cNe8gAp"],
    }
    others = settings.RGPD["PROCESSORS"]
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {**others, "mailchimp": right}}
    assert check_processors(app_configs=None) == []
    settings.RGPD = {**settings.RGPD, "PROCESSORS": {**others, "mailchimp": {**right, option: value}}}
    (finding,) = check_processors(app_configs=None)
    assert said in finding.msg
    assert peers.KEY not in finding.msg


def test_without_its_client_the_check_names_the_line_that_installs_it() -> None:
    """In a process of its own, where the package cannot be imported."""
    code = (
        "import sys; sys.modules['mailchimp_marketing'] = None\n"
        "import os; os.environ['DJANGO_SETTINGS_MODULE'] = 'tests.settings'\n"
        "import django; django.setup()\n"
        "from django_rgpd.processors.roads import class_of\n"
        "from django_rgpd.core.errors import Misconfigured\n"
        f"try: class_of({{'class': '{CLASS}'}})\n"
        "except Misconfigured as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert 'pip install "django-rgpd[mailchimp]"' in done.stdout


@pytest.mark.parametrize(
    ("status", "title", "empty", "meaning"),
    [
        (204, "", True, Meaning.DONE),
        (404, "Resource Not Found", False, Meaning.ABSENT),
        (400, "Member In Compliance State", False, Meaning.LEFT),
        (400, "Forgotten Email Not Subscribed", False, Meaning.FORGOTTEN),
        (400, "Something New", False, Meaning.REFUSED),
        (400, "", False, Meaning.UNCLEAR),
        (404, "", True, Meaning.PASSING),
        (404, "", False, Meaning.PASSING),
        (401, "", True, Meaning.CLOSED),
        (403, "Forbidden", False, Meaning.CLOSED),
        (403, "", True, Meaning.PASSING),
        (405, "Method Not Allowed", False, Meaning.UNCLEAR),
        (429, "", True, Meaning.PASSING),
        (503, "", True, Meaning.PASSING),
    ],
)
def test_what_an_answer_means(status: int, title: str, empty: bool, meaning: Meaning) -> None:
    assert absences.mailchimp(status, title, empty=empty) is meaning


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("DELETE", f"/lists/{NEWS}/members/x", b""),
        ("PUT", f"/lists/{NEWS}/members/x", b'{"email_address": "a@example.com", "status": "archived"}'),
        ("PUT", f"/lists/{NEWS}/members/x", b'{"email_address": "a@example.com", "birth_date": "1990"}'),
        ("PATCH", f"/lists/{NEWS}/members/x", b'{"status": "transactional"}'),
        ("GET", "/lists?mail=x", b""),
        ("GET", "/lists?count=1001", b""),
    ],
)
def test_the_contract_refuses_what_mailchimp_would(method: str, path: str, body: bytes) -> None:
    """Else it would prove nothing."""
    assert Contract("mailchimp").broken(method, path, body)
