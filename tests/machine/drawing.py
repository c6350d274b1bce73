"""How shifts are drawn by Hypothesis: what people do, what goes wrong, and how often each."""

from __future__ import annotations

from typing import Final, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from tests.machine.steps import (
    AGENTS,
    Act,
    AgentCode,
    AgentHangsUp,
    Ari,
    AriTrouble,
    Call,
    CallBack,
    CalledOneHangsUp,
    CalledOnePresses,
    CancelPromise,
    Code,
    Cut,
    DatabaseIs,
    Dial,
    Double,
    Fault,
    Force,
    Garble,
    HangUp,
    InTalk,
    InTalkAct,
    Kill,
    Lose,
    Mode,
    Move,
    PhoneIs,
    PhoneKind,
    PickUp,
    Press,
    Restart,
    Shift,
    Speak,
    Step,
    Supervise,
    Target,
)

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
