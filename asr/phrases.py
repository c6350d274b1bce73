"""Which of the allowed phrases was said, and how sure that is. Pure.

Evidence for a phrase, where an engine can weigh it on the audio:
- gain: how much more likely the phrase is on this audio than on silence, in nats, over all its tokens. The difference
  matters: frequent words are likely on any audio. The total matters: of two phrases the one that explains more of
  what was said is meant, and one that misses a syllable loses by it.
- deficit: by how much its gain falls short of that of the text that the engine wrote freely. That text stands for
  "something else was said".
- sound: how much it sounds like that text (`asr/sound.py`).
- ahead: by how much its credit exceeds that of the next phrase.
A phrase within a longer answer (`我要人工服务` -> 人工) is found by sound alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from asr.calibration import confidence
from asr.sound import likeness
from asr.text import spoken

WEIGH_ALL = 14
"""A menu with no more phrases than this is weighed as a whole: each costs an engine about 20 ms."""

SHORTLIST = 12
"""Of a longer one, the phrases that sound most like what was heard."""

CLEAR = 0.9
OUT_OF_REACH = 0.4
"""When the best phrase sounds clearly like the text, one that sounds so much less alike is not weighed."""

CONTAINED = 0.93
"""A phrase that is within a longer answer sound for sound counts as said."""

LONGEST_SHORT_WORD = 4
"""Letters."""

MOSTLY = 0.7

SILENT_SHARE = 0.8
"""Of a phrase's likelihood on silence, this is taken off: what its words owe to being frequent."""

SOUND_NATS = 8.0
"""What likeness in sound (0..1) is worth beside the gain."""

FAR = 10.0
"""Nats: further ahead than this makes no difference; nor do rivals where what was read is settled."""

SETTLED_LETTERS = 6
"""English `five` may have been read for `nine`; `operator` for nothing else."""

LONE = 3.0
"""What a phrase without rivals is ahead: nothing was there to win."""

