"""The shop's pages: each opens, says what is wrong, and shows nobody what is somebody else's."""

import json
import re

import pytest
from bs4 import BeautifulSoup
from django.core import mail
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from django_rgpd.consent import decisions, state
from django_rgpd.erasure.execute import erase
from django_rgpd.registry import people
from django_rgpd.reviews.public_name import public_name
from example_shop.accounts.models import User
from example_shop.basket.models import Basket
from example_shop.contact.models import ContactMessage
from example_shop.factories import (
    PASSWORD,
    OrderFactory,
    ProductFactory,
    ReviewFactory,
    UserFactory,
    make_customer,
    make_invoice,
)
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order, Status
from example_shop.reviews.models import Review
from example_shop.wishes.models import Wish

pytestmark = pytest.mark.django_db

CHECKOUT = {
    "name": "Noémie Martin",
    "street": "1 rue des Essais",
    "postcode": "69001",
    "city": "Lyon",
    "country": "FR",
    "terms": "on",
}


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


@pytest.fixture
def product():
    return ProductFactory(name="Paper lantern", slug="paper-lantern")


@pytest.fixture
def basket(client, product):
    client.post(reverse("basket:add", args=[product.slug]), {"quantity": "2"})
    return product


def agreed(client, page):
    """The ticked box of a review's form, with the reference to the text that stands beside it."""
    shown = client.get(page).context["form"]["publish_wording"].value()
    return {"publish_agreed": "on", "publish_wording": shown, "publish_as": "name"}


OPEN_PAGES = [
    "theme:home",
    "theme:terms",
    "basket:basket",
    "accounts:login",
    "accounts:sign_up",
    "accounts:sign_up_asked",
    "accounts:password_reset",
    "accounts:password_reset_asked",
    "contact:write",
    "reviews:feed",
]
OWN_PAGES = [
    "accounts:account",
    "accounts:profile",
    "accounts:addresses",
    "accounts:address_new",
    "accounts:birthdays",
    "accounts:birthday_new",
    "accounts:password",
    "orders:list",
    "wishes:list",
    "reviews:mine",
]


@pytest.mark.parametrize("name", OPEN_PAGES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_page_opens_for_everybody_in_both_languages(client, name, language):
    response = client.get(reverse(name).replace("/en/", f"/{language}/", 1))
    assert response.status_code == 200
    assert "default-src 'self'" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("page", "then"),
    [("/en/contact/", "/fr/contact/"), ("/privacy/", "/privacy/"), ("/mailbox/x/", "/mailbox/x/")],
)
def test_the_language_changes_on_the_page_that_one_reads(client, page, then):
    response = client.post(reverse("set_language"), {"language": "fr", "next": page})
    assert response["Location"] == then
    assert client.cookies["django_language"].value == "fr"


@pytest.mark.parametrize("name", OWN_PAGES)
def test_an_account_page_opens_for_its_customer_only(client, name):
    assert client.get(reverse(name)).status_code == 302
    client.force_login(make_customer())
    assert client.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("name", [*OPEN_PAGES[:-1], *OWN_PAGES])
def test_a_page_has_one_heading_labels_and_nothing_from_elsewhere(client, name):
    client.force_login(make_customer())
    page = BeautifulSoup(client.get(reverse(name)).content, "html.parser")
    assert len(page.find_all("h1")) == 1
    assert page.html["lang"] == "en"
    assert not page.find_all(["style", "iframe"])
    assert all(one.get("type") == "application/ld+json" for one in page.find_all("script"))
    assert not page.find_all(style=True)
    for field in page.find_all(["input", "select", "textarea"]):
        if field.get("type") != "hidden":
            assert page.find("label", attrs={"for": field["id"]}), field
    for tag, attribute in (("img", "src"), ("link", "href")):
        assert all(one[attribute].startswith("/") for one in page.find_all(tag))


