"""What the refused hear: a short announcement in the hotline's languages, then the end. Never silence, never a session.

So many hear it at once (`MOST_AT_ONCE`) and no more: beyond, a call ends with the network's own tone for congestion, so
that a flood cannot fill Asterisk with announcements. What happened is on record as a call of outcome `refused`; who was
refused for want of room is owed a call (`ivr/missed`). Where the controller itself is what there is too little of,
Asterisk says it alone.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

from ivr.admission.rules import Refuse
from ivr.admission.sent_away import SentAway
from ivr.ari.bus import Mailbox
from ivr.ari.generated.events import (
    ChannelDestroyed,
    ChannelHangupRequest,
    PlaybackFinished,
    StasisEnd,
)
from ivr.ari.interface import Ari
from ivr.ari.results import Gone
from ivr.call.ports import CallerFacts, PromptAudio
from ivr.call.whisper import sounds_there
from ivr.clock import Clock
from ivr.errors import AriError
from ivr.flow.actions import JsonValue, Prompt
from ivr.ids import CallId, ChannelId, child_id
from ivr.log import call_context
from ivr.projections.calls import NOT_ADMITTED, call_of
from storage.journal_versions import version_of
from storage.records import CallRecord, Fact, JournalEvent

log = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 200
MARGIN_S: Final = 5.0
FULL: Final = "line.full"
BARRED: Final = "line.barred"
EMERGENCY: Final = "emergency.numbers"
SAID: Final = (FULL, BARRED, EMERGENCY)


class Refusals:
    """put: gives facts to the database. languages: in which it is said, one after the other.

    hurried: whether the controller is late; then Asterisk says it by itself (`sent_away.py`), as far as it can.
    """

    def __init__(
        self,
        ari: Ari,
        audio: Callable[[], PromptAudio],
        put: Callable[[Fact], None],
        clock: Clock,
        node: str,
        languages: Sequence[str],
        most_at_once: int = MOST_AT_ONCE,
        hurried: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ari = ari
        self._audio = audio
        self._put = put
        self._clock = clock
        self._node = node
        self._languages = tuple(languages)
        self._most_at_once = most_at_once
        self._hurried = hurried
        self._away = SentAway(ari, clock, most_at_once)
        self.open = 0
        """Announcements being heard now."""
        self.unheard = 0
        """Refused without an announcement since the start."""

    @property
    def sent_away(self) -> int:
        """Announcements that Asterisk plays alone now."""
        return self._away.open

    async def refuse(self, call: CallId, channel: ChannelId, facts: CallerFacts, refused: Refuse) -> None:
        """In a task of its own. Returns when the caller has gone. Raises only CancelledError."""
        arrived_at = self._clock.now()
        call_context.set(call)
        if refused.reason != "overload":  # of which the gate tells once, and not for each of hundreds
            log.log(
                logging.ERROR if refused.reason == "full" else logging.WARNING,
                "a call by %s is refused: %s",
                facts.trunk or "an unknown way",
                refused.reason,
            )
        arrived = JournalEvent(
            call,
            1,
            arrived_at,
            "arrived",
            {
                "entry": facts.entry_flow,
                "version": facts.flow_version,
                "caller": facts.caller,
                "called": facts.called,
                "language": facts.language,
                "endpoint": facts.trunk,
                "agent": "",
            },
            version_of("arrived"),
        )
        told: dict[str, JsonValue] = {"reason": refused.reason, "treatment": refused.treatment}
        # Before it is said: a controller that is killed meanwhile leaves a refusal, not a call that was lost.
        journal = [arrived, JournalEvent(call, 2, arrived_at, NOT_ADMITTED, told)]
        for event in journal:
            self._put(event)
        self._put(_record(journal))
        by: Literal["caller", "system"] = "system"
        try:
            by = await self._told(call, channel, refused)
        except AriError as error:
            self._ari.bus.pass_over(channel)
            log.warning("a refused caller is left to the reconciler: %s", error)
        finally:
            end = end_of_refusal(journal, by, self._clock.now())
            self._put(end)
            self._put(_record([*journal, end]))

    async def _told(self, call: CallId, channel: ChannelId, refused: Refuse) -> Literal["caller", "system"]:
        """Says it and hangs up. Gives who ended the call."""
        media, seconds = self._sounds(refused)
        if refused.reason == "overload" or (refused.reason != "nuisance" and self._hurried()):
            if media and await self._away.send(channel, media, seconds):
                self._ari.bus.pass_over(channel)
                return "system"
            media = []
        if not media or self.open >= self._most_at_once:
            self._ari.bus.pass_over(channel)
            self.unheard += 1
            silently = refused.treatment == "reject"
            await self._ari.channels.hangup(channel_id=channel, reason="normal" if silently else "congestion")
            return "system"
        self.open += 1
        try:
            with self._ari.bus.mailbox(call) as mailbox:
                playback = child_id(call, "play")
                mailbox.watch(channel, playback)
                played = await self._ari.channels.play_with_id(
                    channel_id=channel, playback_id=playback, media=media
                )
                if isinstance(played, Gone) or await self._gone_before_end(mailbox, seconds + MARGIN_S):
                    return "caller"
                await self._ari.channels.hangup(channel_id=channel, reason="normal")
                return "system"
        finally:
            self.open -= 1

    async def _gone_before_end(self, mailbox: Mailbox, longest_s: float) -> bool:
        try:
            async with asyncio.timeout(longest_s):
                async for event in mailbox:
                    if isinstance(event, PlaybackFinished):
                        return False
                    if isinstance(event, ChannelHangupRequest | ChannelDestroyed | StasisEnd):
                        return True
        except TimeoutError:
            log.warning("no end reported for an announcement; the call is ended")
        return False

    def _sounds(self, refused: Refuse) -> tuple[list[str], float]:
        if refused.treatment == "reject":
            return [], 0.0
        barred = refused.reason == "nuisance"
        prompts = (Prompt(BARRED),) if barred else (Prompt(FULL), Prompt(EMERGENCY))
        audio, media, seconds = self._audio(), [], 0.0
        for language in self._languages:
            there, lasts_s = sounds_there(audio, prompts, language)
            media += there
            seconds += lasts_s
        return media, seconds


def unsaid(texts: Mapping[str, Mapping[str, str]], languages: Sequence[str]) -> list[str]:
    """What the refused do not hear since it has no text: `line.full in en`. texts: prompt -> language -> text."""
    return [
        f"{prompt} in {language}"
        for prompt in SAID
        for language in languages
        if not texts.get(prompt, {}).get(language)
    ]


def was_refused(journal: Sequence[JournalEvent]) -> bool:
    return any(event.kind == NOT_ADMITTED for event in journal)


def end_of_refusal(
    journal: Sequence[JournalEvent], by: Literal["caller", "system"], now: dt.datetime
) -> JournalEvent:
    """Of a call that was not admitted, also by a controller that is gone."""
    arrived = journal[0]
    end: dict[str, JsonValue] = {
        "outcome": "refused",
        "by": by,
        "cause": 16,
        "hung_up_at": now.isoformat(),
        "language": arrived.data["language"],
        "topic": "",
        "queue": "",
        "agent": "",
        "agents": [],
        "again": False,
    }
    return JournalEvent(arrived.call_id, journal[-1].seq + 1, now, "ended", end, version_of("ended"))


def _record(journal: Sequence[JournalEvent]) -> CallRecord:
    """What `ivr rebuild` would make of it."""
    folded = call_of(journal)
    assert folded is not None
    return folded.record
