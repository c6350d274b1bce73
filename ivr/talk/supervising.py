"""What supervisors do with talks: listen, whisper to the agent, join, take over. One service, for screens and tests.

    outcome = await supervising.listen("s1", "a1001", why="new colleague")   # Supervised | NotSupervised
    outcome = await supervising.whisper("s1", "a1001", why="...")            # the same telephone, another mode
    await supervising.stop("s1")

Whom `by` names is decided by whoever calls; so is who may. The first act rings the supervisor's own telephone and is
over when it has answered and the mode is reached; the next ones change the mode. Several supervisors may be at one
talk; each is at one talk at a time. Every act stands among the acts of power (`storage/act_records.py`, kind `talk`),
with who and why, also one that came to nothing. The call's journal (`supervised`) has that the telephone answered
(`answered`), each mode that was reached, and the end (`ended`).

Moving an entry and forcing an agent's state are the desk's (`ivr/desk`).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ivr.ari.interface import Ari
from ivr.call.ports import Queues
from ivr.clock import Clock
from ivr.ids import CallId
from ivr.talk.conversations import Conversation, Conversations
from ivr.talk.people import Company
from ivr.talk.registry import Talks
from ivr.talk.supervising_state import Mode, NotSupervised, Outcome, Supervised
from ivr.talk.supervision import Supervision
from ivr.talk.supervisor_phone import supervisor_phone
from routing.ids import AgentId
from storage.act_records import ActRecord

log = logging.getLogger(__name__)

KIND: Final = "talk"


@dataclass(frozen=True, slots=True)
class AtTalk:
    """For screens: who is at which talk, how. agent: who has the citizen, "" = nobody now."""

    supervisor: str
    call: CallId
    agent: str
    mode: Mode


class Supervising:
    """Is told of every talk (`conversations.Watcher`, `registry.Companion`). `run` holds the tasks: without it nobody
    is rung.

    endpoint_of: a supervisor's id to ARI's endpoint, None: no such telephone. tell_agent: whether the agent hears a
    tone when somebody begins to listen.
    """

    def __init__(
        self,
        ari: Ari,
        clock: Clock,
        conversations: Conversations,
        talks: Talks,
        queues: Queues,
        put: Callable[[ActRecord], None],
        endpoint_of: Callable[[str], str | None],
        *,
        tell_agent: bool = False,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._ari = ari
        self._clock = clock
        self._conversations = conversations
        self._talks = talks
        self._queues = queues
        self._put = put
        self._endpoint_of = endpoint_of
        self._tell_agent = tell_agent
        self._changed = changed
        self._now: dict[str, Supervision] = {}
        self._group: asyncio.TaskGroup | None = None
        conversations.watch(self)
        talks.accompany(self)

    async def run(self) -> None:
        """Until cancelled; then every supervisor's telephone is let go before this returns."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self._group = None

    # --- what supervisors do. target: the id of an agent who is in a talk, or of a call

    async def listen(self, by: str, target: str, *, why: str) -> Outcome:
        """The supervisor hears both, and is heard by nobody."""
        return await self._act("listen", by, target, why)

    async def whisper(self, by: str, target: str, *, why: str) -> Outcome:
        """The supervisor hears both, and is heard by the agent only."""
        return await self._act("whisper", by, target, why)

    async def join(self, by: str, target: str, *, why: str) -> Outcome:
        """All three hear each other. Not while the citizen is on hold or away: `not_now`."""
        return await self._act("join", by, target, why)

    async def take_over(self, by: str, target: str, *, why: str) -> Outcome:
        """The supervisor has the citizen, the agent goes to wrap-up. There is no way back but a transfer."""
        return await self._act("take_over", by, target, why)

    async def stop(self, by: str, *, why: str = "") -> Outcome:
        """The supervisor's telephone is let go. Who has taken the call over ends it so."""
        supervision = self._now.get(by)
        if supervision is None or supervision.mode is None:
            return NotSupervised("not_supervising")
        mode = supervision.mode
        self._record("stop", by, supervision.call, self._agent(supervision.call), why, mode)
        supervision.end()
        return Supervised(supervision.call, mode)

    def now(self) -> tuple[AtTalk, ...]:
        return tuple(
            AtTalk(by, one.call, self._agent(one.call), one.mode)
            for by, one in self._now.items()
            if one.mode is not None and not one.over.done()
        )

    # --- the talk (`Watcher`; on the loop, never waits)

    def joined(self, conversation: Conversation) -> None:
        self._talk_changed(conversation.call)

    def parted(self, conversation: Conversation) -> None:
        self._talk_changed(conversation.call)

    # --- who is with whom in it (`Companion`)

    async def moving(self, call: str) -> None:
        for supervision in list(self._now.values()):
            if supervision.call == call:
                await supervision.make_way()

    def moved(self, call: str) -> None:
        self._talk_changed(CallId(call))

    def _talk_changed(self, call: CallId) -> None:
        for supervision in list(self._now.values()):
            if supervision.call != call:
                continue
            if not self._goes_on(call):
                supervision.end()
            elif self._group is not None:
                self._group.create_task(self._follow(supervision), name=f"{call} supervisor follows")

    # --- within

    async def _follow(self, supervision: Supervision) -> None:
        if not supervision.settled:
            await supervision.follow()
            self._changed()

    async def _act(self, mode: Mode, by: str, target: str, why: str) -> Outcome:
        conversation = self._conversation(by, target)
        outcome: Outcome
        if conversation is None:
            outcome = NotSupervised("no_talk")
        elif conversation.agent == by and by not in self._now:
            outcome = NotSupervised("own_call")
        else:
            outcome = await self._reach(mode, by, conversation)
        call = CallId("") if conversation is None else conversation.call
        agent = "" if conversation is None else conversation.agent
        self._record(mode, by, call, agent, why, outcome)
        if isinstance(outcome, Supervised) and conversation is not None:
            conversation.note("supervised", {"by": by, "mode": mode, "agent": agent})
        self._changed()
        return outcome

    async def _reach(self, mode: Mode, by: str, conversation: Conversation) -> Outcome:
        while (known := self._now.get(by)) is not None:
            if not known.over.done():
                if known.mode is None:
                    return NotSupervised("not_now")  # the telephone still rings
                if known.call == conversation.call:
                    return await known.change(mode)
                if known.mode == "take_over":
                    return NotSupervised("not_now")
                known.end()
            await known.gone.wait()
        if not self._goes_on(conversation.call):
            # While the telephone was let go; nobody would tell of the end any more.
            return NotSupervised("gone")
        return await self._begin(mode, by, conversation)

    async def _begin(self, mode: Mode, by: str, conversation: Conversation) -> Outcome:
        endpoint = self._endpoint_of(by)
        if endpoint is None or self._group is None:
            return NotSupervised("unknown_phone")
        call = conversation.call
        supervision = Supervision(
            self._ari,
            self._talks,
            call,
            by,
            lambda: self._company(call, by),
            tell_agent=self._tell_agent,
        )
        self._now[by] = supervision
        supervision.over.add_done_callback(lambda _: self._ended(supervision, conversation))
        began: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        work = self._run(supervision, mode, endpoint, conversation, began)
        self._group.create_task(work, name=f"{call} supervised by {by}")
        return await asyncio.shield(began)

    async def _run(
        self,
        supervision: Supervision,
        mode: Mode,
        endpoint: str,
        conversation: Conversation,
        began: asyncio.Future[Outcome],
    ) -> None:
        def begin(outcome: Outcome) -> None:
            if not began.done():
                began.set_result(outcome)

        by, call = supervision.supervisor, supervision.call
        shown = f"{mode} {conversation.agent}"
        try:
            ringing = supervisor_phone(self._ari, self._queues, call, by, endpoint, shown, supervision.over)
            async with ringing as leg:
                if leg is None:
                    begin(NotSupervised("gone" if supervision.over.done() else "no_answer"))
                else:
                    # Also where no mode is reached: an agent's own history says that this call was answered.
                    note = {"by": by, "mode": "answered", "agent": conversation.agent}
                    conversation.note("supervised", note)
                    await supervision.hold(leg, mode, begin)
        except Exception:
            log.exception("a supervisor is not with a talk (any more)")
        finally:
            begin(NotSupervised("gone"))
            if self._now.get(by) is supervision:
                del self._now[by]
            supervision.gone.set()
            self._changed()

    @staticmethod
    def _ended(supervision: Supervision, conversation: Conversation) -> None:
        """At once: the call's journal may be closed when the telephone has been let go."""
        if supervision.mode is not None:
            conversation.note("supervised", {"by": supervision.supervisor, "mode": "ended"})

    def _goes_on(self, call: CallId) -> bool:
        return self._talks.of_call(call) is not None or bool(self._conversations.of_call(call))

    def _conversation(self, by: str, target: str) -> Conversation | None:
        """The talk that is meant, with the agent who has the citizen, or who was named."""
        named = self._conversations.of_agent(AgentId(target))
        if named is not None:
            return named
        known = self._now.get(by)
        if known is not None and known.mode == "take_over" and target == by:
            return self._owner(known.call)
        return self._owner(CallId(target))

    def _owner(self, call: CallId) -> Conversation | None:
        found = self._conversations.of_call(call)
        talking = self._talks.of_call(call)
        owner = "" if talking is None or talking.state.owner is None else talking.state.owner.name
        return next((one for one in found if one.agent == owner), found[-1] if found else None)

    def _company(self, call: CallId, by: str) -> Company | None:
        """Of whoever has the citizen; None: nobody has, or the supervisor."""
        owner, talking = self._owner(call), self._talks.of_call(call)
        if owner is None or talking is None or owner.agent == by:
            return None
        return talking.company_of(owner.agent)

    def _agent(self, call: CallId) -> str:
        owner = self._owner(call)
        return "" if owner is None else owner.agent

    def _record(self, act: str, by: str, call: CallId, agent: str, why: str, outcome: Outcome | Mode) -> None:
        data: dict[str, str] = {}
        match outcome:
            case NotSupervised(code):
                data["refused"] = code
            case Supervised():
                pass
            case mode:
                data["mode"] = mode
        id, now = f"act-{secrets.token_hex(8)}", self._clock.now()
        self._put(ActRecord(id, now, by, KIND, act, call, agent, why, data))
