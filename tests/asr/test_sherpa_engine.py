"""The real sherpa-onnx on a transducer that hears tones: streaming, hot words, phrases, models that are none."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from asr.engines import load
from asr.model_report import report
from asr.models import choose, installed
from asr.own_models import sherpa_files, what_is
from asr.protocol import AsrError, AsrUnavailable, Final, Heard, ListenRequest, Partial
from asr.settings import EngineSpec
from asr.sherpa_engine import SherpaRecognizer
from tests.support.speech import RATE, silence
from tests.support.tone_model import TONES, build, tone

NAME = "sherpa-onnx-streaming-tones-zh-2026-11-26"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("models") / NAME)


@pytest.fixture(scope="module")
def engine(folder: Path) -> SherpaRecognizer:
    recognizer = load(EngineSpec("sherpa", NAME, str(folder), ("zh",)), threads=2)
    assert isinstance(recognizer, SherpaRecognizer)
    return recognizer


def hear(engine: SherpaRecognizer, pcm: bytes, *phrases: str, hot: tuple[str, ...] = ()) -> list[Heard]:
    stream = engine.stream(ListenRequest("zh-CN", phrases, hot_words=hot))
    heard: list[Heard] = []
    for begin in range(0, len(pcm), 3200):
        heard.extend(stream.accept(pcm[begin : begin + 3200]))
    heard.extend(stream.finish())
    stream.close()
    return heard


def final_of(heard: Sequence[Heard]) -> Final:
    assert isinstance(heard[-1], Final)
    return heard[-1]


def test_text_grows_while_it_is_spoken(engine: SherpaRecognizer) -> None:
    *partials, final = hear(engine, tone("一三二"))
    assert partials == [Partial("一"), Partial("一三"), Partial("一三二")]
    assert isinstance(final, Final)
    assert (final.text, final.phrase, final.engine) == ("一三二", "", "sherpa")
    assert [word.text for word in final.words] == ["一", "三", "二"]
    begins = [word.start_s for word in final.words]
    assert begins == pytest.approx([0.3, 0.6, 0.9], abs=0.08)
    assert final.confidence is not None and 0.8 < final.confidence <= 1.0


def test_a_phrase_of_the_menu_by_its_sound(engine: SherpaRecognizer) -> None:
    final = final_of(hear(engine, tone("一三二"), "幺三二", "二一"))
    assert final.phrase == "幺三二"
    assert final.confidence is not None and final.confidence > 0.8
    assert final_of(hear(engine, tone("三三"), "幺三二", "二一")).phrase == ""


def test_hot_words_win_where_the_audio_leaves_it_open(engine: SherpaRecognizer) -> None:
    """Two tones at once: heard in turn, the likelier one first."""
    times = np.arange(int(0.3 * RATE)) / RATE
    wave = 0.05 * np.sin(2 * np.pi * TONES["二"] * times) + 0.0235 * np.sin(2 * np.pi * TONES["三"] * times)
    pcm = silence(0.3) + bytes((wave * 32767).astype("<i2").tobytes()) + silence(0.3)
    plain, biased = final_of(hear(engine, pcm)), final_of(hear(engine, pcm, hot=("三",)))
    assert plain.text[0] == "二"
    assert biased.text[0] == "三"


def test_hot_words_that_the_model_cannot_write_do_not_cost_the_others(engine: SherpaRecognizer) -> None:
    assert engine.hot_words(["三", "长安街", "3", "311", "a/b:1", ""], "zh") == ["三"]


def test_silence_has_no_words(engine: SherpaRecognizer) -> None:
    (final,) = hear(engine, silence(1.0), "一三")
    assert isinstance(final, Final)
    assert (final.text, final.phrase) == ("", "")
    assert final.confidence is not None and final.confidence < 0.4


def test_another_language_is_refused(engine: SherpaRecognizer) -> None:
    with pytest.raises(AsrUnavailable) as refused:
        engine.stream(ListenRequest("en"))
    assert refused.value.cause == "language"


def test_one_model_serves_callers_side_by_side(engine: SherpaRecognizer) -> None:
    texts = ["一二三", "三一", "二", "二三一二"] * 4
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda text: final_of(hear(engine, tone(text))).text, texts)) == texts


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: (folder / "joiner.onnx").unlink(), "encoder_output_size"),
        (lambda folder: (folder / "tokens.txt").write_text("no numbers here\n"), "tokens.txt, line 1"),
        (lambda folder: (folder / "encoder.onnx").write_bytes(b"<html>not found</html>"), "not an ONNX"),
        (lambda folder: _cut(folder / "encoder.onnx"), "cut off"),
        (lambda folder: shutil.copy(folder / "joiner.onnx", folder / "encoder.onnx"), "model_type"),
        (lambda folder: (folder / "decoder.onnx").unlink(), "no tokens.txt with"),
    ],
)
def test_a_damaged_model_is_an_error_and_not_the_end_of_the_worker(
    folder: Path, tmp_path: Path, spoil: object, says: str
) -> None:
    """The package itself would end the process, or crash it."""
    copy = tmp_path / NAME
    shutil.copytree(folder, copy)
    assert callable(spoil)
    spoil(copy)
    with pytest.raises(AsrError, match=says):
        SherpaRecognizer(copy, frozenset({"zh"}))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def test_without_the_package_it_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sherpa_onnx", None)
    with pytest.raises(AsrError, match=r"open-hotline\[sherpa\]"):
        SherpaRecognizer(folder, frozenset({"zh"}))


def test_a_city_that_brings_one_is_served_by_it_first(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IVR_MODELS", str(folder.parent))
    monkeypatch.setenv("IVR_CACHE", str(tmp_path))
    assert [(model.engine, model.name) for model in choose(["zh"])["zh"]] == [("sherpa", NAME)]
    monkeypatch.setattr("asr.models.can_run", lambda engine: engine != "sherpa")
    monkeypatch.setattr("asr.model_report.can_run", lambda engine: engine != "sherpa")
    assert choose(["zh"]) == {}
    assert [model.name for model in installed()] == [NAME]
    assert any("sherpa-onnx is not installed" in detail for _, _, detail, _ in report(["zh"]))


@pytest.mark.parametrize(
    ("name", "languages"),
    [
        ("sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20", {"zh", "en"}),
        ("sherpa-onnx-streaming-zipformer-multi-zh-hans-2023-12-12", {"zh"}),
        ("sherpa-onnx-streaming-zipformer-korean-2024-06-16", {"ko"}),
        ("sherpa-onnx-streaming-paraformer-trilingual-zh-cantonese-en", {"zh", "yue", "en"}),
        ("sherpa-onnx-streaming-zipformer-ar_en_ja_zh-2025-02-10", {"ar", "en", "ja", "zh"}),
    ],
)
def test_languages_by_the_names_that_its_authors_give(tmp_path: Path, name: str, languages: set[str]) -> None:
    path = tmp_path / name
    path.mkdir()
    for file in (
        "tokens.txt",
        "encoder-epoch-99.onnx",
        "encoder-epoch-99.int8.onnx",
        "decoder-epoch-99.onnx",
    ):
        (path / file).touch()
    (path / "decoder-epoch-99.int8.onnx").touch()
    assert what_is(path) == ("sherpa", frozenset(languages))
    files = sherpa_files(path)
    assert files is not None
    assert (files.encoder.name, files.decoder.name) == ("encoder-epoch-99.int8.onnx", "decoder-epoch-99.onnx")
    (path / "LANGUAGES").write_text("zh\n")
    assert what_is(path) == ("sherpa", frozenset({"zh"}))
