"""The log-in page for a server with an access token: a form, and the cookie that it earns."""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web

from ivr.guesses import Guesses
from web.console_files import ConsoleFile
from web.guard import COOKIE, LOGIN_PATH, asker, cookie_value, token_matches, too_many
from web.problems import Refused

log = logging.getLogger(__name__)

_BODY_TIMEOUT_S = 5.0
_FORM = "application/x-www-form-urlencoded"


class Login:
    def __init__(self, token: str, page: ConsoleFile, guesses: Guesses) -> None:
        """guesses: those of the guard."""
        self._token = token
        self._guesses = guesses
        self._page = page
        self._page_wrong = ConsoleFile(
            page.content.replace(b"<main>", b'<main class="wrong">'), page.content_type
        )

    def add_to(self, app: web.Application) -> None:
        app.router.add_get(LOGIN_PATH, self._page.handle)
        app.router.add_post(LOGIN_PATH, self.submit)

    async def submit(self, request: web.Request) -> web.Response:
        """Take the form. Raises Refused: not a form, one that arrives too slowly, or after too many wrong tokens."""
        if request.content_type != _FORM:
            raise Refused(415, "The token is sent as a form.")
        try:
            async with asyncio.timeout(_BODY_TIMEOUT_S):
                form = await request.post()
        except TimeoutError:
            raise Refused(408, "The form did not arrive in time.", {"Connection": "close"}) from None
        except (ValueError, LookupError, web.RequestPayloadError):
            raise Refused(400, "The form cannot be read.", {"Connection": "close"}) from None
        given = form.get("token")
        who, now = asker(request), asyncio.get_running_loop().time()
        if not self._guesses.heard(who, now):
            raise too_many()
        if not isinstance(given, str) or not token_matches(given.strip(), self._token):
            self._guesses.wrong(who, now)
            log.warning("%s gave a wrong access token", who)
            return self._page_wrong.response(status=401)
        response = web.Response(status=303, headers={"Location": "/", "Cache-Control": "no-store"})
        response.set_cookie(
            COOKIE,
            cookie_value(self._token),
            httponly=True,
            samesite="Strict",
            # Where a proxy before us speaks TLS, only the page's origin says so.
            secure=request.secure or request.headers.get("Origin", "").startswith("https://"),
            path="/",
        )
        return response
