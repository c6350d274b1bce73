"""What open speech means: urgent words as recognisers misspell them, categories, places, numbers. Pure.

Everything here works on texts. How they sound is told by `asr.sound` and `asr.text`, the two modules of the
recognition that this package may use (docs/decisions/0102-urgent-words-by-sound.md).
"""
