"""The one way in for what agents and supervisors do outside a talk: telephones, screens and tests call these methods.

Every method takes first who does it (`people.Author`), checks whether that role may, tells the board, and gives back
how things are then. What touches only the board is synchronous. Raises DeskError (`errors.py`), with the state
unchanged. An act of power - on somebody else - is written down with author and reason, also when it was refused.
"""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from ivr.clock import Clock
from ivr.desk.errors import CodeNeeded, DeskError, NotAllowed, NotNow, Unknown, WhyNeeded, WrongPin
from ivr.desk.forcing import ForcedOut
from ivr.desk.looking import Floor, LastCall, Looking
from ivr.desk.people import WANTS_WHY, Act, Author, may
from ivr.desk.views import AgentView, EntryView, entry_view
from ivr.guesses import Guesses
from ivr.ids import ChannelId
from ivr.talk.conversations import Conversations
from ivr.talk.service import TalkService
from routing import agents as ag
from routing.agents import Agent, IllegalTransition
from routing.board_events import (
    AgentActed,
    AgentChanged,
    AgentKnown,
    EntryChanged,
    EntryMoved,
    Fact,
    Ignored,
    Tick,
)
from routing.ids import AgentId, EntryId, QueueName, SkillName
from routing.rules import QueueRules
from storage.act_records import ActRecord
from storage.records import Fact as StoredFact
from storage.wrap_up_records import WrapUpRecord

log = logging.getLogger(__name__)

BREAK = "break"
"""The reason of a pause for which none is given."""
OWN_CALL_WRAP_UP_S = 10.0
"""After a call of an agent's own, who may be offered nothing for so long."""
WRONG_PINS: Final = (5, 300.0)
"""So many within so many seconds, and none of that agent's is heard until they are older."""


