"""How long prompts last, measured on the audio that there is."""

from __future__ import annotations

from pathlib import Path

import typer

from ivr.errors import HotlineError, PromptMissing
from ivr.flow.actions import Prompt
from ivr.flow.model import FlowLibrary
from ivr.flow.replaying.lengths import Measured
from ivr.prompts.catalogue import Folders, PromptCatalogue
from ivr.versions.ready import texts_of


class Sounds:
    """The audio beside a folder of flows; several versions share what they say alike."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._first: PromptCatalogue | None = None

    def of(self, library: FlowLibrary) -> Measured | None:
        """None: there is no audio at all, or none that can be read."""
        folders = Folders.of(self._folder)
        if not (folders.shelf.is_dir() or folders.recordings.is_dir()):
            return None
        try:
            catalogue = PromptCatalogue.load(texts_of(library), folders, beside=self._first)
        except HotlineError as error:
            typer.secho(f"lengths of prompts are told by pace: {error}", fg="yellow", err=True)
            return None
        self._first = self._first or catalogue

        def measured(prompt: Prompt, language: str) -> float | None:
            try:
                return catalogue.seconds((prompt,), language)
            except PromptMissing:
                return None

        return measured
