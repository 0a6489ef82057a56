"""The HTML that staff write for a campaign: cleaned, so that it can neither run anything nor swallow what follows it."""

from __future__ import annotations

from importlib.util import find_spec

from django_rgpd.core.errors import Misconfigured

_TAGS = """a abbr b blockquote br caption center code div em h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small span strong sub
sup table tbody td tfoot th thead tr u ul"""
TAGS = frozenset(_TAGS.split())
_CELL = frozenset({"align", "valign", "width", "height", "bgcolor", "colspan", "rowspan"})
ATTRIBUTES = {
    "*": {"style", "title", "lang", "dir", "align"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height", "border"},
    "table": {"width", "border", "cellpadding", "cellspacing", "role", "bgcolor"},
    "td": set(_CELL),
    "th": set(_CELL),
    "ol": {"start", "type"},
}
_STYLES = """background-color border border-bottom border-collapse border-radius border-top color font-family font-size
font-style font-weight letter-spacing line-height max-width padding padding-bottom padding-left padding-right
padding-top text-align text-decoration text-transform vertical-align width"""
STYLES = frozenset(_STYLES.split())
"""What changes how a text looks, but cannot hide or move what stands below it."""

SCHEMES = frozenset({"http", "https", "mailto", "tel"})


def available() -> bool:
    """Whether HTML can be cleaned here, and so may be written."""
    return find_spec("nh3") is not None


def cleaned(html: str) -> str:
    """``html`` with nothing in it but what a mail shows, every tag closed.

    Raises ``Misconfigured`` where the cleaner is not installed.
    """
    try:
        import nh3
    except ImportError as error:
        msg = "HTML in campaigns needs a cleaner: pip install 'django-rgpd[campaigns]'."
        raise Misconfigured(msg) from error
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes=ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel=None,
        filter_style_properties=set(STYLES),
    )
