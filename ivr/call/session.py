"""One citizen's call: runs the dialogue's pure machine and carries out what it wants on the real channel.

Theory of operation. Everything that can happen (events of Asterisk, timers, recognition, the dispatcher) becomes a
message in one inbox. The session takes one message at a time, steps the machine and has its actions carried out
(`parts.py`), each by the part that knows how: prompts (`player.py`), listening, recordings, the queue and its agents
(`waiting.py`), other parties (`transfer.py`), programs outside (`errands.py`), what is heard in between
(`background.py`). What takes long is a child task of the call's own TaskGroup, which ends with the call.

When the caller hangs up, what needs the caller ends and the machine is told. A dialogue that has something to do after
the hang-up goes on silently, at most `TAIL_S`; the call's end on record is that of the hang-up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from functools import partial
from typing import Final

from ivr.ari.bus import BRIDGED
from ivr.call.callers_channel import CallersChannel
from ivr.call.going_on import GoingOn, adopted
from ivr.call.keeping import Keeper
from ivr.call.letting_go import let_go
from ivr.call.parts import Parts
from ivr.call.ports import CallerFacts
from ivr.call.put_off import PutOff
from ivr.call.saved import SavedCall
from ivr.call.seen import SeenCall
from ivr.call.services import CallServices as CallServices
from ivr.call.services import GapSeen, LegLost, Message, Offered, OpenCall, Withdrawn
from ivr.errors import AriError, first_of
from ivr.flow import machine
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import (
    HungUp,
    Input,
    QueueEnded,
)
from ivr.flow.model import FlowLibrary
from ivr.flow.state import CallFacts
from ivr.ids import CallId, ChannelId
from ivr.log import call_context

log = logging.getLogger(__name__)

QUIET_CHECK_S: Final = 60.0
"""After so long without any message the channel is asked for: a lost hang-up must not leave a call for ever."""
CLEAN_UP_S: Final = 5.0
TAIL_S: Final = 60.0
"""How long a dialogue may go on after the caller has hung up."""


def _nothing() -> None:
    pass


class CallSession(SeenCall):
    """`run()` takes the call from its arrival to its end. One instance, one call."""

    def __init__(
        self,
        services: CallServices,
        library: FlowLibrary,
        call: CallId,
        channel: ChannelId,
        facts: CallerFacts,
        saved: SavedCall | None = None,
        promised: Collection[str] = (),
    ) -> None:
        """saved: the call goes on where an earlier controller left it. promised: entries of its that are promises to
        call back by now."""
        self._services = services
        self._library = library
        arrived_at = services.clock.now() if saved is None else saved.arrived_at
        super().__init__(OpenCall(services, call, channel, facts, arrived_at, self._keep), arrived_at)
        self._own = CallersChannel(self._here)
        self._saved = saved
        self._promised = promised
        self.going_on = asyncio.Event()
        """A call of an earlier controller is wholly this one's, or over."""
        self._keeper = Keeper(services, call, channel, facts, self.arrived_at, saved)
        self._task: asyncio.Task[None] | None = None
        self._forsaken = False
        self._tail_ends: float | None = None
        """On the loop's clock: when a dialogue that goes on after the hang-up is ended."""
        self._quiet = PutOff(self._here.nothing_heard)

    # --- what others tell

    def look(self) -> None:
        """Asterisk does not list the caller's channel any more: make sure."""
        self._here.tell(GapSeen())

    def cut_off(self) -> None:
        """Asterisk has ended, or is away for good, and the caller's line with it."""
        self._here.gap(cut_off=True)

    def keep_unread(self) -> None:
        """What has happened, and the dialogue has not been told yet, is for whoever goes on with the call."""
        self._keep()

    def forsake(self) -> None:
        """Another controller has this call from now on: it ends here as if killed, Asterisk and records untouched."""
        self._forsaken = True
        if self._task is not None:
            self._task.cancel()

    # --- the call

    async def run(self) -> None:
        """Returns when the call is over and nothing of it is left. Raises only CancelledError."""
        call_context.set(self.call)
        self._task = asyncio.current_task()
        here, history = self._here, self._here.history
        with here.ari.bus.mailbox(self.call, unwanted=BRIDGED) as mailbox:
            mailbox.watch(self.channel)
            parts = self._parts = Parts(here, self._library, mailbox)
            try:
                async with asyncio.TaskGroup() as group:
                    here.begin(group)
                    here.spawn(self._own.read(mailbox, parts), "events")
                    try:
                        if self._saved is None:
                            await self._begin(parts)
                        else:
                            await self._go_on(parts, self._saved)
                        self.going_on.set()
                        await self._converse(parts)
                    except asyncio.CancelledError:
                        # The controller stops; or a child failed, and then its error is written over this.
                        history.failed("shutdown")
                        raise
                    finally:
                        here.stop_children()
            except* AriError as errors:
                log.error("the call's session lost Asterisk: %s", "; ".join(map(str, errors.exceptions)))
                history.failed(str(first_of(errors)))
            except* Exception as errors:
                log.error("the call's session failed; it goes on in the dialplan", exc_info=errors)
                history.failed(repr(first_of(errors)))
            finally:
                self.going_on.set()
                await self._close(parts)
                parts.let_loose()
                self._quiet.close()
                self._here.keep = _nothing
                self._parts = None

    async def _begin(self, parts: Parts) -> None:
        here = self._here
        with self._services.together:
            if self._saved is None:
                self._keeper.arrived()
            here.history.arrived()
        if not self.facts.answered:
            await self._own.answer()
        facts = CallFacts(
            call_id=self.call,
            caller=self.facts.caller,
            number=self.facts.called,
            language=self.facts.language,
            speech=self._speech(),
            history=self.facts.history,
            facts={"outbound": bool(self._services.outbound.numbers), **self._whose()},
            hours=self._services.hours(),
        )
        with self._services.together:
            now = self._services.clock.now()
            step = machine.start(self._library, self.facts.entry_flow, facts, now)
            self._state = step.state
            requests = parts.begin(step.actions, now)
        await parts.ask(requests)
        # A dialogue may begin with what is heard between prompts: the ringing of whoever is called, music.
        await parts.tend_background(asking=False)
        if here.gone:
            here.hung_up("caller")

    async def _go_on(self, parts: Parts, saved: SavedCall) -> None:
        """Where an earlier controller left it."""
        here = self._here
        here.gone = saved.gone
        here.history.resume(saved.history, saved.written, saved.acts)
        if saved.state is None:
            await self._begin(parts)
        elif not saved.state.ended:
            self._state = saved.state
            take = partial(self._take, parts=parts)
            await GoingOn(here, parts, saved, self._promised, self._masked, take).resume()
            if here.history.over:
                self._tail_ends = asyncio.get_running_loop().time() + TAIL_S
            await parts.tend_background(asking=bool(self._state.held))
        else:
            self._state = saved.state
        here.history.caught_up(saved.said)
        if saved.revision:
            adopted(here, saved)
        self._keep()

    async def _converse(self, parts: Parts) -> None:
        assert self._state is not None
        while not self._state.ended:
            message = await self._next_message()
            if message is None:
                log.error("the dialogue went on for %.0f s after the hang-up: ended", TAIL_S)
                break
            await self._own.asterisk_answers()
            await self._take(message, parts)
        await parts.recorder.finish("stopped")

    def _speech(self) -> tuple[str, ...]:
        """The languages that are understood; of agents, who press keys, none."""
        if self.facts.agent:
            return ()
        return tuple(sorted(self._services.ears.languages() & set(self._library.languages)))

    def _whose(self) -> dict[str, JsonValue]:
        return {"agent": self.facts.agent} if self.facts.agent else {}

    async def _next_message(self) -> Message | None:
        """None: the caller has gone, and the dialogue has had its time since."""
        loop, inbox = asyncio.get_running_loop(), self._here.inbox
        quiet_until = loop.time() + QUIET_CHECK_S
        if self._tail_ends is not None:
            # A dialogue that never waits must not keep others from their turn.
            await asyncio.sleep(0)
            if loop.time() >= self._tail_ends:
                return None
            quiet_until = min(quiet_until, self._tail_ends)
        self._quiet.put_off(quiet_until)
        return await inbox.get()

    def _keep(self) -> None:
        """How the call stands now, for whoever may have to go on with it."""
        if self._state is not None and self._parts is not None and not self._here.resuming:
            self._keeper.keep(self._state, self._here, self._parts)

    async def _take(self, message: Message, parts: Parts) -> None:
        match message:
            case Offered(offer):
                parts.waiting.serving.begin(offer)
            case Withdrawn(offer):
                parts.waiting.serving.stop(offer)
            case GapSeen(cut_off=True):
                self._own.cut_off()
            case LegLost() | GapSeen():
                await self._own.check_alive()
                if not self._here.gone:
                    await parts.look()
            case HungUp():
                self._tail_ends = asyncio.get_running_loop().time() + TAIL_S
                parts.part()
                await self._step(message, parts)
            case QueueEnded() if not parts.waiting.line.ended(message) and not self._here.gone:
                pass  # of a place that was given up meanwhile
            case _:
                await self._step(message, parts)
        if isinstance(message, Offered | Withdrawn):
            self._keep()
        await parts.tend_background(asking=self._state is not None and bool(self._state.held))
        self._services.changed()

    async def _step(self, event: Input, parts: Parts) -> None:
        if self._state is None:
            raise RuntimeError("an input before the dialogue began")
        now = self._services.clock.now()
        with self._services.together:
            self._here.history.input(event, now, masked=self._masked())
            step = machine.step(self._library, self._state, event, now)
            self._state = step.state
            requests = parts.begin(step.actions, now)
        await parts.ask(requests)

    def _masked(self) -> bool:
        """What is pressed at this node is personal (a ticket, an identity card): it stays out of the journal."""
        node = self._library.nodes.get(self._state.node) if self._state is not None else None
        return node is not None and node.masked

    # --- the end

    async def _close(self, parts: Parts) -> None:
        here = self._here
        parts.close()
        if self._services.callbacks is not None:
            self._services.callbacks.released(self.call)
        if self._forsaken:
            log.warning("left to another controller")
            return
        try:
            if not here.gone:
                async with asyncio.timeout(CLEAN_UP_S):
                    over = self._state is not None and self._state.ended
                    await let_go(here.ari, self.channel, over=over, agent=self.facts.agent)
        except (AriError, TimeoutError) as error:
            log.error("channel left to the reconciler: %s", error or "no answer")
            here.to_end = self._state is not None and self._state.ended
        finally:
            topic = self._state.variables.get("topic") if self._state is not None else ""
            with self._services.together:
                here.history.ended(self.language, self._services.clock.now(), str(topic or ""))
                self._keeper.over()
