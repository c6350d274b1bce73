"""What may happen in a shift, as data: drawn by Hypothesis, told in plain words, carried out by `acting.py`.

Whom a step is about is a number: the that many-th of those who are there when it happens. A step about nobody does
nothing, so that steps can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

AgentCode = Literal["login", "logout", "pause", "ready"]
InTalkAct = Literal[
    "hold",
    "resume",
    "mute",
    "transfer",
    "consult",
    "complete",
    "back",
    "swap",
    "three_way",
    "add",
    "leave",
    "drop",
    "park",
    "to_flow",
]
Target = Literal["a1", "a2", "a3", "general", "line", "police"]
Mode = Literal["listen", "whisper", "join", "take_over", "stop"]
PhoneKind = Literal["answers", "slow", "never", "busy", "reject", "unregistered", "short"]
AriTrouble = Literal["fails", "slow", "unanswered", "gone"]
EVENTS: Final = (
    "StasisStart",
    "StasisEnd",
    "ChannelDestroyed",
    "ChannelHangupRequest",
    "ChannelStateChange",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "ChannelDtmfReceived",
    "PlaybackStarted",
    "PlaybackFinished",
    "RecordingStarted",
    "RecordingFinished",
    "Dial",
)
COMMANDS: Final = (
    "*",
    "channels.answer",
    "channels.create",
    "channels.dial",
    "channels.hangup",
    "channels.play_with_id",
    "channels.continue_in_dialplan",
    "bridges.create_with_id",
    "bridges.add_channel",
    "bridges.remove_channel",
    "bridges.destroy",
    "playbacks.stop",
)


@dataclass(frozen=True, slots=True)
class Call:
    """number: of so many telephones; who calls again is known again. key: pressed in the menu, "" = none."""

    number: int
    key: str

    def __str__(self) -> str:
        return f"citizen {self.number} calls" + (f", and presses {self.key} in the menu" if self.key else "")


@dataclass(frozen=True, slots=True)
class Press:
    citizen: int
    keys: str

    def __str__(self) -> str:
        return f"caller {self.citizen} presses {self.keys}"


@dataclass(frozen=True, slots=True)
class Speak:
    citizen: int
    seconds: float

    def __str__(self) -> str:
        return f"caller {self.citizen} speaks for {self.seconds:g} s"


@dataclass(frozen=True, slots=True)
class HangUp:
    citizen: int

    def __str__(self) -> str:
        return f"caller {self.citizen} hangs up"


@dataclass(frozen=True, slots=True)
class CalledOneHangsUp:
    """A citizen who is called back, or a number that was brought in."""

    which: int

    def __str__(self) -> str:
        return f"outside party {self.which} hangs up"


@dataclass(frozen=True, slots=True)
class CalledOnePresses:
    which: int
    keys: str

    def __str__(self) -> str:
        return f"outside party {self.which} presses {self.keys}"


@dataclass(frozen=True, slots=True)
class Code:
    agent: str
    code: AgentCode

    def __str__(self) -> str:
        return f"{self.agent}: {self.code}"


@dataclass(frozen=True, slots=True)
class Dial:
    agent: str
    digits: str

    def __str__(self) -> str:
        return f"{self.agent} dials {self.digits}"


@dataclass(frozen=True, slots=True)
class PhoneIs:
    """Of an agent, the supervisor, or the numbers outside."""

    whose: str
    kind: PhoneKind

    def __str__(self) -> str:
        return f"the telephone of {self.whose} is from now on: {self.kind}"


@dataclass(frozen=True, slots=True)
class AgentHangsUp:
    agent: str

    def __str__(self) -> str:
        return f"{self.agent} hangs up"


@dataclass(frozen=True, slots=True)
class InTalk:
    """agent: or another one who is in a talk."""

    agent: str
    act: InTalkAct
    to: Target

    def __str__(self) -> str:
        to = f" {self.to}" if self.act in ("transfer", "consult", "add") else ""
        return f"{self.agent} in the talk: {self.act}{to}"


@dataclass(frozen=True, slots=True)
class PickUp:
    agent: str
    slot: int

    def __str__(self) -> str:
        return f"{self.agent} picks up the call parked {self.slot}."


@dataclass(frozen=True, slots=True)
class Supervise:
    mode: Mode
    agent: str

    def __str__(self) -> str:
        return f"the supervisor: {self.mode} {self.agent}"


@dataclass(frozen=True, slots=True)
class Force:
    agent: str
    to: Literal["offline", "available", "paused"]

    def __str__(self) -> str:
        return f"the supervisor forces {self.agent} to be {self.to}"


@dataclass(frozen=True, slots=True)
class Move:
    entry: int
    queue: Literal["general", "line"]

    def __str__(self) -> str:
        return f"the supervisor moves entry {self.entry} to {self.queue}"


@dataclass(frozen=True, slots=True)
class CancelPromise:
    which: int

    def __str__(self) -> str:
        return f"promise {self.which} is cancelled"


@dataclass(frozen=True, slots=True)
class CallBack:
    which: int

    def __str__(self) -> str:
        return f"missed call {self.which} is to be called back"


# --- what goes wrong


@dataclass(frozen=True, slots=True)
class Lose:
    kind: str
    count: int

    def __str__(self) -> str:
        return f"the next {self.count} {self.kind} are lost"


@dataclass(frozen=True, slots=True)
class Garble:
    kind: str
    count: int

    def __str__(self) -> str:
        return f"the next {self.count} {self.kind} come as broken JSON"


@dataclass(frozen=True, slots=True)
class Double:
    kind: str
    count: int

    def __str__(self) -> str:
        return f"the next {self.count} {self.kind} come twice"


@dataclass(frozen=True, slots=True)
class Cut:
    """The websocket. asterisk: Asterisk itself is killed."""

    away_s: float
    asterisk: bool

    def __str__(self) -> str:
        what = "Asterisk is killed, and" if self.asterisk else "the websocket is"
        return f"{what} away for {self.away_s:g} s"


@dataclass(frozen=True, slots=True)
class Ari:
    command: str
    trouble: AriTrouble
    count: int

    def __str__(self) -> str:
        how = {
            "fails": "fail (500)",
            "slow": "are answered 2 s late",
            "unanswered": "are carried out and not answered",
            "gone": "come just after a channel of theirs has gone",
        }[self.trouble]
        return f"the next {self.count} of {self.command} {how}"


@dataclass(frozen=True, slots=True)
class DatabaseIs:
    state: Literal["away", "frozen"]
    lasts_s: float

    def __str__(self) -> str:
        return f"the database is {self.state} for {self.lasts_s:g} s"


@dataclass(frozen=True, slots=True)
class Kill:
    """after: moments (facts, commands, statements) from now."""

    after: int
    away_s: float

    def __str__(self) -> str:
        when = f"after {self.after} more moments" if self.after else "now"
        return f"the controller is killed {when}; nobody is there for {self.away_s:g} s"


@dataclass(frozen=True, slots=True)
class Restart:
    def __str__(self) -> str:
        return "the controller is ended, and started again"


Act = (
    Call
    | Press
    | Speak
    | HangUp
    | CalledOneHangsUp
    | CalledOnePresses
    | Code
    | Dial
    | PhoneIs
    | AgentHangsUp
    | InTalk
    | PickUp
    | Supervise
    | Force
    | Move
    | CancelPromise
    | CallBack
)
Fault = Lose | Garble | Double | Cut | Ari | DatabaseIs | Kill | Restart


@dataclass(frozen=True, slots=True)
class Step:
    """then_s: time that passes after it."""

    what: Act | Fault
    then_s: float

    def __str__(self) -> str:
        return f"{self.what}" + (f"; {self.then_s:g} s pass" if self.then_s else "")


@dataclass(frozen=True, slots=True)
class Shift:
    """seed: of what is left to chance; jitter_s: the most by which an event is late, beside those of other channels."""

    steps: tuple[Step, ...]
    seed: int = 0
    jitter_s: float = 0.004
    citizen_first: bool = False

    def __str__(self) -> str:
        order = "citizen" if self.citizen_first else "agent"
        head = f"seed {self.seed}, events up to {self.jitter_s:g} s late, callbacks ring the {order} first"
        return "\n".join([head, *(f"{n:3}. {step}" for n, step in enumerate(self.steps, 1))])


AGENTS: Final = ("a1", "a2", "a3")
some = st.integers(0, 3)
agents = st.sampled_from(AGENTS)
KEYS: Final = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "13800000001#", "1234", "*", "#", "21")

acts: SearchStrategy[Act] = st.one_of(
    st.builds(Call, some, st.sampled_from(("", *"123456789"))),
    st.builds(Call, some, st.sampled_from("23")),
    st.builds(Code, agents, st.just("login")),
    st.builds(Press, some, st.sampled_from(KEYS)),
    st.builds(Press, some, st.sampled_from(("2", "3"))),
    st.builds(HangUp, some),
    st.builds(Code, agents, st.sampled_from(get_args(AgentCode))),
    st.builds(Code, agents, st.just("login")),
    st.builds(InTalk, agents, st.sampled_from(get_args(InTalkAct)), st.sampled_from(get_args(Target))),
    st.builds(InTalk, agents, st.sampled_from(get_args(InTalkAct)), st.sampled_from(get_args(Target))),
    st.builds(AgentHangsUp, agents),
    st.builds(PhoneIs, st.sampled_from((*AGENTS, "s1", "outside")), st.sampled_from(get_args(PhoneKind))),
    st.builds(Supervise, st.sampled_from(get_args(Mode)), agents),
    st.one_of(
        st.builds(Speak, some, st.sampled_from((0.5, 3.0, 30.0))),
        st.builds(CalledOneHangsUp, some),
        st.builds(CalledOnePresses, some, st.sampled_from(("1", "2", "*"))),
        st.builds(Dial, agents, st.sampled_from(("*45", "*46", "*471", "*48", "*49110", "*491380000000"))),
        st.builds(PickUp, agents, st.integers(0, 1)),
        st.builds(Force, agents, st.sampled_from(("offline", "available", "paused"))),
        st.builds(Move, some, st.sampled_from(("general", "line"))),
        st.builds(CancelPromise, some),
        st.builds(CallBack, some),
    ),
)
faults: SearchStrategy[Fault] = st.one_of(
    st.builds(Lose, st.sampled_from(EVENTS), st.integers(1, 2)),
    st.builds(Garble, st.sampled_from(EVENTS), st.integers(1, 2)),
    st.builds(Double, st.sampled_from(EVENTS), st.integers(1, 3)),
    st.builds(Cut, st.sampled_from((0.01, 0.5, 4.0, 20.0)), st.sampled_from((False, False, True))),
    st.builds(
        Ari,
        st.sampled_from(COMMANDS),
        st.sampled_from(get_args(AriTrouble)),
        st.sampled_from((1, 2, 5, 30)),
    ),
    st.builds(DatabaseIs, st.sampled_from(("away", "frozen")), st.sampled_from((0.5, 5.0, 30.0))),
    st.builds(Restart),
    st.builds(
        Kill,
        st.one_of(st.just(0), st.integers(1, 40)),
        st.sampled_from((0.0, 0.5, 5.0, 30.0)),
    ),
)
doubled = st.builds(Double, st.sampled_from(EVENTS), st.integers(1, 3))
busy: SearchStrategy[Act | Fault] = st.one_of(
    st.builds(Call, some, st.sampled_from("235568")),
    st.builds(Code, agents, st.just("login")),
    st.builds(InTalk, agents, st.sampled_from(get_args(InTalkAct)), st.sampled_from(get_args(Target))),
    st.builds(InTalk, agents, st.sampled_from(get_args(InTalkAct)), st.sampled_from(get_args(Target))),
    st.builds(Supervise, st.sampled_from(get_args(Mode)), agents),
    st.builds(AgentHangsUp, agents),
    st.builds(HangUp, some),
    acts,
)
"""What is done where talks go on."""
pauses = st.sampled_from((1.0, 0.0, 0.01, 0.3, 3.0, 8.0, 25.0))
short_pauses = st.sampled_from((1.0, 0.0, 0.01, 0.05, 0.3, 3.0, 6.0))
BEGUN: Final = (
    *(Step(Code(agent, "login"), 0.0) for agent in AGENTS),
    Step(Call(0, "2"), 1.0),
    Step(Call(1, "3"), 6.0),
)
"""Two citizens talk with agents, and one agent is free."""


def shifts(most: int = 40) -> SearchStrategy[Shift]:
    """Some with people only, some in which something goes wrong too; some begin with talks. most: steps."""

    def of(
        what: SearchStrategy[Act | Fault],
        pause: SearchStrategy[float] = pauses,
        begun: tuple[Step, ...] = (),
    ) -> SearchStrategy[Shift]:
        # Nothing, mostly not: a long list gets shorter by steps that become nothing.
        step = st.builds(Step, what, pause)
        maybe = st.integers(0, 9).flatmap(lambda some: step if some else st.none())
        several = st.lists(maybe, min_size=most - len(begun), max_size=most - len(begun))
        return st.builds(
            Shift,
            several.map(lambda drawn: (*begun, *(one for one in drawn if one is not None))),
            st.integers(0, 1000),
            st.sampled_from((0.004, 0.0, 0.05, 0.4)),
            st.booleans(),
        )

    return st.one_of(
        of(st.one_of(acts, acts, acts, doubled)),
        of(st.one_of(acts, acts, acts, faults)),
        of(st.one_of(busy, busy, busy, doubled), short_pauses, BEGUN),
        of(st.one_of(busy, busy, busy, faults), short_pauses, BEGUN),
    )
