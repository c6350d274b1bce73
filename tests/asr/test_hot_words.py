"""Names of the hotline for words that sound like them."""

from __future__ import annotations

import pytest

from asr.hot_words import AT_MOST, Proposal, proposals, taken

STREETS = ("甬江街道", "武定路", "民政局", "大理")


@pytest.mark.parametrize(
    ("text", "language", "names", "proposed"),
    [
        ("我住在永江街道。", "zh", STREETS, "我住在甬江街道。"),
        ("五定路上有一个坑", "zh", STREETS, "武定路上有一个坑"),
        ("I live near Tulpihak in St.", "en", ("Tulpehocken",), "I live near Tulpehocken St."),
    ],
)
def test_what_sounds_like_a_name_is_proposed_as_it(
    text: str, language: str, names: tuple[str, ...], proposed: str
) -> None:
    assert proposals(text, names, language)[0].text == proposed


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("我要去武定路", "zh"),
        ("公交车司机态度非常不好", "zh"),
        ("打理一下花园", "zh"),
        ("", "zh"),
        ("the weather was cold and the sea was calm", "en"),
    ],
)
def test_other_sentences_stay_as_they_are(text: str, language: str) -> None:
    names = ("武定路",) if language == "zh" else ("Schuylkill", "Manayunk")
    assert proposals(text, names, language) == []


def test_many_names_cost_no_more_than_a_few() -> None:
    names = [f"{first}定路" for first in "武五吴舞午误物务"]
    assert len(proposals("去无定路", names, "zh")) == AT_MOST


def test_a_name_is_taken_unless_the_audio_speaks_against_it() -> None:
    near, far = Proposal("武定路", "武定路", 1.0), Proposal("午定路", "午定路", 0.85)
    assert taken(20.0, [(near, 12.0), (far, 10.0)]) == near
    assert taken(20.0, [(near, -10.0)]) is None
    assert taken(20.0, [(far, 5.0)]) is None
    assert taken(20.0, []) is None
