"""The `always` commands, compiled: by key, by phrase, and the urgent ones by what sounds like them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ivr.flow.match import NO_PHRASES, Phrases, normalise
from ivr.flow.model import PromptList
from ivr.flow.understanding.urgent import Sound, Urgent, UrgentRules, UrgentWords

Doubt = Literal["ask", "go", "ignore"]
"""What is done when urgent words may have been said: ask back, take them as said, or nothing."""


@dataclass(frozen=True, slots=True)
class Command:
    """One of the `always` commands."""

    name: str
    do: Literal["go", "back", "repeat", "help", "cancel", "language"]
    target: str = ""
    key: str = ""
    urgent: bool = False
    reason: str = ""
    say: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    into: str = ""
    """The variable that gets the words in which it was asked for."""
    sound: Sound = "near"
    """How an urgent one is heard (understanding/urgent.py); signs, calming: language -> words for and against it."""
    signs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    calming: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubt: Doubt = "ask"
    labels: Mapping[str, PromptList] = field(default_factory=dict)
    """Phrase -> how it is asked back."""
    phrase: str = ""
    """The variable that gets the urgent phrase that it was."""
    language: str = ""
    """The one to change to. Its phrases are understood whatever language is spoken."""


class Commands:
    """The commands that work at a node, by key and by phrase."""

    __slots__ = ("_phrases", "_spoken", "_switching", "_urgent", "by_key", "by_name")

    def __init__(self, commands: tuple[Command, ...]) -> None:
        self.by_name = {command.name: command for command in commands}
        self.by_key = {command.key: command for command in commands if command.key}
        languages = sorted({language for command in commands for language in command.say})
        calm = {command.name: command for command in commands if not command.urgent}
        self._spoken = {
            language: Phrases(
                {name: each.say.get(language, ()) for name, each in calm.items() if not each.language}
            )
            for language in languages
        }
        switching = {name: command for name, command in calm.items() if command.language}
        self._switching = tuple(
            Phrases({name: command.say.get(language, ()) for name, command in switching.items()})
            for language in (languages if switching else ())
        )
        urgent = [command for command in commands if command.urgent]
        self._urgent = UrgentWords(
            UrgentRules(command.name, command.say, command.sound, command.signs, command.calming)
            for command in urgent
        )
        self._phrases = {
            language: tuple(
                dict.fromkeys(
                    phrase
                    for command in (*calm.values(), *urgent)
                    for phrase in command.say.get(language, ())
                )
            )
            for language in languages
        }

    def spoken(self, language: str) -> Phrases:
        return self._spoken.get(language, NO_PHRASES)

    def phrases(self, language: str) -> tuple[str, ...]:
        """Everything a grammar has to hold for these commands, the urgent ones in this language too."""
        return self._phrases.get(language, ())

    def said(self, texts: Iterable[str], language: str) -> Command | None:
        """The command, none of the urgent ones, that one of these texts is, with little else said."""
        spoken = self.spoken(language)
        for text in map(normalise, texts):
            name = (spoken.equal(text) or spoken.short(text)) if text else None
            if name is not None:
                return self.by_name[name]
        return self.switching(texts)

    def switching(self, texts: Iterable[str]) -> Command | None:
        """The command for another language that one of these texts is, in whatever language, with little else said."""
        for phrases in self._switching:
            for text in map(normalise, texts):
                name = (phrases.equal(text) or phrases.short(text)) if text else None
                if name is not None:
                    return self.by_name[name]
        return None

    def urgent(self, text: str, *, unfinished: bool = False) -> Urgent | None:
        """The urgent command within a text, in whatever language, as it is written or as it sounds.

        unfinished: more of the text may come; then only what is sure.
        """
        return self._urgent.find(text, unfinished=unfinished) if self._urgent else None


NO_COMMANDS = Commands(())
