"""The unit of synthesis: a clip, its voice, and the key that names its audio by content. Pure.

A key covers everything that decides how a clip sounds: the words, the sentence they are cut from, the language,
the voice, its speed, and the version of engine and audio processing. Change one and it is another clip.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clip:
    """`text` as it is heard. A part of a sentence is spoken within it, between `before` and `after`, and cut out.

    pace: times the voice's speed.
    """

    text: str
    language: str
    before: str = ""
    after: str = ""
    pace: float = 1.0

    @property
    def is_part(self) -> bool:
        """Joined to other clips, so its edges are cut tight; else it stands alone, with its natural pauses."""
        return bool(self.before or self.after)


@dataclass(frozen=True, slots=True)
class Voice:
    """speed: 1.0 is the voice's own; below is slower. engine: the version of whatever speaks it."""

    name: str
    language: str
    speed: float
    engine: str

    def key(self, clip: Clip) -> str:
        """20 hexadecimal digits."""
        speed = round(self.speed * clip.pace, 4)
        facts = [clip.text, clip.before, clip.after, clip.language, self.name, speed, self.engine]
        packed = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(packed.encode()).hexdigest()[:20]


KOKORO_VERSION = "kokoro-82m-v1.0-int8/1"
"""The model, and after the slash our way of using it: raise it when text reading or audio processing change."""
ESPEAK_VERSION = "espeak-ng/1"

VOICES: Mapping[str, Voice] = {
    "zh": Voice("zf_xiaobei", "zh", 1.0, KOKORO_VERSION),
    "en": Voice("af_heart", "en", 0.95, KOKORO_VERSION),
    "es": Voice("ef_dora", "es", 0.95, KOKORO_VERSION),
}
"""The natural voice of each language (measured: docs/decisions/0041-kokoro-voices.md)."""

STAND_INS: Mapping[str, Voice] = {
    "zh": Voice("cmn", "zh", 1.0, ESPEAK_VERSION),
    "en": Voice("en-us", "en", 1.0, ESPEAK_VERSION),
    "es": Voice("es-419", "es", 1.0, ESPEAK_VERSION),
}
"""The quick voice that fills in until the natural one is rendered."""


def stand_in_voice(language: str) -> Voice:
    """espeak-ng's voice of any language: it knows most by their tag. Whether it does shows when it speaks."""
    found = STAND_INS.get(language)
    if found is not None:
        return found
    main = language.partition("-")[0]
    name = STAND_INS[main].name if main in STAND_INS else language.lower()
    return Voice(name, language, 1.0, ESPEAK_VERSION)
