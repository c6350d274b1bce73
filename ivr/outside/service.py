"""The world outside as one part: what a call session asks of it, and the task that delivers notifications."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from ivr.clock import Clock
from ivr.errors import ConfigError
from ivr.flow.actions import Lookup, Notify, Request
from ivr.flow.inputs import LookupEnded, RequestEnded
from ivr.flow.model import FlowLibrary
from ivr.ids import CallId
from ivr.outside.addresses import PrivateHosts
from ivr.outside.breaker import BreakerPolicy
from ivr.outside.channels import make_channel
from ivr.outside.guarded import GuardedHttp, Limits
from ivr.outside.lookups import History, Lookups
from ivr.outside.messages import DeliveryPolicy
from ivr.outside.outbox import Outbox, Pending, Route
from ivr.outside.requests import Requests
from ivr.outside.secrets import Secrets
from ivr.outside.settings import SUPERVISOR, OutsideSettings
from storage.promises import NotificationRecord


class OutsideService:
    """Implements `ivr.call.ports.Outside`. Made by `open_outside`."""

    def __init__(self, http: GuardedHttp, requests: Requests, lookups: Lookups, outbox: Outbox) -> None:
        self._http = http
        self._requests = requests
        self._lookups = lookups
        self._outbox = outbox

    async def request(self, call: CallId, wanted: Request, library: FlowLibrary) -> RequestEnded:
        return await self._requests.carry_out(call, wanted, library.hosts)

    async def lookup(self, call: CallId, wanted: Lookup, caller: str, library: FlowLibrary) -> LookupEnded:
        return await self._lookups.carry_out(call, wanted, caller, library)

    def notify(self, call: CallId, wanted: Notify, caller: str, at: dt.datetime) -> None:
        self._outbox.notify(call, wanted, caller, at)

    @property
    def unwell(self) -> Mapping[str, str]:
        """Hosts that are left alone now -> `open` or `probing`."""
        return self._http.breakers

    @property
    def notifications_waiting(self) -> int:
        return self._outbox.waiting

    @property
    def notifications_fullest(self) -> int:
        """Of the channel for which the most of them wait."""
        return self._outbox.fullest

    async def run(self) -> None:
        """Delivers notifications until it is cancelled."""
        await self._outbox.run()


@asynccontextmanager
async def open_outside(
    settings: OutsideSettings,
    clock: Clock,
    put: Callable[[NotificationRecord], None],
    pending: Pending,
    history: History,
) -> AsyncIterator[OutsideService]:
    """put: keeps a notification durably. Whoever opens it also lets `run` run. Raises ConfigError: `ca_file`."""
    # Reading the system's certificates takes some tens of milliseconds.
    tls = await asyncio.to_thread(_tls, settings.ca_file)
    secrets = Secrets((Path(settings.secrets_dir),) if settings.secrets_dir else ())
    limits = Limits(
        settings.connections,
        settings.connections_per_host,
        BreakerPolicy(settings.breaker_failures, settings.breaker_window_s, settings.breaker_open_s),
    )
    async with GuardedHttp(PrivateHosts.read(settings.private_hosts), limits, tls) as http:
        requests = Requests(http, secrets, clock, settings.hosts, settings.longest_s, settings.max_bytes)
        own = Requests(http, secrets, clock, (), settings.longest_s, settings.max_bytes)
        routes = {
            name: Route(
                make_channel(channel, own, secrets, tls), channel.to, channel.address, channel.at_once
            )
            for name, channel in {**SUPERVISOR, **settings.channels}.items()
        }
        policy = DeliveryPolicy(give_up=dt.timedelta(hours=settings.give_up_h))
        outbox = Outbox(routes, put, pending, clock, policy)
        yield OutsideService(http, requests, Lookups(requests, history), outbox)


def _tls(ca_file: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"outside.ca_file {ca_file} cannot be read: {error}", mend="name a PEM file of certificates"
            ) from error
    return context
