"""The shop with a Mailchimp of this machine: what is decided on one side arrives on the other, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from django_rgpd.consent import decisions
from django_rgpd.core import clock
from django_rgpd.outbox import deliver
from django_rgpd.processors import calling
from django_rgpd.registry import people

pytest.importorskip("mailchimp_marketing")
KEY = ("newsletter", "email")
EMAIL = "ada@example.com"


@pytest.mark.promise("P19")
@pytest.mark.django_db(transaction=True)
def test_an_opt_out_here_arrives_there_and_one_there_arrives_here(settings: Any, live_server: Any) -> None:
    from example_shop.demo.mailchimp import NEWS, at_the_shop, hash_of

    settings.RGPD = {**settings.RGPD, "PRODUCTION": True}
    now = clock.now() - timedelta(hours=1)
    address = people.prove(people.note("email", EMAIL, now=now), how="click", now=now)
    person = address.person

    def work() -> None:
        deliver.run_due(now=clock.now() + timedelta(minutes=1), names=frozenset({calling.SYNC}))

    with at_the_shop(live_server.url) as (peer, page):
        decisions.give(person, *KEY, how="account", now=now)
        work()
        assert peer.of(EMAIL)[NEWS]["status"] == "subscribed"
        assert EMAIL in urlopen(page, timeout=10).read().decode()
        form = urlencode({"audience": NEWS, "member": hash_of(EMAIL)}).encode()
        urlopen(f"{page}unsubscribe", form, timeout=10).close()
        assert not decisions.may_send(person, *KEY, now=clock.now())
        decisions.confirm(person, *KEY, how="double_optin", now=clock.now() + timedelta(seconds=2))
        work()
        assert peer.of(EMAIL)[NEWS]["status"] == "subscribed"
        decisions.withdraw(person, *KEY, how="account", now=clock.now() + timedelta(seconds=3))
        work()
        assert peer.of(EMAIL)[NEWS]["status"] == "unsubscribed"


@pytest.mark.django_db(transaction=True)
def test_a_demonstration_that_begins_again_shows_who_agreed_before(settings: Any) -> None:
    """The shop keeps its database; the Mailchimp beside it begins empty."""
    from example_shop.demo.mailchimp import at_the_shop

    settings.RGPD = {**settings.RGPD, "PRODUCTION": True}
    now = clock.now() - timedelta(hours=1)
    person = people.prove(people.note("email", EMAIL, now=now), how="click", now=now).person
    decisions.give(person, *KEY, how="account", now=now)
    deliver.run_due(now=clock.now(), names=frozenset({calling.SYNC}))
    with at_the_shop("http://127.0.0.1:9") as (_peer, page):
        deliver.run_due(now=clock.now() + timedelta(minutes=1), names=frozenset({calling.SYNC}))
        assert EMAIL in urlopen(page, timeout=10).read().decode()
