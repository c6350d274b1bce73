"""The desk as an agent's telephone sees it: what the dialogues behind the codes ask for, with refusals as codes."""

from __future__ import annotations

from typing import assert_never

from ivr.call.desk_port import DONE, Answer
from ivr.desk.errors import DeskError
from ivr.desk.people import Author
from ivr.desk.service import Desk
from ivr.flow.actions import DeskAct, JsonValue

NO_AGENT = "no_agent"


class DeskByTelephone:
    """Implements `ivr.call.desk_port.AtDesk`. Who has the SIP account is the agent of that name."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def act(self, agent: str, wanted: DeskAct, call: str) -> Answer:
        desk, by = self._desk, Author.of_agent(agent, engaged=call)
        try:
            match wanted.do:
                case "log_in":
                    desk.log_in(by, pin=wanted.pin)
                case "log_out":
                    desk.log_out(by)
                case "pause":
                    desk.pause(by, wanted.reason)
                case "unpause":
                    desk.unpause(by)
                case "wrap_up":
                    desk.wrap_up_done(by, wanted.code)
                case "extend":
                    desk.extend_wrap_up(by, wanted.seconds)
                case "look" | "call":
                    desk.agent(agent)
                case _:
                    assert_never(wanted.do)
        except DeskError as error:
            return self._refused(agent, error)
        return DONE, self._now(agent, call)

    def dialled(self, agent: str, call: str) -> None:
        self._desk.code_dialled(agent, call)

    def call_out(self, agent: str, call: str) -> Answer:
        try:
            self._desk.call_out(Author.of_agent(agent), call)
        except DeskError as error:
            return self._refused(agent, error)
        return DONE, self._now(agent)

    def call_out_ended(self, agent: str, call: str) -> JsonValue:
        self._desk.call_out_ended(agent, call)
        return self._now(agent)

    def _refused(self, agent: str, error: DeskError) -> Answer:
        return (NO_AGENT if error.code == "unknown_agent" else error.code), self._now(agent)

    def _now(self, agent: str, call: str = "") -> JsonValue:
        """The fields that the dialogue's node `agent` promises. call: in which a code was dialled; it is no talk."""
        try:
            view = self._desk.agent(agent)
        except DeskError:
            return None
        return {
            "state": "available" if call and view.on_call == call else view.state,
            "pause_reason": view.pause_reason,
            "leaving": view.leaving,
            "waiting": self._desk.waiting_for(agent),
            "calls": view.calls,
            "queues": list(view.queues),
        }
