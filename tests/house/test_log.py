"""Log lines carry no personal data, whoever wrote them."""

from __future__ import annotations

import io
import json
import logging
import sys

import pytest

from ivr import log as house_log


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+8613812345678", "+86****5678"),
        ("12345", "****5"),
        ("5551234", "****234"),
        ("", ""),
    ],
)
def test_numbers_are_masked(number: str, masked: str) -> None:
    assert house_log.mask_number(number) == masked


@pytest.mark.parametrize("style", ["text", "json"])
def test_every_line_is_masked_and_names_its_call(style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    token = house_log.call_context.set("c-n1-1-2")
    try:
        house_log.setup("INFO", style)  # type: ignore[arg-type]
        logging.getLogger("x").info("caller 13812345678 said 110101199003077475")
    finally:
        house_log.call_context.reset(token)
        root.handlers[:], level = before
        root.setLevel(level)
    line = stream.getvalue().strip()
    assert "13812345678" not in line
    assert "110101199003077475" not in line
    assert "138****5678" in line
    assert "c-n1-1-2" in line
    if style == "json":
        assert json.loads(line)["call"] == "c-n1-1-2"


def test_ids_and_times_stay_readable() -> None:
    assert (
        house_log.mask_text("c-n1-6740f3a1-0a1b2c3d at 12:30:01.123")
        == "c-n1-6740f3a1-0a1b2c3d at 12:30:01.123"
    )
    assert house_log.mask_text("channel 1732283921.17") == "channel 1732283921.17"


@pytest.mark.parametrize(
    "line", ["我的电话是13812345678谢谢", "call 13812345678.", "(13812345678)", "a,13812345678,b"]
)
def test_a_number_is_masked_wherever_it_stands(line: str) -> None:
    assert house_log.mask_text(line) == line.replace("13812345678", "138****5678")
