"""Prompts: catalogue, recorded audio, synthesised speech and its cache."""
