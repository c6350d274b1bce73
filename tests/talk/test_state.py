"""The table of a talk: whatever happens in whatever order, nobody is left alone, and everybody is somebody's."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ivr.talk import events as ev
from ivr.talk.people import CITIZEN, LetGo, Move, Ring, SendBack, Talk, Tell, rooms
from ivr.talk.results import Stage
from ivr.talk.state import NotNow, begin, step
from ivr.talk.table import TRANSITIONS
from ivr.talk.targets import ToAgent, ToNumber, ToQueue

TARGETS = (ToAgent("a2"), ToQueue("second"), ToNumber("110"))
ACTS: tuple[ev.Event, ...] = (
    ev.Hold(),
    ev.Resume(),
    ev.Mute(True),
    ev.Mute(False),
    *(ev.Blind(to) for to in TARGETS),
    *(ev.Consult(to) for to in TARGETS),
    *(ev.Add(to) for to in TARGETS),
    ev.Complete(),
    ev.GoBack(),
    ev.Swap(),
    ev.Merge(),
    ev.Leave(),
    ev.Drop(),
    ev.Park(),
    ev.PickUp("a3"),
    ev.ToFlow("survey"),
    ev.ToFlow("identity", come_back=True),
)
HAPPENINGS: tuple[ev.Event, ...] = (
    ev.OwnerGone(),
    ev.OtherGone(),
    *(ev.ThirdGone(f"p{number}") for number in range(1, 6)),
    ev.Answered("a9"),
    ev.NotAnswered("busy"),
    ev.ParkedTooLong(),
    ev.CameIn("s1"),
    ev.CameIn("s2", "number"),
    ev.FlowEnded(),
    ev.LongEnough(),
    ev.CitizenGone(),
)
AGENT = {
    "talking": {"hold": "hold", "consult": "consulting"},
    "hold": {"resume": "talking", "consult": "consulting"},
}
AGENT["consulting"] = {"resume": "talking"}
"""The part of routing/agents.py's table that a talk uses; `test_the_board_has_these_arrows` compares the two."""


@dataclass
class World:
    """Carries out what the talk wants, as the shell does, and knows what nobody may see."""

    talk: Talk = field(default_factory=lambda: begin("a1"))
    telephones: set[str] = field(default_factory=lambda: {"p1"})
    """Answered and not let go."""
    ringing: set[str] = field(default_factory=set)
    where: dict[str, str] = field(default_factory=lambda: {CITIZEN: "main", "p1": "main"})
    board: dict[str, str] = field(default_factory=lambda: {"p1": "talking"})

    def happens(self, event: ev.Event) -> None:
        before = self.talk
        gone = {ev.OwnerGone: before.owner, ev.OtherGone: before.other}.get(type(event))
        try:
            after, actions = step(before, event)
        except NotNow:
            assert type(event) not in TRANSITIONS[before.stage] or not isinstance(event, HANDLED_ALWAYS)
            return
        if isinstance(event, ev.Answered):
            assert before.other is not None
            self.ringing.remove(before.other.id)
            self.telephones.add(before.other.id)
            self.board[before.other.id] = "talking"
        if isinstance(event, ev.NotAnswered) and before.other is not None:
            self.ringing.discard(before.other.id)
        if isinstance(event, ev.CameIn):
            self.telephones.add(f"p{after.people}")
            self.board[f"p{after.people}"] = "talking"
        self.talk = after
        for action in actions:
            match action:
                case Move(who, was, now):
                    assert self.where.get(who, "") == was
                    assert was != now
                    self.where[who] = now
                case Ring(person):
                    self.ringing.add(person.id)
                case LetGo(person):
                    self.telephones.discard(person.id)
                    self.ringing.discard(person.id)
                    self.where.pop(person.id, None)
                    self.board.pop(person.id, None)
                case SendBack(person):
                    self.board.pop(person.id)
                case Tell(person, act):
                    self.board[person.id] = AGENT[self.board[person.id]][act]
                case _:
                    pass
        assert gone is None or gone.id not in self.telephones

    def check(self) -> None:
        talk = self.talk
        persons = set(talk.persons)
        assert self.telephones | self.ringing == persons, "a telephone that is nobody's"
        assert not self.telephones & self.ringing
        if talk.stage == "ended":
            assert not persons
            assert talk.outcome
            return
        assert {who: room for who, room in rooms(talk).items()} == self.where
        self._not_alone()
        if talk.owner is not None:
            wanted = {"held": "hold", "away": "hold", "calling": "consulting", "consulting": "consulting"}
            assert self.board[talk.owner.id] == wanted.get(talk.stage, "talking")

    def _not_alone(self) -> None:
        """Whoever is in a room alone is the owner, who is free to act; a citizen who waits has somebody to wait for."""
        inside = [room for room in ("main", "aside") if list(self.where.values()).count(room) == 1]
        owner = self.talk.owner.id if self.talk.owner is not None else ""
        for room in inside:
            (who,) = [one for one, at in self.where.items() if at == room]
            assert who == owner, f"{who} is alone in {room}"
        if self.where[CITIZEN] == "music":
            assert owner or self.talk.stage == "parked"
        if self.where[CITIZEN] == "ringing":
            assert self.ringing
        for who, room in self.where.items():
            if room == "music" and who != CITIZEN:
                assert owner, f"{who} hears music for ever"


