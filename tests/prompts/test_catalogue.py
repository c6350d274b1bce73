"""Which sound a prompt gets, and what is said when there is none."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ivr.errors import ConfigError, PromptMissing
from ivr.flow.actions import PAUSE_PROMPT, RECORDING_PROMPT, JsonValue, Prompt
from ivr.flow.prompt_text import PromptTextError
from ivr.prompts import audio, numbers, texts
from ivr.prompts.catalogue import Folders, PromptCatalogue, speech_folder
from ivr.prompts.clips import STAND_INS, VOICES, Clip, Voice
from ivr.prompts.prepared import Playable
from ivr.prompts.shelf import Shelf
from ivr.prompts.store import write_whole
from ivr.prompts.takes import takes
from tests.prompts.conftest import tone

LIBRARY = {
    "zh": {
        "hello": "您好，这里是市民热线。",
        "place": "您现在排在第{place:number}位。",
        "left": "还有{count:number}位。",
    },
    "en": {
        "hello": "Hello.",
        "place": "You are number {place:number} in line.",
        "said": "You said {what:text}.",
    },
}
HELLO = Clip("您好，这里是市民热线。", "zh")


def opus(hz: float, seconds: float = 0.5) -> bytes:
    return audio.pack(tone(hz, seconds), audio.SHELF_RATE)


def ship(folders: Folders, clip: Clip, hz: float) -> None:
    Shelf.open(folders.shelf).put(clip, VOICES[clip.language], opus(hz), 0.5).save()


def record(folders: Folders, language: str, name: str, hz: float, extension: str = "wav") -> None:
    path = folders.recordings / language / f"{name}.{extension}"
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(hz, 0.5, 16_000), 16_000)


def load(folders: Folders) -> PromptCatalogue:
    return PromptCatalogue.load(LIBRARY, folders)


def pitch(uri: str) -> float:
    """Hz of the prepared sound: the strongest."""
    samples, rate = soundfile.read(
        uri.removeprefix("sound:") + ".ulaw", channels=1, samplerate=8000, subtype="ULAW", format="RAW"
    )
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * rate / len(samples))


def stocked(folders: Folders) -> PromptCatalogue:
    """A catalogue whose every clip has a sound that is named after it."""
    catalogue = load(folders)
    for language in LIBRARY:
        for clip in texts.all_clips(LIBRARY, language):
            catalogue.add(clip, Playable(f"sound:/{clip.text.strip()}", 1.0), natural=True)
    return catalogue


def words(media: list[str]) -> list[str]:
    return [uri.removeprefix("sound:/") for uri in media]


def test_the_recording_wins_over_the_shelf_and_the_shelf_over_the_cache(folders: Folders) -> None:
    for voice, hz in ((STAND_INS["zh"], 300), (VOICES["zh"], 500)):
        write_whole(speech_folder(folders.cache) / f"{voice.key(HELLO)}.opus", opus(hz))
    heard = [pitch(load(folders).media([Prompt("hello")], "zh")[0])]
    ship(folders, HELLO, 700)
    heard.append(pitch(load(folders).media([Prompt("hello")], "zh")[0]))
    record(folders, "zh", "hello", 900)
    heard.append(pitch(load(folders).media([Prompt("hello")], "zh")[0]))
    assert heard == pytest.approx([500, 700, 900], rel=0.03)


def test_the_stand_in_sounds_until_the_natural_voice_is_there(folders: Folders) -> None:
    write_whole(speech_folder(folders.cache) / f"{STAND_INS['zh'].key(HELLO)}.opus", opus(300))
    catalogue = load(folders)
    assert HELLO in catalogue.missing("zh") and HELLO not in catalogue.silent("zh")
    assert pitch(catalogue.media([Prompt("hello")], "zh")[0]) == pytest.approx(300, rel=0.03)
    better = Playable("sound:/better", 1.0)
    catalogue.add(HELLO, better, natural=True)
    catalogue.add(HELLO, Playable("sound:/worse", 1.0), natural=False)
    assert catalogue.media([Prompt("hello")], "zh") == ["sound:/better"]
    assert HELLO not in catalogue.missing("zh")


def test_a_recorded_prompt_needs_no_synthesis(folders: Folders) -> None:
    record(folders, "en", "hello", 900, "flac")
    catalogue = load(folders)
    assert not any("Hello" in clip.text for clip in catalogue.missing("en"))
    assert any("in line" in clip.text for clip in catalogue.missing("en"))
    assert len(catalogue.media([Prompt("hello")], "en")) == 1 and catalogue.is_recorded("hello", "en")


def test_the_parts_of_a_prompt_with_a_value_are_recorded_one_by_one(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    record(folders, "en", "place", 300)  # a recording of the whole could not say the place
    record(folders, "en", "place+1", 900)
    record(folders, "en", "place+2", 700)
    record(folders, "en", "say+three", 500)
    catalogue = load(folders)
    for clip in texts.all_clips(LIBRARY, "en"):
        catalogue.add(clip, Playable("sound:/synthetic", 1.0), natural=True)
    heard = [pitch(uri) for uri in catalogue.media([Prompt("place", {"place": 3})], "en")]
    assert heard == pytest.approx([900, 500, 700], rel=0.03)
    assert "recordings/en/place is not played" in caplog.text


def test_each_plural_form_has_its_own_sound(folders: Folders) -> None:
    library = {
        "en": {
            "left": "{n:number} callers.",
            "left~one": "{n:number} caller.",
            "left~other": "{n:number} callers.",
            "left~0": "Nobody.",
        }
    }
    clips = list(texts.all_clips(library, "en"))
    assert Clip("Nobody.", "en") in clips and Clip("one caller.", "en") in clips
    assert Clip("two callers.", "en") in clips and Clip("one callers.", "en") not in clips
    record(folders, "en", "left~0", 900)
    catalogue = PromptCatalogue.load(library, folders)
    assert pitch(catalogue.media([Prompt("left~0", {"n": 0})], "en")[0]) == pytest.approx(900, rel=0.03)
    for clip in clips:
        catalogue.add(clip, Playable(f"sound:/{clip.text.strip()}", 1.0), natural=True)
    assert words(catalogue.media([Prompt("left~one", {"n": 1})], "en")) == ["one caller."]
    assert words(catalogue.media([Prompt("left~other", {"n": 20})], "en")) == ["twenty", "callers."]
    assert words(catalogue.media([Prompt("left", {"n": 20})], "en")) == ["twenty", "callers."]


def test_a_sentence_with_values_in_another_language_is_said_as_a_whole(folders: Folders) -> None:
    library = {"es": {"place": "Usted es el número {place:number} en la fila.", "hello": "Hola."}}
    catalogue = PromptCatalogue.load(library, folders)
    assert [clip.text for clip in catalogue.missing("es")] == ["Hola."]
    catalogue.add(
        Clip("Usted es el número veintiuno en la fila.", "es"), Playable("sound:/21", 1.0), natural=False
    )
    assert catalogue.media([Prompt("place", {"place": 21})], "es") == ["sound:/21"]
    asked: list[Clip] = []
    catalogue.on_missing = asked.append
    for values, reason in (
        ({"place": 22}, "no sound for a value"),
        ({}, "`{place}`, which has no value"),
        ({"place": "x"}, "is none"),
    ):
        with pytest.raises(PromptMissing) as missing:
            catalogue.media([Prompt("place", values)], "es")
        assert reason in str(missing.value)
    assert [clip.text for clip in asked] == ["Usted es el número veintidós en la fila."]


def test_an_amount_in_a_rare_currency_is_a_free_text(folders: Folders) -> None:
    catalogue = PromptCatalogue.load(
        {"zh": {"fee": "费用是{fee:money.EUR}。"}, "en": {"fee": "{fee:money.EUR}"}}, folders
    )
    asked: list[Clip] = []
    catalogue.on_missing = asked.append
    for language in ("zh", "en"):
        for clip in catalogue.missing(language):
            catalogue.add(clip, Playable("sound:/x", 1.0), natural=True)
        with pytest.raises(PromptMissing):
            catalogue.media([Prompt("fee", {"fee": 3.5})], language)
    assert [clip.text for clip in asked] == ["三点五欧元", "three point five euros"]


def test_what_a_value_holds_is_spoken_plainly_and_never_read_as_a_text(folders: Folders) -> None:
    catalogue = stocked(folders)
    asked: list[Clip] = []
    catalogue.on_missing = asked.append
    for what in ("[[h@'loU]] {pin:digits}", "<speak>{{x}}</speak>", "a\x00b\u202ec", "y" * 5000):
        with pytest.raises(PromptMissing):
            catalogue.media([Prompt("said", {"what": what, "pin": "1207"})], "en")
    assert [clip.text for clip in asked[:3]] == ["h@'loU pin:digits", "speak x /speak", "a bc"]
    assert len(asked[3].text) == 300
    assert catalogue.text(Prompt("said", {"what": "{pin}", "pin": "1207"}), "en") == "You said {pin}."


@pytest.mark.parametrize(
    ("values", "media", "seconds"),
    [
        ({"id": "ivr-1-record.2", "seconds": 4.5}, "recording:ivr-1-record.2", 4.5),
        ({"id": "calls/2026/1", "seconds": True}, "recording:calls/2026/1", 180.0),
        ({"id": "x", "seconds": -3}, "recording:x", 180.0),
    ],
)
def test_a_recording_of_the_call_is_played_by_its_name(
    folders: Folders, values: dict[str, JsonValue], media: str, seconds: float
) -> None:
    catalogue = stocked(folders)
    prompt = Prompt(RECORDING_PROMPT, values)
    assert catalogue.media([Prompt("hello"), prompt], "zh")[1] == media
    assert catalogue.seconds([prompt], "fr") == seconds
    assert catalogue.ready([prompt], "zh")


@pytest.mark.parametrize(("written", "seconds"), [(0.1, 0.25), (1, 1.0), (1.5, 1.5), (60, 3.0)])
def test_a_pause_of_a_prompt_is_made_of_short_ones(
    folders: Folders, written: JsonValue, seconds: float
) -> None:
    catalogue = stocked(folders)
    prompts = [Prompt("hello"), Prompt(PAUSE_PROMPT, {"seconds": written}), Prompt("hello")]
    assert catalogue.ready(prompts, "zh")
    between = catalogue.media(prompts, "zh")[1:-1]
    assert len(set(between)) == 1 and "silence" in between[0]
    assert catalogue.seconds(prompts[1:2], "zh") == pytest.approx(seconds)


def test_a_pause_without_a_length_is_none(folders: Folders) -> None:
    with pytest.raises(PromptMissing):
        stocked(folders).media([Prompt(PAUSE_PROMPT, {"seconds": "long"})], "zh")


@pytest.mark.parametrize(
    "name", ["", "../etc/passwd", "a/../../b", "/etc/x", "a b", "a,sound:x", None, 3, "x" * 300]
)
def test_no_other_name_reaches_asterisk(folders: Folders, name: JsonValue) -> None:
    with pytest.raises(PromptMissing):
        stocked(folders).media([Prompt(RECORDING_PROMPT, {"id": name})], "zh")


def test_every_take_has_a_name_of_its_own_and_every_part_its_clip() -> None:
    library = {
        language: {**ours, "all": "{a:ordinal}{b:relative}{c:duration}{d:percent}{e:datetime}"}
        for language, ours in LIBRARY.items()
    }
    for language in library:
        ours = takes(library, language, values=True)
        assert len({take.id.casefold() for take in ours}) == len(ours)
        assert {take.clip for take in ours if take.clip} <= set(texts.all_clips(library, language))
        assert not {take.id for take in ours} & {"place", "said"}


def test_a_missing_sound_names_prompt_words_and_language_and_is_asked_for(folders: Folders) -> None:
    catalogue = load(folders)
    asked: list[Clip] = []
    catalogue.on_missing = asked.append
    with pytest.raises(
        PromptMissing, match="`hello` has no sound for “您好，这里是市民热线。” in `zh`"
    ) as missing:
        catalogue.media([Prompt("hello")], "zh")
    assert missing.value.mend and asked == [HELLO]
    ship(folders, HELLO, 700)
    assert load(folders).media([Prompt("hello")], "zh")


@pytest.mark.parametrize(
    ("prompt", "language", "reason"),
    [
        (Prompt("nowhere"), "zh", "`nowhere` has no text in `zh`"),
        (Prompt("hello"), "fr", "`hello` has no text in `fr`"),
        (Prompt("place"), "zh", "`{place}`, which has no value"),
        (Prompt("place", {"place": "many"}), "zh", "should be said as a number"),
    ],
)
def test_what_cannot_be_played_is_located(
    folders: Folders, prompt: Prompt, language: str, reason: str
) -> None:
    with pytest.raises(PromptMissing) as missing:
        stocked(folders).media([prompt], language)
    assert reason in str(missing.value)


def test_values_are_said_between_the_words_in_order(folders: Folders) -> None:
    catalogue = stocked(folders)
    assert words(catalogue.media([Prompt("hello"), Prompt("place", {"place": 103})], "zh")) == [
        *("您好，这里是市民热线。", "您现在排在第", "一百", "零三", "位。")
    ]
    assert words(catalogue.media([Prompt("place", {"place": 22})], "zh"))[1] == "二十二"
    assert catalogue.seconds([Prompt("place", {"place": 103})], "en") == 4.0


def test_common_values_are_heard_in_one_piece_once_that_is_rendered(folders: Folders) -> None:
    catalogue = stocked(folders)
    assert words(catalogue.media([Prompt("place", {"place": 3})], "zh")) == ["您现在排在第三位。"]
    assert words(catalogue.media([Prompt("left", {"count": 2})], "zh")) == ["还有两位。"]
    assert words(catalogue.media([Prompt("place", {"place": 3})], "en")) == ["You are number three in line."]
    for value in (3.0, "3", 11):
        assert len(catalogue.media([Prompt("place", {"place": value})], "en")) in (3, 4)


def test_nobody_waits_for_a_common_value_in_one_piece(folders: Folders) -> None:
    catalogue = load(folders)
    for clip in catalogue.silent("zh"):
        catalogue.add(clip, Playable(f"sound:/{clip.text.strip()}", 1.0), natural=True)
    assert words(catalogue.media([Prompt("place", {"place": 3})], "zh")) == ["您现在排在第", "三", "位。"]
    assert catalogue.missing("zh") and not catalogue.silent("zh")


def test_the_words_around_a_value_are_cut_from_the_whole_sentence() -> None:
    before, _, after = texts.compile_text("您现在排在第{place:number}位。", "zh")
    assert before == Clip("您现在排在第", "zh", "", "八位。") and after == Clip(
        "位。", "zh", "您现在排在第八", ""
    )


def test_free_text_is_played_where_it_has_a_sound_and_never_repeated_in_errors(folders: Folders) -> None:
    catalogue = stocked(folders)
    asked: list[Clip] = []
    catalogue.on_missing = asked.append
    with pytest.raises(PromptMissing) as missing:
        catalogue.media([Prompt("said", {"what": "my name is Li"})], "en")
    assert "Li" not in str(missing.value)
    catalogue.add(asked[0], Playable("sound:/what", 1.0), natural=False)
    assert words(catalogue.media([Prompt("said", {"what": "my name is Li"})], "en")) == ["You said", "what"]


def test_every_fragment_is_among_the_clips_of_a_language() -> None:
    for language in numbers.LANGUAGES:
        clips = set(texts.all_clips(LIBRARY, language))
        assert {texts.fragment_clip(fragment, language) for fragment in numbers.fragments(language)} <= clips


def test_this_years_dates_are_said_without_the_year(folders: Folders) -> None:
    catalogue = PromptCatalogue({"en": {"due": "{day:date}"}}, load(folders).prepared)
    catalogue.now = lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for fragment in numbers.fragments("en"):
        catalogue.add(texts.fragment_clip(fragment, "en"), Playable(f"sound:/{fragment}", 1.0), natural=True)
    assert words(catalogue.media([Prompt("due", {"day": "2026-11-22"})], "en")) == [
        "November",
        "twenty-second",
    ]
    assert len(catalogue.media([Prompt("due", {"day": "2027-11-22"})], "en")) == 4


def test_the_text_of_a_prompt_is_the_whole_sentence(folders: Folders) -> None:
    catalogue = load(folders)
    assert catalogue.text(Prompt("place", {"place": 3}), "en") == "You are number 3 in line."
    assert catalogue.text(Prompt("nowhere"), "en") == "[nowhere]"


def test_a_key_changes_with_all_that_changes_the_sound_and_only_with_it() -> None:
    voice = Voice("a", "zh", 1.0, "engine/1")
    clips = [
        HELLO,
        Clip("您好!", "zh"),
        Clip("您好。", "en"),
        Clip("您好。", "zh", "是"),
        Clip("您好。", "zh", "", "是"),
        Clip("您好。", "zh", pace=0.8),
    ]
    keys = [voice.key(clip) for clip in clips]
    keys += [
        other.key(HELLO) for other in (Voice("b", "zh", 1.0, "engine/1"), Voice("a", "zh", 1.0, "engine/2"))
    ]
    assert len(set(keys)) == len(keys)
    assert voice.key(Clip(HELLO.text, "zh")) == keys[0]


def test_an_altered_file_on_the_shelf_is_not_played(folders: Folders) -> None:
    ship(folders, HELLO, 700)
    shelf = Shelf.open(folders.shelf)
    (key,) = shelf.entries
    shelf.path(key).write_bytes(opus(800))
    assert list(shelf.broken()) == [key]
    assert HELLO in load(folders).silent("zh")


def test_a_file_that_is_no_audio_is_left_out_and_logged(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    path = folders.recordings / "zh" / "hello.wav"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"not audio")
    catalogue = load(folders)
    assert str(path) in caplog.text
    with pytest.raises(PromptMissing):
        catalogue.media([Prompt("hello")], "zh")


def test_the_second_load_decodes_nothing(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(folders, HELLO, 700)
    record(folders, "zh", "bye", 900)
    first = load(folders).media([Prompt("hello"), Prompt("bye")], "zh")

    def refuse(data: bytes) -> tuple[audio.Samples, int]:
        raise AssertionError("decoded again")

    monkeypatch.setattr(audio, "unpack", refuse)
    assert load(folders).media([Prompt("hello"), Prompt("bye")], "zh") == first


def test_progress_counts_every_file_once(folders: Folders) -> None:
    ship(folders, HELLO, 700)
    record(folders, "zh", "left", 900)
    seen: list[tuple[int, int]] = []
    PromptCatalogue.load(LIBRARY, folders, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 2), (2, 2)]


def test_broken_texts_and_manifests_are_named(folders: Folders, tmp_path: Path) -> None:
    write_whole(folders.shelf / "manifest.json", b"{")
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        Shelf.open(folders.shelf)
    with pytest.raises(PromptTextError):
        texts.compile_text("第{place位", "zh")
    write_whole(tmp_path / "prompts" / "zh.yaml", b"- a\n- b\n")
    with pytest.raises(ConfigError, match=r"zh\.yaml"):
        texts.read(tmp_path / "prompts")


def test_catalogues_of_two_versions_have_their_own_texts_and_share_their_sounds(folders: Folders) -> None:
    old = stocked(folders)
    changed = Clip("您好，请说出您的问题。", "zh")
    new = PromptCatalogue.load({"zh": {**LIBRARY["zh"], "hello": changed.text}}, folders, beside=old)
    assert words(old.media([Prompt("hello")], "zh")) == [HELLO.text]
    assert new.silent("zh") == (changed,)
    asked: list[Clip] = []
    old.on_missing = asked.append
    with pytest.raises(PromptMissing):
        new.media([Prompt("hello")], "zh")
    assert asked == [changed]
    old.add(changed, Playable(f"sound:/{changed.text}", 1.0), natural=True)
    assert words(new.media([Prompt("hello")], "zh")) == [changed.text]
    assert words(new.media([Prompt("place", {"place": 103})], "zh"))[0] == "您现在排在第"


def test_only_what_has_no_sound_yet_is_looked_for(folders: Folders) -> None:
    ship(folders, HELLO, 700)
    old = load(folders)
    ship(folders, HELLO, 900)
    new = PromptCatalogue.load(LIBRARY, folders, beside=old)
    assert pitch(new.media([Prompt("hello")], "zh")[0]) == pytest.approx(700, rel=0.03)
