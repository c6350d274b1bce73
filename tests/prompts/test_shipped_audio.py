"""The audio that ships: complete, whole, small, and each clip fit to be heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from ivr.prompts import audio, texts
from ivr.prompts.clips import VOICES, Clip
from ivr.prompts.review import measures, misheard
from ivr.prompts.shelf import MANIFEST, Shelf
from tests.prompts.conftest import tone

FLOWS = Path(__file__).parents[2] / "flows"
MOST_BYTES = 8_000_000
MEND = "run `ivr prompts render --ship` and commit flows/audio"


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return Shelf.open(FLOWS / "audio")


@pytest.mark.parametrize("language", sorted(VOICES))
def test_every_prompt_and_every_fragment_ships(shelf: Shelf, language: str) -> None:
    clips = texts.all_clips(texts.read(FLOWS / "prompts"), language)
    missing = [clip.text for clip in clips if VOICES[language].key(clip) not in shelf.entries]
    assert not missing, MEND


def test_the_manifest_and_the_files_agree(shelf: Shelf) -> None:
    assert not list(shelf.broken()), MEND
    files = {path.stem for path in shelf.folder.glob("*/*")}
    assert files == set(shelf.entries), MEND
    for key, entry in shelf.entries.items():
        assert VOICES[entry.language].key(entry.clip) == key


def test_it_stays_small(shelf: Shelf) -> None:
    assert sum(path.stat().st_size for path in shelf.folder.rglob("*")) < MOST_BYTES
    assert (shelf.folder / MANIFEST).stat().st_size < MOST_BYTES // 10


def test_every_clip_is_even_in_loudness_not_clipped_and_of_a_likely_length(shelf: Shelf) -> None:
    findings = []
    for key, entry in shelf.entries.items():
        data = shelf.read(key)
        assert data is not None
        samples, rate = audio.unpack(data)
        assert abs(len(samples) / rate - entry.seconds) < 0.02
        findings += list(measures(entry.clip, samples, rate))
    assert not findings


@pytest.mark.parametrize(
    ("samples", "complaint"),
    [
        (tone(300, 3.0) * 0.1, "dBFS, not"),
        (tone(300, 3.0) * 2.49, "a peak"),
        (tone(300, 0.05), "s long"),
        (tone(300, 0.2), "characters a second"),
        (tone(300, 12.0), "characters a second"),
    ],
)
def test_the_measures_can_complain(samples: audio.Samples, complaint: str) -> None:
    found = list(measures(Clip("Press one for a person.", "en"), samples, audio.SHELF_RATE))
    assert any(complaint in finding.complaint for finding in found), found
    good = audio.level(tone(300, 1.5), audio.SHELF_RATE)
    assert list(measures(Clip("Press one for a person.", "en"), good, audio.SHELF_RATE)) == []


@pytest.mark.parametrize(
    ("expected", "heard", "language", "share"),
    [
        ("请按1，转人工。", "请按一转人工", "zh", 0.0),
        ("幺二三四五", "12345", "zh", 0.0),
        ("政务", "证物", "zh", 0.0),
        ("您好", "您", "zh", 0.5),
        ("Press 2.", "press two", "en", 0.0),
        ("Number ten, 110.", "number 10, one one zero", "en", 0.0),
        ("Goodbye", "Good", "en", 3 / 7),
        (
            "Usted es el número veintiuno. Marque 911.",
            "usted es el numero 21 marque nueve uno uno",
            "es",
            0.0,
        ),
    ],
)
def test_what_was_misheard_is_counted_by_sound(
    expected: str, heard: str, language: str, share: float
) -> None:
    assert misheard(expected, heard, language) == pytest.approx(share)
