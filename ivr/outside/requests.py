"""Carries out a dialogue's `Request`: allowed hosts, tries within one span of time, redirects, the answer as an input.

Nothing of what a caller said is logged: method, host, status and time are; path, query, headers and bodies are not.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Final, cast

from ivr.clock import Clock
from ivr.flow.actions import Request
from ivr.flow.hosts import HostError, allowed
from ivr.flow.inputs import JsonValue, RequestEnded
from ivr.ids import CallId
from ivr.outside.body import BodyError, decode
from ivr.outside.guarded import Answer, GuardedHttp, NoAnswer
from ivr.outside.outgoing import REDIRECTS, Outgoing, Unsendable, outgoing, redirected
from ivr.outside.retry import RETRIED_STATUSES, FailedTry, pause_before_next, retry_after_s, time_for_try
from ivr.outside.secrets import SecretMissing, Secrets

log = logging.getLogger(__name__)

MOST_REDIRECTS: Final = 3


class Requests:
    """only: the administrator's own list of hosts, () = whatever the flows list.

    longest_s, max_bytes: bounds of what a flow may ask for.
    """

    def __init__(
        self,
        http: GuardedHttp,
        secrets: Secrets,
        clock: Clock,
        only: tuple[str, ...] = (),
        longest_s: float = 30.0,
        max_bytes: int = 1_048_576,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self._http = http
        self._secrets = secrets
        self._clock = clock
        self._only = only
        self._longest_s = longest_s
        self._max_bytes = max_bytes
        self._spread = spread

    async def carry_out(self, call: CallId, wanted: Request, hosts: Iterable[str]) -> RequestEnded:
        """hosts: where the dialogue may ask. Raises only CancelledError."""
        began = self._clock.monotonic()
        tries = 0
        where = "?"
        try:
            out = outgoing(call, wanted, self._secrets)
            where = str(out.origin)
            if self._may(out, hosts):
                answer, tries = await self._tried(out, wanted, tuple(hosts), began)
            else:
                answer = _forbidden(f"{out.origin} is not on the list of hosts")
        except HostError as error:
            answer = NoAnswer("failed", str(error), FailedTry("final", sent=False))
        except (SecretMissing, Unsendable) as error:
            answer = NoAnswer("failed", str(error), FailedTry("final", sent=False))
        except Exception:
            log.exception("a request could not be carried out")
            answer = NoAnswer("failed", "an error of ours", FailedTry("final", sent=False))
        took_s = round(self._clock.monotonic() - began, 3)
        ended = _ended(wanted, answer, took_s)
        said = log.info if ended.outcome == "ok" else log.warning
        reason = f" ({ended.detail})" if ended.detail else ""
        said(
            "%s %s: %s %s in %.0f ms, %d tries%s",
            wanted.method, where, ended.outcome, ended.status or "", 1000 * took_s, tries, reason,
        )  # fmt: skip
        return ended

    def _may(self, out: Outgoing, hosts: Iterable[str]) -> bool:
        return allowed(out.origin, hosts) and (not self._only or allowed(out.origin, self._only))

    async def _tried(
        self, out: Outgoing, wanted: Request, hosts: tuple[str, ...], began: float
    ) -> tuple[Answer | NoAnswer, int]:
        """The answer of the last try, and how many there were."""
        until = began + min(wanted.timeout_s, self._longest_s)
        tries = 0
        while True:
            left_s = until - self._clock.monotonic()
            span_s = time_for_try(left_s, tries=tries, retries=wanted.retries)
            answer = await self._followed(out, wanted, hosts, self._clock.monotonic() + span_s)
            tries += 1
            failed = _failed(answer, wanted)
            if failed is None:
                return answer, tries
            pause_s = pause_before_next(
                failed,
                tries=tries,
                retries=wanted.retries,
                repeatable=out.repeatable,
                left_s=until - self._clock.monotonic(),
                spread=self._spread(),
            )
            if pause_s is None:
                return answer, tries
            await asyncio.sleep(pause_s)

    async def _followed(
        self, out: Outgoing, wanted: Request, hosts: tuple[str, ...], until: float
    ) -> Answer | NoAnswer:
        """One try, with the redirects that it leads through; the last of too many is the answer."""
        for hop in range(MOST_REDIRECTS + 1):
            answer = await self._http.exchange(
                out,
                time_s=max(0.0, until - self._clock.monotonic()),
                max_bytes=min(wanted.max_bytes, self._max_bytes),
            )
            location = _location(answer, wanted)
            if location is None or hop == MOST_REDIRECTS:
                break
            try:
                out = redirected(out, cast(Answer, answer).status, location)
                if not self._may(out, hosts):
                    return _forbidden(f"redirected to {out.origin}, which is not on the list of hosts")
            except (HostError, ValueError):
                return _forbidden("redirected to an address that cannot be used")
        return answer


def _forbidden(detail: str) -> NoAnswer:
    return NoAnswer("forbidden", detail, FailedTry("final", sent=False))


def _location(answer: Answer | NoAnswer, wanted: Request) -> str | None:
    if not isinstance(answer, Answer) or answer.status not in REDIRECTS or answer.status in wanted.expect:
        return None
    return answer.headers.get("Location")


def _failed(answer: Answer | NoAnswer, wanted: Request) -> FailedTry | None:
    """None: whatever it is, trying again would not change it."""
    if isinstance(answer, NoAnswer):
        return answer.failed
    if answer.status in RETRIED_STATUSES and answer.status not in wanted.expect:
        return FailedTry("status", sent=True, after_s=retry_after_s(answer.headers.get("Retry-After")))
    return None


def _ended(wanted: Request, answer: Answer | NoAnswer, took_s: float) -> RequestEnded:
    op = wanted.op
    if isinstance(answer, NoAnswer):
        return RequestEnded(op, answer.outcome, took_s=took_s, detail=answer.detail)
    status = answer.status
    expected = status in wanted.expect if wanted.expect else 200 <= status < 300
    body: JsonValue = None
    fault = ""
    if answer.body is not None:
        try:
            body = decode(answer.body, answer.content_type, answer.charset)
        except BodyError as error:
            fault = str(error)
    if not expected:
        detail = f"redirected more than {MOST_REDIRECTS} times" if status in REDIRECTS else ""
        return RequestEnded(op, "status", status, body, took_s, detail)
    if answer.body is None:
        return RequestEnded(op, "too_large", status, None, took_s, f"more than {wanted.max_bytes} bytes")
    if fault:
        return RequestEnded(op, "invalid", status, None, took_s, fault)
    return RequestEnded(op, "ok", status, body, took_s)
