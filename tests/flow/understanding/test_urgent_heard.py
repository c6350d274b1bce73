"""Urgent words as a recogniser really writes them, with the words of the hotline that ships.

heard.tsv: sentences spoken by four Kokoro voices (two of each language, one at speed 1.0, one at 1.2), through 8 kHz
and G.711, `quiet` or with white noise at 8 dB (harmless ones: 10 dB), and what Whisper base made of them, once.
`other`: sentences that nothing was fitted to, at 20 dB. command: which urgent command it is, `-` = none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow.commands import Commands
from ivr.flow.load import load
from ivr.flow.understanding.urgent import UrgentRules, UrgentWords
from tests.flow.support import FLOWS
from tests.support.speech import SHARED

EVERY = UrgentWords(
    [
        UrgentRules("fire", {"zh": ("着火", "出车祸"), "en": ("on fire", "there is a fire")}),
        UrgentRules("crisis", {"zh": ("不想活",), "en": ("want to die",)}),
    ]
)
HEARD = Path(__file__).with_name("heard.tsv")


@dataclass(frozen=True, slots=True)
class Line:
    command: str
    language: str
    line: str
    voice: str
    said: str
    heard: str


def lines(**wanted: str) -> list[Line]:
    with HEARD.open(encoding="utf-8", newline="") as file:
        rows = [Line(**row) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
    return [row for row in rows if all(getattr(row, name) == value for name, value in wanted.items())]


@pytest.fixture(scope="module")
def commands() -> Commands:
    return load(FLOWS).flows["main"].commands


def shares(commands: Commands, rows: Iterable[Line]) -> dict[str, Any]:
    """Of urgent lines: how many are understood at once, and how many at least asked back."""
    rows = list(rows)
    found = [commands.urgent(row.heard) for row in rows]
    right = [one for one, row in zip(found, rows, strict=True) if one is not None and one.name == row.command]
    return {
        "of": len(rows),
        "sure": sum(one.sure for one in right) / len(rows),
        "found": len(right) / len(rows),
    }


def urgent(language: str, line: str) -> list[Line]:
    return [row for row in lines(language=language, line=line) if row.command != "-"]


@pytest.mark.parametrize(
    ("language", "line", "sure", "found"),
    [
        ("zh", "quiet", 0.72, 0.91),
        ("zh", "noisy", 0.38, 0.50),
        ("zh", "other", 0.63, 0.68),
        ("en", "quiet", 1.0, 1.0),
        ("en", "noisy", 0.90, 0.97),
    ],
)
def test_urgent_words_are_understood(
    commands: Commands, language: str, line: str, sure: float, found: float
) -> None:
    reached = shares(commands, urgent(language, line))
    assert reached["of"] >= 22
    assert reached["sure"] >= sure and reached["found"] >= found, reached


def test_by_characters_alone_half_of_them_would_be_lost(commands: Commands) -> None:
    rows = urgent("zh", "quiet")
    written = sum(
        any(phrase in row.heard for phrase in commands.by_name[row.command].say["zh"]) for row in rows
    )
    assert shares(commands, rows)["found"] > 1.9 * written / len(rows)


KNOWN_FALSE = {
    # The recogniser itself wrote the urgent word: nobody could tell from the text.
    "自杀湖展览什么时候?",
    "I want to die it.",
    # 火炬小学, misheard as something that is nothing.
    "找火具小鞋的电话",
}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_only_sounds_near_rings_nobody(commands: Commands, language: str) -> None:
    rows = lines(command="-", language=language)
    assert len(rows) >= 90
    found = {row.heard: one for row in rows if (one := commands.urgent(row.heard)) is not None}
    assert {heard for heard, one in found.items() if one.sure} <= KNOWN_FALSE
    asked_back = [heard for heard, one in found.items() if not one.sure]
    assert len(asked_back) <= 0.03 * len(rows), asked_back


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nor_do_their_beginnings(commands: Commands, language: str) -> None:
    """Unfinished speech, as partial results come."""
    for row in lines(command="-", language=language, line="quiet"):
        if row.heard in KNOWN_FALSE or row.heard.startswith("Emergency room"):
            continue
        for end in range(2, len(row.heard)):
            assert commands.urgent(row.heard[:end], unfinished=True) is None, row.heard[:end]


SENTENCES = """
小区电梯坏了两天没有人修|我想咨询居住证怎么办理|孩子上幼儿园要什么材料|楼上漏水把我家天花板弄湿了|公交车站牌被撞歪了|我要表扬社区的工作人员
请问周末上班吗|暖气片一直不热|广场舞的音乐太大声了|快递放在门口被人拿走了|我想查一下工单的进度|外卖骑手把车停在消防通道上|门口的树倒了挡住了路
我买的手机是假货商家不退钱|学校门口放学的时候特别堵|房东不退押金怎么办|天然气公司一直没有人来|垃圾车每天早上五点就来很吵|我家的水表转得太快了
养老金这个月还没有到账|请问火车站怎么去|我想找个活干有没有招聘会|期货公司骗了我的钱|紫砂壶是在哪里买的|运到付的快递不想要了|跟这个相似的情况还有很多
请大家轻声说话|亲生父母的户口怎么迁|我想试一下人工服务|我想是不是可以网上办|我不想回去再跑一趟|我不想换新的卡|不想和他们吵架|活动什么时候结束
我找过你们好几次了|我要表扬帮老人找回钱包的人|卖家说有人交货了|快递运到楼下没人管|我要报名参加培训|明年的报名什么时候开始|就明天上午去办|公司的报警器一直响|火锅店的油烟很大|火车票可以退吗|我们一起火车站见
"""


def test_ordinary_sentences_are_not_urgent(commands: Commands) -> None:
    said = [sentence for line in SENTENCES.split() for sentence in line.split("|")]
    found = {text: one for text in said if (one := commands.urgent(text)) is not None}
    assert len(said) >= 40 and not [text for text, one in found.items() if one.sure]
    # 报警器 holds the word itself: asked back.
    assert set(found) <= {"公司的报警器一直响", "我们一起火车站见"}


def test_nor_are_the_recordings_of_other_things(commands: Commands) -> None:
    manifest = SHARED / "MANIFEST.tsv"
    said = {"武侯祠附近有人抱着猴子吸引游客拍照", "再度聚焦新股发行改革", "想听歌曲兄弟抱一下", "设定三十度"}
    if manifest.is_file():
        with manifest.open(encoding="utf-8", newline="") as file:
            said |= {row["transcript"] for row in csv.DictReader(file, delimiter="\t")}
    assert not {text: one for text in said if (one := commands.urgent(text)) is not None}


@given(st.text(max_size=60), st.booleans())
def test_no_text_makes_it_raise(text: str, unfinished: bool) -> None:
    found = EVERY.find(text, unfinished=unfinished)
    assert found is None or found.name in ("fire", "crisis")


@given(st.text(max_size=20), st.text(max_size=20))
def test_what_is_written_is_always_found(before: str, after: str) -> None:
    """Whatever stands around it, it is a doubt at least."""
    found = EVERY.find(f"{before} 着火 {after}")
    assert found is not None and found.written == "words"


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("没有着火", False),
        ("这里没有着火只是烟很大", False),
        ("不是要报警", False),
        ("是不是着火了", True),
        ("昨天消防演习着火", False),
        ("我不是想自杀", False),
        ("this is not an emergency", False),
        ("it is an emergency", True),
        ("there isn't a car accident", False),
    ],
)
def test_what_is_denied_or_calmed_is_asked_back_and_never_dropped(
    commands: Commands, text: str, sure: bool
) -> None:
    found = commands.urgent(text)
    assert found is not None and found.sure is sure
