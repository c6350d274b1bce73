"""What a folder that an operator brought is: a model of which engine, and for which languages. Reads names and small
files only.

| engine  | known by                                                            | languages from                      |
|---------|---------------------------------------------------------------------|-------------------------------------|
| vosk    | `am/final.mdl`, and `vosk-model-...` as its name                    | the name: `vosk-model-cn-0.22`      |
| whisper | `model.bin` and `tokenizer.json`                                    | those of Whisper                    |
| sherpa  | `tokens.txt`, `encoder*.onnx`, `decoder*.onnx` (and `joiner*.onnx`) | the name: `...-bilingual-zh-en-...` |

A file `LANGUAGES` in the folder (`zh en`) goes before what the name says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from asr.catalogue import WHISPER_LANGUAGES, Engine

LANGUAGES_FILE = "LANGUAGES"

_VOSK_LANGUAGES: Mapping[str, str] = {
    "cn": "zh",
    "ua": "uk",
    "tl-ph": "tl",
    "kz": "kk",
    "vn": "vi",
    "gr": "el",
}
"""Names of Vosk's models that are not the language's ISO 639-1 code; all others are (`en-us` -> `en`)."""

_SHERPA_LANGUAGES: Mapping[str, str] = {
    "chinese": "zh",
    "mandarin": "zh",
    "english": "en",
    "korean": "ko",
    "french": "fr",
    "japanese": "ja",
    "russian": "ru",
    "vietnamese": "vi",
    "thai": "th",
    "cantonese": "yue",
    "yue": "yue",
}
"""Words in the names of sherpa-onnx's models beside plain codes."""


@dataclass(frozen=True, slots=True)
class SherpaFiles:
    """Of one streaming model. joiner: a transducer's (zipformer, lstm, conformer); None: a paraformer."""

    tokens: Path
    encoder: Path
    decoder: Path
    joiner: Path | None


def what_is(folder: Path) -> tuple[Engine, frozenset[str]] | None:
    """None: no model, or nothing tells its language."""
    named = _named_languages(folder)
    if (folder / "am" / "final.mdl").is_file():
        vosk = re.fullmatch(r"vosk-model-(?:small-)?([a-z]{2}(?:-[a-z]{2})?)-.+", folder.name)
        if vosk is None:
            return ("vosk", named) if len(named) == 1 else None
        region = vosk[1]
        guessed = frozenset({_VOSK_LANGUAGES.get(region, region.split("-", 1)[0])})
        return "vosk", named or guessed
    if (folder / "model.bin").is_file() and (folder / "tokenizer.json").is_file():
        return "whisper", named or WHISPER_LANGUAGES
    if sherpa_files(folder) is not None:
        languages = named or _sherpa_languages(folder.name)
        return ("sherpa", languages) if languages else None
    return None


def sherpa_files(folder: Path) -> SherpaFiles | None:
    """Of several precisions: 8 bits for encoder and joiner, not for the decoder, as its authors advise."""
    encoder, decoder = _one_of(folder, "encoder", small=True), _one_of(folder, "decoder", small=False)
    tokens = folder / "tokens.txt"
    if encoder is None or decoder is None or not tokens.is_file():
        return None
    return SherpaFiles(tokens, encoder, decoder, _one_of(folder, "joiner", small=True))


def _one_of(folder: Path, part: str, *, small: bool) -> Path | None:
    found = sorted(
        folder.glob(f"{part}*.onnx"), key=lambda path: ((".int8." in path.name) != small, path.name)
    )
    return found[0] if found else None


def _sherpa_languages(name: str) -> frozenset[str]:
    words = re.split(r"[-_]", name.lower())
    codes = {word for word in words if len(word) == 2 and word in WHISPER_LANGUAGES}
    return frozenset(codes | {_SHERPA_LANGUAGES[word] for word in words if word in _SHERPA_LANGUAGES})


def _named_languages(folder: Path) -> frozenset[str]:
    try:
        text = (folder / LANGUAGES_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return frozenset()
    return frozenset(re.findall(r"[a-z]{2,3}", text.lower()))
