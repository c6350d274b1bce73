"""How long an agent is held by a telephone that has gone without a BYE, with session timers (RFC 4028) alone.

Two telephones that know nothing of timers talk to citizens; no voice is waited for (`rtp_timeout` 0), and the session
expires after Asterisk's least, 90 s. One ignores the refresh, as a telephone without power; one answers it with 481, as
one that was started anew. Last line: JSON, seconds from the talk's beginning to the agent's wrap-up, and as ratios of
the session's 90 s.

    python -m bench.lost_bye
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from ivr.accounts import profile as profiles
from ivr.demo.lightphone import LightPhone
from ivr.demo.sip import SipMessage
from ivr.main import RunningHotline
from tests.calls.conftest import staged
from tests.calls.test_telephones import AGENTS, in_queue
from tests.support import parts_house
from tests.support.softphone import sip_server

SESSION_S: Final = 90
LONGEST_S: Final = SESSION_S + 60.0


class Gone(LightPhone):
    """Talks, and then is not there for whatever refreshes the session. says: what whoever is there instead answers."""

    says = ""

    def _requested(self, request: SipMessage) -> None:
        again = request.method == "INVITE" and self.call is not None and self.call.state == "up"
        if not (again or request.method == "UPDATE"):
            super()._requested(request)
        elif self.says:
            self._respond(request, self.says, None)


async def measured() -> dict[str, float]:
    """Seconds until the agent is free, by what the telephone does."""
    usual = profiles._endpoint
    profiles._endpoint = lambda account, profile: tuple(  # type: ignore[assignment]
        (name, str(SESSION_S) if name == "timers_sess_expires" else value)
        for name, value in usual(account, profile)
    )
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        flows = parts_house.copy_flows(folder / "flows")
        (flows / "agents.yaml").write_text(AGENTS, encoding="utf-8")
        settings = parts_house.settings(folder / "state", flows, parts_house.free_port())
        asterisk = settings.asterisk.model_copy(update={"rtp_timeout_s": 0})
        running = RunningHotline(settings.model_copy(update={"asterisk": asterisk}))
        hotline = await running.start()
        stack.push_async_callback(running.stop)
        stage = await stack.enter_async_context(staged(hotline))
        began: dict[str, float] = {}
        for name, says in (("a1001", ""), ("a1002", "481 Call/Transaction Does Not Exist")):
            secret = stage.rendered.account(name).password
            phone = Gone(name, sip_server(stage.rendered), password=secret, auto_answer_after_s=0.1)
            phone.says = says
            await (await stack.enter_async_context(phone)).register()
            await stage.until(
                lambda name=name: name in hotline.telephony.phones.online,  # type: ignore[misc]
                "a telephone",
            )
            stage.log_in(name)
            await in_queue(stage)
            await stage.until(lambda name=name: stage.states()[name] == "talking", "a talk")  # type: ignore[misc]
            began[name] = time.monotonic()

        async def free(name: str) -> float:
            async with asyncio.timeout(LONGEST_S):
                seen = -1
                while stage.states()[name] == "talking":
                    seen = await hotline.status.changed(seen)
            return round(time.monotonic() - began[name], 1)

        ignored, refused = await asyncio.gather(free("a1001"), free("a1002"))
    return {"ignored": ignored, "481": refused}


def main() -> None:
    seconds = asyncio.run(measured())
    for what, took_s in seconds.items():
        print(f"refresh {what}: the agent is free after {took_s} s")
    ratios = {what: round(took_s / SESSION_S, 2) for what, took_s in seconds.items()}
    print(json.dumps({"session_s": SESSION_S, "free_after_s": seconds, "of_session": ratios}))


if __name__ == "__main__":
    main()
