"""An email provider on this machine: it keeps what anymail's own clients sent, answers as theirs does, or fails as told."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parseaddr
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

Headers = dict[str, str]


@dataclass
class Esp:
    """What it was sent, as (path, content), and how it fails: an HTTP status, ``"hang"``, ``"reset"`` or ``"html"``."""

    url: str = ""
    kept: list[tuple[str, object]] = field(default_factory=list)
    fails: object = None
    hung: threading.Event = field(default_factory=threading.Event)

    def settings(self) -> dict[str, object]:
        """``ANYMAIL`` of a shop that has an account here with each of them."""
        return {
            "POSTMARK_SERVER_TOKEN": "token",
            "POSTMARK_API_URL": f"{self.url}/postmark/",
            "BREVO_API_KEY": "key",
            "BREVO_API_URL": f"{self.url}/brevo/",
            "MAILJET_API_KEY": "key",
            "MAILJET_SECRET_KEY": "secret",
            "MAILJET_API_URL": f"{self.url}/mailjet/",
            "MAILGUN_API_KEY": "key",
            "MAILGUN_SENDER_DOMAIN": "example.com",
            "MAILGUN_API_URL": f"{self.url}/mailgun/",
            "SCALEWAY_SECRET_KEY": "key",
            "SCALEWAY_PROJECT_ID": "project",
            "SCALEWAY_API_URL": f"{self.url}/scaleway/",
            "REQUESTS_TIMEOUT": 5,
        }

    def headers(self) -> dict[str, Headers]:
        """The headers that each reader gets, as the provider merges them."""
        found: dict[str, Headers] = {}
        for path, content in self.kept:
            for address, headers in READ[path.split("/")[1]](content):
                assert address not in found, "She gets it twice."
                found[address] = headers
        return found


@contextmanager
def running() -> Iterator[Esp]:
    """The provider, until the block ends."""
    esp = Esp()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            kind = self.headers.get("Content-Type", "")
            content = json.loads(body) if "json" in kind else parse_qs(body)
            if esp.fails == "hang":
                esp.hung.wait(30)
                return
            if esp.fails == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.connection.close()
                return
            status = esp.fails if isinstance(esp.fails, int) else 200
            if status == 200 and esp.fails is None:
                esp.kept.append((self.path, content))
            answer = (
                "<html>Sorry</html>"
                if esp.fails == "html"
                else json.dumps(_answer(self.path, content, status))
            )
            data = answer.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if esp.fails == "html" else "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A connection that was reset is what was asked for."""

    server = Server(("127.0.0.1", 0), Handler)
    esp.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield esp
    finally:
        esp.hung.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(path: str, content: object, status: int) -> object:
    name = path.split("/")[1]
    if status != 200:
        return {"ErrorCode": 10, "ErrorMessage": "no", "Message": "no", "message": "no", "code": "no"}
    if name == "postmark":
        one = [_postmark(message) for message in _messages(content)]
        return one if path.endswith(("/batch", "/batchWithTemplates")) else one[0]
    if name == "brevo":
        versions = content.get("messageVersions") if isinstance(content, dict) else None
        return (
            {"messageIds": [f"<{n}@b>" for n in range(len(versions))]} if versions else {"messageId": "<1@b>"}
        )
    if name == "mailjet":
        to = [{"Email": address, "MessageID": 1} for address, _headers in _mailjet_headers(content)]
        return {"Messages": [{"Status": "success", "To": [one]} for one in to]}
    if name == "scaleway":
        return {"emails": [{"id": "1", "mail_rcpt": to["email"], "status": "new"} for to in content["to"]]}
    return {"id": "<1@mailgun.example>", "message": "Queued. Thank you."}


def _messages(content: object) -> list[dict]:
    if isinstance(content, dict):
        return content.get("Messages", [content])
    return content


def _postmark(message: dict) -> dict:
    return {"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": message["To"]}


def _postmark_headers(content: object) -> Iterator[tuple[str, Headers]]:
    for message in _messages(content):
        pairs = [(one["Name"], one["Value"]) for one in message["Headers"]]
        assert len(pairs) == len({name.lower() for name, _value in pairs}), "A header twice."
        yield parseaddr(message["To"])[1], dict(pairs)


def _brevo_headers(content: dict) -> Iterator[tuple[str, Headers]]:
    if "messageVersions" not in content:
        ((one),) = content["to"]
        yield one["email"], content["headers"]
        return
    for version in content["messageVersions"]:
        ((one),) = version["to"]
        # Whether Brevo merges or replaces the common ones is not told: both must do.
        yield one["email"], version["headers"]


def _mailjet_headers(content: dict) -> Iterator[tuple[str, Headers]]:
    for message in content["Messages"]:
        ((one),) = message["To"]
        yield one["Email"], message.get("Headers") or content["Globals"].get("Headers", {})


def _mailgun_headers(content: dict) -> Iterator[tuple[str, Headers]]:
    variables = json.loads(content.get("recipient-variables", ["{}"])[0])
    for written in content["to"]:
        address = parseaddr(written)[1]
        headers = {}
        for name, values in content.items():
            if name.startswith("h:"):
                (value,) = values
                for key, own in variables.get(address, {}).items():
                    value = value.replace(f"%recipient.{key}%", str(own))
                headers[name[2:]] = value
        yield address, headers


def _scaleway_headers(content: dict) -> Iterator[tuple[str, Headers]]:
    ((one),) = content["to"]
    yield one["email"], {header["key"]: header["value"] for header in content["additional_headers"]}


READ = {
    "postmark": _postmark_headers,
    "brevo": _brevo_headers,
    "mailjet": _mailjet_headers,
    "mailgun": _mailgun_headers,
    "scaleway": _scaleway_headers,
}
