"""A correction that was written over a masked text, with what was hidden put back. Pure."""

from __future__ import annotations

import re
from collections import Counter

from ivr.errors import TranscriptError
from storage.personal.mask import Masked, placeholders


def restored(written: str, before: str, masked: Masked, language: str) -> str:
    """written: what somebody made of `masked.text`, the masked form of `before`.

    Each word that stands for something hidden is replaced by what it hid, in order. Raises TranscriptError when there
    are not as many of a class as there were: then nobody can tell which is which.
    """
    if not masked.spans:
        return written
    kinds = {word: kind for kind, word in placeholders(language).items()}
    pattern = re.compile("|".join(map(re.escape, kinds)))
    there = Counter(kinds[word] for word in pattern.findall(written))
    hidden = Counter(span.kind for span in masked.spans)
    for kind, count in there.items():
        if count != hidden[kind]:
            word = placeholders(language)[kind]
            raise TranscriptError(
                f"{word} stands {count} times in the correction, and {hidden[kind]} times in the line",
                mend="leave all of them or none, or correct the line with what is hidden in sight (--clear)",
            )
    waiting = {kind: iter([span for span in masked.spans if span.kind == kind]) for kind in hidden}

    def back(match: re.Match[str]) -> str:
        span = next(waiting[kinds[match.group()]])
        return before[span.start : span.end]

    return pattern.sub(back, written)
