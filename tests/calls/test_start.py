"""A start that cannot succeed says which part, and how to mend it; nothing stays behind."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

from ivr.asterisk.process import PrivateAsterisk
from ivr.config import load_settings
from ivr.errors import HotlineError
from ivr.hotline import Hotline
from ivr.main import RunningHotline

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="session")]


async def refused(tmp_path: Path, beside: PrivateAsterisk, **settings: Any) -> HotlineError:
    """Start with these settings beside a running Asterisk; the error that comes."""
    rendered = beside.rendered
    external = {
        "mode": "external",
        "ari_url": rendered.ari_url,
        "username": rendered.ari_user,
        "password": rendered.ari_password,
        "app": f"start-{tmp_path.name}",
    }
    settings["asterisk"] = external | settings.get("asterisk", {})
    settings["speech"] = {"engine": "off"}
    settings["prompts"] = {"render": False}
    settings.setdefault("web", {"port": 0})
    before = asyncio.all_tasks()
    with pytest.raises(HotlineError) as caught:
        await RunningHotline(load_settings(state_dir=tmp_path, **settings)).start()
    assert caught.value.mend, "it does not say how to mend it"
    left = [task.get_name() for task in asyncio.all_tasks() - before]
    assert not [name for name in left if "front door" in name or "hotline" in name or "reconciler" in name]
    return caught.value


async def test_a_wrong_ari_password(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    error = await refused(tmp_path, asterisk_session, asterisk={"password": "wrong"})
    assert "401" in str(error)
    assert "password" in error.mend


async def test_a_busy_port_of_the_page(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        error = await refused(tmp_path, asterisk_session, web={"port": port})
    assert str(port) in str(error)
    assert "IVR_WEB__PORT" in error.mend


async def test_no_postgres(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"postgresql+asyncpg://nobody@127.0.0.1:{closed.getsockname()[1]}/none"
        error = await refused(tmp_path, asterisk_session, database_url=url)
    assert "Postgres" in str(error)
    assert "IVR_DATABASE_URL" in error.mend


async def test_a_folder_without_flows(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    error = await refused(tmp_path, asterisk_session, flows_dir=tmp_path / "nowhere")
    assert "nowhere" in str(error)


async def test_a_broken_flow(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    flows = tmp_path / "flows"
    flows.mkdir()
    (flows / "hotline.yaml").write_text("hotline: x\nlanguages: [zh]\nentry: main\n", encoding="utf-8")
    (flows / "main.yaml").write_text("flow: main\nnodes:\n  a: {kind: sya, next: a}\n", encoding="utf-8")
    error = await refused(tmp_path, asterisk_session, flows_dir=flows)
    assert "main.yaml:3" in str(error)
    assert "say" in str(error)


async def test_an_entry_that_is_not_there(tmp_path: Path, asterisk_session: PrivateAsterisk) -> None:
    error = await refused(tmp_path, asterisk_session, entry_flow="mian")
    assert "mian" in str(error)
    assert "main" in error.mend


def levels(hotline: Hotline) -> dict[str, str]:
    return {part.name: part.level for part in hotline.watching.health().unwell}


async def test_without_models_it_runs_with_keys_only(
    tmp_path: Path, asterisk_session: PrivateAsterisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered = asterisk_session.rendered
    monkeypatch.setenv("IVR_MODELS", str(tmp_path / "no-models"))
    monkeypatch.setattr("ivr.opening.pool_settings", lambda *_, **__: None)
    running = RunningHotline(
        load_settings(
            state_dir=tmp_path,
            web={"enabled": False},
            prompts={"render": False},
            asterisk={
                "mode": "external",
                "ari_url": rendered.ari_url,
                "username": rendered.ari_user,
                "password": rendered.ari_password,
                "app": "keys-only",
            },
        )
    )
    hotline = await running.start()
    try:
        assert dict(hotline.languages) == {"zh": None, "en": None}
        assert [line.engine for line in hotline.status.snapshot().speech] == [None, None]
        before = levels(hotline)
        assert before["speech"] == "degraded" and "calls" not in before
    finally:
        await running.stop()
    assert levels(hotline)["calls"] == "down", "no more calls are taken, and it says so to its last moment"
