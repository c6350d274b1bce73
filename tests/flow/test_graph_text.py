"""Words in pictures: harmless, and no wider than their place."""

from __future__ import annotations

import html
import xml.etree.ElementTree as ET

from hypothesis import example, given
from hypothesis import strategies as st

from ivr.flow.graph.text import clean, measure, shorten, wrap

ANY_TEXT = st.text(max_size=60)


@given(ANY_TEXT)
@example("a\x00b\x1b[31m\u202ec\ufffe")
def test_a_clean_text_is_one_line_of_what_xml_allows(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split())
    assert ET.fromstring(f"<a>{html.escape(cleaned)}</a>").text == (cleaned or None)
    assert clean(cleaned) == cleaned


@given(ANY_TEXT, st.integers(20, 300))
def test_a_shortened_text_fits_and_is_its_beginning(text: str, width: int) -> None:
    short = shorten(text, width, 12)
    assert measure(short, 12) <= width
    assert text == short or text.startswith(short.removesuffix("…").rstrip())


@given(ANY_TEXT, st.integers(1, 3))
def test_wrapped_lines_are_the_text_in_order(text: str, lines: int) -> None:
    text = clean(text)
    wrapped = wrap(text, 200, 12, lines)
    assert len(wrapped) <= lines
    together = "".join("".join(wrapped).split())
    whole = "".join(text.split())
    assert together == whole or whole.startswith(together.removesuffix("…"))


def test_no_line_begins_with_a_full_stop_and_no_emoji_is_cut_apart() -> None:
    assert wrap("您好，这里是幺二三四五市民服务热线。", 17 * 12, 12, 2) == [
        "您好，这里是幺二三四五市民服务热线。"
    ]
    family = "👨‍👩‍👧"
    assert shorten(family * 3, 45, 12) == family * 2 + "…"
