"""Who may ask: the host that was asked for, the key that came along, and how often it came."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tain.serving.errors import Refusal, overloaded
from tain.serving.keys import Key, KeyRing
from tain.serving.keys import Scope as KeyScope
from tain.serving.rate import RateLimit, client_of

OPEN_PATHS = frozenset({"/health"})
ADMIN_PATHS = frozenset({"/metrics"})
PAGE_PATHS = frozenset({"/", "/jobs"})
PAGE_FILES = "/page/"
_ASK_FOR_KEY = {"WWW-Authenticate": "Bearer"}


class Access:
    """ASGI middleware that looks at headers alone, so that a stranger's body is never read."""

    def __init__(self, app: ASGIApp, *, keys: KeyRing | None, hosts: tuple[str, ...], limit: RateLimit) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            keys: None asks for no key.
            hosts: Names that a Host header may give, so that a page of another site cannot reach a server on this
                machine by a name of its own; empty for any.
            limit: Of each key or address.
        """
        self._app, self._keys, self._hosts, self._limit = app, keys, hosts, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass.

        Raises:
            Refusal: 401, 403, 421 or 429.
        """
        if scope["type"] == "http":
            headers = Headers(scope=scope)
            self._check_host(headers.get("host", ""))
            _refuse_other_sites(scope, headers)
            if scope["path"] not in OPEN_PATHS:
                self._check_key(scope, _token(headers))
        await self._app(scope, receive, send)

    def _check_host(self, host: str) -> None:
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        if self._hosts and name.lower() not in self._hosts:
            raise Refusal(421, f"This server answers as {', '.join(self._hosts)}. Ask for one of these.")

    def _check_key(self, scope: Scope, token: str | None) -> None:
        key = self._keys.find(token) if self._keys and token else None
        address = client_of((scope.get("client") or (None,))[0])
        if wait_s := self._limit.wait_s(f"key {key.name}" if key else f"address {address}"):
            raise overloaded("Too many requests of one client.", retry_after_s=wait_s, error_type="rate_limited")
        if self._keys is None or _is_page(scope):
            return
        if key is None:
            reason = "The key is not known." if token else "A key is needed."
            raise Refusal(401, f"{reason} Send a header: Authorization: Bearer KEY", headers=_ASK_FOR_KEY)
        scope["key_name"] = key.name
        _require(key, "admin" if scope["path"] in ADMIN_PATHS else "check")


def _refuse_other_sites(scope: Scope, headers: Headers) -> None:
    # A browser sends forms and files for any page that asks it to, and says so in this header.
    site = headers.get("sec-fetch-site", "none")
    if scope["method"] not in ("GET", "HEAD") and site not in ("none", "same-origin"):
        raise Refusal(403, "A page of another site sent this. Use a page of this server, or a program.")


def _is_page(scope: Scope) -> bool:
    # What a page is made of says nothing of any text or model; the page itself asks for the key.
    path = scope["path"]
    return scope["method"] == "GET" and (path in PAGE_PATHS or path.startswith(PAGE_FILES))


def _require(key: Key, wanted: KeyScope) -> None:
    if wanted not in key.scopes:
        raise Refusal(403, f"The key may {', '.join(key.scopes)}; this needs {wanted}. Use another key.")


def _token(headers: Headers) -> str | None:
    kind, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" and token.strip() else None
