"""`ivr prompts`: what the caller hears. One file for each group of commands."""

from __future__ import annotations

import typer

from ivr.cli.prompts import listing, speech, studio

app = typer.Typer(
    help="What the caller hears: list, render, record, prepare, say.",
    no_args_is_help=True,
)
app.command("list")(listing.list_prompts)
app.command("missing")(listing.missing)
app.command("render")(speech.render_missing)
app.command("script")(studio.script)
app.command("import")(studio.import_recordings)
app.command("prepare")(speech.prepare)
app.command("review")(speech.review)
app.command("say")(speech.say)
app.command("voices")(speech.voices)
