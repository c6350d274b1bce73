"""A hotline that takes calls, as others see it: made by `ivr/main/joining.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ivr.accounts.wiring import Telephony
from ivr.admission.wiring import Admissions
from ivr.adoption.handing_over import HandingOver
from ivr.ari.client import AriClient
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderedAsterisk
from ivr.call.front_door import FrontDoor
from ivr.callback.desk import CallbackDesk
from ivr.callers_wiring import Callers
from ivr.config import Settings
from ivr.desk.service import Desk
from ivr.dispatch import Dispatcher
from ivr.flow.model import FlowLibrary
from ivr.outside.service import OutsideService
from ivr.prompts.catalogue import PromptCatalogue
from ivr.reconcile.reconciler import Reconciler
from ivr.rules_live import LiveRules
from ivr.status import LiveStatus
from ivr.talk.wiring import Overseeing
from ivr.versions.live import LiveFlows
from ivr.watching.wiring import Watching
from storage.store import Store
from storage.writer import FactWriter

if TYPE_CHECKING:
    from asr.pool import WorkerPool


@dataclass(slots=True)
class Hotline:
    """A hotline that takes calls: what others may see and use of it."""

    settings: Settings
    flows: LiveFlows
    store: Store
    writer: FactWriter
    ari: AriClient
    dispatcher: Dispatcher
    front_door: FrontDoor
    status: LiveStatus
    callbacks: CallbackDesk
    callers: Callers
    outside: OutsideService
    desk: Desk
    overseeing: Overseeing
    """Recordings of talks, supervisors."""
    telephony: Telephony
    reconciler: Reconciler
    admissions: Admissions
    """Who is let in, and who was not."""
    watching: Watching
    """Metrics and health."""
    rules: LiveRules
    """The rules of the queues in force, and their hours."""
    handing_over: HandingOver
    """To the next controller."""
    asterisk: PrivateAsterisk | None = None
    rendered: RenderedAsterisk | None = None
    page_url: str = ""
    languages: Mapping[str, str | None] = field(default_factory=dict)
    """Language -> the engine that understands it, None: keys only."""
    speech: WorkerPool | None = None
    """The speech workers; None: keys only."""

    @property
    def library(self) -> FlowLibrary:
        """The dialogue of new calls."""
        return self.flows.library

    @property
    def audio(self) -> PromptCatalogue:
        """The prompts of new calls."""
        return self.flows.audio
