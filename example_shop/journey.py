"""The whole journey of two customers, walked over HTTP against a running shop: what ``demo --check`` does."""

from __future__ import annotations

import io
import json
import time
import zipfile
from collections.abc import Callable
from urllib.parse import quote
from urllib.request import Request, urlopen

from django.core.management import call_command

from django_rgpd.core import clock
from django_rgpd.registry import people
from example_shop.browser import Browser, NotThere, Page
from example_shop.demo.fill import STAFF
from example_shop.factories import PASSWORD
from example_shop.newsletter.letter import send_letter

READER = "lou.journey@example.com"
GUEST = "nina.guest@example.com"
CUSTOMER = "nina.journey@example.com"
HERS = "nina."
"""What both of her addresses begin with: the library writes to the one that she proved last."""
FIRST, LAST = "Nina", "Vasseur-Delatour"
STREET = "12 impasse des Cerisiers-Fleuris"
SECONDS = 40
"""How long a mail or a file may take."""

Say = Callable[[str], object]


def walk(base_url: str, say: Say = print) -> None:
    """Walk it, saying a line a step. Raises ``AssertionError`` at the first step that fails."""
    journey = Journey(base_url)
    for number, step in enumerate(STEPS, 1):
        began = time.monotonic()
        told = step(journey)
        say(f"{number:3}. {told} ({time.monotonic() - began:.1f} s)")


class Journey:
    """The people's browsers and what they remember from step to step."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.stranger = Browser(base_url)
        self.reader = Browser(base_url)
        self.nina = Browser(base_url)
        self.staff = Browser(base_url)
        self.product = self.stranger.open("/en/").link("/products/")
        self.orders: list[str] = []
        self.letter: Page | None = None

    def mail(self, to: str, subject: str, *, number: int = 1) -> Page:
        """The latest mail to ``to`` with this subject, once ``number`` of them have come."""
        for _ in range(SECONDS * 4):
            box = self.stranger.open(f"/mailbox/?to={quote(to)}")
            mails = [self.stranger.open(href) for href, _text in box.links if _is_mail(href)]
            found = [mail for mail in mails if subject in mail.text]
            if len(found) >= number:
                return found[0]
            time.sleep(0.25)
        raise AssertionError(f"No mail {subject!r} came within {SECONDS} seconds.")

    def mails(self, to: str) -> int:
        """How many mails came to ``to``."""
        return len([1 for href, _ in self.stranger.open(f"/mailbox/?to={quote(to)}").links if _is_mail(href)])

    def order(self, browser: Browser, **buyer: str) -> str:
        """Order one product; returns the order's number."""
        browser.open(self.product).press("Put into the basket")
        form = browser.open("/en/checkout/").form("Order and pay")
        form.fill(name=f"{FIRST} {LAST}", street=STREET, postcode="69001", city="Lyon", **buyer).tick("terms")
        page = form.press("Order and pay")
        expect("Thank you for your order" in page.text, "The order is not confirmed", page)
        return page.url.rstrip("/").split("/")[-2]

    def prove(self, page: Page) -> Page:
        """Give the password, where the page asks once more who is there."""
        return (
            page.form("Continue").fill(password=PASSWORD).press("Continue") if "/prove/" in page.url else page
        )


def expect(is_so: object, told: str, page: Page | None = None) -> None:
    """Raise ``AssertionError`` with ``told`` and the page where something is not so."""
    if not is_so:
        where = f" ({page.status} {page.url}: {' '.join(page.text.split())[:400]})" if page else ""
        raise AssertionError(f"{told}{where}.")


def _is_mail(href: str) -> bool:
    return href.startswith("/mailbox/") and len(href) > len("/mailbox/") + 20


def _letter(email: str) -> int:
    """Send the newsletter; how many mails were written to ``email``."""
    reader = people.known("email", email)
    return send_letter([reader] if reader else [], now=clock.now()).queued


def subscribes(journey: Journey) -> str:
    """P10: one unticked box, and nothing is sent before the confirmation."""
    form = journey.reader.open("/en/").form("Sign up")
    page = form.fill(email=READER).press("Sign up")
    expect("Tick the box" in page.text, "Signing up works without a tick", page)
    form = journey.reader.open("/en/").form("Sign up")
    page = form.fill(email=READER).tick("newsletter").press("Sign up")
    expect("One more step" in page.text, "Signing up is not answered", page)
    expect(_letter(READER) == 0, "A newsletter leaves before it was confirmed")
    return "A reader signs up for the newsletter; nothing is sent before she confirms"


