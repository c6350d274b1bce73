"""The caller's place in a queue: waiting, being offered an agent, the talk, and leaving it for a callback.

The dispatcher decides, the call rings (docs/decisions/0003): an offer becomes a child task that rings the agent, joins
the two and ends with the talk. The place may be open while the dialogue is elsewhere (the caller types a number for a
callback): an agent who answers meanwhile has the caller all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final, Literal

from ivr.call.calling_back import CallingBack
from ivr.call.grounds import Grounds
from ivr.call.in_line import InLine
from ivr.call.place import Place as Place
from ivr.call.place import place_from_json, place_to_json
from ivr.call.place_talk import PlaceTalk
from ivr.call.ports import Offer
from ivr.call.services import Offered, Withdrawn
from ivr.call.serving import Serving
from ivr.flow.actions import JsonValue
from ivr.flow.inputs import OpId, QueueEnded
from ivr.talk.adopting import claim, let_go
from ivr.talk.people import LINE
from ivr.talk.saved import SavedTalk, from_json, to_json
from ivr.talk.talking import Talking
from routing.entries import Entry
from routing.ids import AgentId


class Waiting:
    """agent_comes: ends whatever the caller hears or is heard by, and other parties' ringing, before an agent is heard.

    busy: True while the caller talks to somebody else, and no agent may cut in. Implements `ports.Seat`.
    """

    def __init__(
        self, grounds: Grounds, agent_comes: Callable[[], Awaitable[None]], busy: Callable[[], bool]
    ) -> None:
        here = self._here = grounds.here
        self._queues = here.services.queues
        self.line = InLine(here, self)
        self._talk = PlaceTalk(grounds, self.line, agent_comes)
        self.serving = Serving(here, self.line, self._talk, agent_comes, busy)
        self.calling_back = CallingBack(here, self.line, self)

    @property
    def place(self) -> Place | None:
        return self.line.place

    @property
    def talk(self) -> Talking | None:
        """While an agent has the caller, or somebody whom an agent handed the caller to."""
        return self._talk.now

    @property
    def joined(self) -> bool:
        """An agent has the caller, or is about to."""
        if (talk := self._talk.now) is not None:
            return talk.state.stage != "away"
        place = self.line.place
        return place is not None and place.joined_at is not None

    @property
    def ringing(self) -> bool:
        place = self.place
        if place is None or self.talk is not None:
            return False
        return any(not task.done() for task in place.tasks())

    def let_loose(self) -> None:
        """The call is over, and nothing comes of the place any more: its parts forget this one."""
        self.line.let_loose()
        self.calling_back.let_loose()

    rings_several: Final = True

    # --- what the dispatcher tells (`Seat`; on the loop, never waits)

    def offered(self, offer: Offer) -> None:
        self._here.tell(Offered(offer))

    def withdrawn(self, offer: Offer) -> None:
        if not self.serving.stop(offer):
            # Not looked at yet: it comes after the offer itself.
            self._here.tell(Withdrawn(offer))

    def progressed(self, place: int, waiting: int, wait_s: tuple[float, float] | None) -> None:
        self.line.progressed(place, waiting, wait_s)

    def rejected(self, outcome: Literal["timeout", "full", "closed", "unstaffed", "failed"]) -> None:
        self.line.rejected(outcome)

    # --- what the board has to have

    @property
    def in_line(self) -> str:
        """The entry by which the caller waits for an agent, or is about to have one; "" = there is none."""
        place = self.place
        if place is None or place.promised or place.joined_at is not None:
            return ""
        return "" if self.talk is not None or self._talk.coming is not None else place.entry

    def look(self) -> None:
        """If the board has it no more, and has not said so, the caller has the old place by another."""
        place = self.place
        if place is None or not self.in_line or self._queues.since(place.entry) is not None:
            return
        if not any(isinstance(one, QueueEnded) and one.op == place.op for one in self._here.inbox.inputs):
            self.line.again(place, "lost", "")

    # --- a talk

    def back_in_talk(self, op: OpId) -> None:
        """The flow that the agent sent the caller to is through."""
        self._talk.back_in(op)

    # --- for whoever goes on with the call

    def saved(self) -> dict[str, JsonValue]:
        saved: dict[str, JsonValue] = {}
        if callbacks := self.calling_back.saved():
            saved["callbacks"] = callbacks
        if (place := self.line.place) is not None:
            saved["place"] = place_to_json(place)
        if (talk := self._talk.now) is not None:
            saved["talk"] = to_json(talk.saved(self._here.services.clock.now()))
        elif self._talk.coming is not None:
            saved["talk"] = to_json(self._talk.coming)
        return saved

    @property
    def claims(self) -> list[str]:
        """Channels and bridges that whoever goes on with the call takes over."""
        talk = self._talk.now or self._talk.coming
        return [] if talk is None else talk.claims

    def resume(
        self, saved: Mapping[str, Any], promised: Collection[str], parted_s: float | None = None
    ) -> None:
        """The old place again. promised: entries that are promises to call back now. parted_s: the talk is over, and
        lasted so long."""
        if "place" in saved:
            place = place_from_json(saved["place"], self._here)
            talk = from_json(saved["talk"]) if "talk" in saved else None
            if parted_s is None:
                self._place_again(place, talk)
            else:
                self._parted(place, parted_s)
        self.calling_back.resume(saved.get("callbacks", ()), promised)

    def _parted(self, place: Place, talked_s: float) -> None:
        place.talked_s += talked_s
        entry = self.line.resume(place)
        if entry is not None and entry.state in ("waiting", "offered"):
            self.line.waits_again(place)
            return
        waited_s, talked_s = round(place.waited_s or 0.0, 3), round(place.talked_s, 3)
        self._here.tell(QueueEnded(place.op, "served", self._here.history.agent, waited_s, talked_s))

    def _place_again(self, place: Place, talk: SavedTalk | None) -> None:
        """The entry is on the board since the start (ivr/adoption/board.py)."""
        was_joined = place.joined_at is not None
        entry = self.line.resume(place)
        into_line = talk is not None and talk.state.outcome == LINE
        if talk is not None and (into_line or entry is None or entry.state in ("joined", "ended")):
            claim(self._queues, self._here.facts.caller, talk, place.entry)
            if into_line:
                self._into_line(place, entry)
            place.serving = self._here.spawn(self._talk.go_on(place, talk), "talk")
            return
        if talk is not None:
            # The caller was about to be in line again.
            self._here.spawn(let_go(self._here.ari, talk), "who talked")
        if entry is None and self._here.gone:
            return
        if entry is None:
            self.line.again(place, "restart", "")
        elif entry.state == "ended":
            self.line.over_meanwhile(place, entry)
            return
        elif entry.state == "joined":
            if not was_joined:
                self._here.note("not_joined", {"agent": entry.agent or "", "why": "restart"})
            self._queues.sent_back(place.entry, AgentId(entry.agent or ""), "restart")
        if was_joined:
            self.line.waits_again(place)
        else:
            place.joined_at, place.agent = None, ""

    def _into_line(self, place: Place, entry: Entry | None) -> None:
        """A talk was over, and its caller to be in line again, which the dialogue hears from the talk: how far that
        came, the entry says."""
        place.joined_at, place.agent = None, ""
        if entry is not None and entry.state == "joined":
            self._queues.sent_back(place.entry, AgentId(entry.agent or ""), "restart")
        elif entry is not None and entry.state == "ended":
            self.line.over_meanwhile(place, entry)
        elif entry is None and not self._here.gone:
            self.line.again(place, "restart", "")
