"""The codes of agents' telephones where a hotline's dialogue has none: a flow that comes with the program."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Final

from ivr.flow.load import load_sources
from ivr.flow.model import FlowLibrary

AGENT_FLOW: Final = "agent_codes"
"""The flow that runs on the channel of an agent who dials a code."""

_HOTLINE: Final = """
hotline: codes
languages: [zh, en]
entry: agent_codes
"""
_SAID: Final = ("logged_in", "logged_out", "paused", "resumed", "unknown")


@functools.cache
def standard_codes() -> FlowLibrary:
    """A library with that flow alone. Its prompts are ids, for whose words and sound the hotline's own are taken."""
    prompts = "".join(f"agent.{name}: {name}\n" for name in _SAID).encode()
    flow = resources.files("ivr.call").joinpath("standard_codes.yaml").read_bytes()
    sources = {"hotline.yaml": _HOTLINE.encode(), f"{AGENT_FLOW}.yaml": flow}
    return load_sources(sources | {f"prompts/{language}.yaml": prompts for language in ("zh", "en")})
