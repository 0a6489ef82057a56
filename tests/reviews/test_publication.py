"""Reviews are published on consent, under the name that was agreed to, and leave the pages when it ends."""

import io
import json
from datetime import timedelta

import pytest
from django import forms
from django.core.management import call_command
from django.template import Context, Template
from django.test import Client

from django_rgpd.consent import decisions, expiring, state, undo, wordings
from django_rgpd.consent.models import ConsentState
from django_rgpd.core.errors import Misconfigured, Refused
from django_rgpd.ledger.models import Event
from django_rgpd.registry import people
from django_rgpd.registry.models import Person
from django_rgpd.reviews import publication
from django_rgpd.reviews.forms import PublicationMixin
from example_shop import factories
from example_shop.catalogue.models import Product
from example_shop.reviews.models import Review, ReviewStatus

pytestmark = pytest.mark.django_db


def run_out(person, *_what, how, now):
    """Every consent of hers comes to the end of its term."""
    assert expiring.expire(ConsentState.objects.filter(person=person.uuid), now=now) == 1


@pytest.fixture
def author(db):
    """Somebody with a name to be kept short."""
    return factories.UserFactory(first_name="Marie", last_name="Dupont-Canary", email="marie@example.com")


@pytest.fixture
def person(author, now) -> Person:
    """The same as the library knows her."""
    return people.person_of(author, now=now)


def draft(author, **fields) -> Review:
    """A review that is not published yet."""
    given = {"status": ReviewStatus.PUBLISHED, "publish_consent": False, "public_name": ""}
    return factories.ReviewFactory(author=author, **{**given, **fields})


def publish(review, person, now, **how) -> str:
    author = review.author
    return publication.publish(
        review, person=person, first=author.first_name, last=author.last_name, now=now, **how
    )


@pytest.mark.promise("P25")
def test_review_is_published_under_first_name_and_initial_with_its_consent(author, person, now):
    review = draft(author)
    wording = wordings.current("reviews", "en", now=now)
    assert publish(review, person, now, wording=wording) == "Marie D."
    review.refresh_from_db()
    assert (review.public_name, review.publish_consent) == ("Marie D.", True)
    assert state.live(person, "reviews")
    event = Event.objects.get(kind="consent.given")
    assert event.payload["wording"]
    assert "Dupont" not in json.dumps(event.payload)


@pytest.mark.promise("P25")
def test_published_name_is_frozen_as_it_was_agreed_to(author, person, now):
    review = draft(author)
    publish(review, person, now)
    author.first_name, author.last_name = "Zoé", "Martin"
    author.save()
    review.refresh_from_db()
    assert review.public_name == "Marie D."


def test_neutral_name_says_nothing_of_the_author(author, person, now):
    review = draft(author)
    assert publish(review, person, now, neutral=True) == "Client"


def test_erased_person_is_refused_and_nothing_changes(author, person, now):
    review = draft(author)
    Person.objects.filter(pk=person.pk).update(erased_at=now)
    with pytest.raises(Refused):
        publish(review, person, now)
    review.refresh_from_db()
    assert not review.publish_consent
    assert not ConsentState.objects.exists()


def test_review_whose_row_cannot_be_written_leaves_no_consent(author, person, now):
    review = draft(author)

    def fail() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        publish(review, person, now, save=fail)
    assert not state.live(person, "reviews")
    assert not Event.objects.exists()


@pytest.mark.promise("P25")
@pytest.mark.parametrize("end", [decisions.withdraw, decisions.object_to, run_out])
def test_withdrawal_takes_every_review_from_the_pages_at_once(end, author, person, now):
    other = factories.UserFactory()
    mine, also, theirs = draft(author), draft(author), draft(other)
    publish(mine, person, now)
    publish(also, person, now)
    publish(theirs, people.person_of(other, now=now), now)
    end(person, "reviews", "", how="account", now=now + timedelta(hours=1))
    published = publication.of(Review).published.values_list("pk", flat=True)
    assert list(published) == [theirs.pk]


def test_withdrawal_of_another_consent_leaves_reviews_alone(author, person, now):
    review = draft(author)
    publish(review, person, now)
    decisions.give(person, "newsletter", "email", how="account", now=now)
    decisions.withdraw(person, "newsletter", "email", how="account", now=now + timedelta(hours=1))
    review.refresh_from_db()
    assert review.publish_consent


def test_undo_brings_back_what_the_withdrawal_took(author, person, now):
    kept, taken_back = draft(author), draft(author)
    publish(kept, person, now)
    publish(taken_back, person, now)
    publication.unpublish(taken_back, person=person, now=now)
    row = decisions.withdraw(person, "reviews", "", how="account", now=now + timedelta(hours=1))
    undo.undo(row.event, how="account", now=now + timedelta(hours=2))
    kept.refresh_from_db()
    taken_back.refresh_from_db()
    assert kept.publish_consent
    assert kept.public_name == "Marie D."
    assert not taken_back.publish_consent


