"""Makes asr/calibration.json: what Whisper's evidence is worth, from recordings of which the words are known.

    python scripts/calibrate_asr.py collect FOLDER... --into WORK    hours of evidence, once; goes on where it stopped
    python scripts/calibrate_asr.py fit WORK [--write]               seconds: fit, and print what was right how often

FOLDER holds a MANIFEST.tsv (asr/evaluation/manifest.py). Each recording goes through one of the telephone lines of
asr/evaluation/lines.py, every second one through a clean 8 kHz one, and is weighed against a menu that has its words,
the same without them, and a hotline's menu. Half of the speakers fit the models, the other half judge them.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr import digits
from asr.calibration import Logistic, Term
from asr.evaluation import manifest
from asr.evaluation.lines import LINES, Surroundings
from asr.evaluation.metrics import sounds
from asr.evaluation.running import around, cut_speech, load
from asr.phrases import FAR, candidates, credit, evidence, gain, settled, shortlist, written
from asr.sound import likeness
from asr.text import spoken
from asr.vad import VoiceDetector
from asr.whisper_model import WhisperModel, audio_of
from asr.whisper_reading import open_evidence, with_words
from bench.asr_sets import MENUS

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "asr" / "calibration.json"
SPOILT = ("quiet", "noise15", "babble15", "loss5", "g711x2", "noise10")
NEAR, ANY = 5, 4
"""Phrases of a menu that sound most like what was said, and others."""

Row = dict[str, Any]
Example = tuple[dict[str, float], bool, str]
"""Evidence, was it right, speaker."""

LIMITS = {
    "phrase_weighed": {
        "sound": (0.0, 1.0), "gain": (-10.0, 20.0), "deficit": (-4.0, 20.0), "ahead": (0.0, FAR),
    },
    "phrase_by_sound": {"sound": (0.0, 1.0)},
    "open": {"likelihood": (-2.0, 0.0), "no_speech": (0.0, 1.0), "length": (0.0, 6.0), "rate": (0.0, 7.0)},
    "digits": {"alike": (0.0, 1.0), "held": (-2.0, 0.0), "count": (1.0, 12.0)},
}  # fmt: skip
ANSWERED = 0.67
"""Of a menu's callers so many say what is in it, and of those asked for digits so many say digits. The recordings are
weighed against the wrong menus twice and more as often as against the right one: they are counted accordingly."""

PUNISHED = 0.5
"""Of large weights (L2), so that what separates cleanly does not become certain."""


def collect(folders: Sequence[Path], work: Path) -> None:
    from asr.model_fetch import Fetcher
    from asr.models import by_name

    model, detector = WhisperModel(Fetcher().fetch(by_name("whisper-base")), threads=2), VoiceDetector()
    store, silent = work / "evidence.jsonl", work / "silence.json"
    known = {row["path"] for row in rows(work)} if store.exists() else set()
    on_silence: dict[str, dict[str, list[float]]] = json.loads(silent.read_text()) if silent.exists() else {}
    nothing = model.encode(np.zeros(16_000, dtype=np.float32))
    for folder in folders:
        for language in ("zh", "en"):
            found = manifest.read(folder, language)
            menus = {
                kind: sorted({one.transcript for one in found if one.kind == kind})
                for kind in {r.kind for r in found}
            }
            for number, one in enumerate(
                sorted(found, key=lambda one: hashlib.md5(str(one.path).encode()).digest())
            ):
                if str(one.path) in known:
                    continue
                row, texts = _look(model, detector, one, number, menus[one.kind])
                if row is None:
                    continue
                silences = on_silence.setdefault(language, {})
                new = [text for text in texts if text not in silences]
                silences.update(zip(new, model.force(nothing, new, language), strict=True))
                with store.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                if number % 20 == 0:
                    silent.write_text(json.dumps(on_silence, ensure_ascii=False))
                    print(folder.name, language, number, len(found), file=sys.stderr, flush=True)
    silent.write_text(json.dumps(on_silence, ensure_ascii=False))


def _look(
    model: WhisperModel, detector: VoiceDetector, one: manifest.Recording, number: int, menu: Sequence[str]
) -> tuple[Row | None, list[str]]:
    chance = random.Random(str(one.path.name))
    line = LINES["narrow" if number % 2 == 0 else SPOILT[number // 2 % len(SPOILT)]]
    cut = cut_speech(line.spoil(around(load(one)), Surroundings(seed=number + 1)), detector)
    if not cut.pieces:
        return None, []
    encoded = model.encode(audio_of(cut.pcm))
    language = one.language
    readings = model.read(encoded, language, beam=5)
    held = model.read(encoded, language, beam=5, hidden=_all_but_digits(model, language))
    menus = {"own": _some(menu, one, chance), "other": _some(MENUS[language], one, chance)}
    free = with_words(readings, language)[0].text
    texts = list(
        dict.fromkeys([written(p, language) for group in menus.values() for p in group] + [free] * bool(free))
    )
    on_audio = dict(zip(texts, model.force(encoded, texts, language), strict=True))
    row: Row = {
        "path": str(one.path), "text": one.transcript, "kind": one.kind, "speaker": one.speaker,
        "language": language, "line": line.name, "spoken_s": encoded.spoken_s, "no_speech": readings.no_speech,
        "readings": [(r.text, r.likelihood) for r in readings.found],
        "held": [(r.text, r.likelihood) for r in held.found],
        "menus": menus, "on_audio": on_audio,
    }  # fmt: skip
    return row, texts


_HIDDEN: dict[str, list[int]] = {}


def _all_but_digits(model: WhisperModel, language: str) -> list[int]:
    if language not in _HIDDEN:
        wanted = {token for word in digits.pieces(language) for token in model.tokens(word, language)}
        _HIDDEN[language] = [token for token in range(model.first_special) if token not in wanted]
    return _HIDDEN[language]


def _some(menu: Sequence[str], one: manifest.Recording, chance: random.Random) -> list[str]:
    """What was said if it is in the menu, what sounds like it, and others."""
    rest = [phrase for phrase in menu if phrase != one.transcript]
    rest.sort(key=lambda phrase: likeness(one.transcript, phrase, one.language).whole, reverse=True)
    others = rest[NEAR:]
    own = [one.transcript] if one.transcript in menu else []
    return [*own, *rest[:NEAR], *chance.sample(others, min(ANY, len(others)))]


def rows(work: Path) -> list[Row]:
    return [json.loads(line) for line in (work / "evidence.jsonl").read_text(encoding="utf-8").splitlines()]


def examples(work: Path) -> dict[str, list[Example]]:
    on_silence = json.loads((work / "silence.json").read_text(encoding="utf-8"))
    found: dict[str, list[Example]] = {kind: [] for kind in LIMITS}
    for row in rows(work):
        language, silences = row["language"], on_silence.get(row["language"], {})
        if any(text not in silences for text in row["on_audio"]):
            continue
        for kind, example in _of(row, silences, language):
            found[kind].append(example)
    return found


def _of(row: Row, silences: dict[str, list[float]], language: str) -> Iterator[tuple[str, Example]]:
    from asr.whisper_model import Reading, Readings

    readings = Readings(tuple(Reading(text, (), score) for text, score in row["readings"]), row["no_speech"])
    words = with_words(readings, language)
    free = words[0].text
    if not free:
        return
    texts = [one.text for one in words]
    gains = {text: gain(row["on_audio"][text], silences[text]) for text in row["on_audio"]}
    chance = random.Random(row["path"])
    rest = [phrase for phrase in row["menus"]["own"] if phrase != row["text"]]
    size = chance.choice((2, 4, 8))
    # As many phrases with what was said as without it, or the size alone would tell them apart.
    within = [row["text"], *chance.sample(rest, min(size - 1, len(rest)))]
    without = chance.sample(rest, min(size, len(rest)))
    for menu in (within, rest, without, row["menus"]["other"]):
        if len(menu) < 2:
            continue
        ranked = candidates(texts, menu, language)
        by_sound = ranked[0]
        if not by_sound.contained:
            yield (
                "phrase_by_sound",
                ({"sound": by_sound.sound}, by_sound.phrase == row["text"], row["speaker"]),
            )
        weighed = [replace(one, gain=gains[written(one.phrase, language)]) for one in shortlist(ranked)]
        weighed = sorted((one for one in weighed if not one.contained), key=credit, reverse=True)
        if weighed:
            best = weighed[0]
            ahead = (
                credit(best) - credit(weighed[1]) if len(weighed) > 1 and not settled(best, language) else FAR
            )
            figures = evidence(best, gains[free], ahead)
            yield "phrase_weighed", (figures, best.phrase == row["text"], row["speaker"])
    if row["kind"] in ("sentence", "command", "menu", "poi"):
        meant, heard = sounds(row["text"], language), sounds(free, language)
        right = _distance(meant, heard) <= 0.15 * len(meant)
        yield (
            "open",
            (
                open_evidence(free, words[0].likelihood, row["no_speech"], language, row["spoken_s"]),
                right,
                row["speaker"],
            ),
        )
    said = next(
        (digits.said_digits(text, language) for text, _ in row["held"] if digits.said_digits(text, language)),
        "",
    )
    if said:
        figures = digits.evidence(free, said, language, row["held"][0][1])
        right = row["kind"] in ("digits", "phone", "digit") and _same_digits(said, row["text"], language)
        yield "digits", (figures, right, row["speaker"])


def _same_digits(said: str, meant: str, language: str) -> bool:
    return digits.digit_by_digit(said, language) == digits.digit_by_digit(spoken(meant, language), language)


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    from rapidfuzz.distance import Levenshtein

    return int(Levenshtein.distance(one, other))


def counted_as(seen: Sequence[Example], answered: bool) -> NDArray[np.float64]:
    right = np.array([float(was) for _, was, _ in seen])
    if not answered:
        return np.ones(len(seen))
    share = right.mean()
    return np.where(right > 0, ANSWERED / share, (1 - ANSWERED) / (1 - share))


def fit(seen: Sequence[Example], limits: dict[str, tuple[float, float]], *, answered: bool) -> Logistic:
    """Logistic regression by Newton's method."""
    names = list(limits)
    figures = np.array(
        [[min(max(e[name], limits[name][0]), limits[name][1]) for name in names] for e, _, _ in seen]
    )
    right = np.array([float(was) for _, was, _ in seen])
    mean, spread = figures.mean(axis=0), figures.std(axis=0) + 1e-6
    inputs: NDArray[np.float64] = np.hstack([(figures - mean) / spread, np.ones((len(seen), 1))])
    counts = counted_as(seen, answered)
    weights = np.zeros(len(names) + 1)
    punished = np.diag([PUNISHED] * len(names) + [0.0])
    for _ in range(50):
        share = 1.0 / (1.0 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (counts * (share - right)) + punished @ weights
        bend = (
            (inputs * (counts * share * (1 - share))[:, None]).T @ inputs
            + punished
            + 1e-6 * np.eye(len(weights))
        )
        weights = weights - np.linalg.solve(bend, slope)
    plain = weights[:-1] / spread
    terms = {name: Term(round(float(plain[i]), 4), *limits[name]) for i, name in enumerate(names)}
    return Logistic(round(float(weights[-1] - plain @ mean), 4), terms)


def reliability(
    model: Logistic, seen: Sequence[Example], *, answered: bool
) -> list[tuple[str, int, float, float]]:
    """(from - to, how many, mean confidence, share that was right), as callers answer."""
    table = []
    counts = counted_as(seen, answered)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1.01)):
        inside = [
            (share, float(was), count)
            for (figures, was, _), count in zip(seen, counts, strict=True)
            if low <= (share := model.share(figures)) < high
        ]
        if inside:
            total = sum(count for _, _, count in inside)
            mean = sum(share * count for share, _, count in inside) / total
            right = sum(was * count for _, was, count in inside) / total
            table.append((f"{low:.2f}-{min(high, 1.0):.2f}", len(inside), round(mean, 3), round(right, 3)))
    return table


