"""espeak-ng, from Debian: any language within milliseconds, understandable rather than pleasant. The stand-in.

It tells no times of words, so the part of a sentence is spoken by itself.
"""

from __future__ import annotations

import shutil
import subprocess

from ivr.prompts import audio
from ivr.prompts.clips import Clip, Voice
from ivr.prompts.speech import Speech, SpeechUnavailable
from ivr.prompts.speech.reading import readable

_WORDS_PER_MINUTE = 160
_TIMEOUT_S = 20.0


class Espeak:
    """Runs the program once for each text."""

    def __init__(self) -> None:
        found = shutil.which("espeak-ng")
        if found is None:
            raise SpeechUnavailable("espeak-ng is not installed", mend="apt-get install espeak-ng")
        self._program = found

    def speak(self, clip: Clip, voice: Voice) -> Speech:
        pace = str(round(_WORDS_PER_MINUTE * voice.speed * clip.pace))
        command = [self._program, "-v", voice.name, "-s", pace, "--stdin", "--stdout"]
        words = readable(clip.text, clip.language).encode()
        done = subprocess.run(command, input=words, capture_output=True, timeout=_TIMEOUT_S, check=False)
        if done.returncode != 0 or len(done.stdout) <= 44:
            reason = done.stderr.decode(errors="replace").strip()
            raise SpeechUnavailable(
                f"espeak-ng could not say it with the voice {voice.name}: {reason}",
                mend=f"see `espeak-ng --voices` for {clip.language}",
            )
        return Speech(*audio.unpack(_with_length(done.stdout)))


def _with_length(wave: bytes) -> bytes:
    """A stream's WAV header does not know its length; libsndfile wants it right."""
    total, data = len(wave), len(wave) - 44
    return wave[:4] + (total - 8).to_bytes(4, "little") + wave[8:40] + data.to_bytes(4, "little") + wave[44:]
