"""`ivr prompts render`, `prepare`, `review`, `say`, `voices`: the synthetic voice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ivr.cli.prompts.common import (
    FlowsOption,
    LanguageOption,
    bar,
    console,
    explained,
    hearing,
    languages,
    load,
    read_book,
)
from ivr.errors import ConfigError
from ivr.prompts import audio, texts
from ivr.prompts.catalogue import Folders
from ivr.prompts.clips import VOICES, Clip, stand_in_voice
from ivr.prompts.render import Rendered, render
from ivr.prompts.review import MOST_MISHEARD, Finding, measures, misheard
from ivr.prompts.shelf import Shelf
from ivr.prompts.speech import Synthesizer
from ivr.prompts.speech.choose import has_natural, natural, stand_in
from ivr.prompts.speech.weights import fetch
from ivr.prompts.store import speech_folder, write_whole

ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads of the synthesis.")]


def prepare(flows: FlowsOption = Path("flows")) -> None:
    """Decode the audio that ships into the cache, for Asterisk; check that every prompt has its sound."""
    with explained():
        broken = list(Shelf.open(flows / "audio").broken())
        library = read_book(flows)
        catalogue = load(flows, library)
    silent = {language: catalogue.silent(language) for language in library.texts}
    for key in broken:
        console.print(f"[red]{flows / 'audio'}: the file of {key} is missing or altered[/red]")
    for language, clips in silent.items():
        state = "[green]all sounds ready[/green]" if not clips else f"[red]{len(clips)} sounds missing[/red]"
        console.print(f"{language}: {len(texts.own_texts(library.texts, language))} prompts, {state}")
    if broken or any(silent.values()):
        console.print("To mend: `ivr prompts render`")
        raise typer.Exit(1)


def render_missing(
    flows: FlowsOption = Path("flows"),
    language: LanguageOption = None,
    ship: Annotated[
        bool,
        typer.Option("--ship", help="Into flows/audio, to be committed; what no prompt needs is removed."),
    ] = False,
    threads: ThreadsOption = 2,
) -> None:
    """Render every prompt that has no audio in the natural voice. Takes about as long as the speech lasts."""
    with explained():
        book = read_book(flows)
        library = book.texts
        if ship and book.problem:
            raise ConfigError("what ships must be complete", mend="mend the flows first: `ivr check`")
        shelf = Shelf.open(flows / "audio")
        wanted = [
            clip
            for name in languages(book, language)
            if name in VOICES
            for clip in texts.all_clips(library, name)
        ]
        own = None if ship else speech_folder(Folders.of(flows).cache)
        missing = [clip for clip in wanted if not _is_rendered(clip, shelf, own)]
        if missing:
            engine = natural(threads)
            with bar() as progress:
                for clip in progress.track(missing, description="rendering"):
                    shelf = _keep(clip, render(clip, VOICES[clip.language], engine), shelf, own)
        if ship:
            all_keys = {
                VOICES[clip.language].key(clip)
                for name in library
                if name in VOICES
                for clip in texts.all_clips(library, name)
            }
            shelf.keep(frozenset(all_keys)).save()
        console.print(f"{len(missing)} clips rendered, {len(wanted) - len(missing)} were there.")
        load(flows, book)


def _is_rendered(clip: Clip, shelf: Shelf, own: Path | None) -> bool:
    key = VOICES[clip.language].key(clip)
    on_shelf = key in shelf.entries and shelf.read(key) is not None
    return on_shelf or (own is not None and (own / f"{key}.opus").exists())


def _keep(clip: Clip, done: Rendered, shelf: Shelf, own: Path | None) -> Shelf:
    """On the shelf (saved at once, so that an interrupted run goes on where it stopped), or in the folder `own`."""
    voice = VOICES[clip.language]
    if own is not None:
        write_whole(own / f"{voice.key(clip)}.opus", done.data)
        return shelf
    shelf = shelf.put(clip, voice, done.data, done.seconds)
    shelf.save()
    return shelf


def review(flows: FlowsOption = Path("flows"), language: LanguageOption = None) -> None:
    """Measure the audio that ships: loudness, peaks, pace; and have Whisper read it back, if its model is here."""
    with explained():
        shelf = Shelf.open(flows / "audio")
        ours = [(key, entry) for key, entry in shelf.entries.items() if language in (None, entry.language)]
        hear = hearing()
        findings: list[Finding] = []
        with bar() as progress:
            for key, entry in progress.track(ours, description="reviewing"):
                data = shelf.read(key)
                if data is None:
                    findings.append(Finding(entry.text, entry.language, "missing or altered"))
                    continue
                clip = entry.clip
                samples, rate = audio.unpack(data)
                findings += measures(clip, samples, rate)
                if hear is not None and not clip.is_part:
                    narrow = audio.resample(audio.resample(samples, rate, 8000), 8000, 16_000)
                    heard = hear(narrow, clip.language)
                    share = misheard(clip.text, heard, clip.language)
                    if share > MOST_MISHEARD[clip.language]:
                        findings.append(Finding(clip.text, clip.language, f"{share:.0%} misheard: {heard}"))
    table = Table("language", "words", "finding")
    for finding in findings:
        table.add_row(finding.language, escape(finding.text), escape(finding.complaint))
    console.print(table if findings else "Nothing to complain about.")
    read_back = "not read back: no Whisper model" if hear is None else "sentences read back at 8 kHz"
    console.print(f"{len(ours)} clips, {len(findings)} findings, {read_back}.")
    if findings:
        raise typer.Exit(1)


def say(
    text: Annotated[str, typer.Option("--text", help="What to say.")],
    out: Annotated[Path, typer.Option("--out", help="The WAV file to write, 8 kHz unless --rate.")],
    language: Annotated[str, typer.Option("--language")] = "zh",
    rate: Annotated[int, typer.Option("--rate", help="Hz.")] = 8000,
    threads: ThreadsOption = 2,
) -> None:
    """Speak a sentence into a WAV file, in the best voice that this machine has."""
    with explained():
        best = language in VOICES and has_natural()
        engine: Synthesizer = natural(threads) if best else stand_in()
        voice = VOICES[language] if best else stand_in_voice(language)
        done = render(Clip(text, language), voice, engine)
        samples, from_rate = audio.unpack(done.data)
        audio.save_wav(out, audio.resample(samples, from_rate, rate), rate)
        console.print(f"{out}: {done.seconds:.1f} s, {voice.name}")


def voices() -> None:
    """Fetch and check the natural voices (92 MB). Only rendering needs them."""
    with explained():
        weights = fetch(console.print)
        console.print(f"The voices are in {weights.folder}")
