"""Joins accounts, telephones and routing of a running hotline: `open_accounts`, for the composition root."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ivr.accounts.asterisk import Provisioner
from ivr.accounts.book import AccountBook
from ivr.accounts.first import Warned
from ivr.accounts.keeper import AccountKeeper
from ivr.accounts.own_calls import OwnCalls
from ivr.accounts.profiles import external_profile
from ivr.accounts.service import Accounts
from ivr.ari.interface import Ari
from ivr.ari.parse import AnyEvent
from ivr.asterisk.render import RenderedAsterisk
from ivr.clock import Clock
from ivr.config import Settings
from ivr.dispatch import Dispatcher
from ivr.phones import Phones
from routing.board_events import AgentChanged, Fact
from storage.errors import StorageAway
from storage.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Telephony:
    """`on_event` for every event; `keeper.begin()` once Asterisk answers, then `keeper.run()` as a task."""

    accounts: Accounts
    provisioner: Provisioner
    book: AccountBook
    phones: Phones
    own_calls: OwnCalls
    keeper: AccountKeeper
    seed: Callable[[], Awaitable[None]]
    """An account for each agent who never had one. Raises StorageError."""

    def on_event(self, event: AnyEvent) -> None:
        self.phones.on_event(event)
        self.own_calls.on_event(event)
        self.keeper.on_event(event)


@asynccontextmanager
async def open_accounts(
    settings: Settings,
    store: Store,
    clock: Clock,
    ari: Ari,
    dispatcher: Dispatcher,
    rendered: RenderedAsterisk | None,
    changed: Callable[[], None],
) -> AsyncIterator[Telephony]:
    """Agents who never had an account get one, with the secret that the private Asterisk was rendered with.

    rendered: None where Asterisk is somebody else's. changed: told when telephones have been asked for anew.
    """
    provisioner = Provisioner(ari, rendered.profile if rendered else external_profile(settings.asterisk))
    accounts = Accounts(store, clock.now, provisioner)
    known = {account.name: account.password for account in rendered.accounts} if rendered else {}

    async def seed() -> None:
        if await accounts.seed(dispatcher.board.agents, known):
            accounts.changed()

    try:
        await seed()
    except StorageAway as error:
        log.warning("agents who are new get their telephone accounts later: %s", error)
    book = AccountBook()
    own_calls = OwnCalls(book, lambda: dispatcher.board.agents, dispatcher.apply)
    phones = Phones(ari, book, dispatcher.phone_seen, own_calls.in_use, provisioner.has_contact)

    def see(fact: Fact, at: dt.datetime) -> None:
        if isinstance(fact, AgentChanged):
            own_calls.agent_changed(fact.after)

    dispatcher.watch(see)
    dispatcher.seats.endpoints_of = book.endpoints_of

    warned = Warned()

    async def in_step(restarted: bool) -> None:
        await phones.refresh(restarted=restarted)
        board = dispatcher.board
        warned.look(board.rules, board.agents.values(), book.by_themselves)
        changed()

    try:
        keeper = AccountKeeper(accounts, provisioner, book, in_step)
        accounts.changed = keeper.changed
        yield Telephony(accounts, provisioner, book, phones, own_calls, keeper, seed)
    finally:
        own_calls.close()