def confirms(journey: Journey) -> str:
    """P10: looking confirms nothing, the button does."""
    link = journey.mail(READER, "Please confirm your address").link("/newsletter/confirm/")
    page = journey.stranger.open(link)
    expect(_letter(READER) == 0, "Looking at the page confirms")
    page = page.press("Yes, confirm")
    expect("Confirmed" in page.text, "The confirmation is not answered", page)
    expect(_letter(READER) == 1, "No newsletter leaves after the confirmation")
    journey.letter = journey.mail(READER, "News from Ribambelle")
    return "She confirms from the mail, and receives the newsletter"


def unsubscribes(journey: Journey) -> str:
    """P11, P22: one click of a mail program, without cookie, login or redirect; then an undo."""
    letter = journey.letter
    expect(letter is not None and "List-Unsubscribe-Post" in letter.text, "No one-click header", letter)
    url = letter.link("/marketing/leave/")  # type: ignore[union-attr]
    request = Request(url, b"List-Unsubscribe=One-Click", method="POST")  # noqa: S310 - our own server
    with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
        expect(answer.status == 200 and answer.url == url, "The one-click answer is no plain 200")
        expect("Set-Cookie" not in answer.headers, "The one-click answer sets a cookie")
    expect(_letter(READER) == 0, "A newsletter leaves after the unsubscription")
    page = journey.stranger.open(url).press("Undo")
    expect("Undone" in page.text, "The undo is not answered", page)
    expect(_letter(READER) == 1, "No newsletter leaves after the undo")
    journey.mail(READER, "News from Ribambelle", number=2)
    return "One click in the mail program unsubscribes her; a button takes it back"


def orders_as_guest(journey: Journey) -> str:
    """A present for somebody else, without an account."""
    gift = {
        "gift_name": "Robin",
        "gift_street": "3 quai du Port",
        "gift_postcode": "13001",
        "gift_city": "Nice",
    }
    number = journey.order(Browser(journey.base_url), guest_email=GUEST, delivery_note="Ring twice", **gift)
    journey.orders.append(number)
    journey.mail(GUEST, number)
    return "A guest orders a present"


def opens_an_account(journey: Journey) -> str:
    """The address is proven by the click that opens the account."""
    form = journey.nina.open("/en/sign-up/").forms
    page = next(one for one in form if any(field.name == "first_name" for field in one.fields))
    page.fill(email=CUSTOMER, first_name=FIRST, last_name=LAST).press("Sign up")
    link = next(
        href for href, _ in _latest(journey, CUSTOMER).links if "/sign-up/" in href and "http" in href
    )
    form = journey.nina.open(link).form("Open my account")
    form.fill(new_password1=PASSWORD, new_password2=PASSWORD)
    opened = form.press("Open my account")
    expect("Your account is ready" in opened.text, "The account does not open", opened)
    return "She opens an account from the mail"


def _latest(journey: Journey, to: str) -> Page:
    return journey.mail(to, to)


def orders_as_customer(journey: Journey) -> str:
    """By the account this time."""
    journey.orders.append(journey.order(journey.nina))
    journey.mail(CUSTOMER, journey.orders[-1])
    return "She orders as a customer"


def reviews(journey: Journey) -> str:
    """P25: first name and initial, wherever the review is shown."""
    form = journey.nina.open(f"{journey.product}review/").form("Publish")
    form.fill(title="Glows for hours", text="It outshone the cake.").tick("publish_agreed")
    preview = form.press("Look at it first")
    expect("Nina V." in preview.text, "The preview does not show the published name", preview)
    page = preview.form("Publish").press("Publish")
    expect("Your review is published" in page.text, "The review is not published", page)
    slug = journey.product.rstrip("/").rpartition("/")[2]
    for path in (journey.product, "/en/reviews.atom", f"/api/reviews/?product={slug}"):
        body = journey.stranger.open(path).body.decode()
        expect("Nina V." in body and "Glows for hours" in body, f"The review is not at {path}")
        expect(LAST not in body, f"The surname is at {path}")
    return "She reviews the product; everybody reads “Nina V.”, nowhere the surname"


def opts_out(journey: Journey) -> str:
    """P12, P13, P16: chosen box by box, and refused as a whole by one button, in the same place."""
    page = journey.nina.open("/privacy/choices/").form("Save my choices").tick("newsletter.email")
    saved = page.press("Save my choices")
    expect("Your choices are saved" in saved.text, "The choices are not saved", saved)
    expect(_letter(CUSTOMER) == 1, "No newsletter leaves to who has chosen it")
    saved = journey.nina.open("/privacy/choices/").press("No marketing at all")
    expect("Your choices are saved" in saved.text, "The refusal is not saved", saved)
    form = journey.nina.open("/privacy/choices/").form("Save my choices")
    by_channel = [one for one in form.fields if one.kind == "checkbox" and not one.value.endswith(".")]
    expect(not any(one.on for one in by_channel), "A box of marketing is still ticked")
    expect(_letter(CUSTOMER) == 0, "A newsletter leaves after the refusal")
    return "She chooses the newsletter, then refuses all marketing"


