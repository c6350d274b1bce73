"""The checked-in files of `ivr/ari/generated/` are what the running Asterisk's own api-docs give."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path

import pytest

from ivr.ari.client import AriSettings
from ivr.ari.generated import handles, operations
from ivr.ari.generated.operations import OPERATIONS
from ivr.ari.repository import Repository
from scripts import generate_ari as script


@pytest.mark.real
async def test_the_generated_files_match_the_running_asterisk(settings: AriSettings, tmp_path: Path) -> None:
    docs = await asyncio.to_thread(script.fetch, settings.base_url, settings.username, settings.password)
    files = await asyncio.to_thread(script.generate, docs)
    assert script.differing(files) == []
    # And the comparison can tell: a file changed by hand differs.
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "events.py").write_text("# by hand\n", "utf-8")
    assert script.differing(files, tmp_path) == ["events.py"]


@pytest.mark.real
async def test_every_operation_of_the_api_docs_is_a_method(settings: AriSettings) -> None:
    docs = await asyncio.to_thread(script.fetch, settings.base_url, settings.username, settings.password)
    described = {
        (operation["httpMethod"], path)
        for resource in docs.resources.values()
        for api in resource["apis"]
        for path, operation in [(api["path"], o) for o in api["operations"]]
    }
    described.remove(("GET", "/events"))  # the websocket itself
    assert described == {(operation.method, operation.template) for operation in OPERATIONS}


def test_methods_are_typed_keyword_only_and_documented() -> None:
    methods = {}
    for name, repository in inspect.getmembers(operations, inspect.isclass):
        if issubclass(repository, Repository) and repository is not Repository:
            for method, function in inspect.getmembers(repository, inspect.iscoroutinefunction):
                if not method.startswith("_"):
                    methods[f"{name}.{method}"] = function
    assert len(methods) == len(OPERATIONS)
    for name, function in methods.items():
        assert function.__doc__, name
        for parameter in list(inspect.signature(function).parameters.values())[1:]:
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, name
            assert parameter.annotation is not inspect.Parameter.empty, name


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ("playWithId", "play_with_id"),
        ("sendDTMF", "send_dtmf"),
        ("absorbDTMF", "absorb_dtmf"),
        ("deviceStates", "device_states"),
        ("from", "from_"),
        ("RESTResponse", "rest_response"),
    ],
)
def test_names(camel: str, snake: str) -> None:
    assert script.snake(camel) == snake


def test_handles_bind_their_id() -> None:
    assert "channel_id" not in inspect.signature(handles.ChannelHandle.create).parameters
    assert "playback_id" in inspect.signature(handles.ChannelHandle.play_with_id).parameters
