"""Mailchimp's own client, made careful: it raises what it would return, follows no redirect, and waits for nobody long."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import requests
from django.views.decorators.debug import sensitive_variables
from mailchimp_marketing.api.lists_api import ListsApi
from mailchimp_marketing.api_client import ApiClient, ApiClientError

from django_rgpd.core.errors import RgpdError
from django_rgpd.processors import absences, patience, wire
from django_rgpd.processors.absences import Meaning
from django_rgpd.processors.base import Unreachable
from django_rgpd.processors.unheard import unheard

TIMEOUT = (3.05, 10)
"""Seconds to connect, and to wait for the next byte; the client's own is two minutes."""

MANY_TIMEOUT = (3.05, 60)
"""The same of a call about many members, for which they give themselves two minutes."""


class Refusal(RgpdError):
    """An answer that is no success; their text, which quotes the address, is not kept."""

    def __init__(self, status: int, meaning: Meaning, after: timedelta | None) -> None:
        super().__init__(f"{status} {meaning.value}")
        self.status, self.meaning, self.after = status, meaning, after


class CarefulClient(ApiClient):  # type: ignore[misc]
    """One call's client. ``status`` and ``reference`` are those of its last answer."""

    def __init__(self, base: str, api_key: str, *, proxy: str, now: datetime, many: bool = False) -> None:
        super().__init__({"api_key": api_key, "timeout": MANY_TIMEOUT if many else TIMEOUT})
        # Without a "server" the client does not replace that word in URLs, wherever it stands in them.
        self.host, self.server = base, ""
        self.status: int | None = None
        self.reference = ""
        self._proxy = proxy
        self._now = now

    @sensitive_variables()
    def call_api(self, *args: Any, **kwargs: Any) -> Any:
        """As the client does it, with our errors for its own, whose text may hold the whole request."""
        try:
            with unheard():
                return super().call_api(*args, **kwargs)
        except ApiClientError as error:
            if isinstance(error.text, RgpdError):
                raise error.text from None
            raise Unreachable(type(error.text).__name__) from None

    @sensitive_variables()
    def request(
        self, method: str, url: str, query_params: Any = None, headers: Any = None, body: Any = None
    ) -> requests.Response:
        """One request over a connection of its own."""
        with wire.session(self._proxy) as session:
            answer = session.request(
                method,
                url,
                params=[(name, _written(value)) for name, value in query_params or ()],
                json=body,
                headers=headers,
                auth=("django_rgpd", self.api_key),
                timeout=self.timeout,
                allow_redirects=False,
            )
        self.status = answer.status_code
        self.reference = str(answer.headers.get("X-Request-Id", ""))
        meaning = _meaning(answer)
        if meaning is not Meaning.DONE:
            after = patience.asked(answer.headers.get("Retry-After"), now=self._now)
            raise Refusal(answer.status_code, meaning, after)
        return answer


def lists(base: str, api_key: str, *, proxy: str, now: datetime, many: bool = False) -> ListsApi:
    """The client's calls about audiences and members; ``many``: those that are about many members at once."""
    return ListsApi(CarefulClient(base, api_key, proxy=proxy, now=now, many=many))


def _written(value: Any) -> Any:
    """A value in a query: truth as JSON has it, where the client would write it as Python does."""
    return str(value).lower() if isinstance(value, bool) else value


@sensitive_variables()
def _meaning(answer: requests.Response) -> Meaning:
    told = _told(answer)
    if answer.ok and answer.status_code != 204 and told is None:
        return Meaning.PASSING  # a page of somebody between, or half an answer
    if 300 <= answer.status_code < 400:
        return Meaning.PASSING
    # A body may say what its status does not.
    status = told.get("status") if told else None
    if answer.ok and isinstance(status, int) and status >= 400:
        return absences.mailchimp(status, str(told.get("title", "")) if told else "", empty=False)
    return absences.mailchimp(
        answer.status_code, str((told or {}).get("title", "")), empty=not answer.content
    )


def _told(answer: requests.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
