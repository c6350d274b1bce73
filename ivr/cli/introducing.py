"""What `ivr run` tells a person at a terminal once calls are taken."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console

from ivr.accounts.secrets import fits
from ivr.asterisk.render import RenderedAsterisk
from ivr.hotline import Hotline

console = Console(stderr=False)


def _accounts(hotline: Hotline, rendered: RenderedAsterisk, agent: str) -> list[str]:
    """An account's secret is known here only while it is the one that it began with, and is for a person's eyes: what
    goes into a file or to a container's log is kept by others."""
    said = []
    for account in hotline.telephony.book.accounts_of(agent):
        first = next((one.password for one in rendered.accounts if one.name == account.username), "")
        known = fits(account.sha256, account.username, account.realm, first)
        secret = first if known else "(changed)"
        if known and not console.is_terminal:
            secret = f"(shown on a terminal; `ivr accounts rotate {account.username}` makes another)"
        said.append(f"user {account.username}  password {secret}")
    return said


def introduce(hotline: Hotline) -> None:
    """What a newcomer needs: what to dial, who may log in, where to look. One line each, so that it can be copied."""
    lines: list[tuple[str, str]] = []
    rendered = hotline.rendered
    if rendered is not None:
        lines.append(("dial", f"[bold]{rendered.hotline_uri}[/bold]"))
        for agent in hotline.dispatcher.board.agents.values():
            server = f"{rendered.sip_host}:{rendered.ports.sip}"
            told = " or ".join(_accounts(hotline, rendered, agent.id)) or "no account: `ivr accounts create`"
            lines.append((f"agent {agent.name}", f"{told}  server {server}"))
        lines.append(("agents dial", "*45 log in   *46 log out   *47 pause or resume   *48 wrap-up done"))
    if hotline.page_url:
        lines.append(("status page", f"[bold]{hotline.page_url}[/bold]"))
    for language, engine in hotline.languages.items():
        lines.append((f"speech {language}", engine or "keys only: no model; run `ivr models fetch`"))
    dialogue = f"version {hotline.library.version[:12]}"
    if hotline.settings.watch:
        dialogue += f": what is saved in {hotline.settings.flows_dir} is run at once"
    lines.append(("dialogue", dialogue))
    lines.append(("database", hotline.store.url.render_as_string(hide_password=True)))
    console.print("\n[green]The hotline takes calls.[/green] Ctrl-C ends it.\n")
    for name, value in lines:
        console.print(f"  {name}{' ' * (16 - cell_len(name))}{value}", highlight=False, soft_wrap=True)
    console.print()
