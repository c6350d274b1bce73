"""The books of one dialogue: what it has asked for and what came of it, against what its state says."""

from __future__ import annotations

from ivr.flow.actions import (
    Action,
    BackInTalk,
    Callback,
    CancelDeskAct,
    CancelLookup,
    CancelRequest,
    CancelTimer,
    CancelTransfer,
    DeskAct,
    Enqueue,
    Hangup,
    LeaveQueue,
    Listen,
    Lookup,
    Note,
    Notify,
    Play,
    Record,
    Request,
    StartTimer,
    StopListen,
    StopPlay,
    StopRecord,
    Transfer,
)
from ivr.flow.inputs import (
    AgentJoined,
    CallbackPlaced,
    Digit,
    HungUp,
    Input,
    PartyJoined,
    QueueProgress,
    SentToFlow,
    SpeechPartial,
    SpeechStarted,
    WaitsAgain,
)
from ivr.flow.machine import MAX_HOPS
from ivr.flow.model import FlowLibrary
from ivr.flow.state import FlowState, Step
from ivr.flow.subflows import MAX_CALLS
from ivr.flow.turn import MAX_HISTORY, MAX_KEYS_AHEAD, MAX_RESCUES

OPENERS = (Play, Listen, StartTimer, Enqueue, Callback, Record, Transfer, Request, Lookup, DeskAct)
CLOSERS: dict[type, type] = {
    StopPlay: Play,
    StopListen: Listen,
    CancelTimer: StartTimer,
    LeaveQueue: Enqueue,
    StopRecord: Record,
    CancelTransfer: Transfer,
    CancelDeskAct: DeskAct,
    CancelRequest: Request,
    CancelLookup: Lookup,
}
NEED_A_CALLER = (Play, Listen, StartTimer, Enqueue, Record, Transfer, Hangup)
NO_ANSWER = (Digit, HungUp, SpeechStarted, SpeechPartial, QueueProgress, AgentJoined, WaitsAgain, PartyJoined)
"""Inputs that leave an op open."""
SURE_TO_END = ("play", "queue", "callback", "record", "transfer", "request", "lookup", "desk", "timer.")


class Ledger:
    def __init__(self, library: FlowLibrary) -> None:
        self._library = library
        self._open: dict[str, Action] = {}
        self._seen: set[str] = set()
        self._gone = False

    def enter(self, before: FlowState | None, event: Input | None, step: Step) -> None:
        """Book one step, and hold it to what every step promises."""
        if event is not None and before is not None:
            self._book_input(before, event)
        for action in step.actions:
            self._book_action(action)
        self._check(before, event, step)

    def _book_input(self, before: FlowState, event: Input) -> None:
        if isinstance(event, HungUp):
            if not (before.ended or before.hung_up):
                self._gone = True
                # What had to do with the caller ended with the call.
                kept = Record if "record" in before.waiting else Request | Lookup
                self._open = {op: each for op, each in self._open.items() if isinstance(each, kept)}
        elif isinstance(event, SentToFlow) and event.come_back:
            pass  # the place is kept
        elif not isinstance(event, NO_ANSWER) and _awaited(before, event):
            opened = self._open.pop(event.op)
            if (
                isinstance(event, CallbackPlaced)
                and event.outcome == "placed"
                and isinstance(opened, Callback)
            ):
                # The place that it took over is over without a word.
                self._open.pop(opened.held, None)

    def _book_action(self, action: Action) -> None:
        if self._gone:
            assert not isinstance(action, NEED_A_CALLER), f"{action} after the hang-up"
        if isinstance(action, OPENERS):
            assert action.op not in self._seen, f"{action.op} was used before"
            self._seen.add(action.op)
            self._open[action.op] = action
        elif type(action) in CLOSERS:
            opened = self._open.pop(action.op, None)  # type: ignore[union-attr]  # all closers have one
            assert isinstance(opened, CLOSERS[type(action)]), f"{action} closes {opened}"
        else:
            assert isinstance(action, Note | Notify | Hangup | BackInTalk)

    def _check(self, before: FlowState | None, event: Input | None, step: Step) -> None:
        state = step.state
        notes = [action.kind for action in step.actions if isinstance(action, Note)]
        assert "machine_error" not in notes, [each for each in step.actions if isinstance(each, Note)]
        assert notes.count("node") <= 4 * (MAX_HOPS + 1)
        assert state.node in self._library.nodes
        waited = {*state.waiting.values(), *([state.held] if state.held else [])}
        # A promise that is not waited for any more is not called back; nor is what held it.
        forgotten = {op for op, each in self._open.items() if isinstance(each, Callback)} - waited
        assert set(self._open) - forgotten == waited
        assert len(state.waiting) == len(set(state.waiting.values()))
        assert len(state.keys) <= MAX_KEYS_AHEAD
        assert len(state.history) <= MAX_HISTORY
        assert len(state.stack) <= MAX_CALLS
        assert state.rescues <= MAX_RESCUES + 1
        if state.ended:
            assert not waited
        else:
            # Nobody is left in silence for ever: something that is sure to come is waited for.
            assert any(purpose.startswith(SURE_TO_END) for purpose in state.waiting), dict(state.waiting)
        if self._gone and not state.ended:
            assert state.hung_up
            assert not state.held
        if before is not None and before.ended:
            assert step == Step(before, ())
        assert state.ended or not any(isinstance(action, Hangup) for action in step.actions)


def _awaited(state: FlowState, event: Input) -> bool:
    """Whether the op is open for this kind of input: the state itself knows only the purpose."""
    from tests.flow.wild_inputs import PURPOSES

    op = getattr(event, "op", "")
    purpose = PURPOSES.get(type(event), "timer.")
    if op == state.held != "":
        return purpose == "queue"
    return any(waited == op and name.startswith(purpose) for name, waited in state.waiting.items())
