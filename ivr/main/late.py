"""What a start does not load: callers of a controller that was killed wait for it, and it is needed later or never.

    await load_late()            # in a thread, once the calls are there

Each is imported in the function that needs it, never at the head of a module that `ivr run` loads;
`tests/house/test_loaded_late.py` tells what came back. Whatever is needed before it was loaded here is loaded then.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Final

from ivr.versions.loading import aside

SOON: Final[Mapping[str, str]] = {
    "ivr.flow.values.spoken": "numbers, digits, yes and no of who is understood by voice",
    "ivr.flow.values.spoken_dates": "dates that are said",
    "ivr.flow.values.spoken_times": "times that are said",
    "storage.transcript_words": "a line of a transcript is found by its words",
    "numpy": "a recording is looked at for a voice",
    "ivr.prompts.audio": "an operator's recording is prepared",
}
"""Module -> for what it is needed while calls go on: in this order, since it would hold them up then."""
SELDOM: Final[Mapping[str, str]] = {
    "aiohttp.web": "the pages",
    "web.app": "the pages",
    "asr.pool": "speech, where there is a model",
    "jinja2": "the files of an Asterisk of our own",
    "rich": "what a person at a terminal is told",
    "aiosmtplib": "mail to supervisors",
    "watchfiles": "development",
    "ivr.retention.keeper": "erasing by age",
    "ivr.transcripts.service": "erasing by age",
    "ivr.recordings.wiring": "recordings in writing",
    "ivr.prompts.background": "prompts that have no sound yet",
    "alembic": "a migration",
    "jieba": "words of Chinese (`ivr/flow/understanding/ready.py`)",
    "pypinyin": "likewise",
    "prompt_toolkit": "a console that nobody uses (`ivr/flow/expressions/alone.py`)",
}
"""Module -> for what: loaded by whoever needs it, where no call waits."""


async def load(name: str) -> None:
    """While calls go on."""
    await aside(lambda: importlib.import_module(name))


async def load_late() -> None:
    for name in SOON:
        await load(name)
