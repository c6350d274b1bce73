"""What may happen in a shift, as data: drawn by `drawing.py`, told in plain words, carried out by `acting.py`.

Whom a step is about is a number: the that many-th of those who are there when it happens. A step about nobody does
nothing, so that steps can be left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

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
AGENTS: Final = ("a1", "a2", "a3")


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
