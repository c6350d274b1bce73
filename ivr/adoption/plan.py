"""What becomes of the calls of an earlier controller: compares what was kept of them with what Asterisk has. Pure.

    todo = plan(saved, over, channels, bridges)

Theory of operation. Asterisk goes on with its channels while no controller is there: prompts play to their end,
recordings are written, who talks goes on talking. So a call whose channel is in our application goes on; one whose
channel is not there has lost its caller, and is ended by the same dialogue that would have ended it: by a hang-up, or
by the end of Asterisk, where that is another one than the call came in by. One that is on record as over needs nothing.
Of the other objects that bear the name of a call that goes on, its parts claim those they go on with (an agent's
telephone, a bridge); the rest - a telephone that rang, a snoop that listened - was the dead controller's doing, and is
ended. What bears the name of no such call is left to the front door's reconciler.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from ivr.call.saved import SavedCall
from ivr.ids import CallId, owner_of


@dataclass(frozen=True, slots=True)
class Plan:
    """go_on: with `gone` set where the caller is not there. closed: only to be marked as over. channels, bridges: to be
    ended."""

    go_on: tuple[SavedCall, ...] = ()
    closed: tuple[SavedCall, ...] = ()
    channels: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()


def plan(
    saved: Iterable[SavedCall],
    over: Collection[str],
    channels: Mapping[str, bool],
    bridges: Iterable[str],
    lost: Iterable[str] = (),
    started_at: dt.datetime | None = None,
) -> Plan:
    """over: ids of calls whose record says that they ended. channels: id -> whether it is in our application. lost: ids
    of calls that cannot be gone on with. started_at: of this Asterisk, None where it does not tell.

    A caller whose channel left the application (the dialplan's fallback has it) is not ours any more: gone.
    """
    go_on: list[SavedCall] = []
    closed: list[SavedCall] = []
    for call in saved:
        if call.call in over:
            closed.append(call)
        else:
            gone = not channels.get(call.channel, False)
            cut_off = gone and started_at is not None and started_at > call.arrived_at
            go_on.append(replace(call, gone=gone, cut_off=cut_off))
    names = {*(call.call for call in (*go_on, *closed)), *lost}
    claimed = {claim for call in go_on for claim in (call.channel, *_gone_on_with(call))}

    def left_over(object_id: str) -> bool:
        owner: CallId | None = owner_of(object_id)
        return owner in names and object_id not in claimed

    return Plan(
        tuple(go_on),
        tuple(closed),
        tuple(sorted(filter(left_over, channels))),
        tuple(sorted(filter(left_over, bridges))),
    )


def _gone_on_with(call: SavedCall) -> Collection[str]:
    """What its parts take over: nothing once its dialogue has ended, for then they were letting go of it."""
    return () if call.state is not None and call.state.ended else call.claims
