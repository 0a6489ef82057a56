"""Whatever happens in a shop, the three readings of the rule agree: ``may_send``, ``audience`` and ``ask``; person by person."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import transaction
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from django_rgpd.consent import addressees, copies, decisions, kinds, permission, rebuild, undo, wordings
from django_rgpd.consent import suppress as suppressing
from django_rgpd.consent.audience import audience, left_out
from django_rgpd.consent.models import ConsentState
from django_rgpd.core import conf
from django_rgpd.core.errors import Refused
from django_rgpd.erasure.execute import erase
from django_rgpd.holds import lifting, placing
from django_rgpd.imports import taking
from django_rgpd.imports.judging import Consent
from django_rgpd.imports.models import ConsentImport
from django_rgpd.policy import current
from django_rgpd.registry import people, unreachable
from django_rgpd.registry.models import Address, Hold, Person
from example_shop.factories import GuestOrderFactory, OrderFactory, UserFactory

EMAILS = ["ada@example.com", "bea@example.com", "cleo@example.com"]
PHONES = ["+33612345678", "+33698765432"]
KEYS = [
    ("newsletter", "email"),
    ("offers", "email"),
    ("offers", "sms"),
    ("offers", "post"),
    ("letters", "email"),
    ("letters", "post"),
    ("season", "email"),
    ("season", "sms"),
]
WIDE = [*KEYS, ("", ""), ("offers", ""), ("", "email"), ("", "post")]
ASIDE = {"surveys"}
"""Marketing that rests on consent alone, as the newsletter does."""

STARTS = [
    datetime(2026, 3, 10, 12, tzinfo=UTC),
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),  # an hour that clocks leave out
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # and one that they show twice
    datetime(2028, 2, 28, 23, 30, tzinfo=UTC),  # a leap day follows, or has begun
]
PEOPLE = st.integers(0, 2)
Step = tuple[Any, ...]
STEPS = st.one_of(
    st.tuples(st.just("note"), PEOPLE, st.sampled_from(EMAILS + PHONES)),
    st.tuples(st.just("prove"), PEOPLE, st.sampled_from(EMAILS)),
    st.tuples(st.just("guest"), st.sampled_from(EMAILS), st.booleans()),
    st.tuples(st.sampled_from(["give", "confirm", "inform", "renew"]), PEOPLE, st.sampled_from(KEYS)),
    st.tuples(st.sampled_from(["withdraw", "object"]), PEOPLE, st.sampled_from(WIDE)),
    st.tuples(st.just("list"), st.sampled_from(EMAILS), st.sampled_from(["newsletter", "offers"])),
    st.tuples(st.just("rotate"), st.none()),
    st.tuples(st.just("undo"), PEOPLE),
    st.tuples(st.just("buy"), PEOPLE),
    st.tuples(st.just("guest buys"), st.sampled_from(EMAILS)),
    st.tuples(st.just("contact"), PEOPLE),
    st.tuples(st.just("suppress"), st.sampled_from(EMAILS + PHONES), st.sampled_from(WIDE), st.booleans()),
    st.tuples(st.just("bounce"), st.sampled_from(EMAILS)),
    st.tuples(st.just("restrict"), PEOPLE, st.sampled_from(["", "offers", "season"])),
    st.tuples(st.just("lift"), st.none()),
    st.tuples(st.just("erase"), PEOPLE),
    st.tuples(st.just("wait"), st.sampled_from([1, 40, 190, 400, 1100])),
    st.tuples(st.just("night"), st.none()),
)  # fmt: skip


def kind_of(text: str) -> str:
    return "email" if "@" in text else "phone"


class Shop:
    """Three accounts, and guests by their addresses."""

    def __init__(self, now: datetime, staff: Any, settings: Any) -> None:
        self.now, self.staff, self.settings, self.lines = now, staff, settings, 0
        self.users = [UserFactory(email=f"own{number}@example.com") for number in range(3)]
        self.persons = [people.person_of(user, now=now) for user in self.users]

    def do(self, step: Step) -> None:
        """One thing that happens; what the shop refuses changes nothing."""
        self.now += timedelta(hours=1)
        name, *given = step
        with suppress(Refused), transaction.atomic():
            self._does(name.replace(" ", "_"))(*given)

    def _does(self, name: str) -> Callable[..., object]:
        found: Callable[..., object] = getattr(self, f"_{name}")
        return found

    def _person(self, number: int) -> Person:
        return Person.objects.get(pk=self.persons[number].pk)

    def _note(self, number: int, text: str) -> None:
        people.note(kind_of(text), text, person=self._living(number), now=self.now)

    def _prove(self, number: int, text: str) -> None:
        people.prove(
            people.note("email", text, person=self._living(number), now=self.now), how="click", now=self.now
        )

    def _guest(self, text: str, proves: bool) -> None:
        address = people.note("email", text, now=self.now)
        if proves:
            address = people.prove(address, how="click", now=self.now)
        decisions.give(address.person, "newsletter", "email", how="form", now=self.now)

    def _living(self, number: int) -> Person:
        person = self._person(number)
        if person.erased_at is not None:
            raise Refused("erased")
        return person

    def _give(self, number: int, key: tuple[str, str]) -> None:
        decisions.give(self._person(number), *key, how="account", now=self.now)

    def _confirm(self, number: int, key: tuple[str, str]) -> None:
        decisions.confirm(self._person(number), *key, how="double_optin", now=self.now)

    def _inform(self, number: int, key: tuple[str, str]) -> None:
        decisions.inform(self._person(number), *key, how="checkout", now=self.now)

    def _list(self, text: str, purpose: str) -> None:
        """A list with evidence is imported: its addresses are vouched for."""
        self.lines += 1
        batch = ConsentImport.objects.create(
            purpose=purpose, channel="email", judged_at=self.now, created_at=self.now
        )
        line = Consent(self.lines, text, self.now - timedelta(days=30), "form", "0")
        seen = wordings.taken_over(purpose, "en", "Yes, please.", now=self.now)
        taking.take(batch, [line], {"0": seen}, now=self.now)

    def _rotate(self, _nothing: None) -> None:
        keys = (f"new{self.now.timestamp():.0f}:a newer key", *conf.get().DIGEST_KEYS)
        self.settings.RGPD = {**self.settings.RGPD, "DIGEST_KEYS": keys}

    def _renew(self, number: int, key: tuple[str, str]) -> None:
        decisions.renew(self._person(number), *key, how="link", now=self.now)

    def _withdraw(self, number: int, key: tuple[str, str]) -> None:
        decisions.withdraw(self._person(number), *key, how="link", now=self.now)

    def _object(self, number: int, key: tuple[str, str]) -> None:
        decisions.object_to(self._person(number), *key, how="link", now=self.now)

    def _undo(self, number: int) -> None:
        refused = ConsentState.objects.filter(
            person=self._person(number).uuid, standing__in=["withdrawn", "objected"]
        )
        for row in refused.order_by("-since")[:1]:
            undo.undo(row.event, how="link", now=self.now)

    def _buy(self, number: int) -> None:
        if get_user_model().objects.filter(pk=self.users[number].pk).exists():
            OrderFactory(customer=self.users[number], placed_at=self.now, paid_at=self.now)

    def _guest_buys(self, text: str) -> None:
        GuestOrderFactory(guest_email=text, placed_at=self.now, paid_at=self.now)

    def _contact(self, number: int) -> None:
        people.contact(self._person(number).uuid, at=self.now)

    def _suppress(self, text: str, key: tuple[str, str], ends: bool) -> None:
        reason = suppressing.OBJECTED if ends else suppressing.ASKED
        until = suppressing.objected_until(self.now) if ends else None
        suppressing.suppress(
            kind_of(text), text, reason=reason, purpose=key[0], channel=key[1], now=self.now, until=until
        )

    def _bounce(self, text: str) -> None:
        unreachable.stop("email", text, at=self.now, now=self.now)

    def _restrict(self, number: int, purpose: str) -> None:
        placing.place(
            "restriction",
            person=self._living(number),
            purposes=[purpose] if purpose else [],
            reason="asked",
            review_on=self.now.date() + timedelta(days=9),
            by=self.staff,
            now=self.now,
        )

    def _lift(self, _nothing: None) -> None:
        for hold in Hold.objects.filter(lifted_at=None, ends_at=None)[:1]:
            lifting.lift(hold, reason="settled", by=self.staff, now=self.now)

    def _erase(self, number: int) -> None:
        erase(self._living(number), how="account", now=self.now, choices={"suppress": number == 1})

    def _wait(self, days: int) -> None:
        self.now += timedelta(days=days)

    def _night(self, _nothing: None) -> None:
        from django_rgpd.consent.receivers import expire
        from django_rgpd.retention.addresses import forget_addresses

        expire(now=self.now)
        forget_addresses(now=self.now)


@contextmanager
def undone(settings: Any) -> Iterator[None]:
    """What is done inside is taken back."""
    before = settings.RGPD
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    settings.RGPD = before


@pytest.fixture
def marketing(settings: Any) -> None:
    """A policy with marketing of every kind."""
    settings.RGPD = {**settings.RGPD, "POLICY": "tests.consent.policy.policy"}


def why_not(row: ConsentState, answer: permission.Answer) -> str:
    """What staff are told: as ``may_send`` says, but of who refused no address is kept, and her refusal says more."""
    if answer.reason in {permission.ERASED, permission.RESTRICTED}:
        return answer.reason
    if row.standing in kinds.REFUSALS:
        return permission.REFUSED
    return answer.reason if row.standing in copies.LASTING else permission.NO_BASIS


def same(now: datetime) -> None:
    """Compare both answers for everybody, a purpose and channel at a time."""
    holders = list(Person.objects.filter(merged_into=None))
    hers = {one.uuid: permission.address_for(one, "email") for one in holders}
    emails = set(
        Address.objects.filter(kind="email", canonical__isnull=False).values_list("canonical", flat=True)
    )
    for key in KEYS:
        answers = {one.uuid: decisions.may_send(one, *key, now=now) for one in holders}
        expected = {
            (uuid, str(found.address.canonical) if found.address else None, found.reason, found.basis)
            for uuid, found in answers.items()
            if found
        }
        rows = list(audience(*key, now=now).values_list("person", "address", "reason", "basis"))
        assert len(rows) == len(set(rows))
        assert set(rows) == expected, key
        if key[1] in copies.KINDS:
            theirs = ConsentState.objects.filter(purpose=key[0], channel=key[1])
            silent = [one for one in theirs if not answers[one.person]]
            assert left_out(*key, now=now) == Counter(why_not(one, answers[one.person]) for one in silent), (
                key
            )
        if key[1] == "email":
            asked = addressees.ask(emails, key[0], now=now)
            for uuid, address in hers.items():
                if address is not None:
                    assert asked[str(address.canonical)].answer == answers[uuid], key
            for found in asked.values():  # another address of hers gets nothing that she refused
                if found.answer and found.person is not None:
                    assert answers[found.person.uuid].reason in {found.answer.reason, "suppressed"}, key


@pytest.mark.promise("P10")
@pytest.mark.promise("P14")
@pytest.mark.timeout(3_600)  # the nightly searches long
@limits(max_examples=limits.default.max_examples * 3 // 10)  # each of them asks hundreds of times
@given(
    steps=st.lists(STEPS, min_size=3, max_size=14),
    zone=st.sampled_from(["Europe/Paris", "Pacific/Kiritimati", "America/St_Johns"]),
    start=st.sampled_from(STARTS),
)
def test_the_three_readings_agree_whatever_happened(
    steps: list[Step], zone: str, start: datetime, db: None, marketing: None, admin_user: Any, settings: Any
) -> None:
    assert {one.key for one in current().marketing} == {key for key, _channel in KEYS} | ASIDE
    with undone(settings):
        settings.RGPD = {**settings.RGPD, "TIME_ZONE": zone}
        shop = Shop(start, admin_user, settings)
        for step in steps:
            shop.do(step)
        assert not list(rebuild.compare())
        for days in (0, 370):
            same(shop.now + timedelta(days=days))
