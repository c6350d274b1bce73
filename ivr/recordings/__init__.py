"""Recordings put into writing after the call, when nobody on the line needs the recogniser.

`waiting.py` says which recording is next and when a failed one is tried again (pure), `sound.py` makes a recogniser's
audio of a file, `written.py` does it.
"""
