"""What is not there, and what went wrong, is said calmly, in both languages and without anybody's data."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from example_shop.catalogue import views
from example_shop.factories import UserFactory

pytestmark = pytest.mark.django_db

SAYS = {"en": ("Nothing here", "Something went wrong"), "fr": ("Rien ici", "Une erreur s’est produite")}


def heading(answer) -> str:
    """The one heading of a page that has nothing from elsewhere and runs no script."""
    page = BeautifulSoup(answer.content, "html.parser")
    assert not page.find_all(["script", "style"])
    (found,) = page.find_all("h1")
    return found.get_text()


@pytest.mark.parametrize("language", SAYS)
def test_a_page_that_does_not_exist_says_so(client: Client, language: str) -> None:
    client.force_login(UserFactory(first_name="Quillemot"))
    answer = client.get(f"/{language}/products/nothing-like-it/?q=Quillemot")
    assert (answer.status_code, heading(answer)) == (404, SAYS[language][0])
    assert b"Quillemot" not in answer.content
    assert b"nothing-like-it" not in answer.content


@pytest.mark.fault("W09")
@pytest.mark.parametrize("language", SAYS)
def test_a_fault_says_nothing_of_what_was_done(monkeypatch, language: str) -> None:
    def broken(**_fields: object) -> None:
        raise RuntimeError("Failing row contains (quillemot@example.com)")

    monkeypatch.setattr(views, "get_object_or_404", lambda *_a, **_k: broken())
    client = Client(raise_request_exception=False)
    answer = client.get(f"/{language}/shelves/candles/")
    assert (answer.status_code, heading(answer)) == (500, SAYS[language][1])
    assert b"quillemot" not in answer.content
