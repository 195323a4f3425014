"""Who may use a page: under its own names, with its token where it has one; changes come only from itself.

A page on this machine is in reach of every web site that its user visits: a name of theirs may be made to
lead here (DNS rebinding), and their forms may be sent here. So the Host header is compared with a list, and a
method that changes something needs a token that only our own pages carry, and comes from our own origin.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Container
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SAFE_METHODS = ("GET", "HEAD")
CHANGE_HEADER = "x-p2pci-token"
COOKIE = "p2pci"  # and the port: the pages of one machine share their cookies, whatever port they are on

# Host = uri-host [ ":" port ] (RFC 9110, 7.2); nothing that a lenient reader could find another name in
_HOST = re.compile(
    r"(?:\[(?P<address>[\w:.%]{1,100})\]|(?P<name>[\w.-]{1,255}))(?::(?P<port>\d{1,5}))?", re.ASCII
)
_ORIGIN = re.compile(r"https?://(.*)", re.DOTALL)  # in front of us may be a proxy that speaks TLS

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a guard goes by.

    Attributes:
        hosts: the names and addresses, in lower case and without port, that requests may be sent to.
        web_token: must come with every request, in the cookie that `?token=` sets; "" for none.
        change_token: must come with every change, in the header CHANGE_HEADER.
        open_paths: need no `web_token`: for probes and metrics of operators.
    """

    hosts: Container[str]
    web_token: str = ""
    change_token: str = field(default_factory=secrets.token_urlsafe)
    open_paths: Container[str] = ()


class Guard:
    """Lets an application see only requests that keep the rules, and gives answers their security headers."""

    def __init__(self, app: ASGIApp, *, rules: Rules) -> None:
        self._app = app
        self._rules = rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        answer = self._refuse(scope) if scope["type"] == "http" else Response(status_code=400)
        await (answer or self._app)(scope, receive, send_secured)

    def _refuse(self, scope: Scope) -> Response | None:
        """Give the answer to a request that may not pass."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host_name(host) not in self._rules.hosts:
            return _forbid("This page goes by another name. Use the address that was printed at its start.")
        if _is_used_by_another(headers):
            return _forbid("Other sites may link to this page, and no more.")
        if entering := self._enter(scope, headers):
            return entering
        if scope["method"] in SAFE_METHODS:
            return None
        origin = headers.get("origin")
        if origin is not None and not _is_of(origin, host):
            return _forbid("Changes are taken from this page alone.")
        if not _is_same(headers.get(CHANGE_HEADER, ""), self._rules.change_token):
            return _forbid(f"A change needs the token of the page, in the header {CHANGE_HEADER}.")
        return None

    def _enter(self, scope: Scope, headers: Headers) -> Response | None:
        """Ask for the token where there is one; `?token=` is exchanged for a cookie."""
        token = self._rules.web_token
        if not token or scope["path"] in self._rules.open_paths:
            return None
        name = f"{COOKIE}-{host_port(headers.get('host', ''))}"
        request = HTTPConnection(scope)
        if _is_same(request.query_params.get("token", ""), token):
            answer = RedirectResponse("/" + scope["path"].lstrip("/"), status_code=303)
            answer.set_cookie(name, token, httponly=True, samesite="strict")
            return answer
        bearer = headers.get("authorization", "")[len("Bearer ") :]
        if _is_same(request.cookies.get(name, bearer), token):
            return None
        return PlainTextResponse("Open this page with ?token= and its token behind the address.", 401)


def host_name(host: str) -> str:
    """Give the name of a Host header, in lower case, without port and brackets; "" when it is none."""
    match = _HOST.fullmatch(host)
    return (match["address"] or match["name"]).lower() if match else ""


def host_port(host: str) -> int:
    """Give the port of a Host header; that of HTTP when it has none."""
    match = _HOST.fullmatch(host)
    return int(match["port"] or 80) if match else 80


def _is_used_by_another(headers: Headers) -> bool:
    """Whether a page of another site asks behind its user's back, which costs us even if it sees nothing."""
    return (
        headers.get("sec-fetch-site", "none") not in ("same-origin", "none")
        and headers.get("sec-fetch-mode") != "navigate"
    )


def _is_of(origin: str, host: str) -> bool:
    match = _ORIGIN.fullmatch(origin.lower())
    return match is not None and match[1] == host.lower()


def _is_same(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _forbid(reason: str) -> Response:
    return PlainTextResponse(reason, 403)
