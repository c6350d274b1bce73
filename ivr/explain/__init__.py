"""Why a caller waited, and why that agent got the call: told from what was stored, in plain sentences.

`reading.py` gathers the facts of one call, `story.py` (pure) makes them a timeline, `words.py` has its sentences in
Chinese and English, `shown.py` writes it as text or JSON.
"""
