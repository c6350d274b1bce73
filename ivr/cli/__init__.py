"""The commands of `ivr`, one file each."""
