"""Which requests are answered.

Those of this page, and changes only with the token of this run.

A page elsewhere can make a browser send requests to loopback. It can neither fake the Host that a rebound
name sends, nor read the token from this page, nor leave out its own Origin.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

TOKEN = "x-unpool-token"
READ_METHODS = frozenset({"GET", "HEAD"})
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "script-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
NOTEBOOKS = (
    "http://localhost:* http://127.0.0.1:* http://[::1]:*"  # pages of this machine that may frame this one
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}


class RequestGuard:
    """Passes requests on to an application, or answers 403.

    It adds the headers that confine the page.
    """

    def __init__(
        self,
        application: Application,
        *,
        hosts: Iterable[str],
        token: str,
        release: Callable[[], None],
        close: Callable[[], None],
        framed: bool = False,
    ) -> None:
        """Put a guard before an application.

        Args:
            application: The application.
            hosts: Names that requests may be sent to, without port.
            token: What requests that change something must carry.
            release: Ends answers that would otherwise go on for ever.
            close: Ends everything that the application does.
            framed: Whether a page of this machine, such as a notebook, may show the page in a frame.
        """
        self._framed, self._headers = framed, framed_headers() if framed else HEADERS
        self.release, self.close = release, close
        self.inner, self._token = application, token
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.inner(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif reason := self._rejection(scope):
            await _answer(send, 403, reason)
        else:
            await self.inner(scope, receive, _with_headers(send, self._headers))

    def _rejection(self, scope: Scope) -> str | None:
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        if _name_of(headers.get("host", "")) not in self._hosts:
            return "this server answers only under its own address; open the one that unpool printed"
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"http://{headers['host']}".lower():
            return "pages from elsewhere may not use this server"
        is_elsewhere = headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        if is_elsewhere and not (self._framed and _opens_frame(scope, headers)):
            return "pages from elsewhere may not use this server"
        if scope["method"] not in READ_METHODS and not self._has_token(headers.get(TOKEN, "")):
            return "changes need the token of this run; load the page again"
        return None

    def _has_token(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._token.encode())


def framed_headers() -> dict[str, str]:
    """Return the headers of a page that may be framed.

    By notebooks of this machine.
    """
    policy = POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {NOTEBOOKS}")
    return {name: value for name, value in HEADERS.items() if name != "x-frame-options"} | {
        "content-security-policy": policy
    }


def _opens_frame(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Whether this asks for the page itself, to be shown in a frame; who frames it cannot read it."""
    return scope["path"] == "/" and scope["method"] == "GET" and headers.get("sec-fetch-dest") == "iframe"


def _name_of(host: str) -> str:
    """The Host header without its port.

    >>> _name_of("127.0.0.1:80"), _name_of("[::1]:80"), _name_of("LOCALHOST")
    ('127.0.0.1', '[::1]', 'localhost')
    """
    name = host[: host.rfind("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return name.lower()


def _with_headers(send: Send, headers: Mapping[str, str]) -> Send:
    async def wrapped(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            present = message.get("headers", [])
            names = {name.lower() for name, _ in present}
            added = [(name.encode(), value.encode()) for name, value in headers.items()]
            message["headers"] = [*present, *(pair for pair in added if pair[0] not in names)]
        await send(message)

    return wrapped


async def _answer(send: Send, status: int, text: str) -> None:
    import json

    body = json.dumps({"detail": text}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
