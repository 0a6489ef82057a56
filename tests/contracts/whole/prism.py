"""Prism, running on 127.0.0.1; and what it finds wrong, as the vendors' own clients meet it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import requests

from tests.contracts.whole import npm

LISTENING = re.compile(r"Prism is listening on (http://127\.0\.0\.1:\d+)")
OF_THE_VENDOR = ("X-Request-Id", "Request-Id")
FOUND = "sl-violations"


@contextmanager
def running(document: Path, mode: str, *arguments: str) -> Iterator[str]:
    """The address of a prism that proxies or mocks, while the block runs."""
    command = [
        npm.prism(),
        mode,
        "-h",
        "127.0.0.1",
        "-p",
        "0",
        "--no-multiprocess",
        str(document),
        *arguments,
    ]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said: deque[str] = deque(maxlen=50)
        # Its pipe is emptied until it ends, or it would stop when that is full.
        rest = threading.Thread(target=deque, args=(process.stdout, 0), daemon=True)
        try:
            for line in process.stdout:
                said.append(line)
                if found := LISTENING.search(line):
                    break
            else:
                raise RuntimeError(f"prism did not start:\n{''.join(said)}")
            rest.start()
            yield found[1]
        finally:
            process.terminate()
            if rest.ident:
                rest.join()


@contextmanager
def heard(
    told: list[str], *, unpublished: str = "", asking: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Add to ``told`` what prism finds wrong with the requests that any client makes while the block runs, and their answers.

    ``unpublished``: the path under which a vendor has a preview, of which there is no contract. ``asking``: headers for prism.
    An answer without a vendor's request id is of somebody between, who keeps to no contract: it is not looked at.
    """
    send = requests.Session.send

    def sent(
        session: requests.Session, request: requests.PreparedRequest, **options: Any
    ) -> requests.Response:
        request.headers.update(asking or {})
        answer = send(session, request, **options)
        if not unpublished or not str(request.path_url).startswith(unpublished):
            told.extend(f"{request.method} {request.path_url}: {one}" for one in _wrong(answer))
        return answer

    with mock.patch.object(requests.Session, "send", sent):
        yield


def _wrong(answer: requests.Response) -> list[str]:
    found = answer.headers.get(FOUND, "[]")
    if not found.startswith("["):
        return [found]  # more than a header can hold
    of_the_vendor = any(name in answer.headers for name in OF_THE_VENDOR)
    return [
        f"{'.'.join(one['location'])}: {one['message']}"
        for one in json.loads(found)
        if of_the_vendor or one["location"][0] == "request"
    ]
