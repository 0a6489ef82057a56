"""The tutorial of a marketer, walked through the pages that it names: what it has her type is typed, what it names is there."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from django_rgpd.core import clock
from django_rgpd.outbox.deliver import run_due
from example_shop.demo import fill
from example_shop.demo.marketing import MARKETER
from tests.house.files import DOCS

PAGE = (DOCS / "tutorial" / "first_campaign.md").read_text(encoding="utf-8")
TYPED = [" ".join(text.split()) for text in re.findall(r"(?<!`)`([^`]+)`(?!`)", PAGE)]
NAMED = {" ".join(text.split()) for text in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", PAGE)}
ELSEWHERE = {"CSV UTF-8", "yes"}
"""In italics, and on no page: Excel's, and a word that is stressed."""

LIST = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)[0]
READER, WRITER = "reader@example.com", "customer-00000@example.com"


class Reading:
    """Somebody in front of a browser, and all that it has shown."""

    def __init__(self, seen: list[str]) -> None:
        self.client, self.seen, self.soup, self.path = Client(), seen, BeautifulSoup("", "html.parser"), ""

    def open(self, path: str) -> Reading:
        """A page, wherever it leads."""
        return self._read(self.client.get(path, follow=True), path)

    def follow(self, text: str) -> Reading:
        """The link that says ``text``."""
        return self.open(str(next(one["href"] for one in self.soup.select("a[href]") if text in words(one))))

    def press(self, button: str, **filled: object) -> Reading:
        """Press ``button`` of the form that has it, with what is in its fields and what is ``filled`` in."""
        form = next(one for one in self.soup.find_all("form") if pressed(one, button))
        sent = {**values(form), **pressed(form, button), **filled}
        missing = set(filled) - {str(one.get("name")) for one in form.select("[name]")}
        assert not missing, missing
        path = str(form.get("action") or self.path)
        return self._read(self.client.post(path, sent, follow=True), path)

    @property
    def text(self) -> str:
        """What the page says."""
        return words(self.soup)

    def _read(self, answer: object, path: str) -> Reading:
        assert answer.status_code == 200, (path, answer.status_code)  # type: ignore[attr-defined]
        self.path = answer.request["PATH_INFO"]  # type: ignore[attr-defined]
        self.soup = BeautifulSoup(answer.content, "html.parser")  # type: ignore[attr-defined]
        said = (str(one.get("value")) for one in self.soup.select("input[type=submit]"))
        inlines = (str(one["data-inline-formset"]) for one in self.soup.select("[data-inline-formset]"))
        self.seen.append(" ".join([self.text, *said, *inlines]))
        return self


def words(tag: Tag) -> str:
    """Its text, on one line."""
    return " ".join(tag.get_text(" ").split())


def pressed(form: Tag, button: str) -> dict[str, str]:
    """What the button sends, and that the form has it: an empty name where it sends nothing."""
    for one in form.select("button, input[type=submit]"):
        if button in (words(one) or str(one.get("value"))):
            return {str(one.get("name") or "_"): str(one.get("value", ""))}
    return {}


def values(form: Tag) -> dict[str, str]:
    """What its fields send when nothing is touched."""
    sent = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]") if kept(one)}
    sent |= {str(one["name"]): one.get_text().removeprefix("\n") for one in form.select("textarea[name]")}
    for one in form.select("select[name]"):
        chosen = one.select_one("option[selected]") or one.select_one("option")
        sent[str(one["name"])] = str(chosen["value"]) if chosen else ""
    return sent


def kept(field: Tag) -> bool:
    """Whether a browser sends this field untouched."""
    kind = field.get("type")
    return kind not in {"submit", "file"} and (kind != "checkbox" or field.has_attr("checked"))


def work() -> None:
    """What the background work does within some seconds."""
    for after in (1, 90):
        run_due(now=clock.now() + timedelta(seconds=after))


def letter(to: str, part: str) -> str:
    """The path of the link that holds ``part`` in the newest mail to ``to``."""
    newest = [one for one in mail.outbox if one.to == [to]][-1]
    return urlsplit(re.findall(rf"https?://\S*{part}\S*", str(newest.body))[0]).path


def typed(part: str) -> str:
    """What the page has her type."""
    return next(text for text in TYPED if part in text)


