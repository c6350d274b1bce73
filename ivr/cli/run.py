"""`ivr run`: Asterisk, controller and status page up until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from ivr import log as house_log
from ivr.config import Settings, load_settings
from ivr.demo.crowd import run_demo
from ivr.main import Hotline, RunningHotline

console = Console(stderr=False)


def run(
    config: Annotated[Path | None, typer.Option(help="A settings file (YAML).", metavar="FILE")] = None,
    demo: Annotated[bool, typer.Option(help="Simulated citizens and agents call over real SIP.")] = False,
    external: Annotated[
        bool, typer.Option(help="Use an Asterisk that already runs (its ARI from settings).")
    ] = False,
) -> None:
    """Take calls until Ctrl-C, which ends all that was started and nothing else."""
    overrides: dict[str, Any] = {}
    if external:
        overrides["asterisk"] = {"mode": "external"}
    settings = load_settings(config, **overrides)
    house_log.setup(settings.log_level, settings.log_style)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, demo=demo))


async def _serve(settings: Settings, *, demo: bool) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    running = RunningHotline(settings, lambda step: console.print(f"[dim]starting: {step}[/dim]"))
    hotline = await running.start()
    _introduce(hotline)
    async with asyncio.TaskGroup() as group:
        ended = group.create_task(running.wait(), name="hotline ends")
        asked = group.create_task(stop.wait(), name="asked to stop")
        crowd = (
            group.create_task(run_demo(hotline.rendered, stop=stop), name="demo")
            if demo and hotline.rendered is not None
            else None
        )
        await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
        console.print("[dim]stopping[/dim]")
        stop.set()
        if crowd is not None:
            with contextlib.suppress(asyncio.CancelledError):
                await crowd
        await running.stop()
        asked.cancel()


def _introduce(hotline: Hotline) -> None:
    """What a newcomer needs: what to dial, who may log in, where to look."""
    lines = Table.grid(padding=(0, 2))
    if hotline.rendered is not None:
        lines.add_row("dial", f"[bold]{hotline.rendered.hotline_uri}[/bold]")
        for agent in hotline.dispatcher.board.agents.values():
            account = hotline.rendered.account(agent.id)
            address = f"{hotline.rendered.sip_host}:{hotline.rendered.ports.sip}"
            lines.add_row(
                f"agent {agent.name}", f"SIP user {account.name} at {address}, password {account.password}"
            )
        lines.add_row("agents dial", "*45 log in   *46 log out   *47 pause or resume   *48 wrap-up done")
    if hotline.page_url:
        lines.add_row("status page", f"[bold]{hotline.page_url}[/bold]")
    for language, engine in hotline.languages.items():
        lines.add_row(f"speech {language}", engine or "keys only: no model; run `ivr models fetch`")
    lines.add_row("database", hotline.store.url.render_as_string(hide_password=True))
    console.print(
        Panel(lines, title="the hotline takes calls; Ctrl-C ends it", expand=False), highlight=False
    )
