"""News that the library sends; receivers get keys and counts, never a personal value."""

from django.dispatch import Signal

released = Signal()
"""Rows of one model were released: ``model``, ``fields`` (names), ``count``, ``occasion``. Sent once a group, after the
commit."""

person_erased = Signal()
"""A person was erased: ``person`` (uuid), ``user_key``, ``at``. Sent inside the transaction."""

contacted = Signal()
"""The person got in touch (a login, an order, a click): ``person`` (uuid), ``at``."""

campaign_changed = Signal()
"""A campaign was started, paused, resumed or stopped, or is done: ``campaign`` (uuid), ``state``."""

consent_changed = Signal()
"""A consent was given, confirmed, withdrawn, objected to or expired: ``person``, ``purpose``, ``channel``, ``kind``. Sent inside
the transaction."""

export_ready = Signal()
"""An export can be collected: ``person``, ``request`` (uuid)."""

hold_placed = Signal()
"""Something must not go meanwhile, or may only be stored (``kind`` "restriction"): ``hold`` (uuid), ``kind``, ``person`` (uuid or
None), ``label`` and ``key`` of the one row that it is about, or empty. Sent inside the transaction."""

hold_lifted = Signal()
"""A hold does not stand any more: the same. Sent inside the transaction."""

person_merged = Signal()
"""A guest turned out to be somebody known: ``person`` (uuid of her who stays), ``merged`` (uuid of the guest). Sent inside the
transaction."""

marketing_sent = Signal()
"""A marketing mail that the shop built itself was handed over: ``purpose``, ``sent`` (how many people) and ``dropped`` (how many
by reason)."""

published_changed = Signal()
"""What everybody could read of a published model went, came back or lost its name: ``model``, and ``about``, the values of its
``about`` path on whose pages that is; none of them where any page may be. Sent after the commit: drop cached copies."""

processor_answered = Signal()
"""A processor did what it was asked, or needs someone: ``processor`` (its key), ``step``, ``person`` (uuid or None), ``about``
(uuid of the erasure, or empty), ``state`` (as of a job), ``evidence``, ``at``."""

processor_news = Signal()
"""A processor told of something that happened there: ``processor`` (its key), ``event`` (its number), ``kind`` (as
"customer.deleted"), ``about`` (their id, or empty), ``at``. Events come in any order; a receiver that fails is called again."""

restored = Signal()
"""A restored dump was brought up to date: ``at``, and the ``report`` of the replay, to whose ``done`` a receiver may add what it
did, in words for staff. Sent inside the transaction."""
