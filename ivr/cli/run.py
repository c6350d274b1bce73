"""`ivr run`: Asterisk, controller and status page up until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from ivr import log as house_log
from ivr.config import Settings, load_settings
from ivr.errors import HotlineError, first_of
from ivr.event_loop import new_event_loop
from ivr.main import TAKING_OVER, RunningHotline
from ivr.main.late import load
from ivr.service_manager import ServiceManager

SWITCH_S = 0.0005


def run(
    config: Annotated[Path | None, typer.Option(help="A settings file (YAML).", metavar="FILE")] = None,
    demo: Annotated[bool, typer.Option(help="Simulated citizens and agents call over real SIP.")] = False,
    anyone: Annotated[
        bool,
        typer.Option(
            help="Any SIP phone that reaches this machine may dial the hotline's number, and only that."
        ),
    ] = False,
    external: Annotated[
        bool, typer.Option(help="Use an Asterisk that already runs (its ARI from settings).")
    ] = False,
    takeover: Annotated[
        bool,
        typer.Option(
            help="Take over from the controller that runs here, without a gap: its calls go on, and it ends."
        ),
    ] = False,
    watch: Annotated[
        bool | None,
        typer.Option(help="Development: what is saved in the flows folder is run at once, published or not."),
    ] = None,
) -> None:
    """Take calls until Ctrl-C, which ends all that was started and nothing else."""
    overrides: dict[str, Any] = {}
    if external:
        overrides.setdefault("asterisk", {})["mode"] = "external"
    if anyone or demo:
        overrides.setdefault("asterisk", {})["allow_anonymous"] = True
    if watch is not None:
        overrides["watch"] = watch
    settings = load_settings(config, **overrides)
    house_log.setup(settings.log_level, settings.log_style, settings.node)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(_serve(settings, demo=demo, takeover=takeover))


async def _serve(settings: Settings, *, demo: bool, takeover: bool) -> None:
    loop = asyncio.get_running_loop()
    manager = ServiceManager()
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    # What runs in threads (files, checks of a new version) hands the interpreter back to the calls ten times sooner.
    sys.setswitchinterval(SWITCH_S)

    def told(step: str) -> None:
        _say(f"starting: {step}")
        if step == TAKING_OVER:
            manager.instead()

    running = RunningHotline(settings, told, takeover=takeover)
    starting = loop.create_task(running.start(), name="start")
    impatient = loop.create_task(stop.wait(), name="asked to stop while starting")
    await asyncio.wait([starting, impatient], return_when=asyncio.FIRST_COMPLETED)
    impatient.cancel()
    if not starting.done():
        _say("stopping before the start is done")
        await running.abort()
        await asyncio.wait([starting])
        return
    try:
        hotline = starting.result()
    except* HotlineError as errors:
        raise first_of(errors) from None
    if manager.is_there:
        # What is printed is kept: no place for the agents' first secrets.
        manager.ready(f"takes calls; version {hotline.library.version[:12]} of the dialogue")
    else:
        await load("ivr.cli.introducing")
        from ivr.cli.introducing import introduce

        introduce(hotline)
    try:
        async with manager.alive(), asyncio.TaskGroup() as group:
            ended = group.create_task(running.wait(), name="hotline ends")
            asked = group.create_task(stop.wait(), name="asked to stop")
            crowd = None
            if demo and hotline.rendered is not None:
                # Telephones and their sounds, which a start without them does not wait for.
                from ivr.demo.crowd import run_demo

                crowd = group.create_task(run_demo(hotline.rendered, stop=stop), name="demo")
            await asyncio.wait([ended, asked], return_when=asyncio.FIRST_COMPLETED)
            _say("stopping")
            if stop.is_set():
                # Else another process has the calls and is the service now: it does not stop.
                manager.stopping()
            stop.set()
            if crowd is not None:
                await crowd
            await running.stop()
            asked.cancel()
    except* HotlineError as errors:
        raise first_of(errors) from None


def _say(step: str) -> None:
    """For a person who waits."""
    typer.secho(step, dim=True)
