"""The recogniser's streams in a call's trace: implements `Ears` over another one."""

from __future__ import annotations

from collections.abc import AsyncIterator

from opentelemetry.trace import Span, Status, StatusCode

from asr.passed_on import PassedOn
from asr.protocol import AsrUnavailable, Ears, Failed, Final, Heard, Hearing, ListenRequest, SpeechBegan
from ivr.call.shared_ears import rank
from ivr.tracing.spans import CallSpans

_USES = ("dialogue", "talk", "recording")


class TracedEars:
    def __init__(self, ears: Ears, spans: CallSpans) -> None:
        self._ears = ears
        self._spans = spans

    def languages(self) -> frozenset[str]:
        return self._ears.languages()

    async def open(self, request: ListenRequest) -> Hearing:
        about = {"hotline.language": request.language, "hotline.use": _USES[rank(request)]}
        span = self._spans.listening(request.label, about)
        if span is None:
            return await self._ears.open(request)
        try:
            return TracedHearing(await self._ears.open(request), span)
        except AsrUnavailable as refused:
            span.set_attribute("hotline.refused", refused.cause)
            span.set_status(Status(StatusCode.ERROR))
            span.end()
            raise


class TracedHearing(PassedOn):
    """Implements `Hearing`. What was said is not told, only when, by which engine and how surely."""

    def __init__(self, hearing: Hearing, span: Span) -> None:
        super().__init__(hearing)
        self._span = span

    async def __aiter__(self) -> AsyncIterator[Heard]:
        async for heard in self._hearing:
            match heard:
                case SpeechBegan():
                    self._span.add_event("speech began")
                case Final():
                    self._span.add_event(
                        "understood",
                        {"hotline.engine": heard.engine, "hotline.confidence": heard.confidence or 0.0},
                    )
                case Failed():
                    self._span.add_event("failed", {"hotline.cause": heard.cause})
                    self._span.set_status(Status(StatusCode.ERROR))
                case _:
                    pass
            yield heard

    async def aclose(self) -> None:
        try:
            await self._hearing.aclose()
        finally:
            self._span.end()