def test_a_guest_orders_and_gets_a_mail(client, basket, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(
            reverse("orders:checkout"), CHECKOUT | {"guest_email": "Guest@Example.com"}, follow=True
        )
    order = Order.objects.get()
    assert (order.guest_email, order.customer, order.status) == ("guest@example.com", None, Status.PAID)
    assert order.lines.get().quantity == 2
    assert order.invoice.billing_name == "Noémie Martin"
    assert order.payments.get().stripe_payment_intent.startswith("pi_")
    assert order.number in response.content.decode()
    assert mail.outbox[0].to == ["guest@example.com"]
    assert not Basket.objects.exists()


def test_an_order_is_shown_to_its_own_session_only(client, basket):
    client.post(reverse("orders:checkout"), CHECKOUT | {"guest_email": "guest@example.com"})
    page = reverse("orders:placed", args=[Order.objects.get().number])
    assert client.get(page).status_code == 200
    client.session.flush()
    client.cookies.clear()
    assert "Essais" not in client.get(page, follow=True).content.decode()


def test_a_customer_orders_a_present(client, product):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("basket:add", args=[product.slug]), {"quantity": "1"})
    present = {
        "gift_name": "Louis Petit",
        "gift_street": "2 rue des Essais",
        "gift_postcode": "33000",
        "gift_city": "Bordeaux",
    }
    client.post(reverse("orders:checkout"), CHECKOUT | present)
    order = Order.objects.get()
    assert (order.customer, order.guest_email, order.is_gift) == (user, "", True)
    assert order.gift_email is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "Noémie\r\nBcc: all@example.com"}, "name"),
        ({"city": "Ly\x07on"}, "city"),
        ({"name": "\u202eeiméoN"}, "name"),
        ({"terms": ""}, "terms"),
        ({"guest_email": "nobody"}, "guest_email"),
        ({"gift_name": "Louis"}, "gift_street"),
        ({"country": "XX"}, "country"),
    ],
)
def test_a_wrong_checkout_is_refused_with_its_reason(client, basket, wrong, field):
    given = CHECKOUT | {"guest_email": "guest@example.com"} | wrong
    response = client.post(reverse("orders:checkout"), given)
    assert response.status_code == 200
    assert response.context["form"].errors[field]
    assert not Order.objects.exists()
    assert not Invoice.objects.exists()


@pytest.mark.parametrize("quantity", ["0", "-1", "a", "", "1e3", "٣", "99999"])
def test_a_wrong_quantity_puts_nothing_into_the_basket(client, product, quantity):
    client.post(reverse("basket:add", args=[product.slug]), {"quantity": quantity})
    assert not Basket.objects.exists()


def test_the_basket_comes_along_when_its_owner_logs_in(client, basket):
    user = UserFactory()
    client.post(reverse("accounts:login"), {"username": user.email.upper(), "password": PASSWORD})
    assert user.basket.lines.get().quantity == 2
    assert Basket.objects.count() == 1


def test_signing_up_leads_by_a_mail_to_an_account(client):
    asked = {"email": "New@Example.com", "first_name": "Inès", "last_name": "Roux"}
    client.post(reverse("accounts:sign_up"), asked)
    user = User.objects.get(email="new@example.com")
    assert not user.is_active
    assert "new@example.com" not in mail.outbox[0].body
    link = re.search(r"http://[^/]+(/\S+)", mail.outbox[0].body)[1]
    choice = {"new_password1": PASSWORD, "new_password2": PASSWORD}
    response = client.post(link, choice, follow=True)
    assert response.context["user"].first_name == "Inès"
    assert client.get(link).status_code == 404


def test_signing_up_answers_the_same_whoever_asks(client):
    UserFactory(email="known@example.com")
    answers = []
    for address in ("known@example.com", "unknown@example.com"):
        response = client.post(reverse("accounts:sign_up"), {"email": address})
        answers.append((response.status_code, response["Location"], len(mail.outbox)))
        mail.outbox.clear()
    assert answers[0] == answers[1]
    assert User.objects.get(email="known@example.com").is_active


