"""S3, an agency with a contact form only: everything rests on consent, and is made nobody's at its term."""

from django_rgpd.policy import Consent, Purpose, years
from django_rgpd.registry import KeepFacts
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from tests.promises import policies as made

policy = made.promised(
    "Agency",
    made.account(years(3)),
    Purpose("contact", "What you ask us", bases=[Consent()], term=years(3)),
)

declarations = {
    User: made.accounts(),
    ContactMessage: made.papers({"contact": "received_at"}, at_end=KeepFacts()),
}
