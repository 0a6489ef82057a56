"""A browser as small as can be: it opens pages, fills in forms by their labels, presses buttons, keeps cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, Request, build_opener

SECONDS = 60
"""How long an answer may take."""


class NotThere(AssertionError):
    """A page has no such form, field, button or link."""


@dataclass(slots=True)
class Field:
    """One field of a form, as it is on the page."""

    name: str
    kind: str
    value: str
    on: bool = True


@dataclass(slots=True)
class Form:
    """A form with its fields and buttons."""

    page: Page
    action: str
    method: str
    fields: list[Field] = field(default_factory=list)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)
    """Name, value and text of each."""

    def fill(self, **texts: str) -> Form:
        """Write texts into the fields whose names end in these."""
        for name, text in texts.items():
            self._one(name, {"checkbox", "radio", "hidden"}, among=False).value = text
        return self

    def tick(self, name: str, *, on: bool = True) -> Form:
        """Tick the box whose name or value ends in ``name``, or take the tick away."""
        self._one(name, {"checkbox"}).on = on
        return self

    def choose(self, name: str, value: str) -> Form:
        """Choose ``value`` of the radio buttons called ``name``."""
        group = [one for one in self.fields if one.kind == "radio" and one.name.endswith(name)]
        if value not in {one.value for one in group}:
            raise NotThere(f"{self.page.url} has no choice {name} = {value}.")
        for one in group:
            one.on = one.value == value
        return self

    def press(self, text: str) -> Page:
        """Press the button that says ``text``."""
        for name, value, said in self.buttons:
            if text in said:
                values = [(one.name, one.value) for one in self.fields if one.on]
                return self.page.browser.send(self, [*values, *([(name, value)] if name else [])])
        raise NotThere(f"{self.page.url} has no button {text!r} there.")

    def _one(self, name: str, kinds: set[str], *, among: bool = True) -> Field:
        for one in self.fields:
            if (one.kind in kinds) is among and (one.name.endswith(name) or (among and one.value == name)):
                return one
        raise NotThere(f"{self.page.url} has no field {name}.")


@dataclass(slots=True)
class Page:
    """An answer, read."""

    browser: Browser
    url: str
    status: int
    headers: dict[str, str]
    body: bytes
    forms: list[Form] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def form(self, button: str) -> Form:
        """The form with a button that says ``button``."""
        for form in self.forms:
            if any(button in said for _name, _value, said in form.buttons):
                return form
        raise NotThere(f"{self.url} ({self.status}) has no button {button!r}: {self.text[:300]}")

    def press(self, button: str) -> Page:
        """Press a button of a form that needs nothing filled in."""
        return self.form(button).press(button)

    def link(self, part: str) -> str:
        """The first address that holds ``part``."""
        for href, _said in self.links:
            if part in href:
                return href
        raise NotThere(f"{self.url} has no link to {part!r}.")


class Browser:
    """One person's browser."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, path: str) -> Page:
        """Fetch a page, following where it leads."""
        return self._fetch(Request(urljoin(f"{self.base_url}/", path)))  # noqa: S310 - our own server

    def send(self, form: Form, values: list[tuple[str, str]]) -> Page:
        """Send a form."""
        url = urljoin(form.page.url, form.action)
        sent = urlencode(values)
        if form.method == "get":
            return self.open(f"{url}?{sent}")
        return self._fetch(Request(url, sent.encode(), method="POST"))  # noqa: S310

    def _fetch(self, request: Request) -> Page:
        request.add_header("Accept-Language", "en")
        try:
            answer: HTTPResponse | HTTPError = self._opener.open(request, timeout=SECONDS)
        except HTTPError as error:
            answer = error
        with answer:
            page = Page(
                self, answer.url or "", answer.status or 0, dict(answer.headers.items()), answer.read()
            )
        if "html" in page.headers.get("Content-Type", ""):
            Reader(page).feed(page.body.decode())
        return page


class Reader(HTMLParser):
    """Finds a page's forms, links and text."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page = page
        self.form: Form | None = None
        self.select: Field | None = None
        self.area: Field | None = None
        self.button: list[str] | None = None
        self.href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what begins."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Form(self.page, found.get("action", ""), found.get("method", "get").lower())
            self.page.forms.append(self.form)
        elif tag == "a":
            self.href = found.get("href", "")
            self.page.links.append((self.href, ""))
        elif self.form is not None:
            self._in_form(tag, found, self.form)

    def _in_form(self, tag: str, found: dict[str, str], form: Form) -> None:
        name, kind = found.get("name", ""), found.get("type", "text").lower()
        if tag == "button" or (tag == "input" and kind in {"submit", "button", "image"}):
            self.button = [name, found.get("value", ""), found.get("value", "") if tag == "input" else ""]
            if tag == "input":
                self._button_ends()
        elif tag == "input" and name and kind != "file":
            tickable = kind in {"checkbox", "radio"}
            value = found.get("value", "on" if tickable else "")
            form.fields.append(Field(name, kind, value, on=not tickable or "checked" in found))
        elif tag == "textarea" and name:
            self.area = Field(name, "textarea", "")
            form.fields.append(self.area)
        elif tag == "select" and name:
            self.select = Field(name, "select", "", on=False)
            form.fields.append(self.select)
        elif tag == "option" and self.select is not None and ("selected" in found or not self.select.on):
            self.select.value, self.select.on = found.get("value", ""), True

    def handle_endtag(self, tag: str) -> None:
        """Note what ends."""
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = None
        elif tag == "textarea":
            self.area = None
        elif tag == "button":
            self._button_ends()

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if self.area is not None:
            self.area.value += data.removeprefix("\n")
        if self.button is not None:
            self.button[2] += data
        self.page.text += f" {data}"

    def _button_ends(self) -> None:
        if self.button is not None and self.form is not None:
            name, value, said = self.button
            self.form.buttons.append((name, value, " ".join(said.split())))
        self.button = None