def test_a_forgotten_password_is_chosen_anew_by_mail(client):
    user = UserFactory()
    for address in (user.email, user.email, "unknown@example.com"):
        response = client.post(reverse("accounts:password_reset"), {"email": address}, follow=True)
        assert "Look into your mailbox" in response.content.decode()
    (one,) = mail.outbox
    link = re.search(r"http://[^/]+(/\S+)", one.body)[1]
    page = client.get(link, follow=True).redirect_chain[-1][0]
    choice = "guirlandes-et-bougies"
    client.post(page, {"new_password1": choice, "new_password2": choice})
    assert client.login(username=user.email, password=choice)


@pytest.mark.parametrize(
    "path", ["/en/checkout/a%00b/thanks/", "/en/account/orders/%00/", "/en/products/%00/"]
)
def test_an_address_with_a_null_character_is_not_found(client, path):
    client.force_login(UserFactory())
    assert client.get(path).status_code == 404


def test_an_unknown_product_has_no_reviews_in_the_api(client):
    ReviewFactory()
    assert client.get("/api/reviews/", {"product": "\x00"}).json()["reviews"] == []
    assert client.get("/api/reviews/", {"page": "x"}).json()["count"] == 1


def test_an_invoice_is_handed_to_its_customer_only(client):
    order = OrderFactory()
    page = reverse("invoices:download", args=[make_invoice(order).number])
    assert client.get(page).status_code == 302
    client.force_login(UserFactory())
    assert client.get(page).status_code == 404
    client.force_login(order.customer)
    response = client.get(page)
    assert b"".join(response.streaming_content).startswith(b"%PDF")
    assert response["Content-Disposition"].startswith("attachment")


def test_pages_of_others_do_not_exist(client):
    other = make_customer()
    client.force_login(UserFactory())
    for page in (
        reverse("accounts:address", args=[other.addresses.get().pk]),
        reverse("accounts:birthday", args=[other.birthdays.get().pk]),
        reverse("orders:order", args=[other.orders.first().number]),
        reverse("wishes:note", args=[other.wishes.get().pk]),
    ):
        assert client.get(page).status_code == 404
    for page in (
        reverse("accounts:address_forget", args=[other.addresses.get().pk]),
        reverse("wishes:forget", args=[other.wishes.get().pk]),
        reverse("reviews:take_back", args=[other.reviews.get().pk]),
    ):
        assert client.post(page).status_code == 404
    assert other.addresses.exists()
    assert Wish.objects.exists()
    assert Review.objects.exists()


@pytest.mark.promise("P25")
def test_a_review_is_previewed_then_published_under_the_public_name(client, product):
    user = UserFactory(first_name="Marie", last_name="Dupont")
    client.force_login(user)
    page = reverse("reviews:write", args=[product.slug])
    said = agreed(client, page) | {"rating": "4", "title": "Lovely", "text": "It glows."}
    response = client.post(page, said | {"preview": "1"})
    assert "Marie D." in response.content.decode()
    assert not Review.objects.exists()
    client.post(page, said | {"publish": "1"})
    assert Review.objects.get().public_name == "Marie D."
    for place in (product.get_absolute_url(), reverse("reviews:feed"), reverse("api_reviews")):
        text = client.get(place).content.decode()
        assert "Marie D." in text
        assert "Dupont" not in text


def test_a_review_can_be_published_without_any_name(client, product):
    client.force_login(UserFactory(first_name="Marie", last_name="Dupont"))
    page = reverse("reviews:write", args=[product.slug])
    said = {"rating": "4", "title": "Lovely", "text": "It glows."}
    client.post(page, agreed(client, page) | said | {"publish_as": "neutral"})
    assert "Marie" not in client.get(product.get_absolute_url()).content.decode().partition("reviews")[2]
    assert Review.objects.get().shown_name == public_name("", "")


