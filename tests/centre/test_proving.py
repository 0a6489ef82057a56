"""Showing once more who is there: by password or by a mailed code, for five minutes, in this session alone."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from django_rgpd.centre import challenges, proving
from django_rgpd.core import clock
from django_rgpd.outbox.models import Job
from django_rgpd.registry import people
from django_rgpd.registry.models import Challenge
from example_shop.accounts.models import User
from example_shop.factories import PASSWORD, make_guest
from tests.centre.conftest import GUEST, ask_in, give_password, path_in

Deliver = Callable[[], list[str]]
PROVE = "/privacy/prove/"
DELETE = "/privacy/delete/"
CODE = re.compile(r"^([0-9]{6})$", re.MULTILINE)


def ask_code(client: Client):
    return client.post(PROVE, {"way": "mail", "next": DELETE})


def give_code(client: Client, code: str):
    return client.post(PROVE, {"way": "code", "code": code, "next": DELETE})


def age(client: Client, by: timedelta) -> None:
    session = client.session
    mark = session[proving.PROVED]
    session[proving.PROVED] = {**mark, "at": (clock.now() - by).isoformat()}
    session.save()


@pytest.mark.fault("W03")
@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (301, 302)])
def test_proof_lasts_five_minutes(proved: Client, seconds: int, status: int) -> None:
    age(proved, timedelta(seconds=seconds))
    assert proved.get(DELETE).status_code == status


@pytest.mark.fault("W03")
def test_form_that_comes_after_the_proof_ended_deletes_nothing(proved: Client, customer: User) -> None:
    plan = proved.get(DELETE).context["form"].initial["plan"]
    age(proved, timedelta(seconds=301))
    answer = proved.post(DELETE, {"plan": plan, "ask-reviews": "delete"})
    assert answer["Location"].startswith(PROVE)
    assert User.objects.filter(pk=customer.pk).exists()


def test_login_alone_is_no_proof(logged_in: Client) -> None:
    assert logged_in.get(DELETE)["Location"].startswith(PROVE)


def test_wrong_password_proves_nothing(logged_in: Client) -> None:
    assert give_password(logged_in, "wrong").status_code == 400
    assert logged_in.get(DELETE).status_code == 302


def test_password_is_tried_ten_times_at_most(logged_in: Client) -> None:
    for _ in range(10):
        give_password(logged_in, "wrong")
    assert give_password(logged_in, PASSWORD).status_code == 400
    assert logged_in.get(DELETE).status_code == 302


@pytest.mark.fault("S13")
@pytest.mark.fault("W03")
def test_mailed_code_proves_who_has_no_password(logged_in: Client, customer: User, deliver: Deliver) -> None:
    customer.set_unusable_password()
    customer.save()
    logged_in.force_login(customer)
    assert logged_in.get(PROVE).context["password"] is None
    assert ask_code(logged_in).status_code == 302
    [code] = CODE.findall(deliver()[0])
    assert give_code(logged_in, f" {code[:3]} {code[3:]} ")["Location"] == DELETE
    assert logged_in.get(DELETE).status_code == 200


def test_code_is_kept_nowhere(logged_in: Client, deliver: Deliver) -> None:
    ask_code(logged_in)
    [code] = CODE.findall(deliver()[0])
    assert code not in str(Challenge.objects.values().get())
    assert all(job.payload in ({}, None) for job in Job.objects.filter(name="mail"))
    assert code not in str(dict(logged_in.session))


def test_code_is_worth_nothing_after_five_wrong_ones(logged_in: Client, deliver: Deliver) -> None:
    ask_code(logged_in)
    [code] = CODE.findall(deliver()[0])
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(challenges.TRIES):
        assert give_code(logged_in, wrong).status_code == 400
    assert give_code(logged_in, code).status_code == 400
    assert logged_in.get(DELETE).status_code == 302


def test_code_works_once_and_only_where_it_was_asked_for(
    logged_in: Client, customer: User, deliver: Deliver
) -> None:
    ask_code(logged_in)
    [code] = CODE.findall(deliver()[0])
    other = Client()
    other.force_login(customer)
    give_code(other, code)
    assert other.get(DELETE).status_code == 302
    assert give_code(logged_in, code).status_code == 302
    age(logged_in, timedelta(seconds=301))
    give_code(logged_in, code)
    assert logged_in.get(DELETE).status_code == 302


def test_new_code_ends_the_one_before(logged_in: Client, deliver: Deliver) -> None:
    ask_code(logged_in)
    [first] = CODE.findall(deliver()[0])
    ask_code(logged_in)
    [second] = CODE.findall(deliver()[0])
    if first != second:
        assert give_code(logged_in, first).status_code == 400
    assert give_code(logged_in, second).status_code == 302


@pytest.mark.parametrize(("late", "works"), [(timedelta(seconds=-1), True), (timedelta(0), False)])
def test_code_ends_to_the_second(logged_in: Client, customer: User, late: timedelta, works: bool) -> None:
    now = clock.now()
    person = people.person_of(customer, now=now)
    place = challenges.await_code(person.uuid, now=now)
    code = challenges.code(place, now=now)
    assert code is not None
    assert challenges.try_code(place, person.uuid, code, now=now + challenges.CODE_LIFE + late) is works


def test_codes_are_not_mailed_without_end(logged_in: Client, deliver: Deliver) -> None:
    answers = [ask_code(logged_in).status_code for _ in range(5)]
    assert answers == [302, 302, 302, 429, 429]
    assert len(deliver()) == 1  # only the latest is worth anything, so only that one leaves


def test_guest_has_proved_herself_by_the_link_and_later_by_a_code(
    client: Client, db: None, deliver: Deliver
) -> None:
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    assert client.get(DELETE).status_code == 200
    age(client, timedelta(seconds=301))
    assert client.get(DELETE).status_code == 302
    ask_code(client)
    [code] = CODE.findall(deliver()[0])
    give_code(client, code)
    assert client.get(DELETE).status_code == 200


def test_proof_of_one_person_is_none_of_another(client: Client, customer: User, deliver: Deliver) -> None:
    """A guest's proof stays in the session when somebody logs in there."""
    make_guest(GUEST)
    ask_in(client, GUEST)
    client.post(path_in(deliver()[0]))
    client.force_login(customer)
    assert proving.PROVED in client.session
    assert client.get(DELETE)["Location"].startswith(PROVE)