HANDLED_ALWAYS = (ev.CitizenGone, ev.LongEnough)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from((*ACTS, *HAPPENINGS[:-2])), max_size=25))
def test_nobody_is_left_alone_whatever_happens(events: list[ev.Event]) -> None:
    world = World()
    world.check()
    for event in events:
        if isinstance(event, (ev.Answered, ev.NotAnswered)) and not world.ringing:
            continue  # nobody rings
        world.happens(event)
        world.check()


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from((*ACTS, *HAPPENINGS[:-2])), max_size=15),
    st.permutations([ev.OwnerGone(), ev.OtherGone(), *(ev.ThirdGone(f"p{n}") for n in range(1, 8))]),
)
def test_every_talk_ends_when_its_telephones_go(events: list[ev.Event], going: list[ev.Event]) -> None:
    """When everybody but the citizen has gone, and who is rung does not answer, the citizen is in line, with the
    dialogue, or it is over: never in a talk with nobody."""
    world = World()
    for event in events:
        if not isinstance(event, (ev.Answered, ev.NotAnswered)) or world.ringing:
            world.happens(event)
    for _ in range(4):
        for event in going:
            world.happens(event)
            world.check()
        world.happens(ev.ParkedTooLong())
        if world.ringing:
            world.happens(ev.NotAnswered("no_answer"))
    assert world.talk.stage == "ended"


@pytest.mark.parametrize("stage", [stage for stage in TRANSITIONS if stage != "ended"])
def test_a_citizen_who_goes_ends_every_talk(stage: Stage) -> None:
    assert TRANSITIONS[stage][ev.CitizenGone] == "ended"
    assert TRANSITIONS[stage][ev.LongEnough] == "ended"


def test_the_board_has_these_arrows() -> None:
    from routing import agents as ag

    names = {"hold": ag.Hold, "resume": ag.Resume, "consult": ag.Consult}
    for state, arrows in AGENT.items():
        for act, after in arrows.items():
            assert ag.TRANSITIONS[state][names[act]] == after  # type: ignore[index]


def test_every_stage_is_in_the_table_and_can_be_reached() -> None:
    reached: set[str] = set()
    frontier = [begin("a1")]
    seen = set()
    while frontier:
        talk = frontier.pop()
        if talk in seen or talk.people > 4:
            continue
        seen.add(talk)
        reached.add(talk.stage)
        for event in (*ACTS, *HAPPENINGS):
            if isinstance(event, (ev.Answered, ev.NotAnswered)) and talk.stage not in (
                "calling",
                "adding",
                "transferring",
            ):
                continue
            try:
                frontier.append(step(talk, event)[0])
            except NotNow:
                continue
    assert reached == set(TRANSITIONS)


def after(*events: ev.Event) -> Talk:
    talk = begin("a1")
    for event in events:
        talk, _ = step(talk, event)
    return talk


def test_an_illegal_act_raises_and_changes_nothing() -> None:
    talk = after(ev.Consult(ToAgent("a2")))
    with pytest.raises(NotNow):
        step(talk, ev.Merge())
    assert talk == after(ev.Consult(ToAgent("a2")))


def test_the_agent_who_hangs_up_in_a_consultation_completes_it() -> None:
    talk = after(ev.Consult(ToAgent("a2")), ev.Answered("a2"), ev.OwnerGone())
    assert talk.stage == "talking"
    assert talk.owner is not None
    assert talk.owner.name == "a2"


def test_the_agent_who_hangs_up_before_the_consulted_one_answers_has_transferred() -> None:
    talk = after(ev.Consult(ToAgent("a2")), ev.OwnerGone())
    assert talk.stage == "transferring"
    assert step(talk, ev.NotAnswered("no_answer"))[0].outcome == "line"


def test_a_telephone_that_dies_with_the_citizen_on_hold_brings_the_citizen_back_in_line() -> None:
    assert after(ev.Hold(), ev.OwnerGone()).outcome == "line"
    assert after(ev.OwnerGone()).outcome == "served"


def test_in_a_conference_the_agent_is_followed_by_an_agent_before_a_number() -> None:
    both = after(
        ev.Add(ToNumber("110")),
        ev.Answered(),
        ev.Add(ToAgent("a2")),
        ev.Answered("a2"),
        ev.Leave(),
    )
    assert both.owner is not None
    assert (both.stage, both.owner.name) == ("three_way", "a2")
    assert step(both, ev.OwnerGone())[0].stage == "outside"


def test_a_personal_number_is_not_shown_in_the_journal() -> None:
    _, actions = step(begin("a1"), ev.Consult(ToNumber("13800001234")))
    assert "1380000" not in repr([action for action in actions if not isinstance(action, Ring)])
    _, actions = step(begin("a1"), ev.Add(ToNumber("110")))
    assert "'target': '110'" in repr(actions)