def calibrate(work: Path, write: bool) -> None:
    stored: dict[str, Any] = json.loads(TARGET.read_text(encoding="utf-8"))
    counted: dict[str, Any] = {}
    for kind, seen in examples(work).items():
        answered = kind in ("phrase_weighed", "digits")
        speakers = sorted({speaker for _, _, speaker in seen})
        first = {s for s in speakers if hashlib.md5(s.encode()).digest()[0] % 2 == 0}
        halves = [e for e in seen if e[2] in first], [e for e in seen if e[2] not in first]
        print(
            f"\n{kind}: {len(seen)} examples, {sum(was for _, was, _ in seen)} right, {len(speakers)} speakers"
        )
        if all(len({was for _, was, _ in half}) == 2 for half in halves):
            print("  judged by the other half of the speakers:  confidence  examples  mean  right")
            for line in reliability(
                fit(halves[0], LIMITS[kind], answered=answered), halves[1], answered=answered
            ):
                print("   ", *line)
        model = fit(seen, LIMITS[kind], answered=answered)
        print("  all:", model.bias, {name: term.weight for name, term in model.terms.items()})
        table = reliability(model, seen, answered=answered)
        for line in table:
            print("   ", *line)
        stored["models"][kind] = {
            "bias": model.bias,
            "terms": {name: [term.weight, term.least, term.most] for name, term in model.terms.items()},
        }
        counted[kind] = {"examples": len(seen), "reliability": table}
    if write:
        stored["made"] = {
            "how": "scripts/calibrate_asr.py; phrase_contained by hand",
            "on": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "of": counted,
        }
        TARGET.write_text(json.dumps(stored, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("folders", type=Path, nargs="+")
    collecting.add_argument("--into", type=Path, required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("work", type=Path)
    fitting.add_argument("--write", action="store_true")
    given = parser.parse_args()
    if given.command == "collect":
        given.into.mkdir(parents=True, exist_ok=True)
        collect(given.folders, given.into)
    else:
        calibrate(given.work, given.write)


if __name__ == "__main__":
    main()
