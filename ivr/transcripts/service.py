"""What may be done with transcripts, for whoever asks: the command line now, the web later.

    service = TranscriptService(store)
    transcript = await service.show("c-n1-1")
    page = await service.search(Wanted("漏水 -误报", queue="general"))
    line = await service.correct("c-n1-1", "3", "水管漏水了", by="a1", why="misheard")

`hide` are the classes of what is personal that the reader may not see; who that is, is decided by whoever calls. To see
more than HIDDEN_BY_DEFAULT leaves open, `by` must name who looks, and the look is on record before anything is given.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Any, Final, Literal

from ivr.errors import CorrectionConflict, TranscriptError, TranscriptMissing
from ivr.transcripts.excerpt import excerpt
from ivr.transcripts.finding import Hit, Page, Wanted
from ivr.transcripts.restoring import restored
from ivr.transcripts.shown import ShownLine, Transcript, parse_line_id, shown_line, transcript
from storage.personal.chinese import words
from storage.personal.mask import mask
from storage.personal.spans import HIDDEN_BY_DEFAULT, PersonalClass
from storage.records import SpeechSource, TranscriptLine
from storage.search_query import QueryFault, parse
from storage.store import Store, UnitOfWork
from storage.transcript_records import Correction, TranscriptAct
from storage.transcript_search import TranscriptSearch

LONGEST_TEXT: Final = 5000
MOST_A_PAGE: Final = 200


class TranscriptService:
    """Used by any number of tasks. Everything raises StorageError beside what it says."""

    def __init__(
        self, store: Store, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    ) -> None:
        self._store = store
        self._now = now

    async def show(
        self, call_id: str, *, hide: Collection[PersonalClass] = HIDDEN_BY_DEFAULT, by: str = ""
    ) -> Transcript:
        """Raises TranscriptMissing when nothing of the call is in writing."""
        await self._looked("show", hide, by, call_id)
        async with self._store.reading() as uow:
            return await self._shown(uow, call_id, hide)

    async def search(
        self, wanted: Wanted, *, hide: Collection[PersonalClass] = HIDDEN_BY_DEFAULT, by: str = ""
    ) -> Page:
        """Raises TranscriptError when the words cannot be looked for.

        Who may not see something does not find by it either: only who sees everything searches in everything.
        """
        if not 1 <= wanted.limit <= MOST_A_PAGE:
            raise TranscriptError(f"a page has 1 to {MOST_A_PAGE} lines", mend="ask for fewer, page by page")
        try:
            query = await asyncio.to_thread(parse, wanted.words, words)
        except QueryFault as error:
            raise TranscriptError(str(error), mend='words, "phrases", -without') from None
        await self._looked("search", hide, by, wanted.call_id or "")
        search = TranscriptSearch(
            query,
            wanted.speaker,
            wanted.source,
            wanted.language,
            wanted.since,
            wanted.until,
            wanted.queue,
            wanted.agent,
            wanted.call_id,
            clear=not hide,
            below=wanted.after,
            limit=wanted.limit + 1,
        )
        async with self._store.reading() as uow:
            found = await uow.found_transcripts.find(search)
            calls = {call.id: call for call in await uow.calls.some({one.line.call_id for one in found})}

        def hits() -> list[Hit]:
            shown = []
            for one in found[: wanted.limit]:
                call = calls.get(one.line.call_id)
                line = shown_line(one.line, call.started_at if call else one.line.begins, hide)
                part = excerpt(line.text, query, line.language)
                shown.append(Hit(one.line.call_id, one.line.begins, line, part))
            return shown

        more = found[wanted.limit - 1].number if len(found) > wanted.limit else None
        return Page(tuple(await asyncio.to_thread(hits)), more)

    async def correct(
        self,
        call_id: str,
        line_id: str,
        text: str,
        *,
        by: str,
        why: str,
        revision: int | None = None,
        clear: bool = False,
    ) -> ShownLine:
        """revision: of the line as the author saw it (`ShownLine.revision`), None: as it is now.

        clear: the author saw what is hidden by default, and wrote it anew where it belongs; else each word that stands
        for it (【电话】) is replaced by what it stands for. An empty text says that nothing was said there.
        Raises TranscriptMissing, CorrectionConflict, TranscriptError.
        """
        text = " ".join(text.split())
        if not by or not why:
            raise TranscriptError("a correction has an author and a reason", mend="say who, and why")
        if len(text) > LONGEST_TEXT:
            raise TranscriptError(f"a line has at most {LONGEST_TEXT} characters", mend="shorten it")
        party, seq = _key(line_id)
        async with self._store.unit_of_work() as uow:
            line = await uow.transcripts.get(call_id, party, seq)
            if line is None:
                raise TranscriptMissing(
                    f"{call_id} has no line {line_id}", mend=f"`ivr transcripts show {call_id}` lists them"
                )
            if revision is not None and revision != line.revision:
                raise _conflict(call_id, line_id)
            if not clear:
                masked = await asyncio.to_thread(mask, line.shown, HIDDEN_BY_DEFAULT, line.language)
                text = restored(text, line.shown, masked, line.language)
            if text == line.shown:
                raise TranscriptError("that is what the line says already", mend="nothing is to be done")
            made = Correction(
                call_id, party, seq, line.revision + 1, self._now(), by, why, before=line.shown, after=text
            )
            if not await uow.transcripts.correct(made):
                raise _conflict(call_id, line_id)
            changed = await uow.transcripts.get(call_id, party, seq)
            assert changed is not None
            began_at = await self._began(uow, call_id, changed)
        hide = frozenset() if clear else HIDDEN_BY_DEFAULT
        return await asyncio.to_thread(shown_line, changed, began_at, hide)

    async def history(
        self, call_id: str, *, hide: Collection[PersonalClass] = HIDDEN_BY_DEFAULT, by: str = ""
    ) -> tuple[Correction, ...]:
        """Every correction of a call, oldest first, with what is hidden hidden before and after."""
        await self._looked("show", hide, by, call_id)
        async with self._store.reading() as uow:
            made = await uow.transcripts.corrections(call_id)
            languages = {(line.party, line.seq): line.language for line in await uow.transcripts.of(call_id)}

        def masked(one: Correction) -> Correction:
            language = languages.get((one.party, one.seq), "")
            before, after = (mask(text, hide, language).text for text in (one.before, one.after))
            return Correction(
                one.call_id, one.party, one.seq, one.revision, one.at, one.author, one.reason, before, after
            )

        return tuple(await asyncio.to_thread(lambda: [masked(one) for one in made]))

    async def export(
        self,
        since: dt.datetime,
        until: dt.datetime,
        *,
        by: str,
        hide: Collection[PersonalClass] = HIDDEN_BY_DEFAULT,
    ) -> AsyncIterator[Transcript]:
        """Of every call in which something was said then, whole calls, by id. On record whatever is hidden."""
        if not by:
            raise TranscriptError("an export is on record", mend="say who takes it")
        span = {"since": since.isoformat(), "until": until.isoformat()}
        await self._note("export", by, "", {"hide": sorted(hide), **span})
        after = ""
        while True:
            async with self._store.reading() as uow:
                calls = await uow.transcripts.calls(since, until, after)
            for call_id in calls:
                async with self._store.reading() as uow:
                    yield await self._shown(uow, call_id, hide)
            if not calls:
                return
            after = calls[-1]

    async def erase(self, call_id: str, *, by: str, why: str) -> int:
        """All of a call, with its corrections, for good. How many lines there were. Raises TranscriptMissing."""
        if not by or not why:
            raise TranscriptError("an erasure has an author and a reason", mend="say who, and why")
        erased = await self._erase(call_id=call_id)
        if not erased:
            raise TranscriptMissing(f"nothing of {call_id} is in writing")
        await self._note("erase", by, call_id, {"lines": erased, "why": why})
        return erased

    async def erase_old(self, keep_days: Mapping[SpeechSource, float]) -> Mapping[SpeechSource, int]:
        """Lines older than their source's days (0: kept for ever), with their corrections. How many, of each source."""
        now, erased = self._now(), dict[SpeechSource, int]()
        for source, days in keep_days.items():
            if days <= 0:
                continue
            count = await self._erase(source=source, before=now - dt.timedelta(days=days))
            if count:
                erased[source] = count
        if erased:
            await self._note("erase", "retention", "", {"lines": dict(erased)})
        return erased

    async def index(self, *, missing: bool = True) -> int:
        """Makes lines searchable: those that are not yet, or all of them anew. How many there were."""
        count, last = 0, 0
        while True:
            async with self._store.unit_of_work() as uow:
                some, last = await uow.transcripts.index(last, missing=missing)
            if not some:
                return count
            count += some

    async def acts(self, call_id: str | None = None, limit: int = 100) -> tuple[TranscriptAct, ...]:
        """Who looked, took away, erased: the newest first."""
        async with self._store.reading() as uow:
            return tuple(await uow.transcripts.acts(call_id, limit))

    async def _erase(
        self,
        source: SpeechSource | None = None,
        before: dt.datetime | None = None,
        call_id: str | None = None,
    ) -> int:
        """Part by part, so that nobody who writes waits long."""
        erased = 0
        while True:
            async with self._store.unit_of_work() as uow:
                count = await uow.transcripts.erase(source=source, before=before, call_id=call_id)
            erased += count
            if not count:
                break
        if erased:
            async with self._store.unit_of_work() as uow:
                await uow.transcripts.forget_words()
        return erased

    async def _shown(self, uow: UnitOfWork, call_id: str, hide: Collection[PersonalClass]) -> Transcript:
        lines = await uow.transcripts.of(call_id)
        if not lines:
            raise TranscriptMissing(
                f"nothing of {call_id} is in writing", mend="see whether the call's id is right"
            )
        began_at = await self._began(uow, call_id, lines[0])
        return await asyncio.to_thread(transcript, call_id, began_at, lines, hide)

    @staticmethod
    async def _began(uow: UnitOfWork, call_id: str, first: TranscriptLine) -> dt.datetime:
        """Of a call that is not on record (yet), its first line."""
        call = await uow.calls.get(call_id)
        return first.begins if call is None else call.started_at

    async def _looked(
        self, act: Literal["show", "search"], hide: Collection[PersonalClass], by: str, call_id: str
    ) -> None:
        seen = sorted(HIDDEN_BY_DEFAULT - set(hide))
        if not seen:
            return
        if not by:
            raise TranscriptError("whoever looks at what is hidden is put on record", mend="say who looks")
        await self._note(act, by, call_id, {"seen": seen})

    async def _note(
        self,
        act: Literal["show", "search", "export", "erase"],
        by: str,
        call_id: str,
        data: Mapping[str, Any],
    ) -> None:
        async with self._store.unit_of_work() as uow:
            await uow.transcripts.noted(TranscriptAct(self._now(), by, act, call_id, data))


def _key(line_id: str) -> tuple[str, int]:
    try:
        return parse_line_id(line_id)
    except ValueError:
        raise TranscriptMissing(
            f"`{line_id}` is no line", mend="a line is a number, or PARTY:NUMBER, as `show` gives it"
        ) from None


def _conflict(call_id: str, line_id: str) -> CorrectionConflict:
    return CorrectionConflict(
        f"line {line_id} of {call_id} was corrected by somebody else meanwhile",
        mend="look at it again, then correct what is left",
    )
