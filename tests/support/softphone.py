"""Real phones for tests: baresip (`Softphone`) and our own light user agent, against the private Asterisk.

async with agent_phone(asterisk.rendered, "agent1") as agent, citizen_phone(asterisk.rendered) as citizen:
    await citizen.dial(asterisk.rendered.hotline_uri)
"""

from __future__ import annotations

from ivr.asterisk.render import RenderedAsterisk
from ivr.demo.lightphone import LightPhone
from ivr.demo.phone import PhoneError, PhoneEvent, PhoneTimeout
from ivr.demo.softphone import Softphone

__all__ = [
    "PhoneError",
    "PhoneEvent",
    "PhoneTimeout",
    "Softphone",
    "agent_phone",
    "citizen_phone",
    "sip_server",
]

TRUNK_ADDRESS = "127.0.0.2"
"""The private Asterisk knows its trunk by this address: citizens call from it."""


def sip_server(rendered: RenderedAsterisk) -> str:
    """`host:port` of its SIP over UDP."""
    return f"{rendered.sip_host}:{rendered.ports.sip}"


def agent_phone(
    rendered: RenderedAsterisk,
    name: str,
    *,
    auto_answer_after_s: float | None = None,
    kind: type[Softphone] | type[LightPhone] = Softphone,
) -> Softphone | LightPhone:
    """A phone that registers as this agent: baresip, or the light one."""
    return kind(
        name,
        sip_server(rendered),
        password=rendered.account(name).password,
        auto_answer_after_s=auto_answer_after_s,
    )


def citizen_phone(
    rendered: RenderedAsterisk,
    number: str = "13800000001",
    *,
    address: str = TRUNK_ADDRESS,
    kind: type[Softphone] | type[LightPhone] = Softphone,
) -> Softphone | LightPhone:
    """A phone that calls unregistered with this caller number: through the trunk; from 127.0.0.1 as a stranger."""
    return kind(number, sip_server(rendered), address=address)
