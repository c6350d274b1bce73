"""A transcript as its readers get it: masked, timed, in text, WebVTT and JSON."""

from __future__ import annotations

import datetime as dt
import io
import json
from dataclasses import replace

import pytest
import webvtt

from ivr.transcripts.formats import as_json, as_text, as_vtt
from ivr.transcripts.shown import Transcript, parse_line_id, transcript
from storage.personal.spans import HIDDEN_BY_DEFAULT
from storage.records import TranscriptLine

T0 = dt.datetime(2026, 11, 26, 8, 0, tzinfo=dt.UTC)


def at(seconds: float) -> dt.datetime:
    return T0 + dt.timedelta(seconds=seconds)


def line(seq: int, text: str, began_s: float, ended_s: float | None = None, **more: object) -> TranscriptLine:
    ended_at = None if ended_s is None else at(ended_s)
    made = TranscriptLine("c1", seq, at(began_s + 2), "caller", text, "zh", 0.9, "vosk")
    return replace(made, began_at=at(began_s), ended_at=ended_at, engine_version="0.3.45", **more)  # type: ignore[arg-type]


TALK = [
    line(1, "您好，我的电话是13800138000", 1.5, 4.25),
    line(2, "a < b & c --> d\n</v>", 4.0, 5.0, speaker="agent", party="a1", language="en"),
    line(3, "  ", 6.0, 7.0),
    line(4, "好的", 3671.0, None, corrected="好的，谢谢", revision=1),
    line(1, "留言", 3700.0, 3701.0, speaker="recording", party="r1", source="recording"),
]


def talk(hide: frozenset[str] = HIDDEN_BY_DEFAULT) -> Transcript:
    return transcript("c1", T0, TALK, hide)  # type: ignore[arg-type]


def test_webvtt_is_read_by_a_library_as_it_was_meant() -> None:
    captions = webvtt.from_buffer(io.StringIO(as_vtt(talk())))
    assert [(each.identifier, each.start, each.end, each.voice) for each in captions] == [
        ("1", "00:00:01.500", "00:00:04.250", "Caller"),
        ("a1:2", "00:00:04.000", "00:00:05.000", "Agent a1"),
        ("4", "01:01:11.000", "01:01:12.000", "Caller"),
        ("r1:1", "01:01:40.000", "01:01:41.000", "Recording"),
    ]
    assert captions[0].text == "您好，我的电话是【电话】"


def test_nothing_said_is_markup_in_webvtt() -> None:
    written = as_vtt(talk())
    assert "<v Agent a1>a &lt; b &amp; c --&gt; d &lt;/v&gt;</v>" in written
    assert written.startswith("WEBVTT\n\n")
    blocks = written.rstrip("\n").split("\n\n")[1:]
    assert all(len(block.split("\n")) == 3 and block.count("-->") == 1 for block in blocks)


def test_cues_follow_each_other_in_time_and_none_is_empty() -> None:
    lines = [line(2, "b", 5.0, 5.0), line(1, "a", 1.0, 9.0)]
    captions = list(webvtt.from_buffer(io.StringIO(as_vtt(transcript("c1", T0, lines, ())))))
    assert [each.identifier for each in captions] == ["1", "2"]
    assert all(each.start < each.end for each in captions)


def test_text_for_people() -> None:
    lines = as_text(talk()).splitlines()
    assert lines[0] == "c1  2026-11-26 08:00:00 UTC"
    assert lines[1] == "00:00:01.500  Caller            1  您好，我的电话是【电话】"
    assert lines[4] == "01:01:11.000  Caller            4* 好的，谢谢"


def test_json_for_programs() -> None:
    read = json.loads(as_json(talk()))
    assert (read["kind"], read["version"], read["call"]) == ("open-hotline.transcript", 1, "c1")
    assert read["began_at"] == "2026-11-26T08:00:00+00:00"
    assert read["hide"] == sorted(HIDDEN_BY_DEFAULT)
    first = read["lines"][0]
    assert (first["begins_s"], first["ends_s"], first["hidden"]) == (1.5, 4.25, ["phone"])
    assert (first["engine"], first["engine_version"], first["confidence"]) == ("vosk", "0.3.45", 0.9)
    assert "13800138000" not in json.dumps(read)
    assert "13800138000" in as_json(talk(frozenset()))


def words(*texts: str) -> list[dict[str, object]]:
    return [
        {"text": text, "start_s": float(index), "end_s": index + 0.5, "confidence": 0.8}
        for index, text in enumerate(texts)
    ]


def test_words_have_the_time_of_the_call_and_hide_what_the_text_hides() -> None:
    said = line(1, "电话13800138000", 10.0, words=words("电话", "一三八", "零零幺三", "八零零零"))
    (shown,) = transcript("c1", T0, [said], HIDDEN_BY_DEFAULT).lines
    assert [word.text for word in shown.words] == ["电话", "【电话】", "【电话】", "【电话】"]
    assert [(word.start_s, word.end_s) for word in shown.words][1] == (11.0, 11.5)
    assert shown.ends_s == 13.5
    (clear,) = transcript("c1", T0, [said], ()).lines
    assert [word.text for word in clear.words] == ["电话", "一三八", "零零幺三", "八零零零"]


def test_words_that_do_not_show_what_the_text_hides_are_not_given() -> None:
    said = line(1, "我叫张伟", 10.0, words=words("我", "叫", "章", "伟"), corrected="我叫张伟")
    said = replace(said, words=words("喔", "交", "丈", "委"))
    (shown,) = transcript("c1", T0, [said], HIDDEN_BY_DEFAULT).lines
    assert (shown.text, shown.words) == ("我叫【姓名】", ())


def test_a_line_before_the_call_was_on_record_begins_at_zero() -> None:
    (shown,) = transcript("c1", at(5), [line(1, "x", 1.0, 2.0)], ()).lines
    assert (shown.begins_s, shown.ends_s) == (0.0, 1.0)


@pytest.mark.parametrize(("id", "key"), [("3", ("", 3)), ("a1:3", ("a1", 3)), ("r:1:2", ("r:1", 2))])
def test_ids_of_lines(id: str, key: tuple[str, int]) -> None:
    assert parse_line_id(id) == key
