"""What simulated citizens and agents say, with the recordings that ship in `audio/`.

`python -m ivr.demo.sayings` makes those that are missing with the natural voices (`ivr.prompts`): delete the file of a
text that changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from ivr.demo.phone import Samples
from ivr.demo.recordings import load_recording

AUDIO: Final = Path(__file__).parent / "audio"

Language = Literal["zh", "en"]
Who = Literal["citizen", "agent"]


@dataclass(frozen=True, slots=True)
class Saying:
    """id is also the recording's file name."""

    id: str
    who: Who
    language: Language
    text: str

    @property
    def path(self) -> Path:
        return AUDIO / f"{self.id}.opus"

    def samples(self) -> Samples:
        """At 8 kHz. Raises PhoneError when the recording is missing."""
        return _loaded(self.path)


@cache
def _loaded(path: Path) -> Samples:
    return load_recording(path)


SAYINGS: Final[Mapping[str, Saying]] = {
    saying.id: saying
    for saying in (
        Saying("zh-lamp", "citizen", "zh", "我家门口的路灯坏了，已经三天没有亮了。"),
        Saying("zh-insurance", "citizen", "zh", "我想问一下，医保卡丢了怎么补办？"),
        Saying("zh-noise", "citizen", "zh", "我要投诉，楼下的工地半夜还在施工。"),
        Saying("zh-person", "citizen", "zh", "我要转人工服务。"),
        Saying("zh-callback", "citizen", "zh", "给我回电话。"),
        Saying(
            "zh-story",
            "citizen",
            "zh",
            "是这样的，我住在人民路三十八号，上个星期开始的，麻烦你们派人来看一看。",
        ),
        Saying("zh-thanks", "citizen", "zh", "好的，谢谢你，再见。"),
        # Short answers, to each kind of question.
        Saying("zh-mandarin", "citizen", "zh", "我要说普通话。"),
        Saying("zh-english", "citizen", "zh", "请说英语。"),
        Saying("zh-ticket", "citizen", "zh", "五二七三，九四八六。"),
        Saying("zh-yes", "citizen", "zh", "是的，没错。"),
        Saying("zh-rating", "citizen", "zh", "非常满意。"),
        Saying("zh-fire", "citizen", "zh", "着火了，快来人啊！"),
        Saying("zh-pardon", "citizen", "zh", "没听清，再说一遍。"),
        Saying("zh-hello", "agent", "zh", "您好，很高兴为您服务，请讲。"),
        Saying("zh-noted", "agent", "zh", "好的，我帮您记下来了，三个工作日之内会有人联系您。"),
        Saying("zh-else", "agent", "zh", "请问还有什么可以帮您的吗？"),
        Saying("en-lamp", "citizen", "en", "The street lamp in front of my house is broken."),
        Saying("en-person", "citizen", "en", "I want to talk to a person."),
        Saying(
            "en-story",
            "citizen",
            "en",
            "It started last week. Could you send somebody to have a look, please?",
        ),
        Saying("en-thanks", "citizen", "en", "All right, thank you, goodbye."),
        Saying("en-english", "citizen", "en", "English, please."),
        Saying("en-subject", "citizen", "en", "A residence permit, please."),
        Saying("en-complaint", "citizen", "en", "I want to complain about the noise."),
        Saying("en-ticket", "citizen", "en", "Five two seven three, nine four eight six."),
        Saying("en-yes", "citizen", "en", "Yes, that's right."),
        Saying("en-rating", "citizen", "en", "Very satisfied."),
        Saying("en-fire", "citizen", "en", "There is a fire in the house!"),
        Saying("en-hello", "agent", "en", "Hello, thank you for calling. What can I do for you?"),
        Saying(
            "en-noted", "agent", "en", "I have written that down. Somebody will call you within three days."
        ),
    )
}

VOICES: Final[Mapping[tuple[Who, Language], str]] = {
    ("citizen", "zh"): "zf_xiaoxiao",
    ("agent", "zh"): "zf_xiaobei",
    ("citizen", "en"): "bf_emma",
    ("agent", "en"): "af_heart",
}


def record() -> None:
    """Speak every saying that has no file yet into its file. Slow, about as long as the speech lasts; needs the natural
    voices."""
    from ivr.prompts.clips import KOKORO_VERSION, Clip, Voice
    from ivr.prompts.render import render
    from ivr.prompts.speech.choose import natural

    engine = natural()
    AUDIO.mkdir(exist_ok=True)
    for saying in SAYINGS.values():
        if saying.path.exists():
            continue
        voice = Voice(VOICES[saying.who, saying.language], saying.language, 1.0, KOKORO_VERSION)
        saying.path.write_bytes(render(Clip(saying.text, saying.language), voice, engine).data)


if __name__ == "__main__":
    record()
