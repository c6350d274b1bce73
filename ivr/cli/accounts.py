"""`ivr accounts`: agents' SIP accounts: list, show, create, rotate, revoke. In force at once where Asterisk runs."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from ivr.accounts.access import provisioner_of
from ivr.accounts.service import Accounts, Changed
from ivr.cli.opening import ConfigOption, DatabaseOption, FormatOption, explained
from ivr.cli.opening import Format as Told
from ivr.clock import SystemClock
from ivr.config import load_settings
from storage.accounts import SipAccountRecord
from storage.migrate import upgrade
from storage.store import Store

console = Console(highlight=False, soft_wrap=True)
app = typer.Typer(help="Agents' SIP accounts. A secret is shown once, when it is made.", no_args_is_help=True)


class Kind(StrEnum):
    phone = "phone"
    browser = "browser"


class How(StrEnum):
    by_hand = "by_hand"
    by_itself = "by_itself"


UsernameArgument = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")]
ByOption = Annotated[str, typer.Option("--by", help="Who (default: who is logged in here).")]


@app.command("list")
def list_accounts(
    revoked: Annotated[bool, typer.Option("--revoked", help="Revoked ones too.")] = False,
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """All accounts."""

    async def work(accounts: Accounts) -> list[SipAccountRecord]:
        return [one for one in (await accounts.all()).values() if one.active or revoked]

    with explained(format):
        found = asyncio.run(_with(config, database_url, work, reach=False))
        if format is Told.json:
            typer.echo(json.dumps([_plain(one) for one in found], ensure_ascii=False, indent=2))
            return
        table = Table(Column("account", no_wrap=True), "agent", "kind", "changed", "by", "state", box=None)
        for one in found:
            state = "active" if one.active else f"revoked {one.revoked_at:%Y-%m-%d %H:%M}"
            table.add_row(
                one.username, one.agent, one.kind, f"{one.changed_at:%Y-%m-%d %H:%M}", one.changed_by, state
            )
        console.print(table)


@app.command()
def show(
    username: UsernameArgument,
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """One account. Its secret cannot be shown: only what checks it is kept."""
    with explained(format):
        account = asyncio.run(_with(config, database_url, lambda them: them.get(username), reach=False))
        if format is Told.json:
            typer.echo(json.dumps(_plain(account), ensure_ascii=False, indent=2))
            return
        for name, value in (_plain(account) | {"secret": "********"}).items():
            console.print(f"{name:<12}{'' if value is None else value}")


@app.command()
def create(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")],
    kind: Annotated[Kind, typer.Option("--kind", help="A telephone, or a browser (WebRTC).")] = Kind.phone,
    username: Annotated[
        str, typer.Option("--username", help="Its name (default: the agent's id; of a browser with -web).")
    ] = "",
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """A new account for an agent; its secret is shown this once."""
    _change(
        lambda them: them.create(agent, kind=kind.value, username=username, by=by or _login()),
        format, config, database_url,
    )  # fmt: skip


@app.command()
def rotate(
    username: UsernameArgument,
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """A new secret. The old one is worth nothing at once, and who registered with it is not rung any more."""
    _change(lambda them: them.rotate(username, by=by or _login()), format, config, database_url)


@app.command()
def answer(
    username: UsernameArgument,
    how: Annotated[How, typer.Argument(metavar="by_hand|by_itself", help="From the next call on.")],
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Whether the telephone is asked to take calls by itself (docs/administrators/accounts.md)."""
    _change(lambda them: them.answer(username, how.value, by=by or _login()), format, config, database_url)


@app.command()
def revoke(
    username: UsernameArgument,
    by: ByOption = "",
    format: FormatOption = Told.text,
    config: ConfigOption = None,
    database_url: DatabaseOption = "",
) -> None:
    """Nobody can register or call with it any more. A talk that is going on is not cut."""
    _change(lambda them: them.revoke(username, by=by or _login()), format, config, database_url)


def _change(
    work: Callable[[Accounts], Awaitable[Changed]], format: Told, config: Any, database_url: str
) -> None:
    with explained(format):
        changed = asyncio.run(_with(config, database_url, work, reach=True))
        if format is Told.json:
            plain = _plain(changed.account) | {"in_effect": changed.in_effect}
            if changed.secret:
                plain["secret"] = changed.secret
            typer.echo(json.dumps(plain, ensure_ascii=False, indent=2))
            return
        account = changed.account
        state = "active" if account.active else "revoked"
        console.print(f"account {account.username} of agent {account.agent}: {state}")
        if changed.secret:
            console.print(f"secret {changed.secret}  (shown this once)")
        if not changed.in_effect:
            console.print("Asterisk does not answer: in force when the hotline runs and has it again")


async def _with(
    config: Any, database_url: str, work: Callable[[Accounts], Awaitable[Any]], *, reach: bool
) -> Any:
    """reach: Asterisk is told too, if it answers."""
    settings = load_settings(config)
    url = database_url or settings.effective_database_url
    await upgrade(url)
    async with contextlib.AsyncExitStack() as stack:
        store = await stack.enter_async_context(await Store.open(url, pool_size=1))
        provisioner = await stack.enter_async_context(provisioner_of(settings)) if reach else None
        return await work(Accounts(store, SystemClock().now, provisioner))


def _plain(account: SipAccountRecord) -> dict[str, Any]:
    """Nothing that a secret could be guessed from."""
    return {
        "username": account.username,
        "agent": account.agent,
        "kind": account.kind,
        "answering": account.answering,
        "realm": account.realm,
        "created": account.created_at.isoformat(),
        "changed": account.changed_at.isoformat(),
        "by": account.changed_by,
        "revoked": None if account.revoked_at is None else account.revoked_at.isoformat(),
        "revision": account.revision,
    }


def _login() -> str:
    return os.environ.get("SUDO_USER") or os.environ.get("USER") or ""
