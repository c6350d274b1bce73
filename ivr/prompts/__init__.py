"""What the caller hears: the catalogue of prompts, recorded audio, synthesised speech and its cache.

text (`flows/prompts`, read by `texts`) -> clips (`clips`), values as fragments (`numbers`) or in words (`words`)
-> Ogg Opus that ships or is cached (`store`, rendered by `render` with an engine of `speech`) -> raw files that
Asterisk plays (`prepared`) -> `sound:` addresses (`catalogue`, with the sounds themselves in `sounds`). While calls go
on, `background` renders what is missing. An operator's recordings come through `takes`, `script`, `importing`,
`intake`.
"""
