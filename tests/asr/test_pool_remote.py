"""Workers on other machines: another process at another address (127.0.0.2 for 127.0.0.1), by an authenticated and
encrypted websocket, with the audio going straight to them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from asr import wire
from asr.pool import WorkerPool
from asr.ports import LOOPBACK, Senders
from asr.protocol import AsrUnavailable, Failed, Final, Heard, ListenRequest, SpeechBegan
from asr.recorded import read_out
from asr.service import Worker, serving
from asr.settings import PoolSettings, RemoteWorker, WorkerSettings
from ivr.__main__ import app
from ivr.config import load_settings
from ivr.doctor.checks import check_speech_workers
from ivr.errors import ConfigError
from ivr.speech import pool_settings
from tests.asr.test_pool import PATIENCE_S, collect, say, spec
from tests.asr.test_whisper_engine import MENU, saying
from tests.support.speech import send, silence, synthesised

pytestmark = pytest.mark.real

THERE = "127.0.0.2"
TOKEN = "a-secret-of-some-length"


@pytest.fixture(scope="module")
def speech(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return synthesised("I want to file a complaint", tmp_path_factory.mktemp("said"))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Self-signed, for that address, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        + ["-subj", "/CN=worker", "-addext", f"subjectAltName=IP:{THERE}", "-days", "2"]
        + ["-keyout", "key.pem", "-out", "worker.pem"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder / "worker.pem"


def fingerprint(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def there(certificate: Path | None = None, port: int = 0) -> WorkerSettings:
    return WorkerSettings(
        (spec("whole"),),
        host=THERE,
        port=port,
        token=TOKEN,
        tell_s=0.05,
        tls_certificate=str(certificate or ""),
        tls_key=str(certificate.parent / "key.pem") if certificate else "",
    )


@contextlib.asynccontextmanager
async def another_process(settings: WorkerSettings) -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "asr.worker", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        process.stdin.write(settings.to_json().encode() + b"\n")
        answer = json.loads(await process.stdout.readline())
        yield process, answer["port"]
    finally:
        process.stdin.close()
        await process.wait()


@contextlib.asynccontextmanager
async def here(settings: WorkerSettings) -> AsyncIterator[int]:
    """The same in this process: quicker, where it is only about the websocket."""
    worker = await asyncio.to_thread(Worker, settings)
    async with serving(worker) as port:
        yield port


def pool_of(*remote: RemoteWorker, media_from: tuple[str, ...] = ()) -> WorkerPool:
    return WorkerPool(
        PoolSettings(workers=0, remote=remote, media_from=media_from, restart_first_s=0.05, heartbeat_s=1.0)
    )


async def test_a_caller_is_heard_by_a_worker_at_another_address(certificate: Path, speech: bytes) -> None:
    async with another_process(there(certificate)) as (process, port):
        remote = RemoteWorker(f"wss://{THERE}:{port}", TOKEN, fingerprint(certificate))
        async with pool_of(remote) as pool:
            assert pool.languages() == {"zh", "en"} and pool.serving() == {"zh": "first", "en": "first"}
            hearing = await pool.open(ListenRequest("zh"))
            assert hearing.media_host == THERE
            assert hearing.media_url.startswith(f"wss://{THERE}:{port}/media?hearing=")
            heard = await say(hearing, speech + silence(3.0))
            assert isinstance(heard[-1], Final)
            read: list[Heard] = []
            await read_out(
                pool, ListenRequest("zh", continuous=True), iter([speech, silence(1.0)]), read.append
            )
            assert any(isinstance(one, Final) for one in read)
            state = pool.state()[0]
            assert (state.pid, state.name) == (process.pid, f"wss://{THERE}:{port}")
            # Gone: whoever is listened to is told, and the worker that comes back is used.
            lost = await pool.open(ListenRequest("zh"))
            process.kill()
            assert isinstance((await collect(lost))[-1], Failed)
            async with another_process(there(certificate, port)):
                assert await pool.wait_ready(PATIENCE_S)
                heard = await say(await pool.open(ListenRequest("zh")), speech + silence(3.0))
                assert isinstance(heard[-1], Final)


async def test_beside_a_worker_of_our_own_both_are_used(speech: bytes) -> None:
    async with another_process(there()) as (_, port):
        remote = RemoteWorker(f"ws://{THERE}:{port}", TOKEN)
        settings = PoolSettings(WorkerSettings((spec("whole"),)), remote=(remote,))
        async with WorkerPool(settings) as pool:
            hearings = [await pool.open(ListenRequest("zh")) for _ in range(4)]
            assert sorted(one.media_host for one in hearings) == ["127.0.0.1"] * 2 + [THERE] * 2
            for hearing in hearings:
                await hearing.aclose()


async def test_what_one_worker_refuses_another_takes() -> None:
    async with here(replace(there(), max_streams=1)) as narrow, here(there()) as wide:
        addresses = [RemoteWorker(f"ws://{THERE}:{port}", TOKEN) for port in (narrow, wide)]
        async with pool_of(*addresses) as pool:
            hearings = [await pool.open(ListenRequest("zh")) for _ in range(3)]
            for hearing in hearings:
                await hearing.aclose()


async def test_nobody_else_can_speak_for_a_caller(speech: bytes) -> None:
    async with (
        here(there()) as port,
        pool_of(RemoteWorker(f"ws://{THERE}:{port}", TOKEN), media_from=("127.0.0.1",)) as pool,
    ):
        hearing = await pool.open(ListenRequest("zh"))
        address = hearing.media_host, hearing.media_port
        await send(speech + silence(3.0), *address, speed=16.0, source="127.0.0.9")
        heard = await say(hearing, speech[:48_000] + silence(3.0))
        began = next(one for one in heard if isinstance(one, SpeechBegan))
        # Nothing of what the stranger said is in the stream, neither as words nor as time.
        assert began.at_s < 1.0
        assert isinstance(heard[-1], Final) and float(heard[-1].text) < 2.2


def test_whose_audio_is_taken() -> None:
    named = Senders.named_or(["10.0.0.5", "10.1.0.0/16"], "10.9.9.9")
    assert [named.may(one) for one in ("10.0.0.5", "10.1.2.3", "10.9.9.9", "10.0.0.6")] == [
        True,
        True,
        False,
        False,
    ]
    assert named.may("10.0.0.5") and not named.may("::1")
    assert Senders.named_or([], "10.9.9.9").may("10.9.9.9")
    assert not Senders.named_or([], "10.9.9.9").may("127.0.0.1")
    assert all(Senders.named_or([], "127.0.0.1").may(one) for one in ("127.0.0.1", "127.0.0.7", "::1"))
    assert LOOPBACK == ("127.0.0.0/8", "::1/128")
    with pytest.raises(ValueError, match="asterisk"):
        Senders(["asterisk"])


async def trouble_with(remote: RemoteWorker) -> str:
    async with pool_of(remote) as pool:
        with pytest.raises(AsrUnavailable):
            await pool.open(ListenRequest("zh"))
        return pool.state()[0].trouble


async def test_what_is_wrong_with_a_worker_elsewhere_is_said(certificate: Path, tmp_path: Path) -> None:
    async with here(there(certificate)) as port:
        good = RemoteWorker(f"wss://{THERE}:{port}", TOKEN, fingerprint(certificate))
        assert "token" in await trouble_with(replace(good, token="another"))
        assert "not the pinned one" in await trouble_with(replace(good, fingerprint="ab" * 32))
        assert "64 hex digits" in await trouble_with(replace(good, fingerprint="abcd"))
        assert "certificate" in (await trouble_with(replace(good, fingerprint=""))).lower()
        assert "No such file" in await trouble_with(
            replace(good, fingerprint="", ca_file=str(tmp_path / "none"))
        )
        async with pool_of(replace(good, fingerprint="", ca_file=str(certificate))) as pool:
            assert pool.languages() == {"zh", "en"}
    assert f"wss://{THERE}:{port}" in await trouble_with(good)


async def test_a_worker_of_another_release_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    async with here(there()) as port:
        monkeypatch.setattr(Worker, "hello", lambda self: {"on": "hello", "version": 99})
        why = await trouble_with(RemoteWorker(f"ws://{THERE}:{port}", TOKEN))
    assert f"version 99 of the protocol, this controller version {wire.VERSION}" in why
    assert "install the same release" in why


async def test_the_command_serves_a_hotline_elsewhere_and_its_doctor_finds_it(
    whisper_folder: Path, certificate: Path, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ivr", "asr-worker", "--listen", f"{THERE}:0", "--token-file", str(token)),
        *("--tls-certificate", str(certificate), "--tls-key", str(certificate.parent / "key.pem")),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    try:
        ready = (await process.stdout.readline()).decode()
        found = re.match(r"ready: (wss://127\.0\.0\.2:\d+), audio to 127\.0\.0\.2", ready)
        assert found is not None, ready
        url = f"{found[1]}#sha256={fingerprint(certificate)}"
        settings = load_settings(
            speech={"local_workers": 0, "workers": (url,), "workers_token_file": token}, state_dir=tmp_path
        )
        (finding,) = [one async for one in check_speech_workers(settings)]
        assert finding.status == "ok" and "whisper-base for" in finding.detail
        workers = pool_settings(settings.speech, ("zh", "en"))
        assert workers is not None
        async with WorkerPool(workers) as pool:
            hearing = await pool.open(ListenRequest("zh", MENU))
            heard = await say(hearing, saying("zh-noise") + silence(3.0), speed=4.0)
            assert isinstance(heard[-1], Final) and heard[-1].phrase == "投诉"
    finally:
        process.terminate()
        assert await process.wait() == 0
    (finding,) = [one async for one in check_speech_workers(settings)]
    assert (finding.status, finding.name) == ("fail", f"speech worker {found[1]}")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--listen", "0.0.0.0:0"), "unencrypted"),
        (("--listen", "0.0.0.0:0", "--allow-plain"), "every address"),
        (("--listen", "nowhere"), "HOST:PORT"),
        (("--media-ports", "1-2"), "FIRST-LAST"),
    ],
)
def test_the_command_refuses_what_is_not_safe_before_it_loads_anything(
    options: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    token.chmod(0o600)
    outcome = CliRunner().invoke(app, ["asr-worker", "--token-file", str(token), *options])
    assert isinstance(outcome.exception, ConfigError)
    assert says in f"{outcome.exception} {outcome.exception.mend}"
