"""`ivr prompts`: prepare, list, render and say what the caller hears."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from asr import models
from ivr.errors import HotlineError
from ivr.prompts import audio, texts
from ivr.prompts.catalogue import Folders, PromptCatalogue, speech_folder
from ivr.prompts.clips import STAND_INS, VOICES, Clip
from ivr.prompts.render import Rendered, render
from ivr.prompts.review import MOST_MISHEARD, Finding, measures, misheard
from ivr.prompts.shelf import Shelf
from ivr.prompts.speech import SpeechUnavailable, Synthesizer
from ivr.prompts.speech.choose import has_natural, natural, stand_in
from ivr.prompts.speech.weights import fetch
from ivr.prompts.store import write_whole

app = typer.Typer(help="What the caller hears: prepare, list, render, say.", no_args_is_help=True)
console = Console()

FlowsOption = Annotated[
    Path, typer.Option("--flows", help="The folder with prompts/, audio/ and recordings/.")
]
LanguageOption = Annotated[str | None, typer.Option("--language", help="Only this language (zh, en).")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads of the synthesis.")]


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """An error of ours is two lines and exit code 1."""
    try:
        yield
    except HotlineError as error:
        console.print(f"[red]{error}[/red]")
        if error.mend:
            console.print(f"To mend: {error.mend}")
        raise typer.Exit(1) from None


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=not console.is_terminal)


def _load(flows: Path) -> tuple[texts.Texts, PromptCatalogue]:
    library = texts.read(flows / "prompts")
    with _bar() as progress:
        task = progress.add_task("preparing", total=None)
        catalogue = PromptCatalogue.load(
            library,
            Folders.of(flows),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    return library, catalogue


@app.command()
def prepare(flows: FlowsOption = Path("flows")) -> None:
    """Decode the audio that ships into the cache, for Asterisk; check that every prompt has its sound."""
    with _explained():
        broken = list(Shelf.open(flows / "audio").broken())
        library, catalogue = _load(flows)
    silent = {language: catalogue.silent(language) for language in library}
    for key in broken:
        console.print(f"[red]{flows / 'audio'}: the file of {key} is missing or altered[/red]")
    for language, clips in silent.items():
        state = "[green]all sounds ready[/green]" if not clips else f"[red]{len(clips)} sounds missing[/red]"
        console.print(f"{language}: {len(library[language])} prompts, {state}")
    if broken or any(silent.values()):
        console.print("To mend: `ivr prompts render`")
        raise typer.Exit(1)


@app.command("list")
def list_missing(flows: FlowsOption = Path("flows"), language: LanguageOption = None) -> None:
    """Which words have no audio in the natural voice, in each language."""
    with _explained():
        library, catalogue = _load(flows)
    table = Table("language", "words", "now")
    for name in _languages(library, language):
        silent = set(catalogue.silent(name))
        for clip in catalogue.missing(name):
            table.add_row(name, clip.text, "nothing" if clip in silent else "stand-in")
    console.print(table if table.row_count else "Nothing is missing.")


@app.command("render")
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
    with _explained():
        library = texts.read(flows / "prompts")
        shelf = Shelf.open(flows / "audio")
        languages = [name for name in _languages(library, language) if name in VOICES]
        wanted = [clip for name in languages for clip in texts.all_clips(library, name)]
        own = speech_folder(Folders.of(flows).cache)
        missing = [clip for clip in wanted if not _is_rendered(clip, shelf, None if ship else own)]
        if missing:
            engine = natural(threads)
            with _bar() as progress:
                for clip in progress.track(missing, description="rendering"):
                    shelf = _keep(
                        clip, render(clip, VOICES[clip.language], engine), shelf, None if ship else own
                    )
        if ship:
            all_keys = {
                VOICES[clip.language].key(clip)
                for name in library
                if name in VOICES
                for clip in texts.all_clips(library, name)
            }
            shelf.keep(frozenset(all_keys)).save()
        console.print(f"{len(missing)} clips rendered, {len(wanted) - len(missing)} were there.")
        _load(flows)


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


@app.command()
def review(flows: FlowsOption = Path("flows"), language: LanguageOption = None) -> None:
    """Measure the audio that ships: loudness, peaks, pace; and have Whisper read it back, if its model is here."""
    with _explained():
        shelf = Shelf.open(flows / "audio")
        ours = [(key, entry) for key, entry in shelf.entries.items() if language in (None, entry.language)]
        hear = _hearing()
        findings: list[Finding] = []
        with _bar() as progress:
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
        table.add_row(finding.language, finding.text, finding.complaint)
    console.print(table if findings else "Nothing to complain about.")
    read_back = "not read back: no Whisper model" if hear is None else "sentences read back at 8 kHz"
    console.print(f"{len(ours)} clips, {len(findings)} findings, {read_back}.")
    if findings:
        raise typer.Exit(1)


def _hearing() -> Callable[[audio.Samples, str], str] | None:
    """Whisper, where the set-up has put its model."""
    here = next((found for found in models.installed() if found.engine == "whisper"), None)
    if here is None:
        return None
    from asr.whisper_engine import WhisperRecognizer

    recognizer = WhisperRecognizer(here.folder)

    def hear(samples: audio.Samples, language: str) -> str:
        return recognizer.hear(audio.raw_formats(samples, 16_000)["sln16"], language).text

    return hear


@app.command()
def say(
    text: Annotated[str, typer.Option("--text", help="What to say.")],
    out: Annotated[Path, typer.Option("--out", help="The WAV file to write, 8 kHz unless --rate.")],
    language: Annotated[str, typer.Option("--language")] = "zh",
    rate: Annotated[int, typer.Option("--rate", help="Hz.")] = 8000,
    threads: ThreadsOption = 2,
) -> None:
    """Speak a sentence into a WAV file, in the best voice that this machine has."""
    with _explained():
        if language not in VOICES:
            raise SpeechUnavailable(f"no voice for `{language}`", mend=f"one of {', '.join(VOICES)}")
        best = has_natural()
        engine: Synthesizer = natural(threads) if best else stand_in()
        voice = (VOICES if best else STAND_INS)[language]
        done = render(Clip(text, language), voice, engine)
        samples, from_rate = audio.unpack(done.data)
        audio.save_wav(out, audio.resample(samples, from_rate, rate), rate)
        console.print(f"{out}: {done.seconds:.1f} s, {voice.name}")


@app.command()
def voices() -> None:
    """Fetch and check the natural voices (92 MB). Only rendering needs them."""
    with _explained():
        weights = fetch(console.print)
        console.print(f"The voices are in {weights.folder}")


def _languages(library: texts.Texts, only: str | None) -> list[str]:
    if only is None:
        return list(library)
    if only not in library:
        raise SpeechUnavailable(f"there are no prompts in `{only}`", mend=f"one of {', '.join(library)}")
    return [only]