@pytest.mark.fault("S11")
@pytest.mark.parametrize(
    "name", ["centre", "centre_prove", "centre_choices", "centre_addresses", "centre_delete"]
)
def test_who_acts_as_somebody_else_is_refused(proved: Client, customer: User, name: str) -> None:
    session = proved.session
    session["_impersonate"] = "1"
    session.save()
    before = User.objects.values().get(pk=customer.pk)
    assert proved.get(reverse(f"django_rgpd:{name}")).status_code == 403
    if name != "centre":
        assert proved.post(reverse(f"django_rgpd:{name}"), {"none": "1"}).status_code == 403
    assert User.objects.values().get(pk=customer.pk) == before


@pytest.mark.fault("W04")
@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example.com",
        "/\\evil.example.com",
        "https:evil.example.com",
        "http://testserver@evil.example.com",
        "https://evil.example.com/",
        "javascript:alert(1)",
        "\t//evil.example.com",
        "///evil.example.com",
        "\\\\evil.example.com",
        "privacy/delete/",
        "",
    ],
)
def test_proof_leads_to_no_other_site(logged_in: Client, wanted: str) -> None:
    assert give_password(logged_in, PASSWORD, wanted)["Location"] == "/privacy/"


@pytest.mark.fault("E08")
def test_password_is_not_tried_while_nobody_counts(logged_in: Client, monkeypatch) -> None:
    def down(*_args: object, **_kwargs: object) -> bool:
        raise proving.limits.StoreDown

    monkeypatch.setattr(proving.limits, "allowed", down)
    assert give_password(logged_in, PASSWORD).status_code == 503
    assert ask_code(logged_in).status_code == 503
    assert not Job.objects.filter(name="mail").exists()


@pytest.mark.fault("W09")
def test_password_stays_out_of_error_reports(logged_in: Client, monkeypatch, settings) -> None:
    settings.DEBUG = False
    settings.ADMINS = [("x", "x@example.com")]
    logged_in.raise_request_exception = False

    def broken(*_args: object, **_kwargs: object) -> bool:
        raise RuntimeError

    monkeypatch.setattr(proving, "by_password", broken)
    answer = give_password(logged_in, "my-secret-password")
    assert answer.status_code == 500
    assert "my-secret-password" not in answer.content.decode()
    assert all("my-secret-password" not in str(one.message()) for one in mail.outbox)