ACCEPTED = 0.3
"""Below this confidence the answer is out of the grammar: where a dialogue's `confirm` begins unless it says."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """sound: 0..1 of the whole text. contained: the phrase is within a longer text. gain: None = not weighed."""

    phrase: str
    sound: float
    contained: bool = False
    gain: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """phrase "" = none of them. confidence 0..1 of that phrase, or of the best one refused."""

    phrase: str
    confidence: float
    others: tuple[tuple[str, float], ...] = ()


def gain(on_audio: Sequence[float], on_silence: Sequence[float]) -> float:
    """From the log probability of each token of a text."""
    return sum(on_audio) - SILENT_SHARE * sum(on_silence)


def written(phrase: str, language: str) -> str:
    """As a recogniser that knows spelling writes the whole of an answer. `five` is likelier as `Five`."""
    return phrase if language == "zh" else phrase[:1].upper() + phrase[1:]


def candidates(texts: Sequence[str], phrases: Sequence[str], language: str) -> list[Candidate]:
    """Every phrase with its likeness, the most alike first. texts: readings of the answer, the likeliest first.

    Within a longer answer a phrase counts only by the likeliest reading: somewhere in many readings there is anything.
    """
    found: list[Candidate] = []
    whole: dict[str, float] = {}
    for phrase in dict.fromkeys(phrases):
        alike = [likeness(text, phrase, language) for text in texts]
        whole[phrase] = max((one.whole for one in alike), default=0.0)
        inside = alike[0].inside if alike else 0.0
        contained = inside >= CONTAINED and inside > whole[phrase] and _tells(phrase, texts[0], language)
        found.append(Candidate(phrase, inside if contained else whole[phrase], contained))
    if texts and _nothing_but(texts[0], [one.phrase for one in found if one.contained], language):
        # One digit is not the answer that a row of digits gave.
        found = [Candidate(one.phrase, whole[one.phrase]) for one in found]
    # Of two that are contained, the longer says more.
    return sorted(found, key=lambda one: (one.sound, len(one.phrase)), reverse=True)


def _tells(phrase: str, text: str, language: str) -> bool:
    """Not so short that it is in many a sentence by its sound (`two` in `to be`): such a word must be written so."""
    if language == "zh":
        return len(phrase) >= 2
    return len(phrase) > LONGEST_SHORT_WORD or spoken(phrase, language) in spoken(text, language).split()


def _nothing_but(text: str, phrases: Sequence[str], language: str) -> bool:
    """Is the text made up of several of the phrases, with hardly a word between?"""
    if len(phrases) < 2:
        return False
    heard = _units(text, language)
    apart: list[tuple[int, int]] = []
    covered: set[int] = set()
    for begin, end in sorted({_where(heard, phrase, language) for phrase in phrases}, key=lambda one: one[1]):
        covered.update(range(begin, end))
        # Phrases that share words (`转人工`, `人工服务` in `转人工服务`) are one thing said.
        if not apart or begin >= apart[-1][1]:
            apart.append((begin, end))
    return len(apart) > 1 and len(covered) >= MOSTLY * len(heard)


def _where(heard: Sequence[str], phrase: str, language: str) -> tuple[int, int]:
    """The units (first, after the last) that sound most like the phrase."""
    width = len(_units(phrase, language))
    between = "" if language == "zh" else " "
    begin = max(
        range(max(1, len(heard) - width + 1)),
        key=lambda first: likeness(between.join(heard[first : first + width]), phrase, language).whole,
    )
    return begin, begin + width


def _units(text: str, language: str) -> list[str]:
    words = spoken(text, language)
    return list(words.replace(" ", "")) if language == "zh" else words.split()


def shortlist(ranked: Sequence[Candidate]) -> list[Candidate]:
    """Those worth weighing; many while the text itself may be wrong, since short answers often are."""
    worth = ranked if len(ranked) <= WEIGH_ALL else ranked[:SHORTLIST]
    least = ranked[0].sound - OUT_OF_REACH if ranked and ranked[0].sound >= CLEAR else 0.0
    return [one for one in worth if one.sound >= least]


def settled(candidate: Candidate, language: str) -> bool:
    """It sounds exactly like what was read, and is long enough for that to be no chance: rivals need no weighing."""
    least = 2 if language == "zh" else SETTLED_LETTERS
    return candidate.sound == 1.0 and not candidate.contained and len(candidate.phrase) >= least


def evidence(candidate: Candidate, free_gain: float, ahead: float) -> dict[str, float]:
    """The figures that the model `phrase_weighed` is fitted on.

    The size of the menu is none of them: what it does, better rivals, is in `ahead`.
    """
    own = candidate.gain or 0.0
    return {
        "sound": candidate.sound,
        "gain": own,
        "deficit": free_gain - own,
        "ahead": min(ahead, FAR),
    }


def choose(weighed: Sequence[Candidate], *, free_gain: float = 0.0) -> Choice:
    """The most credible phrase, if any is credible enough. free_gain: of the engine's own text."""
    ranked = sorted(weighed, key=credit, reverse=True)
    if not ranked:
        return Choice("", 0.0)
    sure = [(one, _sure(one, ranked, free_gain)) for one in ranked[:4]]
    # What is contained has no credit in nats to be compared by.
    sure.sort(key=lambda pair: pair[1], reverse=True)
    best, confident = sure[0]
    others = tuple((one.phrase, round(share, 3)) for one, share in sure[1:])
    return Choice(best.phrase if confident >= ACCEPTED else "", round(confident, 3), others)


def credit(candidate: Candidate) -> float:
    """To rank by. In nats where the candidate was weighed."""
    own = candidate.gain if candidate.gain is not None else (FAR if candidate.contained else -FAR)
    return own + SOUND_NATS * candidate.sound


def _sure(candidate: Candidate, ranked: Sequence[Candidate], free_gain: float) -> float:
    if candidate.contained:
        alone = [
            _sure(one, ranked, free_gain) for one in ranked if one.gain is not None and not one.contained
        ]
        # `Five and` may be what was written for `seven`: what explains all of the audio is believed before it.
        doubt = max(alone, default=0.0)
        return confidence("phrase_contained", {"sound": candidate.sound}) * (1.0 - doubt)
    if candidate.gain is None:
        return confidence("phrase_by_sound", {"sound": candidate.sound})
    rivals = [credit(one) for one in ranked if one is not candidate and not one.contained]
    without = FAR if candidate.sound >= CLEAR else LONE
    ahead = credit(candidate) - max(rivals) if rivals else without
    return confidence("phrase_weighed", evidence(candidate, free_gain, ahead))
