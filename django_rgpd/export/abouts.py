"""What an export says about each of the tables that the library declares."""

from django.utils.translation import gettext_noop as _

TEXTS = (
    _("Your groups and permissions."),
    _("Your account."),
    _("Your email addresses."),
    _("Links by which you prove an address."),
    _("Logins by other sites."),
    _("Keys by which other sites know our requests for you."),
    _("Your second factors."),
    _("Where you are signed in."),
    _("Tokens by which programs act for you."),
    _("What our staff changed in your account."),
    _("Sessions of visitors: what a browser is recognised by."),
    _("Which of our mailings you clicked in, or opened where you agreed to that; for a year at most."),
    _("Which mailings you got, and on which ground: for a year, and no longer than you are known here."),
    _("That we know you: which account is yours, and when you were last in touch; a number stays."),
    _("Your addresses, and how each was proven to be yours; a digest stays."),
    _("What you agreed or objected to, as it stands."),
    _(
        "What you asked, agreed to or refused, and what was done: kept without your name, and ended by the ledger itself."
    ),
    _("That your data were erased: the plan and the counts, without a value of yours, for five years."),
    _("Your requests for a copy of your data; the file waits for some days."),
    _("Which sessions are yours, so that they can end with your account."),
    _("Codes and links that were sent to you: only a digest, for some hours."),
    _("What is still to be done for you elsewhere or later; emptied when it is done."),
    _(
        "What of yours is kept, or not used, for the time being: why, since when, and when we look at it again."
    ),
    _(
        "Digests of addresses that must not be written to (art. 21.3): nobody can be looked up in them but by an address."
    ),
)
"""Gathered for translators, who cannot see docstrings: the first line of each declaration's."""
