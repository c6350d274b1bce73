"""Stored calls through a draft of the dialogue: what would have gone otherwise. Pure.

A draft gives other operations and says other prompts, so inputs cannot be fed as they were stored. A call is first run
again on its own version, input by input (`tape.py`); what the caller and everybody else did there becomes acts, each
with its moment in the dialogue (`reading.py`). The acts are then played to a dialogue on a turned clock (`playing.py`):
to the draft, and to the call's own version too, so that an error of the translation is seen as one. Two such runs are
compared (`comparing.py`), many comparisons summed up (`summary.py`).
"""
