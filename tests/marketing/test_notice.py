"""Boxes on a shop's own form, and the short notice beside them: who, for what, how long, how to stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.template import Context, Template

from django_rgpd.consent import wordings
from django_rgpd.ledger.models import Event
from django_rgpd.marketing.checkout import SignUpBoxes
from django_rgpd.marketing.notice import length
from django_rgpd.policy import days, months, years

pytestmark = pytest.mark.django_db


def _shown(template: str, **values: object) -> str:
    return Template("{% load rgpd_marketing %}" + template).render(Context(values))


def test_boxes_of_a_sign_up_are_unticked_and_say_who_for_what_and_how_long() -> None:
    page = " ".join(_shown("{% rgpd_marketing_boxes %}").split())
    assert 'name="marketing_newsletter_email"' in page
    assert " checked" not in page
    assert "no, thank you" not in page
    assert "Ribambelle SARL uses your address" in page
    assert "Newsletter (until you stop it)" in page
    assert "3 years after we last heard from you at the latest" in page
    assert "Surveys (until you stop it, 13 months at the latest)" in page
    assert 'href="/privacy/choices/"' in page


def test_the_boxes_of_a_sign_up_wait_for_a_click(today: datetime, delivered: Callable) -> None:
    shown = wordings.reference_of(wordings.current("newsletter", "en"))
    boxes = SignUpBoxes({"marketing_newsletter_email": "on", "marketing_newsletter_email_text": shown})
    assert boxes.is_valid()
    boxes.record_marketing(email="ada@example.com", now=today)
    (message,) = delivered()
    assert message.to == ["ada@example.com"]
    assert not Event.objects.exclude(person=None).exists()


@pytest.mark.fault("Q02")
def test_boxes_whose_text_was_not_shown_agree_to_nothing() -> None:
    boxes = SignUpBoxes({"marketing_newsletter_email": "on", "marketing_newsletter_email_text": "0" * 16})
    assert not boxes.is_valid()
    assert "has changed" in _shown("{% rgpd_marketing_boxes form %}", form=boxes)


def test_the_notice_of_the_newsletter_is_beside_its_form(client) -> None:
    page = client.get("/privacy/marketing/newsletter/").content.decode()
    assert "uses your address for what you choose here" in page


def test_a_length_is_said_in_words() -> None:
    assert [length(one) for one in (years(1), months(13), days(30))] == ["1 year", "13 months", "30 days"]