def proves_her_other_address(journey: Journey) -> str:
    """What she ordered as a guest comes along."""
    page = journey.prove(journey.nina.open("/privacy/addresses/"))
    page.form("Send a link").fill(email=GUEST).press("Send a link")
    link = journey.mail(GUEST, "Is this address yours?").link("/privacy/addresses/")
    page = journey.nina.open(link).press("Yes, it is mine")
    expect(GUEST in page.text, "The address is not proven", page)
    return "She proves the address that she ordered with as a guest"


def exports(journey: Journey) -> str:
    """P30: prepared in the background, handed over after a proof, with both orders in it."""
    journey.nina.open("/privacy/export/").form("Prepare it").choose("document", "access").press("Prepare it")
    journey.mail(HERS, "Your data can be collected")
    page = journey.nina.open("/privacy/export/").press("Collect it")
    if "attachment" not in page.headers.get("Content-Disposition", ""):
        page = journey.prove(page).press("Collect it")
    expect("attachment" in page.headers.get("Content-Disposition", ""), "The export is not handed over", page)
    text = _document(page.body)
    json.loads(text)
    for told in (*journey.orders, CUSTOMER, GUEST, LAST, "It outshone the cake."):
        expect(told in text, "Something of hers is not in the export")
    expect(READER not in text, "Something of somebody else is in the export")
    return "She downloads her data: the account's and the guest's"


def _document(body: bytes) -> str:
    if not body.startswith(b"PK"):
        return body.decode()
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read("export.json").decode()


def staff_deliver(journey: Journey) -> str:
    """The business with her is closed, so that nothing is open when she goes."""
    form = journey.staff.open("/admin/login/").form("Log in").fill(username=STAFF, password=PASSWORD)
    expect("Log out" in form.press("Log in").text, "Staff cannot log in")
    for number in journey.orders:
        found = journey.staff.open(f"/admin/orders/order/?q={number}").link("/change/")
        form = journey.staff.open(
            f"/admin/orders/order/?q={number}".split("?")[0] + found.split("order/")[-1]
        )
        page = form.form("Save").fill(status="delivered").press("Save")
        expect("changed successfully" in page.text, "The order cannot be changed", page)
    return "Staff deliver both orders"


def deletes(journey: Journey) -> str:
    """P32, P27: it says what goes and what stays, and does it; the review stays nobody's."""
    page = journey.prove(journey.nina.open("/privacy/delete/"))
    expect("What will go" in page.text and "What must stay" in page.text, "The page does not say it", page)
    form = page.form("Delete my account").choose("reviews", "keep").tick("suppress")
    page = form.press("Delete my account")
    expect("Your data is deleted" in page.text, "The deletion is not answered", page)
    journey.mail(HERS, "Your data has been erased")
    login = Browser(journey.base_url).open("/en/login/").form("Log in")
    page = login.fill(username=CUSTOMER, password=PASSWORD).press("Log in")
    expect("/login/" in page.url, "The account still opens", page)
    expect("/login/" in journey.nina.open("/en/account/").url, "Her browser is still logged in")
    body = journey.stranger.open(journey.product).body.decode()
    expect("It outshone the cake." in body, "The review did not stay")
    expect("Nina" not in body, "The review still leads to her")
    return "She deletes her account; the review stays nobody's, the receipt arrives"


def invoices_stay(journey: Journey) -> str:
    """Only the law needs them still: everyday lists are without them, and who may read the archive finds them there."""
    for told in (LAST, STREET):
        page = journey.staff.open(f"/admin/invoices/invoice/?q={quote(told)}")
        expect("0 invoices" in page.text, "Everyday lists still show her invoices", page)
        page = journey.staff.open(f"/admin/invoices/invoice/?rgpd_archive=1&q={quote(told)}")
        expect("2 invoices" in page.text, "Staff do not find both invoices", page)
    return "Staff still find both invoices in the archive, by name and by address"


def nothing_is_left(journey: Journey) -> str:
    """``rgpd_residue``: nothing but what the rule keeps."""
    for email in (CUSTOMER, GUEST):
        told = io.StringIO()
        try:
            call_command("rgpd_residue", email=email, text=[STREET, f"{FIRST} {LAST}"], stdout=told)
        except SystemExit:
            raise AssertionError(f"Something is left:\n{told.getvalue()}") from None
    return "rgpd_residue finds nothing of her but the invoices"


STEPS = (
    subscribes,
    confirms,
    unsubscribes,
    orders_as_guest,
    opens_an_account,
    orders_as_customer,
    reviews,
    opts_out,
    proves_her_other_address,
    exports,
    staff_deliver,
    deletes,
    invoices_stay,
    nothing_is_left,
)

__all__ = ["NotThere", "walk"]
