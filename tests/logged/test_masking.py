"""No number gets into the log, however it is written; what is no number stays readable; nobody forges a line."""

from __future__ import annotations

import io
import json
import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import log as house_log
from ivr.log import call_context
from ivr.masking import mask_text

SECRET = "13800138000"


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "+86{}",
        "caller={}",
        "sip:{}@10.0.0.5:5060",
        "sip:%2B86{}@host",
        "tel{}",
        "caller_{}",
        "x{}y",
        "a{}",
        "{}f",
        "市民{}来电",
        "PJSIP/{}-0000002a",
        "Local/{}@from-trunk-0000002a;1",
        '{{"number": "{}"}}',
        "('{}',)",
        "{}.",
        "{}.5",
        "1.{}",
        "{},{}",
        "https://a.example/q?n={}&x=1",
        "file-{}.wav",
        "\\x00{}",
        "２０２６{}",
    ],
)
def test_a_number_in_one_piece(text: str) -> None:
    masked = mask_text(text.replace("{}", SECRET))
    assert "0013800" not in masked
    assert "00138" not in masked


@pytest.mark.parametrize(
    "number",
    [
        "138 0013 8000",
        "138-0013-8000",
        "138\u00a00013\u00a08000",
        "138–0013–8000",
        "138.0013.8000",
        "138%200013%208000",
        "+86 (138) 0013-8000",
        "(021) 8888 7777",
        "021-88887777",
        "010 8888-7777",
        "１３８００１３８０００",
        "幺三八零零幺三八零零零",
        "一三八，零零一三，八零零零",
        "幺 三 八 零 零 幺 三 八",
        "11010519491231002X",
        "11010519491231002x",
        "8888777",
        "62220210010012345678",
    ],
)
def test_a_number_in_other_writing(number: str) -> None:
    for around in ("{}", "number {} is busy", "号码：{}。", "<{}>", "a={};b"):
        masked = mask_text(around.replace("{}", number))
        assert number not in masked
        digits = re.findall(r"\d{5,}|[零〇一二三四五六七八九幺两]{5,}", masked)
        assert digits == [], masked


@pytest.mark.parametrize(
    "text",
    [
        "c-n1-69270a1b-1a2b3c4d",
        "c-n1-69270123-12345678.agent-7",
        "channel 1764165600.1234 belongs to no live call",
        "2026-11-26 14:00:05.123456 it began",
        "2026-11-26T14:00:05+08:00",
        "2026-11-26T14:00:05.000+0000",
        "took 0.123456789 s",
        "192.168.100.200:5060 answered",
        "PJSIP/1001-0000002a",
        "PJSIP/trunk-12345678",
        "300 calls, 20 000 a day",
        "1, 2, 3, 4, 5, 6, 7, 8",
        "一共三四个人",
        "flow 3f9c2a71b6",
        "version 603739759aa1 is published",
        "digest 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    ],
)
def test_what_is_no_number_stays(text: str) -> None:
    assert mask_text(text) == text


@given(
    st.text(alphabet="abz_-/:@ =%市(", max_size=6),
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.text(alphabet="abz_-/:@ =%市)x.", max_size=6),
)
def test_no_mobile_number_stays_whole_whatever_is_around_it(before: str, number: str, after: str) -> None:
    assert number not in mask_text(before + number + after)


def logged(style: str, message: str, *args: object, error: BaseException | None = None) -> str:
    stream = io.StringIO()
    root, stderr = logging.getLogger(), sys.stderr
    kept, level = root.handlers[:], root.level
    sys.stderr = stream
    token = call_context.set("c-n2-69270123-12345678")
    try:
        house_log.setup("INFO", style, "n2")  # type: ignore[arg-type]
        logging.getLogger("ivr.test").warning(message, *args, exc_info=error)
    finally:
        call_context.reset(token)
        root.handlers[:] = kept
        root.setLevel(level)
        sys.stderr = stderr
    return stream.getvalue()


def test_json_lines_have_the_call_and_the_node() -> None:
    try:
        raise ValueError(f"refused {SECRET}")
    except ValueError as error:
        text = logged("json", "caller %s\nsaid 幺三八零零幺三八零零零", SECRET, error=error)
    assert text.count("\n") == 1, "one line"
    line = json.loads(text)
    assert line["call"] == "c-n2-69270123-12345678"
    assert line["node"] == "n2"
    assert line["level"] == "WARNING"
    assert line["logger"] == "ivr.test"
    assert line["message"] == "caller 138****8000\nsaid ****"
    assert "ValueError: refused 138****8000" in line["error"]
    assert SECRET not in text


def test_a_message_makes_no_second_line_and_moves_no_cursor() -> None:
    text = logged("text", "name %s", "x\n14:00:00.000 ERROR   - ivr: all is lost\x1b[2J\u2028")
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "c-n2-69270123-12345678 ivr.test: name x\\n14:00" in text


def test_a_message_that_does_not_fit_its_values_shows_none_of_them() -> None:
    text = logged("text", "caller %d", SECRET)
    assert text.startswith("a log line could not be written: ivr.test")
    assert SECRET not in text
