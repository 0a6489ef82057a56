"""The demonstration: one command makes a shop that one would believe."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.utils import timezone

from django_rgpd.consent import state
from django_rgpd.registry import people
from example_shop.accounts.models import User
from example_shop.demo import fill as filling
from example_shop.demo.marketing import MARKETER
from example_shop.demo.serve import Server, serving
from example_shop.factories import PASSWORD
from example_shop.invoices.models import Invoice
from example_shop.orders.models import OPEN, Order
from example_shop.reviews.models import Review

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def shop(db):
    filling.fill(12, now=timezone.now())


def test_the_shop_has_the_customers_asked_for_and_its_staff(shop):
    assert User.objects.filter(is_staff=False).count() == 12
    assert User.objects.filter(is_staff=True).count() == 3
    assert all(email.endswith("@example.com") for email in User.objects.values_list("email", flat=True))


@pytest.mark.parametrize("email", [filling.CUSTOMER, filling.QUIET, filling.STAFF, filling.DPO, MARKETER])
def test_everybody_named_can_log_in(shop, client, email):
    assert client.login(username=email, password=PASSWORD)


def test_the_customer_to_log_in_as_has_something_of_everything(shop):
    user = User.objects.get(email=filling.CUSTOMER)
    assert user.orders.filter(status__in=OPEN).count() == 1
    assert user.orders.exclude(gift_name="").count() == 1
    assert Order.objects.filter(guest_email=filling.CUSTOMER, customer=None).count() == 1
    assert people.subject_of(user, now=timezone.now()).emails == {filling.CUSTOMER}
    for rows in (user.addresses, user.birthdays, user.wishes, user.messages, user.reviews):
        assert rows.exists()


def test_invoices_are_an_unbroken_sequence_each_with_its_document(shop):
    by_year: dict[str, list[int]] = {}
    for number in Invoice.objects.values_list("number", flat=True):
        year, _, sequence = number.partition("-")
        by_year.setdefault(year, []).append(int(sequence))
    for found in by_year.values():
        assert sorted(found) == list(range(1, len(found) + 1))
    assert Invoice.objects.count() == Order.objects.count()
    assert not Invoice.objects.filter(pdf="").exists()


def test_each_review_has_the_consent_that_it_stands_on(shop):
    for review in Review.objects.select_related("author"):
        assert state.live(people.person_of(review.author, now=timezone.now()), "reviews")


def test_the_command_makes_a_shop_from_nothing_and_lets_it_be_afterwards(tmp_path):
    command = [sys.executable, str(ROOT / "example_shop" / "manage.py"), "demo", "--no-serve"]
    settings = {"DJANGO_SETTINGS_MODULE": "example_shop.config.settings", "SHOP_VAR": str(tmp_path)}
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    for expected in ("", "--fresh"):
        done = subprocess.run(  # noqa: S603
            [*command, "--customers", "2"],
            env={**kept, **settings},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == 0, done.stderr
        assert expected in done.stdout
    assert (tmp_path / "shop.sqlite3").exists()


def test_the_server_answers_on_this_machine_only():
    server = Server(0)
    assert server.server_address[0] == "127.0.0.1"
    with serving(server) as url:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url)
        with urllib.request.urlopen(f"{url}/static/theme/shop.css", timeout=20) as response:  # noqa: S310
            assert response.status == 200
