"""Generated from Asterisk's own api-docs by `scripts/generate_ari.py`. Do not edit."""
