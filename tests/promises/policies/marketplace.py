"""S4, a marketplace of clients and providers; its fiscal year ends in June."""

from django_rgpd.policy import (
    ACCOUNT_CLOSED,
    LAST_SALE,
    Contract,
    FiscalYear,
    LegalClaims,
    LegitimateInterest,
    Purpose,
    years,
)
from django_rgpd.registry import Who
from example_shop.accounts.models import User
from example_shop.contact.models import ContactMessage
from example_shop.invoices.models import Invoice
from example_shop.orders.models import Order
from example_shop.wishes.models import Wish
from tests.promises import policies as made

policy = made.promised(
    "Marketplace",
    made.account(years(3)),
    made.books(),
    Purpose("orders", "Orders", bases=[Contract()], term=years(3)),
    Purpose("portfolio", "Portfolio", bases=[Contract()], clock=LAST_SALE, term=years(1)),
    Purpose("closed", "Closed accounts", bases=[LegalClaims()], clock=ACCOUNT_CLOSED, term=years(1)),
    Purpose("thread", "Messages", bases=[LegitimateInterest(marketing=False)], term=years(1)),
    fiscal_year=FiscalYear(month=6, day=30),
)

declarations = {
    User: made.accounts(),
    Order: made.orders("orders"),
    Invoice: made.invoices(),
    Wish: made.declared(
        "Portfolio",
        who=Who(user="user"),
        fields={"note": made.Personal("portfolio", erase=made.Blank())},
        facts=["product", "created_at"],
        internal=["user"],
    ),
    # A register of closed accounts names the person by her number alone.
    ContactMessage: made.papers({"closed": "", "thread": "received_at"}, who=Who(person="name")),
}