@pytest.mark.promise("P25")
def test_a_review_leaves_every_page_when_its_author_withdraws(client, product):
    user = UserFactory(first_name="Marie", last_name="Dupont")
    client.force_login(user)
    page = reverse("reviews:write", args=[product.slug])
    client.post(page, agreed(client, page) | {"rating": "4", "title": "Lovely", "text": "It glows."})
    places = (product.get_absolute_url(), reverse("reviews:feed"), reverse("api_reviews"))
    assert all("It glows." in client.get(place).content.decode() for place in places)
    now = timezone.now()
    decisions.withdraw(people.person_of(user, now=now), "reviews", "", how="account", now=now)
    assert not any("It glows." in client.get(place).content.decode() for place in places)


@pytest.mark.promise("P27")
@pytest.mark.parametrize(("choice", "stays"), [("keep", True), ("delete", False)])
def test_after_a_deletion_a_review_stays_as_nobodys_or_goes(client, product, choice, stays):
    user = UserFactory(first_name="Marie", last_name="Dupont")
    client.force_login(user)
    page = reverse("reviews:write", args=[product.slug])
    client.post(page, agreed(client, page) | {"rating": "4", "title": "Lovely", "text": "It glows."})
    now = timezone.now()
    person = people.person_of(user, now=now)
    erase(person, how="account", choices={"reviews": choice}, now=now)
    for place in (product.get_absolute_url(), reverse("reviews:feed"), reverse("api_reviews")):
        text = client.get(place).content.decode()
        assert ("It glows." in text) is stays
        assert "Marie" not in text
    assert Review.objects.filter(author=None, public_name="").exists() is stays


def test_the_agreement_goes_with_the_last_review(client, product):
    user = UserFactory()
    client.force_login(user)
    said = {"rating": "4", "title": "Lovely", "text": "It glows."}
    for slug in (product.slug, ProductFactory().slug):
        page = reverse("reviews:write", args=[slug])
        client.post(page, said | agreed(client, page))
    person = people.person_of(user, now=timezone.now())
    for review in Review.objects.all():
        assert state.live(person, "reviews")
        client.post(reverse("reviews:take_back", args=[review.pk]))
    assert not state.live(person, "reviews")
    assert not Review.objects.exists()


def test_a_review_without_agreement_is_refused(client, product):
    client.force_login(UserFactory())
    said = {"rating": "4", "title": "Lovely", "text": "It glows."}
    response = client.post(reverse("reviews:write", args=[product.slug]), said)
    assert response.context["form"].errors["publish_agreed"]
    assert not Review.objects.exists()


def test_a_review_cannot_break_out_of_the_structured_data(client, product):
    ReviewFactory(product=product, title="</script><script>alert(1)</script>", text="<b>&amp;")
    page = BeautifulSoup(client.get(product.get_absolute_url()).content, "html.parser")
    (block,) = page.find_all("script")
    assert json.loads(block.string)["review"][0]["name"] == "</script><script>alert(1)</script>"


def test_a_message_is_kept_unless_a_program_wrote_it(client):
    said = {"email": "a@example.com", "subject": "Hello", "text": "A question"}
    client.post(reverse("contact:write"), said | {"website": "http://spam.invalid"})
    assert not ContactMessage.objects.exists()
    client.post(reverse("contact:write"), said)
    assert ContactMessage.objects.get().email == "a@example.com"


def test_the_mailbox_exists_in_the_demonstration_only(client, settings, tmp_path):
    assert client.get("/mailbox/").status_code == 404
    settings.DEBUG = True
    settings.EMAIL_BACKEND = "django_rgpd.marketing.backend.EmailBackend"
    settings.RGPD = {**settings.RGPD, "MAIL_BACKEND": "example_shop.mailbox.backend.MailboxBackend"}
    settings.MAILBOX_ROOT = tmp_path
    mail.EmailMessage("Hello", "http://127.0.0.1/x", to=["a@example.com"]).send()
    page = client.get("/mailbox/?to=a@example.com").content.decode()
    link = re.search(r'href="(/mailbox/[0-9a-f-]+/)"', page)[1]
    assert 'href="http://127.0.0.1/x"' in client.get(link).content.decode()
    assert client.get("/mailbox/nothing/").status_code == 404
