"""Why a line is not taken, in words that a marketer can act on; never a word of the line itself."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

BAD_CELLS = "bad_cells"
BAD_ADDRESS = "bad_address"
NOT_AGREED = "not_agreed"
NO_DATE = "no_date"
BAD_DATE = "bad_date"
FUTURE = "future"
TOO_EARLY = "too_early"
TERM_OVER = "term_over"
NO_HOW = "no_how"
PERSONAL_HOW = "personal_how"
NO_WORDING = "no_wording"
UNKNOWN_WORDING = "unknown_wording"
LATER_WORDING = "later_wording"
TWICE = "twice"
SAYS_NO_TOO = "says_no_too"
ERASED = "erased"
SUPPRESSED = "suppressed"
REFUSED = "refused"
UNCONFIRMED = "unconfirmed"
KNOWN = "known"
ENDED = "ended"
MOVED = "moved"

WORDS: dict[str, Promise] = {
    BAD_CELLS: _("The line has more cells than the header: is a delimiter or a quote missing?"),
    BAD_ADDRESS: _("There is no address in the line, or it is none that a message can reach."),
    NOT_AGREED: _("The line says that the person did not agree, or left."),
    NO_DATE: _("There is no date: without the moment of a consent there is no proof of it."),
    BAD_DATE: _("The date cannot be read; write it as 2024-03-31 or 31/03/2024, with or without a time."),
    FUTURE: _("The date lies in the future."),
    TOO_EARLY: _("The date lies before 1995."),
    TERM_OVER: _("The term of this purpose is over since."),
    NO_HOW: _('Nothing says how the consent was given (form, page, event, paper); "yes" alone is no proof.'),
    PERSONAL_HOW: _("What says how the consent was given is too long, or holds an address."),
    NO_WORDING: _("Nothing says which text the person agreed to."),
    UNKNOWN_WORDING: _("There is no such wording of this purpose in the library, or its text is too long."),
    LATER_WORDING: _("This wording was not in force yet at that date."),
    TWICE: _("The address is in the file twice; the line with the latest date counts: line %(line)s."),
    SAYS_NO_TOO: _("Line %(line)s of the file says that this person did not agree, or left."),
    ERASED: _("This data was erased; only the person herself can agree again."),
    SUPPRESSED: _("The address is on the list of those that are not written to."),
    REFUSED: _("The person withdrew or objected; an import never overcomes that."),
    UNCONFIRMED: _("An account claims this address and has not confirmed it; the person must do that first."),
    KNOWN: _("A consent of this person is known already."),
    ENDED: _("A consent of this person ended after that date."),
    MOVED: _("The address became somebody's in the same moment; import the line again."),
}


def words(reason: str, other: object = "") -> str:
    """The sentence for ``reason``, in the language of whoever reads; ``other``: the line of the same address that it names."""
    return str(WORDS[reason]) % {"line": other} if reason in {TWICE, SAYS_NO_TOO} else str(WORDS[reason])