def test_consent_ends_with_the_last_review_that_is_taken_back(author, person, now):
    first, second = draft(author), draft(author)
    publish(first, person, now)
    publish(second, person, now)
    publication.unpublish(first, person=person, now=now + timedelta(minutes=1))
    assert state.live(person, "reviews")
    assert (first.public_name, first.publish_consent) == ("", False)
    publication.unpublish(second, person=person, now=now + timedelta(minutes=2))
    assert not state.live(person, "reviews")


def test_model_that_nobody_said_is_published_is_named():
    with pytest.raises(Misconfigured):
        publication.of(Product)


def test_withdrawal_takes_the_same_statements_with_one_review_and_with_fifty(
    author, person, now, django_assert_max_num_queries
):
    for _ in range(50):
        publish(draft(author), person, now)
    with django_assert_max_num_queries(30):
        decisions.withdraw(person, "reviews", "", how="account", now=now + timedelta(hours=1))
    assert not publication.of(Review).published.exists()


@pytest.mark.promise("P25")
@pytest.mark.fault("N13")
def test_no_public_place_says_more_than_the_published_name(author, person, now):
    review = draft(author)
    publish(review, person, now)
    product = review.product
    client = Client()
    for url in (
        product.get_absolute_url(),
        f"/en/products/{product.slug}/reviews.atom",
        "/en/reviews.atom",
        "/api/reviews/",
    ):
        response = client.get(url)
        assert response.status_code == 200, url
        text = response.content.decode()
        assert "Marie D." in text, url
        assert "canary" not in text.lower(), url
        assert "marie@" not in text, url


@pytest.mark.fault("N12")
def test_full_names_of_old_reviews_are_made_short(author, now):
    for name in ("Marie Dupont-Canary", "Marie D.", "Client"):
        draft(author, publish_consent=True, public_name=name)
    out = io.StringIO()
    call_command("rgpd_public_names", stdout=out)
    assert "shop_reviews.Review: 1 to be corrected" in out.getvalue()
    assert Review.objects.filter(public_name="Marie Dupont-Canary").exists()
    call_command("rgpd_public_names", "--apply", stdout=io.StringIO())
    names = sorted(Review.objects.values_list("public_name", flat=True))
    assert names == ["Client", "Marie D.", "Marie D."]


class ReviewForm(PublicationMixin, forms.ModelForm):
    """A shop's form."""

    class Meta:
        model = Review
        fields = ("rating", "title", "text")


def form(data=None) -> ReviewForm:
    return ReviewForm(data, first="Marie", last="Dupont")


def filled(**changes) -> dict[str, str]:
    shown = form().fields["publish_wording"].initial
    given = {"rating": "5", "title": "Fine", "text": "Very.", "publish_wording": shown}
    return {**given, **changes}


@pytest.mark.promise("P25")
def test_form_shows_the_name_and_an_unticked_box():
    html = form().as_p()
    assert "Marie D." in html
    assert "Dupont" not in html
    assert not form().fields["publish_agreed"].initial
    assert form().published_as == "Marie D."
    assert form({"publish_as": "neutral"}).published_as == "Client"


@pytest.mark.fault("N01")
@pytest.mark.fault("N11")
def test_markup_in_a_name_is_text_in_form_filter_and_tag(author):
    author.first_name, author.last_name = '<b onclick="x">Marie', '"><script>'
    template = Template(
        "{% load rgpd_reviews %}{{ author|public_name }}{% rgpd_public_name author.first_name author.last_name %}"
    )
    html = template.render(Context({"author": author}))
    assert html == "b S.<bdi>b S.</bdi>"
    assert "<script" not in ReviewForm(first=author.first_name, last=author.last_name).as_p()


def test_ticked_form_publishes_with_the_wording_that_was_shown(author, person, now):
    bound = form(filled(publish_agreed="on", publish_as="name"))
    assert bound.is_valid(), bound.errors
    review = draft(author)
    assert bound.agreed
    assert bound.publish(review, person=person, now=now) == "Marie D."
    assert Event.objects.get(kind="consent.given").payload["language"] == "en"


def test_form_without_the_tick_publishes_nothing(author, person, now):
    bound = form(filled())
    assert bound.is_valid()
    assert not bound.agreed
    with pytest.raises(ValueError, match="consent"):
        bound.publish(draft(author), person=person, now=now)
    assert not Event.objects.exists()


@pytest.mark.parametrize("shown", ["", "0" * 16])
def test_consent_to_a_text_that_was_not_shown_is_none(shown):
    bound = form(filled(publish_agreed="on", publish_wording=shown))
    assert not bound.is_valid()
    assert "publish_agreed" in bound.errors


def test_name_without_letters_leaves_no_choice():
    bare = ReviewForm(first="", last="Dupont")
    assert [label for _value, label in bare.fields["publish_as"].choices] == ["Client"]
