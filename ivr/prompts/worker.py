"""The process that renders beside the controller: `python -m ivr.prompts.worker CACHE KIND`.

One JSON object a line on standard input (`Job`), one back on standard output (`Done`). It ends when its input does.
The natural voice is rendered at low priority: calls come first. The stand-in is what a call may wait for.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from ivr.errors import HotlineError
from ivr.prompts.clips import VOICES, Clip, Voice, stand_in_voice
from ivr.prompts.prepared import Playable, Prepared
from ivr.prompts.render import render
from ivr.prompts.sounds import Kind
from ivr.prompts.speech import SpeechUnavailable, Synthesizer
from ivr.prompts.speech.choose import natural, stand_in
from ivr.prompts.store import speech_folder, spoken_folder, write_whole

_NICENESS = {"natural": 10, "stand-in": 0}


class Job(BaseModel):
    """free: a text that only a call needed; it is kept apart, and not for ever."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    clip: Clip
    free: bool = False


class Done(BaseModel):
    """error: "" when it worked; then uri and seconds are those of the prepared audio."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: str = ""
    seconds: float = 0.0
    error: str = ""


class Worker:
    """Engines are loaded at their first job."""

    def __init__(self, cache: Path) -> None:
        self._speech = speech_folder(cache)
        self._prepared = Prepared(cache / "prompts")
        self._spoken = Prepared(spoken_folder(cache))
        self._engines: dict[Kind, Synthesizer] = {}

    def do(self, job: Job) -> Done:
        """Never raises for what a text or a missing engine may cause."""
        try:
            voice = _voice(job)
            playable = self._free(job, voice) if job.free else self._kept(job, voice)
        except (HotlineError, OSError, ValueError) as error:
            return Done(error=f"{type(error).__name__}: {error}")
        return Done(uri=playable.uri, seconds=playable.seconds)

    def _kept(self, job: Job, voice: Voice) -> Playable:
        path = self._speech / f"{voice.key(job.clip)}.opus"
        if not path.exists():
            write_whole(path, render(job.clip, voice, self._engine(job.kind)).data)
        return self._prepared.make(path.read_bytes())

    def _free(self, job: Job, voice: Voice) -> Playable:
        key = voice.key(job.clip)
        found = self._spoken.find(key)
        return found or self._spoken.make(render(job.clip, voice, self._engine(job.kind)).data, name=key)

    def _engine(self, kind: Kind) -> Synthesizer:
        if kind not in self._engines:
            self._engines[kind] = natural() if kind == "natural" else stand_in()
        return self._engines[kind]


def _voice(job: Job) -> Voice:
    if job.kind == "stand-in":
        return stand_in_voice(job.clip.language)
    if job.clip.language not in VOICES:
        raise SpeechUnavailable(f"no natural voice for `{job.clip.language}`")
    return VOICES[job.clip.language]


def main(cache: Path, kind: str) -> None:
    os.nice(_NICENESS[kind])
    worker = Worker(cache)
    for line in sys.stdin:
        done = worker.do(Job.model_validate_json(line))
        sys.stdout.write(done.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
