"""What the caller hears: the catalogue of prompts, recorded audio, synthesised speech and its cache.

text (`flows/prompts`) -> clips (`clips`) -> Ogg Opus that ships or is cached (`store`, rendered by `render` with an
engine of `speech`) -> raw files that Asterisk plays (`prepared`) -> `sound:` addresses (`catalogue`).
"""
