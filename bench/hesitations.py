"""Callers who stop to think in the middle of what they say: each in two recordings, of the natural voices, that belong
together. `python -m bench.hesitations` speaks them anew into `spoken/`: needed only when a text here changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SPOKEN = Path(__file__).parent / "spoken"


@dataclass(frozen=True, slots=True)
class Hesitation:
    """before, after: the words on either side of the pause. expects: as in `ListenRequest`."""

    name: str
    language: str
    before: str
    after: str
    expects: str = ""

    @property
    def paths(self) -> tuple[Path, Path]:
        return SPOKEN / f"{self.name}-a.opus", SPOKEN / f"{self.name}-b.opus"


HESITATIONS = (
    Hesitation("zh-because", "zh", "我要投诉，因为", "楼下的工地半夜还在施工"),
    Hesitation("zh-then", "zh", "我家停水两天了，然后", "打电话也没有人接"),
    Hesitation("zh-that", "zh", "我想问一下那个", "医保卡怎么补办"),
    Hesitation("zh-just", "zh", "是这样的，就是", "我们小区的路灯坏了"),
    Hesitation("zh-but", "zh", "他们说会来修，但是", "到现在也没有人来"),
    Hesitation("zh-want", "zh", "我想要", "咨询一下公积金"),
    Hesitation("zh-live", "zh", "我住在", "人民路三十八号"),
    Hesitation("zh-number", "zh", "我家在幸福小区二十", "八号楼三单元"),
    Hesitation("zh-clause", "zh", "从上个星期开始", "每天晚上都很吵"),
    Hesitation("zh-phone", "zh", "一三八零零", "一二三四五六", expects="phone"),
    Hesitation("en-because", "en", "I want to complain because", "they work at night"),
    Hesitation("en-the", "en", "It is about the", "street lamp in front of my house"),
    Hesitation("en-and", "en", "The water is off and", "nobody answers the phone"),
    Hesitation("en-my", "en", "I have lost my", "insurance card"),
    Hesitation("en-to", "en", "I would like to", "talk to somebody"),
    Hesitation("en-at", "en", "I live at", "thirty eight station road"),
    Hesitation("en-clause", "en", "since last week", "there has been a noise"),
    Hesitation("en-phone", "en", "five five five", "two three six seven eight nine one", expects="phone"),
)

VOICES = {"zh": ("zf_xiaoxiao", "zf_xiaobei"), "en": ("bf_emma", "af_heart")}


def record() -> None:
    """Slow, about as long as the speech lasts."""
    from ivr.prompts.clips import KOKORO_VERSION, Clip, Voice
    from ivr.prompts.render import render
    from ivr.prompts.speech.choose import natural

    engine = natural()
    SPOKEN.mkdir(exist_ok=True)
    for number, one in enumerate(HESITATIONS):
        voice = Voice(VOICES[one.language][number % 2], one.language, 1.0, KOKORO_VERSION)
        clips = (
            Clip(one.before, one.language, after=one.after),
            Clip(one.after, one.language, before=one.before),
        )
        for clip, path in zip(clips, one.paths, strict=True):
            path.write_bytes(render(clip, voice, engine).data)


if __name__ == "__main__":
    record()
