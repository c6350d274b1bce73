"""The parts that a hotline begins with, made from its settings: database, speech workers, Asterisk, and their like."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from ivr.ari.client import AriSettings
from ivr.asterisk.locate import locate
from ivr.asterisk.ports import Ports
from ivr.asterisk.process import PrivateAsterisk
from ivr.asterisk.render import RenderOptions, render
from ivr.call.outbound import Outbound
from ivr.config import Settings
from ivr.flow.understanding.ready import make_ready
from ivr.speech import pool_settings as pool_settings
from ivr.tracing.optional import in_traces
from ivr.versions.loading import aside
from web.settings import PageSettings

if TYPE_CHECKING:
    from asr.pool import WorkerPool

log = logging.getLogger(__name__)

LANGUAGES = ("zh", "en")
SOME_WORDS = "李先生住在人民路，he called at three"
UNWANTED = frozenset(
    {
        "ChannelVarset",
        "ChannelConnectedLine",
        "ChannelDialplan",
        "ChannelCallerId",
        "BridgeCreated",
        "BridgeMerged",
    }
    | {"BridgeDestroyed", "ChannelCreated", "PlaybackStarted", "RecordingStarted", "EndpointStateChange"}
)
"""Events that no part of ours looks at. EndpointStateChange comes with every channel of a telephone; that it is there
or gone is told by a PeerStatusChange too."""


async def open_speech(
    stack: AsyncExitStack, settings: Settings, *, hurry: bool = False
) -> tuple[WorkerPool | None, dict[str, str | None]]:
    """hurry: the workers become ready while calls go on already."""
    if settings.speech.engine == "off":
        return None, dict.fromkeys(LANGUAGES)
    workers = pool_settings(settings.speech, LANGUAGES)
    if workers is None:
        log.warning(
            "no speech model is installed: callers are understood by keys only; run `ivr models fetch`"
        )
        return None, dict.fromkeys(LANGUAGES)
    from asr.pool import WorkerPool

    workers = in_traces(workers, settings.traces)
    # What is said is indexed as it is written: the words of Chinese take a second to load, which calls must not wait.
    pool = WorkerPool(workers, waits=not hurry)

    async def warm() -> None:
        if hurry:  # it takes the interpreter for itself: not while calls are taken over
            await pool.wait_ready(workers.ready_s)
        await asyncio.to_thread(_found_by_words)

    warming = asyncio.create_task(warm(), name="words of transcripts")
    try:
        await stack.enter_async_context(pool)
    finally:
        if hurry:
            stack.push_async_callback(_over, warming)
        else:
            await warming
    return pool, engines_of(pool)


def engines_of(pool: WorkerPool | None) -> dict[str, str | None]:
    """Language -> the engine that understands it, None: keys only. As it is now: workers elsewhere come and go."""
    serving = {} if pool is None else pool.serving()
    return {language: serving.get(language) for language in LANGUAGES}


def _found_by_words() -> None:
    from storage.transcript_words import found_by

    found_by(SOME_WORDS)


async def make_words_ready() -> None:
    """What a start in a hurry left out: before anybody is understood by voice, which takes longer to load."""
    await aside(lambda: make_ready(LANGUAGES))


async def _over(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def start_asterisk(
    stack: AsyncExitStack, settings: Settings, agents: list[str], *, as_it_is: bool = False
) -> PrivateAsterisk | None:
    wanted = settings.asterisk
    if wanted.mode == "external":
        return None
    binary = locate()
    options = RenderOptions(
        agents=tuple(agents),
        hotline_number=wanted.hotline_number,
        application=wanted.app,
        node=settings.node,
        demo_anonymous=wanted.allow_anonymous,
        loopback=wanted.loopback,
        trunk_hosts=wanted.trunk_hosts,
        outbound_trunk=wanted.outbound_trunk,
        external_address=wanted.external_address or None,
        rtp_timeout_s=wanted.rtp_timeout_s,
        digests=wanted.sip_digests,
        transfers=wanted.telephone_transfers,
        certificate=wanted.tls_certificate,
        private_key=wanted.tls_private_key,
        trunk_transport=wanted.trunk_transport,
        trunk_authorities=wanted.trunk_authorities,
        trunk_encrypted=wanted.trunk_encrypted,
        phones_encrypted=wanted.phones_encrypted,
        preferred_ports=Ports(
            wanted.sip_port, wanted.sip_port and wanted.sip_port + 1, wanted.http_port, 20000, 23999
        ),
    )
    rendered = render(settings.state_dir / "asterisk", binary, options)
    return await stack.enter_async_context(
        PrivateAsterisk(
            binary,
            rendered,
            accounts=False,
            die_with_parent=wanted.dies_with_controller,
            as_it_is=as_it_is,
        )
    )


def outbound_of(settings: Settings) -> Outbound:
    """Whom the hotline may call: nobody, unless the settings say so."""
    wanted = settings.asterisk
    return Outbound(
        wanted.outbound_numbers, wanted.outbound_endpoint, wanted.outbound_caller_id or wanted.hotline_number
    )


def ari_settings(settings: Settings, asterisk: PrivateAsterisk | None) -> AriSettings:
    wanted = settings.asterisk
    if asterisk is None:
        url, user, password = wanted.ari_url, wanted.username, wanted.password.get_secret_value()
    else:
        rendered = asterisk.rendered
        url, user, password = rendered.ari_url, rendered.ari_user, rendered.ari_password
    return AriSettings(
        base_url=url,
        username=user,
        password=password,
        app=wanted.app,
        rest="websocket",
        unwanted=UNWANTED,
        connections=wanted.http_connections,
        request_timeout_s=wanted.request_timeout_s,
        patience_s=wanted.patience_s,
    )


def page_settings(settings: Settings, asterisk: PrivateAsterisk | None) -> PageSettings:
    return PageSettings(
        dial=asterisk.rendered.hotline_uri if asterisk else "",
        token=settings.web.token.get_secret_value(),
        metrics_token=settings.web.metrics_token.get_secret_value(),
        allowed_hosts=settings.web.allowed_hosts,
        show_transcripts=settings.web.show_transcripts,
    )