class Desk(Looking):
    """put: where facts go, never waits. hang_up: ends a telephone's channel, soon. pins: agents who need one to log in.

    reminded: told of an agent who is in a state for longer than the hotline wants. refused: of one whose telephone
    refuses calls before it rings, once. in_talk: hold, transfer, conference ... of a talk that goes on.
    """

    def __init__(
        self,
        floor: Floor,
        clock: Clock,
        put: Callable[[StoredFact], None],
        talks: Conversations,
        hang_up: Callable[[ChannelId], None],
        pins: Mapping[str, str] | None = None,
        reminded: Callable[[AgentView, float], None] = lambda view, after_s: None,
        in_talk: TalkService | None = None,
        refused: Callable[[AgentView], None] = lambda view: None,
    ) -> None:
        super().__init__(floor, clock)
        self._put = put
        self._forced_out = ForcedOut(talks, hang_up)
        self._pins = dict(pins or {})
        self._guesses = Guesses(*WRONG_PINS)
        self._reminded = reminded
        self._refused = refused
        self.in_talk = in_talk
        self._numbers = itertools.count()
        self._run = secrets.token_hex(4)
        floor.watch(self._see)

    # --- what agents do

    def log_in(self, by: Author, agent: str = "", pin: str = "") -> AgentView:
        """Logged in and free for calls: from a pause too."""
        known = self._subject(by, "log_in", agent)
        if by.role == "agent":
            self._check_pin(known.id, pin)
        event = ag.Unpause() if known.state == "paused" else ag.LogIn()
        return self._do(by, "log_in", known, None if known.state == "available" else event)

    def log_out(self, by: Author, agent: str = "", why: str = "") -> AgentView:
        """In the middle of a call: after it (`AgentView.leaving`)."""
        known = self._subject(by, "log_out", agent)
        return self._do(by, "log_out", known, None if known.state == "offline" else ag.LogOut(), why)

    def pause(self, by: Author, reason: str = "", agent: str = "", why: str = "") -> AgentView:
        """reason: by name or key; of those that the hotline lists, if it lists any. "" = a break."""
        known = self._subject(by, "pause", agent)
        limits = self._floor.board.rules.agents
        named = limits.reason(reason) if reason else BREAK
        if named is None:
            raise Unknown("unknown_reason", reason)
        return self._do(by, "pause", known, ag.Pause(named), why)

    def unpause(self, by: Author, agent: str = "", why: str = "") -> AgentView:
        known = self._subject(by, "unpause", agent)
        return self._do(by, "unpause", known, None if known.state == "available" else ag.Unpause(), why)

    def wrap_up_done(self, by: Author, code: str = "", agent: str = "") -> AgentView:
        """code: by name or key; of those that the call's queue offers."""
        known = self._subject(by, "wrap_up", agent)
        if known.state != "wrap_up":
            raise NotNow(what=known.state)
        named, queue = self._code(known, code)
        if queue is not None and queue.wrap_up_code_required and not named:
            raise CodeNeeded()
        return self._do(by, "wrap_up", known, ag.WrapUpDone(named))

    def extend_wrap_up(self, by: Author, by_s: float = 60.0, agent: str = "") -> AgentView:
        known = self._subject(by, "extend", agent)
        return self._do(by, "extend", known, ag.ExtendWrapUp(by_s))

    def call_out(self, by: Author, call: str, agent: str = "") -> AgentView:
        """The agent calls somebody: talking from now on, until `call_out_ended`."""
        known = self._subject(by, "call_out", agent)
        if known.own_call == call:
            return self.agent(known.id)
        queue = self._queue_of(known)
        if known.state == "wrap_up" and queue is not None and queue.wrap_up_code_required:
            raise CodeNeeded()
        return self._do(by, "call_out", known, ag.CallOut(call))

    def call_out_ended(self, agent: str, call: str) -> None:
        """Harmless when a supervisor's force was quicker."""
        known = self._floor.board.agents.get(AgentId(agent))
        if known is not None and known.own_call == call and known.state in ag.IN_CALL:
            self._floor.apply(AgentActed(known.id, ag.CallOutEnded(OWN_CALL_WRAP_UP_S)))

    def code_dialled(self, agent: str, call: str) -> None:
        """The call in which an agent dialled a code is over: who became free in it can be rung now."""
        known = self._floor.board.agents.get(AgentId(agent))
        if known is not None and known.own_call == call and known.state in ag.IN_CALL:
            self._floor.apply(AgentActed(known.id, ag.CallOutEnded(0.0)))

    # --- what supervisors do

    def set_skills(self, by: Author, agent: str, skills: Mapping[str, int], why: str) -> AgentView:
        """In force at once, for those already waiting too; the agent's state stays."""
        known = self._subject(by, "set_skills", agent, why)
        for skill, level in skills.items():
            if SkillName(skill) not in self._floor.board.rules.skills:
                raise Unknown("unknown_skill", skill)
            if not 1 <= level <= 5:
                raise Unknown("bad_level", f"{skill} {level}")
        new = {SkillName(skill): level for skill, level in skills.items()}
        self._floor.apply(AgentKnown(replace(known, skills=new)))
        before = {str(skill): level for skill, level in known.skills.items()}
        self._wrote(by, "set_skills", "agent", known.id, why, {"before": before, "after": dict(skills)})
        return self.agent(known.id)

    def set_queues(self, by: Author, agent: str, queues: Collection[str], why: str) -> AgentView:
        known = self._subject(by, "set_queues", agent, why)
        for queue in queues:
            if QueueName(queue) not in self._floor.board.rules.queues:
                raise Unknown("unknown_queue", queue)
        self._floor.apply(AgentKnown(replace(known, queues=frozenset(map(QueueName, queues)))))
        data = {"before": sorted(known.queues), "after": sorted(queues)}
        self._wrote(by, "set_queues", "agent", known.id, why, data)
        return self.agent(known.id)

    def force(
        self, by: Author, agent: str, to: Literal["offline", "available", "paused"], why: str
    ) -> AgentView:
        """From any state, at once. A talk of the agent's ends; a call that was offered goes to the next agent."""
        known = self._subject(by, "force", agent, why)
        if to not in ("offline", "available", "paused"):
            raise Unknown("unknown_state", to)
        view = self._do(by, "force", known, ag.Force(to, by.id, why), why, {"before": known.state, "to": to})
        if known.state in ag.IN_CALL:
            self._forced_out.end(known.id)
        return view

    def move(
        self,
        by: Author,
        entry: str,
        why: str,
        *,
        queue: str | None = None,
        priority: int | None = None,
        skills: Mapping[str, int] | None = None,
    ) -> EntryView:
        """A waiting entry to another queue, priority or demand; what is None stays. The age counts on."""
        self._allow(by, "move", "", why, subject=entry)
        board = self._floor.board
        waiting = board.entry(EntryId(entry))
        if waiting is None:
            raise Unknown("unknown_entry", entry)
        if queue is not None and QueueName(queue) not in board.rules.queues:
            raise Unknown("unknown_queue", queue)
        wanted = None if skills is None else {SkillName(name): level for name, level in skills.items()}
        unknown = [name for name in wanted or {} if name not in board.rules.skills]
        if unknown:
            raise Unknown("unknown_skill", unknown[0])
        to = None if queue is None else QueueName(queue)
        moved = EntryMoved(waiting.id, by.id, why, to, priority, wanted)
        if any(isinstance(result, Ignored) for result in self._floor.apply(moved)):
            raise NotNow(what=waiting.state)
        data = {
            "from": waiting.queue,
            "priority_from": waiting.priority,
            "to": queue,
            "priority": priority,
            "skills": None if skills is None else dict(skills),
        }
        self._wrote(by, "move", "entry", entry, why, data, waiting.call_id)
        after = board.entry(waiting.id)
        return entry_view(after or waiting, board, self._clock.now())

    # --- within

    def _subject(self, by: Author, act: Act, agent: str, why: str = "") -> Agent:
        # What is due comes first: the state that the act meets is the one of this moment.
        self._floor.apply(Tick())
        known = self._known(agent or by.agent)
        self._allow(by, act, known.id, why, subject=known.id)
        return known

    def _allow(self, by: Author, act: Act, agent: str, why: str, *, subject: str) -> None:
        if not may(by, act, agent):
            refused = NotAllowed(what=by.role)
            self._wrote(by, act, "agent" if agent else "entry", subject, why, {"refused": refused.code})
            raise refused
        if act in WANTS_WHY and not why.strip():
            raise WhyNeeded()

    def _check_pin(self, agent: AgentId, pin: str) -> None:
        """Raises WrongPin, also for the right one after too many that were not."""
        wanted, now = self._pins.get(agent), self._clock.monotonic()
        if wanted is None:
            return
        heard = self._guesses.heard(agent, now)
        # As bytes: of texts only ASCII can be compared, and what is dialled may be anything.
        if heard and secrets.compare_digest(wanted.encode(), pin.encode(errors="replace")):
            self._guesses.right(agent)
            return
        if heard:
            self._guesses.wrong(agent, now)
        log.warning("agent %s: wrong PIN%s", agent, "" if heard else ", and too many before it")
        raise WrongPin()

    def _do(
        self,
        by: Author,
        act: Act,
        agent: Agent,
        event: ag.AgentAct | None,
        why: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> AgentView:
        """event: None = it is so already."""
        refused: DeskError | None = None
        if event is not None:
            try:
                self._floor.apply(AgentActed(agent.id, event, by.engaged))
            except IllegalTransition as illegal:
                log.info("no effect: %s", illegal)
                refused = NotNow(what=agent.state)
        if by.agent != agent.id:
            more = {} if refused is None else {"refused": refused.code}
            self._wrote(by, act, "agent", agent.id, why, {**(data or {}), **more})
        if refused is not None:
            raise refused
        return self.agent(agent.id)

    def _code(self, agent: Agent, said: str) -> tuple[str, QueueRules | None]:
        queue = self._queue_of(agent)
        if not said:
            return "", queue
        rules = self._floor.board.rules
        named = rules.wrap_up_code(QueueName("") if queue is None else queue.name, said)
        if named is None:
            if rules.wrap_up_codes:
                raise Unknown("unknown_code", said)
            named = said  # a hotline that lists none takes any
        return named, queue

    def _wrote(
        self,
        by: Author,
        act: Act,
        kind: Literal["agent", "entry"],
        subject: str,
        why: str,
        data: Mapping[str, Any],
        call_id: str = "",
    ) -> None:
        id = f"act-{self._run}-{next(self._numbers)}"
        record = ActRecord(
            id, self._clock.now(), by.id, kind, act, call_id, subject, why, {"role": by.role, **data}
        )
        self._put(record)
        log.info("%s %s did %s to %s %s", by.role, by.id, act, kind, subject)

    def _see(self, fact: Fact, at: dt.datetime) -> None:
        """Told by the dispatcher of every fact."""
        if isinstance(fact, EntryChanged) and fact.after.state == "joined" and fact.after.agent is not None:
            self._last[fact.after.agent] = LastCall(fact.after.queue, fact.after.call_id)
        elif isinstance(fact, AgentChanged):
            last = self._last.get(fact.after.id)
            wrapped_up = WrapUpRecord.of(fact, at, "" if last is None else last.call_id)
            if wrapped_up is not None:
                self._put(wrapped_up)
            if isinstance(fact.event, ag.Reserve | ag.CallOut):
                self._forced_out.busy_anew(fact.after.id)
            if fact.after.do_not_disturb and (fact.before is None or not fact.before.do_not_disturb):
                log.warning("agent %s: the telephone refuses calls before it rings", fact.after.id)
                self._refused(self.agent(fact.after.id))
            if isinstance(fact.event, ag.TimeUp):
                log.warning(
                    "agent %s: %g s in a state, then %s", fact.after.id, fact.event.after_s, fact.event.then
                )
                self._reminded(self.agent(fact.after.id), fact.event.after_s)
