"""The process that renders beside the controller: `python -m ivr.prompts.worker CACHE`.

One JSON object a line on standard input (`Job`), one back on standard output (`Done`). It ends when its input does.
Runs at low priority: calls come first.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from ivr.errors import HotlineError
from ivr.prompts.clips import STAND_INS, VOICES, Clip
from ivr.prompts.prepared import Prepared
from ivr.prompts.render import render
from ivr.prompts.speech import SpeechUnavailable, Synthesizer
from ivr.prompts.speech.choose import natural, stand_in
from ivr.prompts.store import write_whole

Kind = Literal["natural", "stand-in"]


class Job(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    clip: Clip


class Done(BaseModel):
    """error: "" when it worked; then uri and seconds are those of the prepared audio."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    uri: str = ""
    seconds: float = 0.0
    error: str = ""


class Worker:
    """Engines are loaded at their first job."""

    def __init__(self, cache: Path) -> None:
        self._speech = cache / "speech"
        self._prepared = Prepared(cache / "prompts")
        self._engines: dict[Kind, Synthesizer] = {}

    def do(self, job: Job) -> Done:
        """Never raises for what a text or a missing engine may cause."""
        try:
            voices = VOICES if job.kind == "natural" else STAND_INS
            if job.clip.language not in voices:
                raise SpeechUnavailable(f"no voice for `{job.clip.language}`")
            voice = voices[job.clip.language]
            path = self._speech / f"{voice.key(job.clip)}.opus"
            if not path.exists():
                write_whole(path, render(job.clip, voice, self._engine(job.kind)).data)
            playable = self._prepared.make(path.read_bytes())
        except (HotlineError, OSError, ValueError) as error:
            return Done(error=f"{type(error).__name__}: {error}")
        return Done(uri=playable.uri, seconds=playable.seconds)

    def _engine(self, kind: Kind) -> Synthesizer:
        if kind not in self._engines:
            self._engines[kind] = natural() if kind == "natural" else stand_in()
        return self._engines[kind]


def main(cache: Path) -> None:
    os.nice(10)
    worker = Worker(cache)
    for line in sys.stdin:
        done = worker.do(Job.model_validate_json(line))
        sys.stdout.write(done.model_dump_json() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
