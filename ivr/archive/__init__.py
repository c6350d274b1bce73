"""Logs of months that are over, taken out of the database into files, and back (docs/decisions/0176)."""
