"""The controller under test: the real `ivr run`, as a process of its own, beside an Asterisk that the bench started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

import aiohttp

from ivr.asterisk.render import RenderedAsterisk
from ivr.demo.ending import end
from ivr.prompts.store import cache_folder

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 8.0
LOOK_EVERY_S: Final = 0.1
REPO: Final = Path(__file__).resolve().parents[1]


class ControllerError(Exception):
    """It did not start, or ended by itself. The message carries the end of its output."""


@contextlib.asynccontextmanager
async def start_controller(
    rendered: RenderedAsterisk,
    flows: Path,
    state: Path,
    *,
    entry_flow: str = "bench",
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """`ivr run --external` with these flows; yields when it takes calls, ends it when left.

    state: an existing folder for its state and output. settings: more `IVR_...` variables.
    """
    output = state / "controller.log"
    process = await spawn_controller(
        rendered, flows, state, output, entry_flow=entry_flow, settings=settings or {}
    )
    try:
        await _until_ready(process, rendered, output)
        yield process
        if process.returncode is not None:
            raise ControllerError(f"the controller ended by itself ({process.returncode}):\n{_tail(output)}")
    finally:
        await end(process, STOP_TIMEOUT_S)


async def spawn_controller(
    rendered: RenderedAsterisk,
    flows: Path,
    state: Path,
    output: Path,
    *,
    entry_flow: str = "bench",
    settings: Mapping[str, str],
) -> asyncio.subprocess.Process:
    """Begun, and nobody's to end but the caller's."""
    variables = {
        "IVR_STATE_DIR": str(state),
        "IVR_FLOWS_DIR": str(flows),
        "IVR_ENTRY_FLOW": entry_flow,
        "IVR_DEFAULT_LANGUAGE": "en",
        "IVR_LOG_LEVEL": "WARNING",
        "IVR_MAX_CALLS": "5000",
        "IVR_WEB__ENABLED": "false",
        "IVR_SPEECH__ENGINE": "off",
        "IVR_ASTERISK__MODE": "external",
        "IVR_ASTERISK__ARI_URL": rendered.ari_url,
        "IVR_ASTERISK__USERNAME": rendered.ari_user,
        "IVR_ASTERISK__PASSWORD": rendered.ari_password,
        "IVR_ASTERISK__APP": rendered.application,
        **settings,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("IVR_")}
    # As an installation has it: byte code is kept, so that a second start compiles nothing.
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    inherited["PYTHONPYCACHEPREFIX"] = str(cache_folder() / "bytecode")
    inherited |= {name: os.environ[name] for name in ("IVR_CACHE", "IVR_MODELS") if name in os.environ}
    with output.open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *("setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "ivr", "run", "--external"),
            cwd=REPO,
            env=inherited | variables,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )


async def _until_ready(process: asyncio.subprocess.Process, rendered: RenderedAsterisk, output: Path) -> None:
    """Asterisk knows the application once the controller's websocket is there."""
    url = f"{rendered.ari_url}/applications/{rendered.application}"
    login = {"Authorization": aiohttp.encode_basic_auth(rendered.ari_user, rendered.ari_password)}
    ended = asyncio.get_running_loop().create_task(process.wait(), name="controller ends")
    try:
        async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession(headers=login) as session:
            while True:
                async with session.get(url) as response:
                    if response.status == 200:
                        return
                await asyncio.wait({ended}, timeout=LOOK_EVERY_S)
                if ended.done():
                    raise ControllerError(f"the controller ended at once:\n{_tail(output)}")
    except TimeoutError:
        raise ControllerError(f"no application within {START_TIMEOUT_S:.0f} s:\n{_tail(output)}") from None
    finally:
        ended.cancel()


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-20:])
