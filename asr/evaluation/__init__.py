"""How well engines understand a folder of recordings: what is measured, and how it is reported."""