def meant(page: Reading) -> int:
    """To how many it would go now."""
    found = re.search(r"It would go to (\d+) people now", page.text)
    assert found, page.text
    return int(found[1])


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("P10")
def test_the_first_campaign_goes_as_its_tutorial_says(tmp_path: Path, settings: object) -> None:
    settings.RGPD = {**settings.RGPD, "EXPORT_ROOT": str(tmp_path)}  # type: ignore[attr-defined]
    fill.fill(8, now=timezone.now())
    seen: list[str] = []
    she, reader = Reading(seen), Reading(seen)

    she.client.login(username=MARKETER, password=fill.PASSWORD)
    assert MARKETER in TYPED
    she.open("/admin/")
    assert "Orders" not in she.text
    _texts(she, reader)
    _sign_up(reader)
    before = _campaign(she)
    _leave(she, reader)
    _by_letter(she)
    _list(she)
    assert _next(she) == before

    shown = " ".join(seen).casefold()
    assert not [name for name in NAMED - ELSEWHERE if name.casefold() not in shown]


def _texts(she: Reading, reader: Reading) -> None:
    for language, text in (("en", typed("Yes, send me")), ("fr", typed("Oui, envoyez-moi"))):
        she.follow("Wordings").follow("Add wording")
        she.press("Save", purpose="newsletter", language=language, text=text)
        assert ("still shown: Newsletter (French)" in she.text) is (language == "en")
        assert text in reader.open(f"/{language}/").text


def _sign_up(reader: Reading) -> None:
    assert READER in TYPED
    reader.open("/en/").press("Sign up", email=READER, agree_newsletter="on")
    work()
    reader.open(letter(READER, "/confirm/")).press("Yes, confirm")


def _write(she: Reading, name: str) -> Reading:
    """A campaign in two languages: a script of the admin makes room for the second one, as the empty form shows it."""
    she.follow("Campaigns").follow("Add campaign")
    she.press("Save and continue editing", **{
        "name": name, "purpose": "newsletter", "texts-0-language": "en",
        "texts-0-subject": typed("Lanterns for"), "texts-0-text": typed("They are here"),
    })  # fmt: skip
    form = next(one for one in she.soup.find_all("form") if pressed(one, "Save and continue editing"))
    french = {
        "texts-TOTAL_FORMS": "2", "texts-1-language": "fr", "texts-1-subject": typed("Des lampions"),
        "texts-1-text": typed("Ils sont là"),
    }  # fmt: skip
    sent = {**values(form), **french, "_continue": "1"}
    return she._read(she.client.post(she.path, sent, follow=True), she.path)


def _campaign(she: Reading) -> int:
    _write(she, typed("December")).follow("Preview and test")
    assert typed("They are here") in she.text
    assert typed("Ils sont là") in she.text
    she.press("Send a test to myself")
    work()
    assert [one.to for one in mail.outbox[-2:]] == [[MARKETER]] * 2
    she.follow("December").follow("Send…")
    number = meant(she)
    she.press("Send the campaign")
    she.press("Pause")
    she.press("Resume")
    assert "Stop" in she.seen[-1]
    work()
    assert f"Sent {number}" in she.open(she.path).text
    assert "Done" in she.text
    return number


def _leave(she: Reading, reader: Reading) -> None:
    reader.open(letter(READER, "/leave/")).press("Unsubscribe")
    assert "For a day it can be undone" in reader.text
    assert "1 of those who got it has withdrawn" in she.open(she.path).text
    assert READER not in she.text


def _by_letter(she: Reading) -> None:
    assert WRITER in TYPED
    she.follow("Consents")
    she.press("Record", address=WRITER, way="letter", day=clock.legal_day(clock.now()).isoformat())
    assert "Recorded" in she.text


def _list(she: Reading) -> None:
    she.follow("Imports of consents").follow("Import a list of consents")
    file = SimpleUploadedFile("list.csv", LIST.encode("cp1252"), content_type="text/csv")
    she.press("Read the file", file=file, about="newsletter email")
    work()
    assert "Consents that can be taken 2" in she.open(she.path).text
    she.press("Import 2 consents")
    work()


def _next(she: Reading) -> int:
    return meant(_write(she, "January").follow("Send…"))
